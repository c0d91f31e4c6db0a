"""Refusals through boto3: code, status and AWS's sentence, for each kind of service and reason."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from local.services.iam.decisions import read_decisions
from tests.local import rights

ACCOUNT = "123456789012"


class Role:
    """A role of one test."""

    def __init__(self, local_aws) -> None:
        self.aws, self.name = local_aws, f"test-{uuid.uuid4().hex[:12]}"
        self.iam = local_aws.client("iam")
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        self.iam.create_role(
            RoleName=self.name, AssumeRolePolicyDocument=trust, Tags=[{"Key": "Team", "Value": "sales"}]
        )

    def may(self, *statements: dict[str, object]) -> None:
        rights.give(self.iam, self.name, *statements)

    def client(self, service: str):
        return self.aws.client(service, self.name)

    def refusal(self, service: str, call: str, **parameters: object) -> tuple[str, int, str]:
        with pytest.raises(ClientError) as refused:
            getattr(self.client(service), call)(**parameters)
        response = refused.value.response
        return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]

    @property
    def user(self) -> str:
        return f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{self.name}/local"


@pytest.fixture
def role(local_aws) -> Iterator[Role]:
    made = Role(local_aws)
    yield made
    rights.take_all(made.iam, made.name)
    made.iam.delete_role(RoleName=made.name)


REFUSALS = [
    ("glue", "start_job_run", {"JobName": "x"}, "AccessDeniedException", 400, "glue:StartJobRun",
     f"arn:aws:glue:us-east-1:{ACCOUNT}:job/x"),
    ("athena", "start_query_execution", {"QueryString": "SELECT 1"}, "AccessDeniedException", 400,
     "athena:StartQueryExecution", f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/primary"),
    ("lakeformation", "list_permissions", {}, "AccessDeniedException", 403, "lakeformation:ListPermissions", "*"),
    ("logs", "filter_log_events", {"logGroupName": "/a"}, "AccessDeniedException", 400, "logs:FilterLogEvents",
     f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/a"),
    ("secretsmanager", "list_secrets", {}, "AccessDeniedException", 400, "secretsmanager:ListSecrets", "*"),
    ("sns", "publish", {"TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:t", "Message": "x"}, "AuthorizationError", 403,
     "sns:Publish", f"arn:aws:sns:us-east-1:{ACCOUNT}:t"),
    ("sqs", "get_queue_url", {"QueueName": "q"}, "AccessDenied", 403, "sqs:GetQueueUrl",
     f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"),
    ("iam", "get_role", {"RoleName": "r"}, "AccessDenied", 403, "iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/r"),
    ("cloudformation", "describe_stacks", {"StackName": "s"}, "AccessDenied", 403, "cloudformation:DescribeStacks",
     f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/s/*"),
    ("redshift-data", "describe_statement", {"Id": "d9b6c0c9-0747-4bf4-b142-e8883122f766"}, "AccessDeniedException",
     400, "redshift-data:DescribeStatement", "*"),
    ("cloudwatch", "put_metric_data", {"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1}]},
     "AccessDeniedException", 400, "cloudwatch:PutMetricData", "*"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("service", "call", "parameters", "code", "status", "action", "resource"), REFUSALS, ids=[r[0] for r in REFUSALS]
)
def test_a_role_without_rights(role, service, call, parameters, code, status, action, resource):
    expected = (
        f"{role.user} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )
    assert role.refusal(service, call, **parameters) == (code, status, expected)


def test_a_right_on_another_resource_is_no_right(role):
    role.may(rights.allow("glue:GetJob", resources=f"arn:aws:glue:us-east-1:{ACCOUNT}:job/mine-*"))

    assert role.refusal("glue", "get_job", JobName="mine-1")[0] == "EntityNotFoundException"
    assert role.refusal("glue", "get_job", JobName="yours-1")[0] == "AccessDeniedException"


def test_a_table_needs_its_catalog_and_database_too(role):
    start = f"arn:aws:glue:us-east-1:{ACCOUNT}:"
    address = {"DatabaseName": "curated", "Name": "nothing"}
    role.may(rights.allow("glue:GetTable", resources=[f"{start}catalog", f"{start}table/curated/*"]))

    assert f"on resource: {start}database/curated" in role.refusal("glue", "get_table", **address)[2]

    whole = [f"{start}{part}" for part in ("catalog", "database/curated", "table/curated/*")]
    role.may(rights.allow("glue:GetTable", resources=whole))
    assert role.refusal("glue", "get_table", **address)[0] == "EntityNotFoundException"


def test_an_explicit_deny_wins_and_says_so(role):
    role.may(rights.allow("glue:*"), {"Effect": "Deny", "Action": "glue:GetJob", "Resource": "*"})

    assert role.refusal("glue", "get_job", JobName="x")[2] == (
        f"{role.user} is not authorized to perform: glue:GetJob on resource: "
        f"arn:aws:glue:us-east-1:{ACCOUNT}:job/x with an explicit deny in an identity-based policy"
    )


def test_the_role_s_tag_stands_for_a_policy_variable(role):
    role.may(rights.allow("glue:GetJob", resources="arn:aws:glue:*:*:job/${aws:PrincipalTag/Team}-*"))

    assert role.refusal("glue", "get_job", JobName="sales-1")[0] == "EntityNotFoundException"
    assert role.refusal("glue", "get_job", JobName="other-1")[0] == "AccessDeniedException"


def test_a_condition_that_is_not_met(role):
    only_glue = {"StringEquals": {"cloudwatch:namespace": "Glue"}}
    role.may({**rights.allow("cloudwatch:PutMetricData"), "Condition": only_glue})
    metric = [{"MetricName": "m", "Value": 1}]

    role.client("cloudwatch").put_metric_data(Namespace="Glue", MetricData=metric)
    refused = role.refusal("cloudwatch", "put_metric_data", Namespace="Mine", MetricData=metric)
    assert refused[0] == "AccessDeniedException"


def test_a_statement_of_somebody_else(role, local_aws):
    """`aws:userid` and the owner of a Data API statement are the same for one's own statements only."""
    target = {"WorkgroupName": local_aws.name("x").removesuffix("-x"), "Database": "lake"}
    own = {"StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}}
    role.may(
        rights.allow("redshift-data:ExecuteStatement", "redshift-serverless:GetCredentials"),
        {**rights.allow("redshift-data:DescribeStatement"), "Condition": own},
    )
    mine = role.client("redshift-data").execute_statement(Sql="SELECT 1", **target)["Id"]
    theirs = local_aws.client("redshift-data").execute_statement(Sql="SELECT 1", **target)["Id"]

    assert role.client("redshift-data").describe_statement(Id=mine)["Id"] == mine
    assert role.refusal("redshift-data", "describe_statement", Id=theirs)[0] == "AccessDeniedException"


def test_the_data_api_needs_credentials_of_the_workgroup(role, local_aws):
    role.may(rights.allow("redshift-data:ExecuteStatement"))
    target = {"WorkgroupName": local_aws.name("x").removesuffix("-x"), "Database": "lake"}

    refused = role.refusal("redshift-data", "execute_statement", Sql="SELECT 1", **target)
    assert "redshift-serverless:GetCredentials on resource: arn:aws:redshift-serverless" in refused[2]


def test_handing_a_role_over_needs_pass_role(role, local_aws):
    role.may(rights.allow("glue:CreateJob"))
    command = {"Name": "glueetl", "ScriptLocation": "s3://x/y.py"}
    job = {"Name": f"job-{role.name}", "Role": local_aws.name("glue"), "Command": command}

    refused = role.refusal("glue", "create_job", **job)
    handed_over = f"arn:aws:iam::{ACCOUNT}:role/{local_aws.name('glue')}"
    assert f"not authorized to perform: iam:PassRole on resource: {handed_over} because" in refused[2]

    to_glue = {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
    role.may(rights.allow("glue:CreateJob"), {**rights.allow("iam:PassRole"), "Condition": to_glue})
    role.client("glue").create_job(**job)
    local_aws.client("glue").delete_job(JobName=job["Name"])


def test_athena_reads_the_catalog_as_its_caller(role, local_aws):
    """A workgroup's right to run queries opens no table."""
    bucket = local_aws.name("athena")
    role.may(rights.allow("athena:*"), *rights.use_bucket(bucket))
    athena = role.client("athena")
    query = athena.start_query_execution(
        QueryString="SELECT * FROM curated.nothing", ResultConfiguration={"OutputLocation": f"s3://{bucket}/test-iam/"}
    )["QueryExecutionId"]
    while (status := athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"])["State"] not in (
        "SUCCEEDED",
        "FAILED",
    ):
        pass
    assert status["StateChangeReason"].startswith(
        f"Insufficient permissions to execute the query. {role.user} is not authorized to perform: glue:Get"
    )


def test_results_need_a_bucket_the_caller_knows(role):
    role.may(rights.allow("athena:*"))
    results = {"OutputLocation": "s3://some-bucket/x/"}
    refused = role.refusal("athena", "start_query_execution", QueryString="SELECT 1", ResultConfiguration=results)
    assert refused == ("InvalidRequestException", 400, "Unable to verify/create output bucket some-bucket")


def test_a_policy_that_cannot_be_evaluated_is_not_stored(role):
    """An unknown condition is refused when the policy comes, not silently met."""
    wrong = {**rights.allow("glue:*"), "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}
    with pytest.raises(ClientError) as refused:
        role.may(wrong)
    assert refused.value.response["Error"]["Code"] == "MalformedPolicyDocument"
    assert "does not evaluate condition key aws:sourcevpce" in refused.value.response["Error"]["Message"]


def test_an_operation_that_nobody_mapped_is_closed_to_roles(role, local_aws):
    role.may(rights.allow("glue:*"))
    refused = role.refusal("glue", "get_connections")
    assert refused[0] == "AccessDeniedException"
    assert "only local-admin may call it" in refused[2]
    assert local_aws.client("glue").get_connections()["ConnectionList"] == []


def test_everybody_may_ask_who_they_are(role):
    assert role.client("sts").get_caller_identity()["Arn"].endswith(f"assumed-role/{role.name}/local")


def test_a_change_of_a_policy_counts_at_once(role):
    assert role.refusal("glue", "get_jobs")[0] == "AccessDeniedException"
    role.may(rights.allow("glue:GetJobs"))
    assert "Jobs" in role.client("glue").get_jobs()
    role.may(rights.allow("glue:GetJob"))
    assert role.refusal("glue", "get_jobs")[0] == "AccessDeniedException"


def test_an_attached_policy_counts_in_its_default_version(role):
    document = {"Version": "2012-10-17", "Statement": [{**rights.allow("glue:GetJobs"), "Sid": "Jobs"}]}
    arn = role.iam.create_policy(PolicyName=role.name, PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    role.iam.attach_role_policy(RoleName=role.name, PolicyArn=arn)
    assert "Jobs" in role.client("glue").get_jobs()

    nothing = json.dumps({"Version": "2012-10-17", "Statement": [rights.allow("glue:GetJob")]})
    role.iam.create_policy_version(PolicyArn=arn, PolicyDocument=nothing, SetAsDefault=True)
    assert role.refusal("glue", "get_jobs")[0] == "AccessDeniedException"
    role.iam.detach_role_policy(RoleName=role.name, PolicyArn=arn)


def test_decisions_are_recorded(role, local_aws):
    role.may({**rights.allow("glue:GetJobs"), "Sid": "Jobs"})
    role.client("glue").get_jobs()
    role.refusal("glue", "get_crawler", Name="x")

    mine = [found for found in read_decisions(local_aws.settings.state_dir) if found.role == role.name]
    assert [(found.action, found.allowed, found.statement, found.call) for found in mine] == [
        ("glue:GetJobs", True, "test/Jobs", "glue:GetJobs"),
        ("glue:GetCrawler", False, "", "glue:GetCrawler"),
    ]
