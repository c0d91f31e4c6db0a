"""How long a Glue job run takes cold, on a JVM that was just started, and warm.

Usage: .venv/local/bin/python -m bench.glue_jobs [--state FOLDER] [--runs 5]

Needs a running local AWS (`python -m local up`). Each line: seconds from StartJobRun to the end, as the API's user sees
them, and the seconds the script itself took. "no Spark" is what the runner costs.
"""

from __future__ import annotations

import argparse
import time
import uuid
from pathlib import Path
from typing import Any

from local.clients import service_client
from local.settings import LocalSettings, load_settings

NO_SPARK = "print('hello')\n"
SMALL_JOB = """
import sys, time
begin = time.monotonic()
import great_expectations
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
folder = sys.argv[sys.argv.index('--folder') + 1]
rows = spark.range(100_000).select('id', (F.col('id') % 5).alias('day'), F.rand(1).alias('value'))
rows.write.mode('overwrite').option('header', True).csv(folder + 'csv/')
read = spark.read.option('header', True).csv(folder + 'csv/')
read.groupBy('day').agg(F.sum('value')).write.mode('overwrite').parquet(folder + 'parquet/')
print('%.1f' % (time.monotonic() - begin))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    settings = load_settings(options.state)
    bench = Bench(settings)
    print(f"{'run':12} {'total':>7} {'script':>7}")
    for number in range(options.runs):
        bench.report(f"small {number + 1}", "small.py")
    bench.report("no Spark", "no_spark.py")


class Bench:
    """Scripts and jobs of one measurement, in the artifacts bucket and under the deployed Glue role."""

    def __init__(self, settings: LocalSettings) -> None:
        self.settings = settings
        self.bucket = settings.name("artifacts")
        self.prefix = f"bench/{uuid.uuid4().hex[:8]}/"
        self.glue: Any = service_client("glue", settings)
        self.logs: Any = service_client("logs", settings)
        s3: Any = service_client("s3", settings)
        s3.put_object(Bucket=self.bucket, Key=self.prefix + "small.py", Body=SMALL_JOB.encode())
        s3.put_object(Bucket=self.bucket, Key=self.prefix + "no_spark.py", Body=NO_SPARK.encode())

    def report(self, title: str, script: str) -> None:
        job = f"bench-{uuid.uuid4().hex[:8]}"
        command = {"Name": "glueetl", "ScriptLocation": f"s3://{self.bucket}/{self.prefix}{script}"}
        self.glue.create_job(Name=job, Role=self.settings.name("glue"), Command=command)
        folder = f"s3://{self.settings.name('staging')}/{self.prefix}"
        begin = time.monotonic()
        run = self.glue.start_job_run(JobName=job, Arguments={"--folder": folder})["JobRunId"]
        while True:
            state = self.glue.get_job_run(JobName=job, RunId=run)["JobRun"]
            if state["JobRunState"] not in ("STARTING", "RUNNING"):
                break
            time.sleep(0.05)
        total = time.monotonic() - begin
        self.glue.delete_job(JobName=job)
        if state["JobRunState"] != "SUCCEEDED":
            raise SystemExit(f"{title}: {state['JobRunState']} {state.get('ErrorMessage')}")
        events = self.logs.get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=run, startFromHead=True)
        print(f"{title:12} {total:7.1f} {events['events'][-1]['message']:>7}")


if __name__ == "__main__":
    main()
