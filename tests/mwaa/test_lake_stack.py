"""The deployed template, read back through the API of every service it touches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import LocalAws

ZONES = ("landing", "staging", "curated", "quarantine", "governance")
BUCKETS = (*ZONES, "athena", "artifacts")
ACCOUNT = "123456789012"
ALL_TABLE_RIGHTS = {"ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT"}


@pytest.fixture(scope="module")
def stack(local_aws: LocalAws) -> dict[str, Any]:
    found: dict[str, Any] = local_aws.client("cloudformation").describe_stacks(StackName=local_aws.name("lake"))
    (only,) = found["Stacks"]
    return dict(only)


def role_arn(local_aws: LocalAws, role: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{local_aws.name(role)}"


def test_stack_is_whole(local_aws: LocalAws, stack: dict[str, Any]) -> None:
    assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    resources = local_aws.client("cloudformation").describe_stack_resources(StackName=stack["StackName"])
    states = {item["LogicalResourceId"]: item["ResourceStatus"] for item in resources["StackResources"]}
    assert set(states.values()) <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, states
    assert "AlertsSubscription" not in states, "nobody gave an address"


def test_outputs_are_what_airflow_is_configured_with(local_aws: LocalAws, stack: dict[str, Any]) -> None:
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
    assert outputs["Prefix"] == local_aws.settings.prefix
    assert outputs["Env"] == local_aws.settings.env
    assert outputs["AlertsTopicArn"] == f"arn:aws:sns:us-east-1:{ACCOUNT}:{local_aws.name('alerts')}"
    assert outputs["LakeAdminRoleArn"] == role_arn(local_aws, "lake-admin")
    assert "LakeFormationConnection" not in outputs  # Airflow finds it in Secrets Manager
    assert outputs["RedshiftWorkgroupArn"].startswith(f"arn:aws:redshift-serverless:us-east-1:{ACCOUNT}:workgroup/")


@pytest.mark.parametrize("zone", BUCKETS)
def test_bucket(local_aws: LocalAws, zone: str) -> None:
    name, s3 = local_aws.name(zone), local_aws.client("s3")
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    ownership = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert ownership == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    rules = {item["ID"]: item for item in s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]}
    assert rules["old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    expiry = {"staging": 30, "quarantine": 400, "athena": 14}
    assert ("retention" in rules) == (zone in expiry)
    if zone in expiry:
        assert rules["retention"]["Expiration"]["Days"] == expiry[zone]


def data_key(local_aws: LocalAws) -> dict[str, Any]:
    key: dict[str, Any] = local_aws.client("kms").describe_key(KeyId=f"alias/{local_aws.name('')[:-1]}")["KeyMetadata"]
    return key


def test_known_difference_kms_buckets_use_sse_s3_underneath(local_aws: LocalAws) -> None:
    """The object store has no KMS: it encrypts with its own key what the template wants under DataKey."""
    s3, name = local_aws.client("s3"), local_aws.name("landing")
    (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    s3.put_object(Bucket=name, Key="read_back/encrypted", Body=b"x")
    assert s3.head_object(Bucket=name, Key="read_back/encrypted")["ServerSideEncryption"] == "AES256"
    s3.delete_object(Bucket=name, Key="read_back/encrypted")


@pytest.mark.parametrize("zone", BUCKETS)
def test_bucket_settings_of_the_control_plane(local_aws: LocalAws, zone: str) -> None:
    import boto3

    from local.identity import access_key_for, secret_key_for

    control = boto3.client(
        "s3",
        endpoint_url=local_aws.settings.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=access_key_for("local-admin"),
        aws_secret_access_key=secret_key_for("local-admin"),
        config=Config(s3={"addressing_style": "path"}),
    )
    block = control.get_public_access_block(Bucket=local_aws.name(zone))["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    (rule,) = control.get_bucket_encryption(Bucket=local_aws.name(zone))["ServerSideEncryptionConfiguration"]["Rules"]
    by_default = rule["ApplyServerSideEncryptionByDefault"]
    assert (by_default["SSEAlgorithm"], rule["BucketKeyEnabled"]) == ("aws:kms", True)
    assert by_default["KMSMasterKeyID"] == data_key(local_aws)["Arn"]
    policy = json.loads(control.get_bucket_policy(Bucket=local_aws.name(zone))["Policy"])
    assert [item["Sid"] for item in policy["Statement"]] == ["TlsOnly"]


@pytest.mark.parametrize("zone", ZONES)
def test_database(local_aws: LocalAws, zone: str) -> None:
    database = local_aws.client("glue").get_database(Name=zone)["Database"]
    assert database["LocationUri"] == f"s3://{local_aws.name(zone)}/"
    assert database["CreateTableDefaultPermissions"] == []


def test_lake_formation_settings_and_locations(local_aws: LocalAws) -> None:
    lakeformation = local_aws.client("lakeformation")
    settings = lakeformation.get_data_lake_settings()["DataLakeSettings"]
    assert settings["CreateDatabaseDefaultPermissions"] == []
    assert settings["CreateTableDefaultPermissions"] == []
    admins = {item["DataLakePrincipalIdentifier"] for item in settings["DataLakeAdmins"]}
    assert admins == {f"arn:aws:iam::{ACCOUNT}:user/local-admin", role_arn(local_aws, "lake-admin")}
    resources = lakeformation.list_resources()["ResourceInfoList"]
    registered = {item["ResourceArn"]: item["RoleArn"] for item in resources}
    for zone in ZONES:
        assert registered[f"arn:aws:s3:::{local_aws.name(zone)}"] == role_arn(local_aws, "lakeformation")
    assert f"arn:aws:s3:::{local_aws.name('athena')}" not in registered


def grants(local_aws: LocalAws, resource: dict[str, Any]) -> dict[str, set[str]]:
    """Permissions on a resource per principal, as Lake Formation lists them."""
    found: dict[str, set[str]] = {}
    request: dict[str, Any] = {"Resource": resource}
    while True:
        page = local_aws.client("lakeformation").list_permissions(**request)
        for item in page["PrincipalResourcePermissions"]:
            principal = item["Principal"]["DataLakePrincipalIdentifier"].rpartition("/")[2]
            found.setdefault(principal, set()).update(item["Permissions"])
        if "NextToken" not in page:
            return found
        request["NextToken"] = page["NextToken"]


@pytest.mark.parametrize("zone", ZONES)
def test_grants_of_the_service_roles(local_aws: LocalAws, zone: str) -> None:
    airflow, glue = local_aws.name("airflow"), local_aws.name("glue")
    on_database = grants(local_aws, {"Database": {"Name": zone}})
    on_tables = grants(local_aws, {"Table": {"DatabaseName": zone, "TableWildcard": {}}})
    on_location = grants(local_aws, {"DataLocation": {"ResourceArn": f"arn:aws:s3:::{local_aws.name(zone)}"}})
    writer = glue if zone == "landing" else airflow
    assert on_database[writer] == {"CREATE_TABLE", "DESCRIBE"}
    assert on_tables[writer] == ALL_TABLE_RIGHTS
    assert on_location[writer] == {"DATA_LOCATION_ACCESS"}
    if zone == "landing":
        assert on_database[airflow] == {"DESCRIBE"}
        assert on_tables[airflow] == {"DESCRIBE", "SELECT"}
        assert airflow not in on_location
    elif zone == "staging":
        # Glue Data Quality evaluates staged rows as the Glue role.
        assert (on_database[glue], on_tables[glue]) == ({"DESCRIBE"}, {"DESCRIBE", "SELECT"})
        assert glue not in on_location
    else:
        assert glue not in on_database | on_tables | on_location
    everybody = {"IAM_ALLOWED_PRINCIPALS", "outsider"}
    assert not everybody & (on_database.keys() | on_tables.keys())


def test_roles_trust_only_their_service(local_aws: LocalAws) -> None:
    iam = local_aws.client("iam")
    trusted = {}
    for role in (
        "airflow",
        "glue",
        "eraser",
        "redshift",
        "lakeformation",
        "lake-admin",
        "data-engineer",
        "uk-analyst",
        "outsider",
    ):
        document = iam.get_role(RoleName=local_aws.name(role))["Role"]["AssumeRolePolicyDocument"]
        trusted[role] = document["Statement"][0]["Principal"]
    anybody_here = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert trusted == {
        "airflow": {"Service": ["airflow.amazonaws.com", "airflow-env.amazonaws.com"]},
        "glue": {"Service": "glue.amazonaws.com"},
        "eraser": {"Service": "glue.amazonaws.com"},
        "redshift": {"Service": ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"]},
        "lakeformation": {"Service": "lakeformation.amazonaws.com"},
        "lake-admin": {"AWS": role_arn(local_aws, "airflow")},
        "data-engineer": anybody_here,
        "uk-analyst": anybody_here,
        "outsider": anybody_here,
    }
    tags = iam.list_role_tags(RoleName=local_aws.name("airflow"))["Tags"]
    assert tags == [{"Key": "RedshiftDbRoles", "Value": "sys:dba:sys:secadmin:lake_loader"}]


def test_policy_is_stored_with_its_functions_resolved(local_aws: LocalAws) -> None:
    policy = local_aws.client("iam").get_role_policy(RoleName=local_aws.name("airflow"), PolicyName="lake")
    statements = {item["Sid"]: item for item in policy["PolicyDocument"]["Statement"]}
    jobs = [local_aws.name(name) for name in ("clean-product", "replay-quarantine", "forget-subject")]
    assert statements["RunJob"]["Resource"] == [f"arn:aws:glue:us-east-1:{ACCOUNT}:job/{name}" for name in jobs]
    assert statements["WriteCurated"]["Resource"] == f"arn:aws:s3:::{local_aws.name('curated')}/*"
    own = {"StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}}
    assert statements["FollowOwnWarehouseStatements"]["Condition"] == own


def test_crawler(local_aws: LocalAws) -> None:
    crawler = local_aws.client("glue").get_crawler(Name=local_aws.name("landing-online-retail"))["Crawler"]
    assert crawler["Role"] in {role_arn(local_aws, "glue"), local_aws.name("glue")}
    assert crawler["DatabaseName"] == "landing"
    (target,) = crawler["Targets"]["S3Targets"]
    assert target["Path"] == f"s3://{local_aws.name('landing')}/online_retail/"
    assert crawler["SchemaChangePolicy"] == {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    assert json.loads(crawler["Configuration"])["Grouping"]["TableLevelConfiguration"] == 2


def test_job_and_its_script(local_aws: LocalAws) -> None:
    job = local_aws.client("glue").get_job(JobName=local_aws.name("clean-product"))["Job"]
    assert (job["GlueVersion"], job["WorkerType"], job["NumberOfWorkers"]) == ("5.1", "G.1X", 2)
    assert job["MaxRetries"] == 0
    assert job["ExecutionProperty"]["MaxConcurrentRuns"] >= 4
    assert job["DefaultArguments"]["--additional-python-modules"] == "great_expectations==1.24.1"
    s3 = local_aws.client("s3")
    for address in (job["Command"]["ScriptLocation"], job["DefaultArguments"]["--extra-py-files"]):
        bucket, _, key = address.removeprefix("s3://").partition("/")
        assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] > 0, address


def test_pinned_great_expectations_is_the_one_tested() -> None:
    """The job's module list names the version that the Glue runtime's lock installs."""
    lock = (Path(__file__).parents[2] / "glue_jobs" / "requirements.txt").read_text(encoding="utf-8")
    assert "great-expectations==1.24.1" in lock


def test_workgroups(local_aws: LocalAws) -> None:
    athena = local_aws.client("athena")
    base = f"{local_aws.settings.prefix}-{local_aws.settings.env}"
    expected = {
        base: (False, "results"),
        **{f"{base}-{who}": (True, f"personas/{who}") for who in ("data-engineer", "uk-analyst", "outsider")},
    }
    for name, (enforced, folder) in expected.items():
        workgroup = athena.get_work_group(WorkGroup=name)["WorkGroup"]
        configuration = workgroup["Configuration"]
        assert workgroup["State"] == "ENABLED"
        assert configuration["EnforceWorkGroupConfiguration"] is enforced, name
        assert configuration["BytesScannedCutoffPerQuery"] == 100 * 2**30
        assert configuration["ResultConfiguration"]["OutputLocation"] == f"s3://{local_aws.name('athena')}/{folder}/"


def test_redshift(local_aws: LocalAws) -> None:
    client = local_aws.client("redshift-serverless")
    name = f"{local_aws.settings.prefix}-{local_aws.settings.env}"
    namespace = client.get_namespace(namespaceName=name)["namespace"]
    assert namespace["dbName"] == "lake"
    assert namespace["defaultIamRoleArn"] == role_arn(local_aws, "redshift")
    workgroup = client.get_workgroup(workgroupName=name)["workgroup"]
    assert workgroup["namespaceName"] == name
    assert workgroup["publiclyAccessible"] is False
    assert workgroup["baseCapacity"] == 8


def test_secret_and_topic(local_aws: LocalAws) -> None:
    secret_id = f"{local_aws.settings.prefix}/{local_aws.settings.env}/pii"
    value = local_aws.client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"]
    assert len(value) == 64
    assert value.isalnum()
    arn = f"arn:aws:sns:us-east-1:{ACCOUNT}:{local_aws.name('alerts')}"
    policy = json.loads(local_aws.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
    assert {item["Sid"] for item in policy["Statement"]} == {"Alarms", "ThisAccount", "TlsOnly"}


def test_glue_logs_into_the_log_groups_of_the_stack(local_aws: LocalAws) -> None:
    """A job run and a crawl with the stack's security configuration name the groups that the stack made for them."""
    glue, role = local_aws.client("glue"), local_aws.name("glue")
    base = f"{local_aws.settings.prefix}-{local_aws.settings.env}"
    groups = {item["logGroupName"]: item for item in local_aws.client("logs").describe_log_groups()["logGroups"]}
    run_id = glue.start_job_run(JobName=local_aws.name("clean-product"), Arguments={"--no-such": "argument"})[
        "JobRunId"
    ]
    run = glue.get_job_run(JobName=local_aws.name("clean-product"), RunId=run_id)["JobRun"]
    glue.batch_stop_job_run(JobName=local_aws.name("clean-product"), JobRunIds=[run_id])
    assert run["SecurityConfiguration"] == base
    assert run["LogGroupName"] == f"/aws-glue/jobs/{base}-role/{role}"
    expected = {f"{run['LogGroupName']}/{kind}" for kind in ("error", "output")}
    expected.add(f"/aws-glue/crawlers-role/{role}-{base}")
    assert expected <= groups.keys()
    assert {groups[name]["kmsKeyId"] for name in expected} == {data_key(local_aws)["Arn"]}


def test_unknown_security_configuration_is_refused(local_aws: LocalAws) -> None:
    with pytest.raises(ClientError, match="SecurityConfiguration nobody not found"):
        local_aws.client("glue").start_job_run(JobName=local_aws.name("clean-product"), SecurityConfiguration="nobody")


def received(sqs: Any, url: str) -> list[dict[str, Any]]:
    """What a queue gives out within its waiting time."""
    found: list[dict[str, Any]] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=3).get("Messages", [])
    return found


def drain(sqs: Any, url: str) -> None:
    """Other tests deliver too. PurgeQueue may be called once a minute only."""
    while messages := sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0).get("Messages", []):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_a_complete_delivery_is_told_and_what_nobody_handles_is_put_aside(local_aws: LocalAws) -> None:
    s3, sqs, landing = local_aws.client("s3"), local_aws.client("sqs"), local_aws.name("landing")
    queue, failed = (
        sqs.get_queue_url(QueueName=local_aws.name(name))["QueueUrl"] for name in ("arrivals", "arrivals-failed")
    )
    for url in (queue, failed):
        drain(sqs, url)
    keys = [f"test_arrivals/ingest_date=2010-12-01/{name}" for name in ("part 1.csv", "_SUCCESS")]
    for key in keys:
        s3.put_object(Bucket=landing, Key=key, Body=b"")
    for _attempt in range(5):
        (message,) = received(sqs, queue)
        (record,) = json.loads(message["Body"])["Records"]
        assert (record["eventName"], record["s3"]["bucket"]["name"]) == ("ObjectCreated:Put", landing)
        assert record["s3"]["object"]["key"] == "test_arrivals/ingest_date%3D2010-12-01/_SUCCESS"
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert received(sqs, queue) == []
    (aside,) = received(sqs, failed)
    assert aside["Body"] == message["Body"]
    sqs.delete_message(QueueUrl=failed, ReceiptHandle=aside["ReceiptHandle"])
    for key in keys:
        s3.delete_object(Bucket=landing, Key=key)
