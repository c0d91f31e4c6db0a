"""ASSUMEROLE: who may have COPY and UNLOAD use which IAM role of the warehouse."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.local import rights
from tests.local.redshift.conftest import USE_WAREHOUSE, Warehouse, make_role

REFUSED = "does not have ASSUMEROLE permission on IAM role"


@dataclass
class Database:
    """A database of the test's own: these rights are kept per database."""

    warehouse: Warehouse
    name: str
    loader: str

    def run(self, sql: str) -> None:
        """As a superuser."""
        self.warehouse.rows(sql, Database=self.name)

    def refusal(self, sql: str) -> str:
        """Error of a statement as a superuser."""
        return self.warehouse.error(sql, Database=self.name)

    def attempt(self, command: str, role: str = "default") -> str:
        """Load or unload as a user without any other right; the error, "" = done."""
        bucket = self.warehouse.bucket
        sql = (
            f"COPY public.mine FROM 's3://{bucket}/assume/in.csv' IAM_ROLE {role} CSV"
            if command == "COPY"
            else f"UNLOAD ('select 1 as a') TO 's3://{bucket}/assume/{uuid.uuid4().hex}/' IAM_ROLE {role} CSV"
        )
        return self.warehouse.run(sql, principal=self.loader, Database=self.name).error or ""

    @property
    def user(self) -> str:
        """The database user, as a grantee."""
        return f'"IAMR:{self.loader}"'


@pytest.fixture
def database(warehouse: Warehouse) -> Iterator[Database]:
    suffix = uuid.uuid4().hex[:8]
    found = Database(warehouse, f"rights_{suffix}", f"{warehouse.workgroup}-loader-{suffix}")
    make_role(warehouse.local_aws, found.loader, USE_WAREHOUSE, tags={"RedshiftDbRoles": f"loaders_{suffix}"})
    warehouse.rows(f"CREATE DATABASE {found.name}")
    warehouse.put("assume/in.csv", "1\n")
    warehouse.rows("create table public.mine (a int)", principal=found.loader, Database=found.name)
    yield found
    warehouse.rows(f"DROP DATABASE {found.name}")
    iam = warehouse.local_aws.client("iam")
    rights.take_all(iam, found.loader)
    iam.delete_role(RoleName=found.loader)


def test_at_first_everybody_may_use_every_role(database: Database) -> None:
    assert database.attempt("COPY") == ""
    assert database.attempt("UNLOAD") == ""
    assert REFUSED not in database.attempt("COPY", f"'{database.warehouse.stranger_arn}'")


def test_after_the_revoke_only_who_is_granted(database: Database) -> None:
    loader, stranger = database.warehouse.loader_arn, database.warehouse.stranger_arn
    database.run("REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL")
    for command in ("COPY", "UNLOAD"):
        for role in ("default", f"'{loader}'"):
            expected = f'User "IAMR:{database.loader}" {REFUSED} "{loader}" for {command}'
            assert expected in database.attempt(command, role)
    assert database.warehouse.run("create temp table t (a int)", principal=database.loader).status == "FINISHED"
    database.run("UNLOAD ('select 1 as a') TO 's3://" + database.warehouse.bucket + "/su/' IAM_ROLE default CSV")

    database.run(f"GRANT ASSUMEROLE ON '{loader}' TO {database.user} FOR COPY")
    assert database.attempt("COPY", f"'{loader}'") == ""
    assert REFUSED in database.attempt("COPY", f"'{stranger}'")
    assert REFUSED in database.attempt("UNLOAD", f"'{loader}'")

    database.run(f"GRANT ASSUMEROLE ON ALL TO {database.user} FOR UNLOAD, EXTERNAL FUNCTION")
    assert database.attempt("UNLOAD") == ""
    database.run(f"REVOKE ASSUMEROLE ON ALL FROM {database.user} FOR ALL")
    assert REFUSED in database.attempt("UNLOAD")
    assert REFUSED in database.attempt("COPY", f"'{loader}'")


def test_a_role_of_the_tag_carries_the_right(database: Database) -> None:
    role = f"loaders_{database.name.removeprefix('rights_')}"
    database.run("REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL")
    database.run(f"CREATE ROLE {role}")
    database.run(f"GRANT ASSUMEROLE ON DEFAULT TO ROLE {role} FOR COPY")
    database.run(f"GRANT ASSUMEROLE ON DEFAULT TO ROLE {role} FOR COPY")
    assert database.attempt("COPY") == ""
    assert REFUSED in database.attempt("UNLOAD")
    database.run(f"REVOKE ASSUMEROLE ON DEFAULT FROM ROLE {role} FOR COPY")
    assert REFUSED in database.attempt("COPY")
    database.run(f"DROP ROLE {role}")


def test_a_rollback_takes_the_grant_back(database: Database) -> None:
    database.run("REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL")
    done = database.warehouse.batch(
        f"GRANT ASSUMEROLE ON ALL TO {database.user} FOR ALL", "SELECT 1 / 0", Database=database.name
    )
    assert done["Status"] == "FAILED"
    assert REFUSED in database.attempt("COPY")


def test_only_a_superuser_grants(database: Database) -> None:
    for statement in (
        f"GRANT ASSUMEROLE ON ALL TO {database.user} FOR ALL",
        "REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL",
    ):
        error = database.warehouse.error(statement, principal=database.loader, Database=database.name)
        assert "permission denied: only a superuser" in error
    for statement in (
        "delete from redshift_meta.assume_role",
        "insert into redshift_meta.assume_role values ('all', 'COPY', 0)",
    ):
        error = database.warehouse.error(statement, principal=database.loader, Database=database.name)
        assert "permission denied" in error


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("GRANT ASSUMEROLE ON ALL TO PUBLIC", "syntax error"),
        ("GRANT ASSUMEROLE ON ALL FROM PUBLIC FOR ALL", 'syntax error at or near "FROM"'),
        ("REVOKE ASSUMEROLE ON ALL TO PUBLIC FOR ALL", 'syntax error at or near "TO"'),
        ("GRANT ASSUMEROLE ON ALL TO PUBLIC FOR SELECT", "syntax error"),
        ("GRANT ASSUMEROLE ON ALL TO PUBLIC FOR ALL, COPY", "syntax error"),
        ("GRANT ASSUMEROLE ON 'my-role' TO PUBLIC FOR COPY", 'invalid IAM role ARN "my-role"'),
        ("GRANT ASSUMEROLE ON ALL TO nobody_here FOR COPY", 'user "nobody_here" does not exist'),
        ("GRANT ASSUMEROLE ON ALL TO ROLE nobody_here FOR COPY", 'role "nobody_here" does not exist'),
        ("GRANT ASSUMEROLE ON ALL TO GROUP nobody_here FOR COPY", 'group "nobody_here" does not exist'),
        ("GRANT ASSUMEROLE ON ALL TO ROLE rdsdb FOR COPY", 'role "rdsdb" does not exist'),
    ],
)
def test_what_is_no_grant(database: Database, statement: str, text: str) -> None:
    assert text in database.refusal(statement)


def test_a_refused_unload_says_what_and_where(warehouse: Warehouse) -> None:
    iam = warehouse.local_aws.client("iam")
    name = f"{warehouse.workgroup}-lister"
    # it may look into the bucket, so that writing is what S3 refuses
    arn = make_role(warehouse.local_aws, name, [rights.allow("s3:ListBucket", "s3:GetObject")])
    serverless = warehouse.local_aws.client("redshift-serverless")
    before = [warehouse.loader_arn, warehouse.stranger_arn]
    serverless.update_namespace(namespaceName=warehouse.workgroup, iamRoles=[*before, arn])
    url = f"s3://{warehouse.bucket}/refused/"
    try:
        error = warehouse.error(f"UNLOAD ('select 1 as a') TO '{url}' IAM_ROLE '{arn}' CSV")
    finally:
        serverless.update_namespace(namespaceName=warehouse.workgroup, iamRoles=before)
        rights.take_all(iam, name)
        iam.delete_role(RoleName=name)
    assert "S3ServiceException:Access Denied,Status 403,Error AccessDenied,key refused/0000_part_00" in error
    assert f"{name} was writing or deleting {url}0000_part_00" in error
    assert "internal error" not in error


def test_analyze_forgets_what_its_transaction_deleted(database: Database) -> None:
    database.run("create table public.people (name varchar(20))")
    database.run("insert into public.people values ('anna'), ('anna'), ('bob'), ('bob')")
    database.run("analyze public.people")
    kept = "select most_common_vals::text from pg_stats where tablename = 'people'"
    assert database.warehouse.rows(kept, Database=database.name) == [("{anna,bob}",)]
    done = database.warehouse.batch(
        "delete from public.people where name = 'anna'",
        "set analyze_threshold_percent to 0",
        "analyze public.people",
        Database=database.name,
    )
    assert done["Status"] == "FINISHED", done
    assert database.warehouse.rows(kept, Database=database.name) == [("{bob}",)]


def test_statistics_are_for_superusers(database: Database) -> None:
    database.run("create table public.people (name varchar(20))")
    database.run("insert into public.people values ('anna'), ('anna'), ('bob')")
    database.run("analyze public.people")
    database.run("grant select on public.people to public")
    rows = database.warehouse.rows("select 1 from pg_stats where tablename = 'people'", Database=database.name)
    assert rows == [(1,)]
    for view in ("pg_stats", "pg_statistic", "pg_stats_ext", "pg_stats_ext_exprs", "pg_statistic_ext_data"):
        sql = f"select * from {view}"
        assert "permission denied" in database.warehouse.error(sql, principal=database.loader, Database=database.name)
