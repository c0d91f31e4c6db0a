"""The control plane's front door: what it does not serve, who it does not know, what it says when it breaks itself."""

from __future__ import annotations

import http.client
import json
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import BaseResponse
from werkzeug.test import Client

from local import services
from local.dispatch import ControlPlane
from local.errors import AwsError
from local.identity import LOCAL_ADMIN, access_key_for
from local.persistence import Snapshots
from local.settings import load_settings

# service, operation, parameters -> the code that botocore reports. One case per protocol.
UNKNOWN_ACTIONS = [
    pytest.param("secretsmanager", "validate_resource_policy", {"ResourcePolicy": "{}"}, "UnknownOperationException"),
    pytest.param("events", "describe_endpoint", {"Name": "x"}, "UnknownOperationException"),
    pytest.param("iam", "list_organizations_features", {}, "InvalidAction"),
    pytest.param("ec2", "describe_instances", {}, "InvalidAction"),
    pytest.param("ec2", "run_instances", {"MinCount": 1, "MaxCount": 1}, "InvalidAction"),
    pytest.param("kms", "encrypt", {"KeyId": "alias/sluice-dev", "Plaintext": b"x"}, "UnknownOperationException"),
    pytest.param("sts", "decode_authorization_message", {"EncodedMessage": "x"}, "InvalidAction"),
    pytest.param("sqs", "list_message_move_tasks", {"SourceArn": "a"}, "UnknownOperationException"),
    pytest.param("cloudwatch", "list_metric_streams", {}, "UnknownOperationException"),
    pytest.param("glue", "list_blueprints", {}, "UnknownOperationException"),
    pytest.param(
        "lakeformation", "get_temporary_glue_table_credentials", {"TableArn": "x"}, "UnknownOperationException"
    ),
]
# service, operation: moto would answer some of these with fixed texts
UNKNOWN_SERVICES = [
    pytest.param("rds", "describe_db_instances", {}),
    pytest.param("lambda", "list_functions", {}),
    pytest.param("emr", "list_clusters", {}),
    pytest.param("dynamodb", "list_tables", {}),
    pytest.param("redshift", "describe_clusters", {}),
    pytest.param("route53", "list_hosted_zones", {}),
    pytest.param("stepfunctions", "list_state_machines", {}),
    pytest.param("sesv2", "list_contact_lists", {}),
]


def refusal(client: Any, operation: str, **parameters: Any) -> dict[str, Any]:
    """The error response of a call that must fail."""
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**parameters)
    return dict(refused.value.response)


@pytest.mark.parametrize(("service", "operation", "parameters"), UNKNOWN_SERVICES)
def test_a_service_that_is_not_served_is_refused_at_once_and_readably(local_aws, service, operation, parameters):
    response = refusal(local_aws.client(service), operation, **parameters)

    assert 400 <= response["ResponseMetadata"]["HTTPStatusCode"] < 500
    assert response["ResponseMetadata"]["RetryAttempts"] == 0
    assert "is not served by Sluice's local AWS" in response["Error"]["Message"]
    assert "docs/local-aws.md" in response["Error"]["Message"]


@pytest.mark.parametrize(("service", "operation", "parameters", "code"), UNKNOWN_ACTIONS)
def test_an_action_that_is_not_served_is_refused_in_its_protocol(local_aws, service, operation, parameters, code):
    response = refusal(local_aws.client(service), operation, **parameters)

    assert response["Error"]["Code"] == code
    assert 400 <= response["ResponseMetadata"]["HTTPStatusCode"] < 500
    assert response["ResponseMetadata"]["RetryAttempts"] == 0


def test_an_unknown_key_is_refused(local_aws):
    response = refusal(local_aws.client("glue", principal="nobody"), "get_databases")

    assert response["Error"]["Code"] == "UnrecognizedClientException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/"),
        ("GET", "/moto-api/"),
        ("POST", "/moto-api/reset"),
        ("GET", "/latest/meta-data/iam/security-credentials/"),
    ],
)
def test_an_unsigned_request_is_refused(local_aws, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", local_aws.settings.control_plane_port, timeout=10)
    connection.request(method, path, body="{}", headers={"X-Amz-Target": "AWSGlue.GetDatabases"})
    response = connection.getresponse()

    assert response.status == 403
    assert json.loads(response.read())["__type"] == "MissingAuthenticationTokenException"


def test_a_web_page_gets_no_permission_to_call_it(local_aws):
    connection = http.client.HTTPConnection("127.0.0.1", local_aws.settings.control_plane_port, timeout=10)
    connection.request(
        "OPTIONS", "/", headers={"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}
    )

    assert connection.getresponse().getheader("Access-Control-Allow-Origin") is None


def test_every_listener_is_on_the_loopback_address(local_aws):
    status = local_aws.command("status").stdout
    pids = [int(line.split()[1]) for line in status.splitlines()[1:4]]
    trees = [
        process for pid in pids for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
    ]
    listening = [
        connection.laddr.ip
        for process in trees
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]

    assert len(listening) > 5
    assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


class EchoResponse(BaseResponse):
    """Actions that end in each possible way."""

    def __init__(self) -> None:
        super().__init__(service_name="glue")

    def get_job(self) -> str:
        raise AwsError("EntityNotFoundException", "Job x is not found.", 404)

    def get_table(self) -> str:
        raise ZeroDivisionError("our own fault")

    def get_tables(self) -> str:
        return json.dumps({"TableList": []})


class EchoPaths:
    url_bases = ("https?://glue\\.(.+)\\.amazonaws\\.com",)
    url_paths = {"{0}/$": EchoResponse.dispatch}  # noqa: RUF012


class EchoBackend(BaseBackend):
    @property
    def _url_module(self) -> Any:
        return EchoPaths


@pytest.fixture
def echo(tmp_path, monkeypatch):
    """A control plane in this process whose Glue is `EchoBackend`."""
    backends: BackendDict[EchoBackend] = BackendDict(EchoBackend, "glue")
    monkeypatch.setitem(services._served, "glue", services.ServedService("glue", "glue", backends))
    http = Client(ControlPlane(load_settings(tmp_path), Snapshots(tmp_path)))
    credential = f"{access_key_for(LOCAL_ADMIN)}/20260101/us-east-1/glue/aws4_request"

    def call(action: str) -> Any:
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0",
            "X-Amz-Target": f"AWSGlue.{action}",
            "Content-Type": "application/x-amz-json-1.1",
        }
        return http.post("/", data="{}", headers=headers)

    return call


def test_an_aws_error_keeps_its_code_message_and_status(echo):
    response = echo("GetJob")

    assert response.status_code == 404
    assert json.loads(response.text) == {"__type": "EntityNotFoundException", "Message": "Job x is not found."}


def test_an_exception_of_ours_is_an_internal_failure_that_names_itself_and_is_logged(echo, caplog):
    response = echo("GetTable")

    assert response.status_code == 500
    answer = json.loads(response.text)
    assert answer["__type"] == "InternalFailure"
    assert "ZeroDivisionError" in answer["Message"]
    assert "our own fault" in answer["Message"]
    assert "Traceback" in caplog.text


def test_the_connection_survives_a_refused_request_with_a_body(local_aws):
    connection = http.client.HTTPConnection("127.0.0.1", local_aws.settings.control_plane_port, timeout=10)
    for _ in range(2):
        connection.request("POST", "/", body=b"x" * 100_000)
        response = connection.getresponse()
        response.read()
        assert response.status == 403
