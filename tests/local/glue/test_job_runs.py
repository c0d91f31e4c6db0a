"""Job runs: what fails on Glue fails here, in Glue's words, and the next run works."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.glue.workbench import ERROR_LOG, StartedRun, Workbench

SPARK = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n"
WAITS = "import time\nprint('waiting')\ntime.sleep(600)\n"


@pytest.fixture(scope="module", autouse=True)
def run_that_times_out(glue: Workbench) -> StartedRun:
    """Glue counts timeouts in minutes: this run uses up the shortest one while the other tests go on."""
    return glue.start(WAITS, Timeout=1)


# script -> (state, ErrorMessage as a pattern, a line of the error log)
FAILING_SCRIPTS = {
    "raises": (
        "def clean():\n    raise ValueError('no such column: price')\n\nprint('before')\nclean()\n",
        r"ValueError: no such column: price",
        "line 2, in clean",
    ),
    "syntax error": ("def clean(:\n    pass\n", r"SyntaxError: invalid syntax \(script.py, line 1\)", "def clean(:"),
    "sys.exit(1)": ("import sys\nsys.exit(1)\n", r"SystemExit: 1", None),
    "sys.exit with a text": ("import sys\nsys.exit('no rows')\n", r"SystemExit: no rows", "no rows"),
    "import of a missing module": (
        "import nowhere\n",
        r"ModuleNotFoundError: No module named 'nowhere'",
        "import nowhere",
    ),
    "repository is not importable": ("import local\n", r"ModuleNotFoundError: No module named 'local'", "import local"),
    "dies without a word": ("import os\nos._exit(3)\n", r"Command failed with exit code 3", None),
    "killed": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", r"Command failed.*SIGKILL", None),
    "error in a thread's main": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor() as pool:\n    list(pool.map(lambda value: 1 / value, [0]))\n",
        r"ZeroDivisionError: division by zero",
        "1 / value",
    ),
    "Spark cannot find the input": (
        SPARK + "spark.read.parquet('s3://{bucket}/nothing-here/')\n",
        r"AnalysisException: \[PATH_NOT_FOUND\] Path does not exist: s3://",
        "AnalysisException",
    ),
    "Spark task fails": (
        SPARK + "from pyspark.sql import functions as F\n"
        "spark.range(3).select(F.udf(lambda value: 1 // 0)('id')).collect()\n",
        r"PythonException: .*",
        "ZeroDivisionError",
    ),
    "Spark JVM dies": (
        SPARK + "spark._jvm.java.lang.Runtime.getRuntime().halt(9)\n",
        r"Py4J.*\(the Spark JVM of this run ended unexpectedly\)",
        None,
    ),
}


@pytest.mark.parametrize("case", FAILING_SCRIPTS)
def test_failing_script_fails_the_run(glue: Workbench, case: str) -> None:
    """State FAILED, the error's last line in ErrorMessage, the traceback in the error log."""
    script, message, logged = FAILING_SCRIPTS[case]
    run = glue.run(script.replace("{bucket}", glue.bucket))
    assert run["JobRunState"] == "FAILED", run
    assert re.match(message, run["ErrorMessage"], re.DOTALL), run["ErrorMessage"]
    if logged:
        assert logged in "\n".join(glue.errors(run["Id"]))


def test_traceback_shows_the_script_and_nothing_of_the_runner(glue: Workbench) -> None:
    run = glue.run("print('before')\nraise ValueError('first line\\nsecond line')\n")
    lines = glue.errors(run["Id"])
    assert lines[0] == "Traceback (most recent call last):"
    assert 'script.py", line 2, in <module>' in lines[1]
    assert lines[-2:] == ["ValueError: first line", "second line"]
    assert not [line for line in lines if "worker" in line or "runpy" in line]
    assert glue.output(run["Id"]) == ["before"]


def test_both_ways_to_read_the_logs(glue: Workbench) -> None:
    """GlueJobOperator reads by FilterLogEvents, its trigger by GetLogEvents."""
    run = glue.run("raise ValueError('both ways')\n")
    filtered = glue.logs.filter_log_events(
        logGroupName=ERROR_LOG, logStreamNames=[run["Id"]], filterPattern="both ways"
    )
    assert [event["message"] for event in filtered["events"]][-1] == "ValueError: both ways"
    assert glue.errors(run["Id"])[-1] == "ValueError: both ways"


def test_missing_script(glue: Workbench) -> None:
    job = glue.create_job(f"s3://{glue.bucket}/scripts/nowhere.py")
    run = glue.wait(start(glue, job))
    assert run["JobRunState"] == "FAILED"
    assert "LAUNCH ERROR" in run["ErrorMessage"]
    assert "nowhere.py" in run["ErrorMessage"]
    assert glue.errors(run["Id"]) == [run["ErrorMessage"]]


def test_role_that_does_not_exist(glue: Workbench) -> None:
    run = glue.run("print(1)\n", Role="nobody")
    assert run["JobRunState"] == "FAILED"
    assert "Role nobody should be given assume role permissions" in run["ErrorMessage"]


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ("nowhere_to_be_found==1.0", "nowhere_to_be_found is not in the local Glue runtime"),
        ("pandas==0.1", "the local Glue runtime has pandas=="),
        ("pandas>=1", "pin an exact version"),
        ("s3://bucket/wheel.whl", "cannot be installed here"),
    ],
)
def test_additional_module_that_is_not_there(glue: Workbench, modules: str, message: str) -> None:
    run = glue.run("print(1)\n", {"--additional-python-modules": modules})
    assert run["JobRunState"] == "FAILED"
    assert message in run["ErrorMessage"]


@pytest.mark.parametrize(
    ("name", "value"), [("--datalake-formats", "iceberg"), ("--enable-lakeformation-fine-grained-access", "true")]
)
def test_argument_for_what_is_not_available(glue: Workbench, name: str, value: str) -> None:
    """Ignoring it would let a job succeed here and mean something else on AWS."""
    run = glue.run("print(1)\n", {name: value})
    assert run["JobRunState"] == "FAILED"
    assert name in run["ErrorMessage"]


def test_awsglue_is_not_there(glue: Workbench) -> None:
    """Known difference: AWS's own library needs a jar that may not be shipped."""
    run = glue.run("from awsglue.context import GlueContext\n")
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == "ModuleNotFoundError: No module named 'awsglue'"


def test_stop_ends_the_process_tree(glue: Workbench) -> None:
    """The script's children end too: the last of them would write a file after a second."""
    script = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print('child', child.pid)\n" + WAITS
    )
    run = glue.start(script)
    glue.wait_for_output(run, "waiting")
    child = int(glue.output(run.id)[0].split()[1])
    answer = glue.glue.batch_stop_job_run(JobName=run.job, JobRunIds=[run.id, "jr_unknown"])
    assert [entry["JobRunId"] for entry in answer["SuccessfulSubmissions"]] == [run.id]
    assert [entry["ErrorDetail"]["ErrorCode"] for entry in answer["Errors"]] == ["EntityNotFoundException"]
    assert glue.wait(run)["JobRunState"] == "STOPPED"
    assert not is_alive(child)
    again = glue.glue.batch_stop_job_run(JobName=run.job, JobRunIds=[run.id])
    assert "terminal state STOPPED" in again["Errors"][0]["ErrorDetail"]["ErrorMessage"]


def test_concurrent_runs_are_limited(glue: Workbench) -> None:
    run = glue.start(WAITS)
    with pytest.raises(glue.glue.exceptions.ConcurrentRunsExceededException, match=run.job):
        glue.glue.start_job_run(JobName=run.job)
    glue.glue.batch_stop_job_run(JobName=run.job, JobRunIds=[run.id])
    assert glue.wait(run)["JobRunState"] == "STOPPED"


def test_retry_after_failure(glue: Workbench) -> None:
    """MaxRetries: Glue starts another run, which succeeds here."""
    marker = f"retries/{glue.name}"
    script = (
        "import boto3, sys\n"
        "s3 = boto3.client('s3')\n"
        f"seen = s3.list_objects_v2(Bucket='{glue.bucket}', Prefix='{marker}')['KeyCount']\n"
        f"s3.put_object(Bucket='{glue.bucket}', Key='{marker}', Body=b'')\n"
        "sys.exit(0 if seen else 'first attempt')\n"
    )
    first = glue.start(script, MaxRetries=1)
    assert glue.wait(first)["JobRunState"] == "FAILED"
    # As on AWS the next attempt appears a moment after the first has failed.
    deadline = time.monotonic() + 10
    while len(glue.glue.get_job_runs(JobName=first.job)["JobRuns"]) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    second = type(first)(first.job, f"{first.id}_attempt_1")
    run = glue.wait(second)
    assert (run["JobRunState"], run["Attempt"], run["PreviousRunId"]) == ("SUCCEEDED", 1, first.id)
    runs = glue.glue.get_job_runs(JobName=first.job)["JobRuns"]
    assert [entry["Id"] for entry in runs] == [second.id, first.id]


def test_successful_run(glue: Workbench) -> None:
    """Real Spark on s3://, the arguments of Glue, the role's credentials for boto3 and for Spark's workers."""
    library = glue.put("libraries/cleaning.py", "def double(value):\n    return 2 * value\n")
    script = SPARK + (
        "import os, sys, boto3\n"
        "import cleaning\n"
        "from pyspark.sql import functions as F\n"
        "spark.range(10).withColumn('day', F.col('id') % 2).write.partitionBy('day').parquet('s3://{bucket}/numbers/')\n"
        "frame = spark.read.parquet('s3://{bucket}/numbers/')\n"
        "print('rows', frame.count(), spark.version, spark.conf.get('spark.sql.session.timeZone'))\n"
        "double = F.udf(lambda value: cleaning.double(value), 'long')\n"
        "print('sum', frame.select(F.sum(double('id'))).first()[0])\n"
        "key = F.udf(lambda _: os.environ['AWS_ACCESS_KEY_ID'])\n"
        "print('key', spark.range(1).select(key('id')).first()[0])\n"
        "print('caller', boto3.client('sts').get_caller_identity()['Arn'])\n"
        "print('setting', spark.conf.get('spark.sql.shuffle.partitions'))\n"
        "for position, argument in enumerate(sys.argv[1:]):\n"
        "    if argument.startswith('--'):\n"
        "        print('argument', argument, sys.argv[position + 2])\n"
    ).replace("{bucket}", glue.bucket)
    run = glue.run(
        script,
        {"--day": "2010-12-01", "--extra-py-files": library, "--conf": "spark.sql.shuffle.partitions=3"},
        DefaultArguments={"--day": "2009-01-01", "--zone": "landing"},
    )
    assert run["JobRunState"] == "SUCCEEDED", (run.get("ErrorMessage"), glue.errors(run["Id"]))
    printed = glue.output(run["Id"])
    assert "rows 10 3.5.6 UTC" in printed
    assert "sum 90" in printed
    assert "setting 3" in printed
    assert f"caller arn:aws:iam::123456789012:role/{glue.role}" in printed or any(
        glue.role in line for line in printed if line.startswith("caller")
    )
    from local.identity import access_key_for

    assert f"key {access_key_for(glue.role)}" in printed
    for argument in (f"--JOB_NAME {run['JobName']}", f"--JOB_RUN_ID {run['Id']}", "--day 2010-12-01", "--zone landing"):
        assert f"argument {argument}" in printed
    assert len([key for key in glue.keys("numbers/") if key.endswith(".parquet")]) >= 2
    assert_filled(run)


def assert_filled(run: dict[str, Any]) -> None:
    assert run["ExecutionTime"] >= 1
    assert run["CompletedOn"] >= run["StartedOn"]
    assert (run["AllocatedCapacity"], run["MaxCapacity"], run["NumberOfWorkers"], run["WorkerType"]) == (
        2,
        2.0,
        2,
        "G.1X",
    )
    assert (run["GlueVersion"], run["Attempt"], run["Timeout"]) == ("5.1", 0, 480)
    assert "ErrorMessage" not in run


def test_runs_do_not_see_each_other(glue: Workbench) -> None:
    """Warm Spark, but nothing of one run is left for the next: settings, views, environment, modules."""
    first = SPARK + (
        "import os, sys, random\n"
        "spark.conf.set('spark.sql.shuffle.partitions', '77')\n"
        "spark.range(1).createOrReplaceTempView('left_behind')\n"
        "spark.range(1).createOrReplaceGlobalTempView('left_behind')\n"
        "os.environ['LEFT'] = 'behind'\n"
        "sys.modules['left_behind'] = sys\n"
        "print(random.random())\n"
    )
    second = SPARK + (
        "import os, sys, random\n"
        "print(random.random())\n"
        "print(spark.conf.get('spark.sql.shuffle.partitions'), os.environ.get('LEFT'), 'left_behind' in sys.modules)\n"
        "print([table.name for table in spark.catalog.listTables()])\n"
        "print(os.listdir('.'))\n"
    )
    one, two = glue.run(first), glue.run(second)
    assert (one["JobRunState"], two["JobRunState"]) == ("SUCCEEDED", "SUCCEEDED")
    printed = glue.output(two["Id"])
    assert printed[0] != glue.output(one["Id"])[0]
    assert printed[1:3] == ["8 None False", "[]"]
    assert "script.py" in printed[3]


def test_denied_by_s3_policy_or_missing_bucket(glue: Workbench) -> None:
    run = glue.run(SPARK + "spark.range(1).write.parquet('s3://no-such-bucket-anywhere/out/')\n")
    assert run["JobRunState"] == "FAILED"
    assert "no-such-bucket-anywhere" in run["ErrorMessage"] + "\n".join(glue.errors(run["Id"]))


def test_runs_are_listed_newest_first_in_pages(glue: Workbench) -> None:
    run = glue.start("print(1)\n")
    glue.wait(run)
    ids = [run.id]
    for _ in range(2):
        another = start(glue, run.job)
        glue.wait(another)
        ids.insert(0, another.id)
    first = glue.glue.get_job_runs(JobName=run.job, MaxResults=2)
    assert [entry["Id"] for entry in first["JobRuns"]] == ids[:2]
    rest = glue.glue.get_job_runs(JobName=run.job, MaxResults=2, NextToken=first["NextToken"])
    assert [entry["Id"] for entry in rest["JobRuns"]] == ids[2:]
    assert "NextToken" not in rest


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"GlueVersion": "2.0"}, "Glue version is not supported: 2.0"),
        ({"Command": {"Name": "pythonshell", "ScriptLocation": "s3://b/s.py"}}, "pythonshell"),
        ({"Command": {"Name": "glueetl", "ScriptLocation": "s3://b/s.py", "PythonVersion": "2"}}, "PythonVersion 2"),
        ({"MaxCapacity": 2.0}, "Max Capacity"),
    ],
)
def test_refused_definitions(glue: Workbench, definition: dict[str, Any], message: str) -> None:
    with pytest.raises(glue.glue.exceptions.InvalidInputException, match=re.escape(message)):
        glue.create_job("s3://bucket/script.py", **definition)


def test_unknown_job_and_run(glue: Workbench) -> None:
    missing = glue.glue.exceptions.EntityNotFoundException
    with pytest.raises(missing):
        glue.glue.start_job_run(JobName="no-such-job")
    with pytest.raises(missing):
        glue.glue.get_job(JobName="no-such-job")
    with pytest.raises(missing):
        glue.glue.get_job_runs(JobName="no-such-job")
    job = glue.create_job("s3://bucket/script.py")
    with pytest.raises(missing):
        glue.glue.get_job_run(JobName=job, RunId="jr_unknown")
    with pytest.raises(missing):
        glue.glue.update_job(JobName="no-such-job", JobUpdate={"Role": "x"})


def test_update_replaces_the_definition(glue: Workbench) -> None:
    job = glue.create_job("s3://bucket/old.py", Description="old", MaxRetries=2)
    command = {"Name": "glueetl", "ScriptLocation": "s3://bucket/new.py"}
    glue.glue.update_job(JobName=job, JobUpdate={"Role": glue.role, "Command": command})
    answer = glue.glue.get_job(JobName=job)["Job"]
    assert answer["Command"]["ScriptLocation"] == "s3://bucket/new.py"
    assert (answer["MaxRetries"], answer.get("Description")) == (0, None)


def test_what_is_not_served_is_refused_at_once(glue: Workbench) -> None:
    """Triggers and workflows would never run here: storing them would look like success."""
    for call in (
        lambda: glue.glue.create_trigger(Name="t", Type="ON_DEMAND", Actions=[{"JobName": "j"}]),
        lambda: glue.glue.start_workflow_run(Name="w"),
        lambda: glue.glue.get_data_quality_result_v2(ResultId="r"),
        lambda: glue.glue.put_data_quality_profile_annotation(ProfileId="p", InclusionAnnotation="INCLUDE"),
    ):
        with pytest.raises(ClientError) as refused:
            call()
        assert 400 <= refused.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500
        assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_timeout(glue: Workbench, run_that_times_out: StartedRun) -> None:
    run = glue.wait(run_that_times_out)
    assert run["JobRunState"] == "TIMEOUT"
    assert run["ErrorMessage"] == "Job run exceeded its timeout of 1 minutes."
    assert run["ExecutionTime"] >= 60


def start(glue: Workbench, job: str) -> StartedRun:
    return StartedRun(job, glue.glue.start_job_run(JobName=job)["JobRunId"])


def is_alive(pid: int) -> bool:
    """A zombie is not alive."""
    import psutil

    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
