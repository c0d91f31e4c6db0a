"""The synthetic record that lake_canary_hourly sends through the lake, and what must come back of it."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from lake.catalog import PARQUET, ContractTable
from lake.run_key import KEY_DIGITS
from lake.settings import LAKE

DATABASE = "canary"
FOLDER = "canary/"
COLUMN_TYPES = {
    "run_key": "string",
    "sent_at": "timestamp",
    "pieces": "int",
    "amount": "decimal(12,3)",
    "note": "string",
    "sender": "string",
}
COLUMNS = tuple(COLUMN_TYPES)
# How many runs stay to be looked at. Overlapping runs are among the newest, so cleaning up never takes theirs.
KEEP_RUNS = 24
# What a careless reader of CSV or text breaks: a comma, quotes, letters outside ASCII.
NOTE = 'Grüße, "canary" №7'
SENDER = "canary@example.com"
PSEUDONYM = re.compile(r"[0-9a-f]{64}")
RUN_FOLDER = re.compile(r"/run=([0-9]{8}t[0-9]{6}_[0-9a-f]{16})/")

LANDING = LAKE.uri("landing", FOLDER)
STAGING = LAKE.uri("staging", FOLDER)
CURATED = LAKE.uri("curated", FOLDER)

RUN = "{{ ti.xcom_pull(task_ids='land_record', key='run') }}"
RUN_KEY = "{{ ti.xcom_pull(task_ids='land_record', key='run_key') }}"
IN_RUN = "run=" + RUN + "/"
SQL_VALUES = {
    "run": RUN,
    "run_key": RUN_KEY,
    "location": CURATED + IN_RUN,
    "helper_table": "record_" + RUN,
    "keep_earlier": str(KEEP_RUNS - 1),
}
RESULT = STAGING + IN_RUN + "_result.json"
# What the Glue job is started with; the operator adds --run_key.
JOB_ARGUMENTS = {
    "--source": LANDING + IN_RUN,
    "--staging": STAGING + IN_RUN,
    "--result": RESULT,
    "--pii_secret": LAKE.secret("pii"),
}


@dataclass(frozen=True)
class CanaryRecord:
    """One record. Everything else about it follows from these two, so that they are all a task must remember.

    :param run_key: 16 hexadecimal digits of its own
    :param sent_at: when it was made, UTC, whole seconds
    """

    run_key: str
    sent_at: datetime

    @property
    def run(self) -> str:
        """Name of the run in every zone. Later runs sort behind earlier ones; Glue knows lower case only."""
        return f"{self.sent_at:%Y%m%dt%H%M%S}_{self.run_key}"

    @property
    def values(self) -> dict[str, str]:
        """What is sent, as text, by column."""
        return {
            "run_key": self.run_key,
            "sent_at": f"{self.sent_at:%Y-%m-%d %H:%M:%S}",
            "pieces": str(int(self.run_key[:4], 16)),
            "amount": f"{Decimal(int(self.run_key[4:10], 16)) / 1000:.3f}",
            "note": NOTE,
            "sender": SENDER,
        }

    @property
    def csv(self) -> str:
        """The record as it is landed: a header and one line."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerow(self.values)
        return text.getvalue()

    def differences(self, where: str, rows: Sequence[Mapping[str, str | None]]) -> list[str]:
        """:param where: who answered, for the message
        :param rows: what it answered for this run, as text, by column
        :return: one line for each thing that is not as sent; the sender must have become a pseudonym
        """
        if len(rows) != 1:
            return [f"{where} shows {len(rows)} records of run {self.run}, not 1"]
        (found,) = rows
        lines = [
            f"{where}: {column} is {found.get(column)!r}, sent was {sent!r}"
            for column, sent in self.values.items()
            if column != "sender" and found.get(column) != sent
        ]
        if not PSEUDONYM.fullmatch(found.get("sender") or ""):
            lines.append(f"{where}: sender is no pseudonym: the job's protection of personal data did not work")
        return lines


def canary_tables() -> list[ContractTable]:
    """:return: where Athena finds a record that the job has written, and where one that is published"""
    projected = {
        "projection.enabled": "true",
        "projection.run.type": "injected",
        "storage.location.template": STAGING + "run=${run}/",
    }
    return [
        _table("staged", "Canary records as the Glue job wrote them.", STAGING, projected),
        _table("record", "Canary records that are published, one partition a run.", CURATED, {}),
    ]


def _table(name: str, description: str, location: str, parameters: Mapping[str, str]) -> ContractTable:
    definition = {
        "Name": name,
        "Description": description,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            **PARQUET,
            "Columns": [{"Name": column, "Type": kind} for column, kind in COLUMN_TYPES.items()],
            "Location": location,
        },
        "PartitionKeys": [{"Name": "run", "Type": "string"}],
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet", **parameters},
    }
    return ContractTable(DATABASE, definition)


def new_record(run_id: str, now: datetime | None = None) -> CanaryRecord:
    """:param run_id: Airflow's run, so that two that start in the same moment differ
    :param now: when; the clock if not given
    :return: a record like no other
    """
    moment = now or datetime.now(UTC)
    digest = hashlib.sha256(f"{run_id}|{moment.isoformat()}".encode()).hexdigest()
    return CanaryRecord(digest[:KEY_DIGITS], moment.replace(microsecond=0))


def read_record(run: str) -> CanaryRecord:
    """:param run: what `CanaryRecord.run` gave
    :raises ValueError: if it is no such name
    """
    moment, _, run_key = run.partition("_")
    return CanaryRecord(run_key, datetime.strptime(moment, "%Y%m%dt%H%M%S").replace(tzinfo=UTC))


def runs_of(keys: Sequence[str]) -> set[str]:
    """:param keys: S3 keys
    :return: the runs they belong to
    """
    return {found.group(1) for found in map(RUN_FOLDER.search, keys) if found}
