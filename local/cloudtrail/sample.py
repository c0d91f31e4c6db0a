"""A made-up history of calls: people read tables every day; on the last, a stranger comes and somebody tries doors."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from local.cloudtrail.records import Call

TABLES = {
    "data-engineer": ("curated.online_retail", "quarantine.online_retail"),
    "uk-analyst": ("curated.online_retail",),
    "airflow": ("curated.online_retail", "governance.ledger", "staging.online_retail"),
}
NEWCOMER, PRYING = "contractor", "outsider"
READS_A_DAY = 12
DENIALS_A_DAY = 2
DENIALS_OF_THE_LAST_DAY = 60
_ATHENA = "athena.amazonaws.com"
_FORMATION = "lakeformation.amazonaws.com"


def sample_calls(day: date, days: int, prefix: str, account_id: str, region: str, seed: int = 7) -> Iterator[Call]:
    """Calls of some days, the last one with trouble.

    :param day: the last day
    :param days: how many days there are in all
    :param prefix: first part of role names, ``sluice-dev-``
    :param seed: the same seed gives the same calls
    """
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    start = f"arn:aws:glue:{region}:{account_id}:table/"
    for back in reversed(range(days)):
        this = day - timedelta(days=back)
        last = back == 0
        for role, tables in TABLES.items():
            for _ in range(READS_A_DAY):
                yield from _reads(prefix + role, chance.choice(tables), _moment(chance, this), start)
        denials = DENIALS_OF_THE_LAST_DAY if last else DENIALS_A_DAY
        for _ in range(denials):
            yield _denied(prefix + PRYING, "curated.online_retail", _moment(chance, this), start)
        if last:
            yield from _reads(prefix + NEWCOMER, "curated.online_retail", _moment(chance, this), start)


def _reads(role: str, table: str, at: datetime, start: str) -> Iterator[Call]:
    """A query as CloudTrail shows it: it starts, Athena looks the table up, and asks for access to its data. CloudTrail
    leaves the text of the query out."""
    database, _, name = table.partition(".")
    query = {"queryString": "***OMITTED***", "workGroup": role}
    yield Call(role, _ATHENA, "StartQueryExecution", at, query)
    yield Call(role, "glue.amazonaws.com", "GetTable", at, {"databaseName": database, "name": name}, via=_ATHENA)
    extra = {"requesterService": "ATHENA"}
    yield Call(role, _FORMATION, "GetDataAccess", at, _access(start, table), via=_ATHENA, extra=extra)


def _denied(role: str, table: str, at: datetime, start: str) -> Call:
    message = f"Insufficient Lake Formation permission(s): Required Select on {table.partition('.')[2]}"
    extra = {"requesterService": "ATHENA"}
    parameters = _access(start, table)
    return Call(role, _FORMATION, "GetDataAccess", at, parameters, "AccessDenied", message, _ATHENA, extra=extra)


def _access(start: str, table: str) -> dict[str, Any]:
    return {"tableArn": start + table.replace(".", "/"), "permissions": ["SELECT"]}


def _moment(chance: random.Random, day: date) -> datetime:
    return datetime.combine(day, time(tzinfo=UTC)) + timedelta(seconds=chance.randrange(86_400))
