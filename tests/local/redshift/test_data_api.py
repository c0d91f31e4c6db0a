"""The Data API: states, errors, batches, sessions, parameters, limits, and who may see what."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local import rights
from tests.local.redshift.conftest import USE_WAREHOUSE, Warehouse, make_role

# pg_sleep does not exist on Redshift: a cross join that takes minutes
SLOW = "SELECT count(*) FROM slow.numbers a, slow.numbers b, slow.numbers c, slow.numbers d"


@pytest.fixture(scope="module")
def slow(warehouse: Warehouse) -> str:
    warehouse.rows("CREATE SCHEMA slow")
    warehouse.rows("CREATE TABLE slow.numbers (n INT)")
    digits = "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4)"
    warehouse.rows(
        f"INSERT INTO slow.numbers SELECT a.d FROM {digits} a, {digits} b, {digits} c, {digits} e, {digits} f"
    )
    return SLOW


def readers_of(warehouse: Warehouse) -> str:
    """A database role of this run's own: all namespaces of a local AWS share their roles."""
    return warehouse.workgroup.replace("-", "_") + "_readers"


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 0
    return error["Code"], error["Message"]


class TestRefusals:
    def test_no_target(self, warehouse: Warehouse) -> None:
        code, text = refused(warehouse.client().execute_statement, Sql="select 1", Database="tests")
        assert (code, text) == (
            "ValidationException",
            "Either ClusterIdentifier or WorkgroupName needs to be specified.",
        )

    def test_two_targets(self, warehouse: Warehouse) -> None:
        request = {
            "Sql": "select 1",
            "ClusterIdentifier": "c",
            "WorkgroupName": warehouse.workgroup,
            "Database": "tests",
        }
        assert refused(warehouse.client().execute_statement, **request)[0] == "ValidationException"

    def test_unknown_workgroup(self, warehouse: Warehouse) -> None:
        request = {"Sql": "select 1", "WorkgroupName": "no-such-workgroup", "Database": "tests"}
        code, text = refused(warehouse.client().execute_statement, **request)
        assert code == "ResourceNotFoundException"
        assert "no-such-workgroup" in text

    def test_unknown_cluster(self, warehouse: Warehouse) -> None:
        request = {"Sql": "select 1", "ClusterIdentifier": "no-such-cluster", "Database": "tests"}
        code, text = refused(warehouse.client().execute_statement, **request)
        assert (code, text) == ("ValidationException", "Redshift endpoint doesn't exist in this region.")

    def test_database_user_of_a_workgroup(self, warehouse: Warehouse) -> None:
        request = {"Sql": "select 1", "WorkgroupName": warehouse.workgroup, "Database": "tests", "DbUser": "bob"}
        assert refused(warehouse.client().execute_statement, **request)[0] == "ValidationException"

    def test_sql_over_100_kb(self, warehouse: Warehouse) -> None:
        request = {"Sql": f"select '{'x' * 100_000}'", "WorkgroupName": warehouse.workgroup, "Database": "tests"}
        code, text = refused(warehouse.client().execute_statement, **request)
        assert (code, text) == ("ValidationException", "Cannot process query string larger than 100kB")

    def test_more_than_40_statements(self, warehouse: Warehouse) -> None:
        request = {"Sqls": ["select 1"] * 41, "WorkgroupName": warehouse.workgroup, "Database": "tests"}
        code, text = refused(warehouse.client().batch_execute_statement, **request)
        assert code == "ValidationException"
        assert "less than or equal to 40" in text

    @pytest.mark.parametrize(
        ("sql", "parameters", "text"),
        [
            ("select :a", {"b": "1", "a": "1"}, "unused parameters"),
            ("select :a, :b", {"a": "1"}, "missing values"),
            ("select 'x:a'", {"a": "1"}, "unused parameters"),
            ("select 1::int", {"int": "1"}, "unused parameters"),
        ],
    )
    def test_wrong_parameters(self, warehouse: Warehouse, sql: str, parameters: dict[str, str], text: str) -> None:
        given = [{"name": name, "value": value} for name, value in parameters.items()]
        request = {"Sql": sql, "Parameters": given, "WorkgroupName": warehouse.workgroup, "Database": "tests"}
        code, message = refused(warehouse.client().execute_statement, **request)
        assert code == "ValidationException"
        assert text in message

    def test_unknown_statement(self, warehouse: Warehouse) -> None:
        unknown = "00000000-0000-4000-8000-000000000000"
        for operation in ("describe_statement", "get_statement_result", "cancel_statement"):
            code, text = refused(getattr(warehouse.client(), operation), Id=unknown)
            assert (code, text) == ("ResourceNotFoundException", "Query does not exist.")

    def test_result_of_a_statement_without_rows(self, warehouse: Warehouse, schema: str) -> None:
        answer = warehouse.run(f"create table {schema}.t (a int)")
        code, text = refused(warehouse.client().get_statement_result, Id=answer.id)
        assert code == "ResourceNotFoundException"
        assert "does not have result" in text

    def test_token_of_other_parameters(self, warehouse: Warehouse, schema: str) -> None:
        target = {"WorkgroupName": warehouse.workgroup, "Database": "tests", "ClientToken": f"token-{schema}"}
        warehouse.client().execute_statement(Sql="select 1", **target)
        assert refused(warehouse.client().execute_statement, Sql="select 2", **target)[0] == "ValidationException"

    def test_unknown_session(self, warehouse: Warehouse) -> None:
        request = {"Sql": "select 1", "SessionId": "00000000-0000-4000-8000-000000000000"}
        assert refused(warehouse.client().execute_statement, **request)[0] == "ResourceNotFoundException"

    def test_unknown_database_fails_the_statement(self, warehouse: Warehouse) -> None:
        assert 'database "nope" does not exist' in warehouse.error("select 1", Database="nope")


class TestStatements:
    def test_types_of_fields(self, warehouse: Warehouse) -> None:
        answer = warehouse.run(
            "select 1, 2::bigint, 1.5::float8, true, 'x'::varchar(5), 1.20::decimal(5,2), null::int,"
            " date '2024-01-02', timestamp '2024-01-02 03:04:05.6', json_parse('{\"a\":[1]}')"
        )
        assert answer.rows == [
            (1, 2, 1.5, True, "x", "1.20", None, "2024-01-02", "2024-01-02 03:04:05.6", '{"a":[1]}'),
        ]
        names = [column["typeName"] for column in answer.columns]
        assert names == ["int4", "int8", "float8", "bool", "varchar", "numeric", "int4", "date", "timestamp", "super"]

    def test_parameters_are_values(self, warehouse: Warehouse) -> None:
        given = [{"name": "a", "value": "o'x; drop table t --"}, {"name": "n", "value": "41"}]
        rows = warehouse.rows("select :a, :n::int + 1, 'not :a'", Parameters=given)
        assert rows == [("o'x; drop table t --", 42, "not :a")]

    def test_results_come_in_pages(self, warehouse: Warehouse) -> None:
        answer = warehouse.run("select x from generate_series(1, 2500) g(x) order by x")
        first = warehouse.client().get_statement_result(Id=answer.id)
        assert len(first["Records"]) == 1000
        assert first["TotalNumRows"] == 2500
        assert [row[0] for row in answer.rows] == list(range(1, 2501))

    def test_row_over_64_kb_fails(self, warehouse: Warehouse) -> None:
        assert "Packet for query is too large" in warehouse.error("select repeat('x', 70000)")

    def test_csv_format(self, warehouse: Warehouse) -> None:
        client = warehouse.client()
        target = {"WorkgroupName": warehouse.workgroup, "Database": "tests", "ResultFormat": "CSV"}
        started = client.execute_statement(Sql="select 1 as a, 'x\"y' as b, null as c", WaitTimeSeconds=30, **target)
        records = client.get_statement_result_v2(Id=started["Id"])["Records"]
        assert records[0]["CSVRecords"] == 'a,b,c\r\n1,"x""y",""\r\n'

    def test_waiting_answers_with_the_final_state(self, warehouse: Warehouse) -> None:
        target = {"WorkgroupName": warehouse.workgroup, "Database": "tests"}
        started = warehouse.client().execute_statement(Sql="select 1", WaitTimeSeconds=30, **target)
        assert (started["Status"], started["HasResultSet"]) == ("FINISHED", True)

    def test_equal_token_starts_nothing_twice(self, warehouse: Warehouse, schema: str) -> None:
        warehouse.rows(f"create table {schema}.t (a int)")
        target = {"WorkgroupName": warehouse.workgroup, "Database": "tests", "ClientToken": f"once-{schema}"}
        client = warehouse.client()
        ids = {client.execute_statement(Sql=f"insert into {schema}.t values (1)", **target)["Id"] for _ in range(3)}
        assert len(ids) == 1
        warehouse.wait(client, ids.pop())
        assert warehouse.rows(f"select count(*) from {schema}.t") == [(1,)]

    def test_cancel_aborts_and_rolls_back(self, warehouse: Warehouse, schema: str, slow: str) -> None:
        warehouse.rows(f"create table {schema}.t (a bigint)")
        client = warehouse.client()
        target = {"WorkgroupName": warehouse.workgroup, "Database": "tests"}
        started = client.execute_statement(Sql=f"insert into {schema}.t {slow}", **target)
        while client.describe_statement(Id=started["Id"])["Status"] != "STARTED":
            time.sleep(0.02)
        assert client.cancel_statement(Id=started["Id"])["Status"] is True
        assert warehouse.wait(client, started["Id"]).status == "ABORTED"
        assert warehouse.rows(f"select count(*) from {schema}.t") == [(0,)]
        code, text = refused(client.cancel_statement, Id=started["Id"])
        assert code == "ValidationException"
        assert "already in ABORTED state" in text

    def test_waiting_lock_does_not_hold_up_others(self, warehouse: Warehouse, schema: str) -> None:
        warehouse.rows(f"create table {schema}.t (a int)")
        client = warehouse.client()
        target = {"WorkgroupName": warehouse.workgroup, "Database": "tests"}
        holder = client.execute_statement(
            Sql="begin", SessionKeepAliveSeconds=60, WaitTimeSeconds=30, **target
        )["SessionId"]  # fmt: skip
        warehouse.rows(f"lock {schema}.t", SessionId=holder)
        blocked = client.execute_statement(Sql=f"select * from {schema}.t", **target)["Id"]
        assert warehouse.rows("select 1") == [(1,)]
        assert client.describe_statement(Id=blocked)["Status"] in ("SUBMITTED", "PICKED", "STARTED")
        warehouse.rows("commit", SessionId=holder)
        assert warehouse.wait(client, blocked).status == "FINISHED"

    def test_deadlock_ends_with_an_error(self, warehouse: Warehouse, schema: str) -> None:
        warehouse.rows(f"create table {schema}.a (x int)")
        warehouse.rows(f"create table {schema}.b (x int)")
        client = warehouse.client()
        target = {"WorkgroupName": warehouse.workgroup, "Database": "tests", "SessionKeepAliveSeconds": 60}
        one, two = (client.execute_statement(Sql="begin", WaitTimeSeconds=30, **target)["SessionId"] for _ in range(2))
        warehouse.rows(f"lock {schema}.a", SessionId=one)
        warehouse.rows(f"lock {schema}.b", SessionId=two)
        first = client.execute_statement(Sql=f"lock {schema}.b", SessionId=one)["Id"]
        second = client.execute_statement(Sql=f"lock {schema}.a", SessionId=two)["Id"]
        answers = [warehouse.wait(client, statement) for statement in (first, second)]
        assert sorted(answer.status for answer in answers) == ["FAILED", "FINISHED"]
        assert "deadlock detected" in next(answer.error for answer in answers if answer.error)
        for session in (one, two):
            warehouse.run("rollback", SessionId=session)

    def test_list_statements(self, warehouse: Warehouse, schema: str) -> None:
        warehouse.run("select 1", StatementName=f"{schema}-good")
        warehouse.run("select nope", StatementName=f"{schema}-bad")
        client = warehouse.client()

        def names(**request: Any) -> list[str]:
            found = client.list_statements(StatementName=schema, **request)["Statements"]
            return [item["StatementName"].removeprefix(f"{schema}-") for item in found]

        assert names(Status="ALL") == ["bad", "good"]
        assert names(Status="FAILED") == ["bad"]
        assert names() == ["good"]
        page = client.list_statements(StatementName=schema, Status="ALL", MaxResults=1)
        rest = client.list_statements(StatementName=schema, Status="ALL", MaxResults=1, NextToken=page["NextToken"])
        assert rest["Statements"][0]["StatementName"] == f"{schema}-good"
        assert "NextToken" not in rest


class TestBatches:
    def test_one_transaction(self, warehouse: Warehouse, schema: str) -> None:
        done = warehouse.batch(
            f"create table {schema}.t (a int)",
            f"insert into {schema}.t values (1), (2)",
            f"select count(*) from {schema}.t",
        )
        assert done["Status"] == "FINISHED"
        assert [sub["Id"].rsplit(":", 1)[1] for sub in done["SubStatements"]] == ["1", "2", "3"]
        assert [sub["ResultRows"] for sub in done["SubStatements"]] == [-1, 2, 1]
        result = warehouse.client().get_statement_result(Id=done["SubStatements"][2]["Id"])
        assert result["Records"] == [[{"longValue": 2}]]

    def test_failure_rolls_everything_back(self, warehouse: Warehouse, schema: str) -> None:
        warehouse.rows(f"create table {schema}.t (a int)")
        done = warehouse.batch(
            f"insert into {schema}.t values (1)",
            f"insert into {schema}.t select 1/0",
            f"insert into {schema}.t values (3)",
        )
        assert done["Status"] == "FAILED"
        assert done["Error"] == "Query #2 failed with ERROR: division by zero"
        assert [sub["Status"] for sub in done["SubStatements"]] == ["FINISHED", "FAILED", "ABORTED"]
        assert warehouse.rows(f"select count(*) from {schema}.t") == [(0,)]

    def test_auto_commit_keeps_what_was_done(self, warehouse: Warehouse, schema: str) -> None:
        warehouse.rows(f"create table {schema}.t (a int)")
        done = warehouse.batch(f"insert into {schema}.t values (1)", "select 1/0", ExecutionMode="AUTO_COMMIT")
        assert done["Status"] == "FAILED"
        assert warehouse.rows(f"select count(*) from {schema}.t") == [(1,)]

    def test_vacuum_is_refused(self, warehouse: Warehouse, schema: str) -> None:
        warehouse.rows(f"create table {schema}.t (a int)")
        done = warehouse.batch(f"vacuum {schema}.t")
        assert done["Error"] == "Query #1 failed with ERROR: VACUUM cannot run inside a transaction block"

    def test_definitions_roll_back_with_their_attributes(self, warehouse: Warehouse, schema: str) -> None:
        done = warehouse.batch(f"create table {schema}.t (a int) distkey(a)", "select 1/0")
        assert done["Status"] == "FAILED"
        assert warehouse.rows(f"select count(*) from svv_table_info where schema = '{schema}'") == [(0,)]


class TestSessions:
    def test_temporary_table_lives_as_long(self, warehouse: Warehouse) -> None:
        target = {"WorkgroupName": warehouse.workgroup, "Database": "tests"}
        client = warehouse.client()
        started = client.execute_statement(
            Sql="create temp table mine (a int)", SessionKeepAliveSeconds=60, WaitTimeSeconds=30, **target
        )
        warehouse.rows("insert into mine values (7)", SessionId=started["SessionId"])
        assert warehouse.rows("select * from mine", SessionId=started["SessionId"]) == [(7,)]
        assert 'relation "mine" does not exist' in warehouse.error("select * from mine")
        sessions = client.list_sessions(SessionId=started["SessionId"])["Sessions"]
        assert [session["Status"] for session in sessions] == ["AVAILABLE"]

    def test_busy_session(self, warehouse: Warehouse, slow: str) -> None:
        target = {"WorkgroupName": warehouse.workgroup, "Database": "tests"}
        client = warehouse.client()
        started = client.execute_statement(Sql=slow, SessionKeepAliveSeconds=60, **target)
        code, _ = refused(client.execute_statement, Sql="select 1", SessionId=started["SessionId"])
        assert code == "ActiveSessionsExceededException"
        client.cancel_statement(Id=started["Id"])
        warehouse.wait(client, started["Id"])
        assert warehouse.rows("select 1", SessionId=started["SessionId"]) == [(1,)]


class TestCatalog:
    def test_lists(self, warehouse: Warehouse, schema: str) -> None:
        warehouse.rows(f"create table {schema}.t (a int not null default 3, b varchar(7))")
        warehouse.rows(f"create view {schema}.v as select a from {schema}.t")
        client = warehouse.client()
        target = {"WorkgroupName": warehouse.workgroup, "Database": "tests"}
        assert client.list_databases(**target)["Databases"] == ["tests"]
        assert schema in client.list_schemas(**target)["Schemas"]
        tables = client.list_tables(SchemaPattern=schema, **target)["Tables"]
        assert [(table["name"], table["type"]) for table in tables] == [("t", "TABLE"), ("v", "VIEW")]
        columns = client.describe_table(Schema=schema, Table="t", **target)["ColumnList"]
        assert [(c["name"], c["typeName"], c["nullable"]) for c in columns] == [("a", "int4", 0), ("b", "varchar", 1)]
        assert columns[1]["length"] == 7
        warehouse.rows(f"create table {schema}.amounts (a decimal(12, 3))")
        [amount] = client.describe_table(Schema=schema, Table="amounts", **target)["ColumnList"]
        assert (amount["typeName"], amount["precision"], amount["scale"]) == ("numeric", 12, 3)


class TestPrincipals:
    @pytest.fixture(scope="class")
    def analyst(self, warehouse: Warehouse) -> Iterator[str]:
        """An IAM role whose tag names a database role."""
        name = f"{warehouse.workgroup}-analyst"
        readers = readers_of(warehouse)
        warehouse.rows(f"create role {readers}")
        make_role(warehouse.local_aws, name, USE_WAREHOUSE, tags={"RedshiftDbRoles": f"{readers}:no-such-role"})
        yield name
        iam = warehouse.local_aws.client("iam")
        rights.take_all(iam, name)
        iam.delete_role(RoleName=name)

    def test_role_has_the_rights_of_its_tag(self, warehouse: Warehouse, schema: str, analyst: str) -> None:
        warehouse.rows(f"create table {schema}.t as select 5 as a")
        assert "permission denied" in warehouse.error(f"select * from {schema}.t", principal=analyst)
        warehouse.rows(f"grant usage on schema {schema} to role {readers_of(warehouse)}")
        warehouse.rows(f"grant select on {schema}.t to role {readers_of(warehouse)}")
        assert warehouse.rows(f"select current_user, a from {schema}.t", principal=analyst) == [(f"IAMR:{analyst}", 5)]
        assert "permission denied" in warehouse.error(f"delete from {schema}.t", principal=analyst)

    def test_user_cannot_become_more(self, warehouse: Warehouse, analyst: str) -> None:
        for statement in ("set session authorization rdsdb", "create user x createuser password disable"):
            assert "permission denied" in warehouse.error(statement, principal=analyst)
        assert warehouse.run("reset session authorization", principal=analyst).status == "FINISHED"
        assert "permission denied" in warehouse.error("select redshift_watch(1::oid)", principal=analyst)
        assert "permission denied" in warehouse.error("delete from redshift_meta.queries", principal=analyst)

    def test_lost_tag_takes_the_rights(self, warehouse: Warehouse, schema: str, analyst: str) -> None:
        warehouse.rows(f"create table {schema}.t as select 5 as a")
        warehouse.rows(f"grant usage on schema {schema} to role {readers_of(warehouse)}")
        warehouse.rows(f"grant select on {schema}.t to role {readers_of(warehouse)}")
        iam = warehouse.local_aws.client("iam")
        assert warehouse.rows(f"select a from {schema}.t", principal=analyst) == [(5,)]
        iam.untag_role(RoleName=analyst, TagKeys=["RedshiftDbRoles"])
        assert "permission denied" in warehouse.error(f"select a from {schema}.t", principal=analyst)
        iam.tag_role(RoleName=analyst, Tags=[{"Key": "RedshiftDbRoles", "Value": readers_of(warehouse)}])

    def test_statements_are_seen_by_their_principal_only(self, warehouse: Warehouse, analyst: str) -> None:
        answer = warehouse.run("select 1")
        other = warehouse.client(analyst)
        assert refused(other.describe_statement, Id=answer.id)[0] == "ResourceNotFoundException"
        assert refused(other.get_statement_result, Id=answer.id)[0] == "ResourceNotFoundException"
        listed = other.list_statements(Status="ALL")["Statements"]
        assert answer.id not in [item["Id"] for item in listed]

    def test_history_of_others_is_hidden(self, warehouse: Warehouse, analyst: str) -> None:
        warehouse.rows("select 'visible to its owner'")
        count = "select count(*) from sys_query_history where query_text like '%visible to its owner%'"
        assert warehouse.rows(count, principal=analyst)[0][0] <= 1  # the question itself
        assert warehouse.rows(count)[0][0] >= 1
