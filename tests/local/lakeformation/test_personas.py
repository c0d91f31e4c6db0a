"""Five people, two engines: Athena and Redshift Spectrum show each what Lake Formation grants it, and nothing else."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.conftest import LocalAws
from tests.local import rights

LIMIT_SECONDS = 90
COLUMNS = ("id", "name", "region", "salary", "ssn")
ROWS = (
    ("1", "ann", "eu", "100", "ssn1-@"),
    ("2", "bob-@", "us", "77200", "ssn2-@"),
    ("3", "carl", "eu", "300", "ssn3-@"),
)
# What each sees: columns, and rows by their id. The clerk holds two columns by name, the analyst a data cells filter,
# the auditor a policy on the LF-tag of the table, from which the tag of the column ssn differs.
SEES: dict[str, tuple[tuple[str, ...], str]] = {
    "engineer": (COLUMNS, "123"),
    "analyst": (("id", "name", "region", "salary"), "13"),
    "clerk": (("id", "name"), "123"),
    "auditor": (("id", "name", "region", "salary"), "123"),
    "outsider": ((), ""),
}
PERSONAS = tuple(SEES)
ENGINES = ("athena", "spectrum")
# Each is refused, or shows nothing that is hidden. @t is the table, @b the bucket.
ATTACKS = (
    "SELECT ssn FROM @t",
    "SELECT e.ssn FROM @t e",
    "SELECT e FROM @t e",
    "SELECT * FROM @t WHERE ssn LIKE 'ssn%'",
    "SELECT id FROM @t ORDER BY ssn",
    "SELECT count(*) FROM @t GROUP BY ssn",
    "SELECT id FROM @t WHERE EXISTS (SELECT 1 FROM @t x WHERE x.ssn IS NOT NULL)",
    "SELECT id, (SELECT max(ssn) FROM @t) FROM @t",
    "SELECT * FROM @t WHERE region = 'us' OR 1 = 1",
    "SELECT id FROM @t WHERE 1 / (salary - 77200) = 0",
    "SELECT cast(name AS integer) FROM @t",
    "SELECT * FROM (SELECT * FROM @t) AS x",
    "WITH x AS (SELECT * FROM @t) SELECT * FROM x",
    "SELECT max(name) FROM @t",
)
SPECTRUM_ATTACKS = (
    "SELECT row_to_json(e) FROM @t e",
    "SELECT e.* FROM @t e, LATERAL (SELECT e.ssn) y",
    "UNLOAD ('SELECT ssn FROM @t') TO 's3://@b/out/' IAM_ROLE default",
    "SELECT * FROM svv_external_columns",
    "CREATE TABLE stolen_@n AS SELECT ssn FROM @t",
    "SELECT pg_read_file('/etc/passwd')",
)


@dataclass
class House:
    """:param mark: part of every hidden value, in no query"""

    aws: LocalAws
    mark: str
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, principal: str = "local-admin") -> Any:
        if (service, principal) not in self.clients:
            self.clients[service, principal] = self.aws.client(service, principal)
        return self.clients[service, principal]

    @property
    def database(self) -> str:
        return f"house_{self.mark}"

    @property
    def bucket(self) -> str:
        return f"house-{self.mark}"

    @property
    def workgroup(self) -> str:
        return self.aws.name("x").removesuffix("-x")

    def role(self, persona: str) -> str:
        return f"house-{self.mark}-{persona}"

    def arn(self, persona: str) -> str:
        return f"arn:aws:iam::123456789012:role/{self.role(persona)}"

    def schema(self, persona: str) -> str:
        return f"house_{self.mark}_{persona}"

    def ask(self, engine: str, persona: str, sql: str) -> tuple[list[list[str | None]] | None, str]:
        """Rows of a query of a persona, or None and why not. @t is the table."""
        text = sql.replace("@b", self.bucket).replace("@n", self.mark)
        if engine == "athena":
            principal = self.role(persona) if persona in PERSONAS else persona
            return self.athena(principal, text.replace("@t", f"{self.database}.emp"))
        return self.redshift(text.replace("@t", f"{self.schema(persona)}.emp"))

    def athena(self, principal: str, sql: str) -> tuple[list[list[str | None]] | None, str]:
        athena = self.client("athena", principal)
        place = {"OutputLocation": f"s3://{self.bucket}/results/"}
        query = athena.start_query_execution(QueryString=sql, ResultConfiguration=place)["QueryExecutionId"]
        status = self._wait(
            lambda: athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"], "State"
        )
        if status["State"] != "SUCCEEDED":
            return None, status.get("StateChangeReason", "")
        rows = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows][1:], ""

    def redshift(self, sql: str) -> tuple[list[list[str | None]] | None, str]:
        data = self.client("redshift-data", self.aws.name("airflow"))
        statement = data.execute_statement(WorkgroupName=self.workgroup, Database="lake", Sql=sql)["Id"]
        status = self._wait(lambda: data.describe_statement(Id=statement), "Status")
        if status["Status"] != "FINISHED":
            return None, status["Error"]
        if not status["HasResultSet"]:
            return [], ""
        records = data.get_statement_result(Id=statement)["Records"]
        cells = [[None if c.get("isNull") else str(next(iter(c.values()))) for c in record] for record in records]
        return cells, ""

    def _wait(self, read: Any, key: str) -> dict[str, Any]:
        deadline = time.monotonic() + LIMIT_SECONDS
        while True:
            status: dict[str, Any] = read()
            if status[key] in ("SUCCEEDED", "FAILED", "CANCELLED", "FINISHED", "ABORTED"):
                return status
            assert time.monotonic() < deadline, status
            time.sleep(0.05)

    def grant(self, persona: str, resource: dict[str, Any], *permissions: str) -> None:
        self.client("lakeformation").grant_permissions(
            Principal={"DataLakePrincipalIdentifier": self.arn(persona)},
            Resource=resource,
            Permissions=list(permissions),
        )

    def hidden(self, persona: str) -> set[str]:
        """Every value that the persona must not see and that nobody could guess."""
        columns, ids = SEES[persona]
        values = {
            value.replace("@", self.mark)
            for row in ROWS
            for column, value in zip(COLUMNS, row, strict=True)
            if column not in columns or row[0] not in ids
        }
        return {value for value in values if self.mark in value or value == "77200"}


@pytest.fixture(scope="module")
def house(local_aws: LocalAws) -> Iterator[House]:
    it = House(local_aws, uuid.uuid4().hex[:8])
    namespace = it.client("redshift-serverless").get_namespace(namespaceName=it.workgroup)["namespace"]
    before = [found.partition("iamRoleArn=")[2].partition(",")[0] or found for found in namespace["iamRoles"]]
    _build(it)
    serverless = it.client("redshift-serverless")
    serverless.update_namespace(namespaceName=it.workgroup, iamRoles=[*before, *map(it.arn, PERSONAS)])
    for persona in PERSONAS:
        made, error = it.redshift(
            f"CREATE EXTERNAL SCHEMA {it.schema(persona)} FROM DATA CATALOG DATABASE '{it.database}' "
            f"IAM_ROLE '{it.arn(persona)}'"
        )
        assert made is not None, error
    yield it
    for persona in PERSONAS:
        it.redshift(f"DROP SCHEMA {it.schema(persona)} CASCADE")
    serverless.update_namespace(namespaceName=it.workgroup, iamRoles=before)
    _tear_down(it)


def _build(it: House) -> None:
    iam, formation = it.client("iam"), it.client("lakeformation")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "redshift.amazonaws.com"},
                            "Action": "sts:AssumeRole"}]}  # fmt: skip
    it.client("s3").create_bucket(Bucket=it.bucket)
    for persona in PERSONAS:
        iam.create_role(RoleName=it.role(persona), AssumeRolePolicyDocument=json.dumps(trust))
        # IAM opens every door, so that Lake Formation alone stands between a role and the data.
        rights.give(iam, it.role(persona), *rights.QUERY, *rights.use_bucket(it.bucket))
    it.client("glue").create_database(DatabaseInput={"Name": it.database, "CreateTableDefaultPermissions": []})
    values = ", ".join(
        f"({row[0]}, '{row[1]}', '{row[2]}', {row[3]}, '{row[4]}')".replace("@", it.mark) for row in ROWS
    )
    made, error = it.athena(
        "local-admin",
        f"CREATE TABLE {it.database}.emp WITH (format = 'PARQUET', external_location = 's3://{it.bucket}/emp/') AS "
        f"SELECT * FROM (VALUES {values}) AS t ({', '.join(COLUMNS)})",
    )
    assert made is not None, error
    emp = {"DatabaseName": it.database, "Name": "emp"}
    it.grant("engineer", {"Table": emp}, "SELECT")
    it.grant("clerk", {"TableWithColumns": {**emp, "ColumnNames": ["id", "name"]}}, "SELECT")
    cells = {"TableCatalogId": "123456789012", "DatabaseName": it.database, "TableName": "emp", "Name": "eu"}
    eu = {"RowFilter": {"FilterExpression": "region = 'eu'"}, "ColumnNames": list(SEES["analyst"][0])}
    formation.create_data_cells_filter(TableData={**cells, **eu})
    it.grant("analyst", {"DataCellsFilter": cells}, "SELECT")
    key = f"house_{it.mark}"
    formation.create_lf_tag(TagKey=key, TagValues=["open", "secret"])
    formation.add_lf_tags_to_resource(Resource={"Table": emp}, LFTags=[{"TagKey": key, "TagValues": ["open"]}])
    ssn = {"TableWithColumns": {**emp, "ColumnNames": ["ssn"]}}
    formation.add_lf_tags_to_resource(Resource=ssn, LFTags=[{"TagKey": key, "TagValues": ["secret"]}])
    policy = {"ResourceType": "TABLE", "Expression": [{"TagKey": key, "TagValues": ["open"]}]}
    it.grant("auditor", {"LFTagPolicy": policy}, "SELECT")


def _tear_down(it: House) -> None:
    it.client("glue").delete_database(Name=it.database)
    it.client("lakeformation").delete_lf_tag(TagKey=f"house_{it.mark}")
    s3, iam = it.client("s3"), it.client("iam")
    for persona in PERSONAS:
        rights.take_all(iam, it.role(persona))
        iam.delete_role(RoleName=it.role(persona))
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=it.bucket):
        for entry in page.get("Contents", []):
            s3.delete_object(Bucket=it.bucket, Key=entry["Key"])
    s3.delete_bucket(Bucket=it.bucket)


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("engine", ENGINES)
def test_each_sees_exactly_what_is_granted(house: House, engine: str, persona: str) -> None:
    columns, ids = SEES[persona]
    rows, error = house.ask(engine, persona, "SELECT * FROM @t ORDER BY 1")
    if not columns:
        assert rows is None
        assert "Lake Formation" in error or "not authorized" in error, error
        return
    expected = [
        [value.replace("@", house.mark) for column, value in zip(COLUMNS, row, strict=True) if column in columns]
        for row in ROWS
        if row[0] in ids
    ]
    assert rows == expected, error


@pytest.mark.parametrize("persona", [name for name in PERSONAS if name != "engineer"])
@pytest.mark.parametrize("engine", ENGINES)
def test_no_attack_shows_what_is_hidden(house: House, engine: str, persona: str) -> None:
    hidden, leaks = house.hidden(persona), []
    assert hidden
    attacks = (*ATTACKS, *(SPECTRUM_ATTACKS if engine == "spectrum" else ()))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda sql: house.ask(engine, persona, sql), attacks))
    for sql, (rows, error) in zip(attacks, answers, strict=True):
        told = json.dumps(rows) + error
        leaks += [f"{sql}: {value} in {told}" for value in hidden if value in told.replace(sql, "")]
    assert leaks == []


@pytest.mark.parametrize("engine", ENGINES)
def test_a_column_added_tomorrow_is_seen_by_those_alone_who_hold_the_whole_table(house: House, engine: str) -> None:
    glue = house.client("glue")
    table = glue.get_table(DatabaseName=house.database, Name="emp")["Table"]
    storage = table["StorageDescriptor"]
    if "note" not in {column["Name"] for column in storage["Columns"]}:
        wider = {**storage, "Columns": [*storage["Columns"], {"Name": "note", "Type": "string"}]}
        shape = {key: table[key] for key in ("Name", "TableType", "Parameters") if key in table}
        glue.update_table(DatabaseName=house.database, TableInput={**shape, "StorageDescriptor": wider})
    seen = {persona: house.ask(engine, persona, "SELECT note FROM @t")[0] is not None for persona in PERSONAS}
    # The auditor's tag policy is on the table's tag, which goes down to a new column: that is a grant, too.
    assert seen == {"engineer": True, "auditor": True, "analyst": False, "clerk": False, "outsider": False}
