"""The erasure job on the local AWS: every version of every object, and the keys that Secrets Manager has."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import os
import secrets
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from glue_jobs import storage
from glue_jobs.erasure.erase import ERASE, FIND, ErasureArguments, SubjectStays, forget
from glue_jobs.problems import PiiKeyUnavailable
from glue_jobs.pseudonyms import read_keys
from tests.glue_jobs.conftest import CONTRACT
from tests.glue_jobs.days import csv_bytes, sale

if TYPE_CHECKING:
    from tests.conftest import LocalAws

PRODUCT = "online_retail"
ZONES = ("landing", "staging", "curated", "quarantine", "governance", "athena")


@dataclass
class Request:
    """A request about a person whom no other test knows, with a secret of its own.

    :param subject: number of the person
    """

    spark: SparkSession
    aws: LocalAws
    subject: str
    name: str = field(default_factory=lambda: f"DSR-{uuid.uuid4().hex[:12]}")
    versions: list[str] = field(default_factory=list)
    secrets: list[bytes] = field(default_factory=list)

    @property
    def secret(self) -> str:
        return f"tests/{self.name}"

    def uri(self, path: str) -> str:
        return f"s3://{self.aws.name('governance')}/{path}"

    def rotate(self) -> str:
        """Give the secret another key.

        :return: version id of the key
        """
        client, text = self.aws.client("secretsmanager"), secrets.token_hex(20)
        if self.versions:
            answer = client.put_secret_value(SecretId=self.secret, SecretString=text)
        else:
            answer = client.create_secret(Name=self.secret, SecretString=text)
        self.versions.append(answer["VersionId"])
        self.secrets.append(text.encode())
        return self.versions[-1]

    def pseudonym(self, version: int, subject: str = "") -> str:
        text = f"customer:{subject or self.subject}".encode()
        return hmac.new(self.secrets[version], text, hashlib.sha256).hexdigest()

    def put(self, zone: str, key: str, body: bytes) -> None:
        self.aws.client("s3").put_object(Bucket=self.aws.name(zone), Key=key, Body=body)

    def get(self, zone: str, key: str) -> bytes:
        answer: bytes = self.aws.client("s3").get_object(Bucket=self.aws.name(zone), Key=key)["Body"].read()
        return answer

    def exists(self, zone: str, key: str) -> bool:
        return bool(self.aws.client("s3").list_object_versions(Bucket=self.aws.name(zone), Prefix=key).get("Versions"))

    def publish(self, *customers: str) -> str:
        """:return: key of a published file with a row for each customer"""
        key = f"{PRODUCT}/invoice_day=2013-05-01/version={self.name}/{uuid.uuid4().hex}.parquet"
        target = io.BytesIO()
        pq.write_table(pa.table({"customer_id": list(customers)}), target)
        self.put("curated", key, target.getvalue())
        return key

    def published(self, key: str) -> list[str]:
        found: list[str] = pq.read_table(io.BytesIO(self.get("curated", key))).column("customer_id").to_pylist()
        return found

    def land(self, *customers: str) -> str:
        """:return: key of a delivered file with a row for each customer"""
        key = f"{PRODUCT}/ingest_date=2013-05-01/{self.name}.csv"
        self.put("landing", key, csv_bytes(*(sale(CustomerID=customer) for customer in customers)))
        return key

    def removals(self) -> list[dict[str, Any]]:
        """:return: what each attempt has removed, the first one first"""
        folder = self.uri(f"erasures/{self.name}/removed/")
        return [json.loads(storage.read_text(folder + file.name)) for file in storage.list_files(folder)]

    def run(self, mode: str, subject: str = "", **changes: Any) -> dict[str, Any]:
        """Write the request and run the job.

        :param subject: what the request says, the number when not given
        :param changes: other arguments
        """
        address = self.uri(f"erasure_requests/{self.name}.json")
        storage.write_bytes(address, json.dumps({"domain": "customer", "subject": subject or self.subject}).encode())
        given: dict[str, Any] = {
            "mode": mode,
            "request": self.name,
            "request_file": address,
            "contracts": f"{CONTRACT.parent}/",
            "products": (PRODUCT,),
            "buckets": {zone: self.aws.name(zone) for zone in ZONES},
            "deletion_list": self.uri(f"tests/{self.name}/erased_subjects/"),
            "pseudonyms": self.uri(f"loads/forget_subject/{self.name}/pseudonyms.csv"),
            "result": self.uri(f"erasures/{self.name}/run/{mode}.json"),
            "pii_secret": self.secret,
            "key_versions": {},
            "removals": self.uri(f"erasures/{self.name}/removed/"),
        }
        return forget(self.spark, ErasureArguments(**(given | changes)))

    @contextmanager
    def somebody_who_queries(self) -> Iterator[None]:
        """Results about the subject come again and again meanwhile."""
        stop = threading.Event()

        def query() -> None:
            number = 0
            while not stop.is_set():
                self.put("athena", f"results/{self.name}-{number}.csv", f'"customer"\n"{self.subject}"\n'.encode())
                number += 1
                stop.wait(0.5)

        thread = threading.Thread(target=query)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@pytest.fixture
def request_of(spark: SparkSession, local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Request]:
    from local.environment import aws_variables

    variables = aws_variables(local_aws.settings, "local-admin")
    for name, value in variables.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    before = dict(spark.sparkContext.environment)
    spark.sparkContext.environment.update({name: value for name, value in os.environ.items() if name[:4] == "AWS_"})
    storage.client.cache_clear()
    made = Request(spark, local_aws, f"7{secrets.randbelow(10**8):08}")
    made.rotate()
    yield made
    client = local_aws.client("s3")
    for zone in ("landing", "curated", "governance", "athena"):
        for page in client.get_paginator("list_object_versions").paginate(Bucket=local_aws.name(zone)):
            for found in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                if made.name in found["Key"]:
                    where = {"Bucket": local_aws.name(zone), "Key": found["Key"]}
                    client.delete_object(**where, VersionId=found["VersionId"])
    local_aws.client("secretsmanager").delete_secret(SecretId=made.secret, ForceDeleteWithoutRecovery=True)
    spark.sparkContext.environment.clear()
    spark.sparkContext.environment.update(before)
    storage.client.cache_clear()


def test_rows_of_every_key_that_is_left_go(request_of: Request) -> None:
    """Also where no partition records it: in a version of the day that nobody is shown."""
    kept = request_of.publish(*(request_of.pseudonym(0, who) for who in (request_of.subject, "somebody else")))
    request_of.rotate()
    unlisted = request_of.publish(request_of.pseudonym(1), request_of.pseudonym(1, "somebody else"))
    request_of.rotate()
    request_of.rotate()
    versions = request_of.versions
    recorded = {versions[0]: "online_retail 2013-05-01", versions[-1]: "online_retail 2013-05-02"}
    found = [key.version for key in read_keys(request_of.secret, recorded)]
    assert (found[0], sorted(found)) == (versions[-1], sorted(versions))

    result = request_of.run(ERASE, key_versions=recorded)

    assert request_of.published(kept) == [request_of.pseudonym(0, "somebody else")]
    assert request_of.published(unlisted) == [request_of.pseudonym(1, "somebody else")]
    assert (result["zones"][0]["rows"], result["left"]) == (2, 0)
    told = request_of.get("governance", f"loads/forget_subject/{request_of.name}/pseudonyms.csv").decode().split()
    assert set(told) == {request_of.pseudonym(number) for number in range(4)}, "the warehouse erases those of all keys"


def test_key_that_is_gone_stops_before_anything_is_removed(request_of: Request) -> None:
    delivered = request_of.land(request_of.subject)
    recorded = {uuid.uuid4().hex + "gone": "online_retail 2013-05-01"}
    for mode in (FIND, ERASE):
        with pytest.raises(PiiKeyUnavailable) as raised:
            request_of.run(mode, key_versions=recorded)
        message = str(raised.value)
        assert all(word in message for word in (*recorded, *recorded.values(), "clean_rows", "restore")), message
    assert request_of.subject.encode() in request_of.get("landing", delivered)


def test_deletion_list_finds_again_after_rotations(request_of: Request) -> None:
    request_of.run(ERASE)
    request_of.rotate()
    request_of.rotate()
    delivered = request_of.land(request_of.subject, "1")
    request_of.run(ERASE, request="deletion-list", request_file="")
    assert request_of.subject.encode() not in request_of.get("landing", delivered)


@pytest.mark.parametrize("fraction", ["", ".0"])
def test_subject_as_the_source_writes_it_and_cells_as_it_may(request_of: Request, fraction: str) -> None:
    mine = request_of.subject
    published = request_of.publish(request_of.pseudonym(0), request_of.pseudonym(0, "1"))
    delivered = request_of.land(f"{mine}.0", "1.0", mine, f"{mine}.00", f" {mine}.000", f"{mine}.5")
    result = request_of.run(ERASE, subject=f"{mine}{fraction}")
    assert request_of.published(published) == [request_of.pseudonym(0, "1")]
    assert request_of.get("landing", delivered) == csv_bytes(sale(CustomerID="1.0"), sale(CustomerID=f"{mine}.5"))
    assert {zone["zone"]: zone["rows"] for zone in result["zones"]} == {"landing": 4, "curated": 1}


def test_nothing_found_is_said_loudly_and_is_no_failure(
    request_of: Request, capsys: pytest.CaptureFixture[str]
) -> None:
    for mode in (FIND, ERASE):
        assert request_of.run(mode)["zones"] == []
        assert "NOTHING OF THE SUBJECT WAS FOUND" in capsys.readouterr().out


def test_what_a_failed_attempt_removed_is_kept(request_of: Request) -> None:
    request_of.land(request_of.subject, "1")
    request_of.publish(request_of.pseudonym(0))
    request_of.run(FIND)
    assert request_of.removals() == []
    with request_of.somebody_who_queries(), pytest.raises(SubjectStays):
        request_of.run(ERASE)
    (first,) = request_of.removals()
    assert {zone["zone"]: zone["rows"] for zone in first["zones"] if zone["rows"]} == {"landing": 1, "curated": 1}
    assert [day["day"] for day in first["days"]] == ["2013-05-01"]
    request_of.run(ERASE)
    again, second = request_of.removals()
    assert again == first
    assert [zone["zone"] for zone in second["zones"]] == ["athena"]
    assert {record["reported_in"] for record in (first, second)} == {""}
    assert request_of.subject not in json.dumps([first, second])
    assert not request_of.exists("athena", f"results/{request_of.name}")


def test_object_that_cannot_be_searched_is_named(request_of: Request) -> None:
    key = f"{PRODUCT}/invoice_day=2013-05-01/{request_of.name}.parquet"
    request_of.put("curated", key, b"PAR1 is no footer PAR1")
    with pytest.raises(Exception, match=f"s3://{request_of.aws.name('curated')}/{key} .* cannot be searched"):
        request_of.run(FIND)
