"""Which replay a day can have, and how tasks pass it on. Pure: no AWS, nothing is read but what is given.

A replay joins what readers see of a day (the base) with quarantined rows that the current contract accepts. Both
partitions of a day keep in their parameters what was decided last, so that a run that was killed between two calls can
be finished by the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lake.contracts import Contract
from lake.replay_paths import ReplayPaths
from lake.retention import KEPT_SINCE
from lake.run_key import run_key
from lake.warehouse import ROOT_VERSION, VERSION

APPROVE, REJECT = "approve", "reject"
ALL_RULES = "all"
DECISION = "decision"  # parameter of a partition: key of the replay that was decided last
# What a partition's parameters keep of a replay, from the tasks plan_replay and approve_rows.
PLANNED = (ROOT_VERSION, "base_version", "base_location", "base_quarantine", "rule", KEPT_SINCE)
DECIDED = ("verdict", "decided_by", "decided_at", "reason", "decided_with")


class CannotReplayError(Exception):
    """The day has no replay; the text says why and what to do instead."""


@dataclass(frozen=True)
class Base:
    """What a replay starts from.

    :param root_version: run key of the first run whose rows the base holds
    :param base_version: run key of the published version
    :param base_location: S3 folder of the published version
    :param base_quarantine: S3 folder of the rows that version left in quarantine
    :param rule: rule whose rows are tested again, or ``all``
    :param kept_since: when the first of these rows was put into quarantine, ISO 8601: a replay copies the rows, not
        their age; empty if unknown
    """

    root_version: str
    base_version: str
    base_location: str
    base_quarantine: str
    rule: str
    kept_since: str = ""


def base_of(
    terms: Contract, day: str, rule: str, curated: Mapping[str, Any] | None, quarantine: Mapping[str, Any] | None
) -> Base:
    """Return what a new replay starts from.

    :param terms: contract of the product
    :param day: ``YYYY-MM-DD``
    :param rule: rule whose rows are tested again, or ``all``
    :param curated: the day's published partition as GetPartition answers it, None if there is none
    :param quarantine: the day's partition of the quarantine
    :raises CannotReplayError: if the two do not belong together
    """
    again = f"Run {day} of its daily DAG instead: it takes every row from landing, by the current contract."
    if curated is None:
        raise CannotReplayError(f"{terms.table('curated')} has no partition {day}, so nothing can be added. {again}")
    if quarantine is None:
        raise CannotReplayError(f"{terms.table('quarantine')} has no partition {day}: no rows are kept. {again}")
    version, kept = (_parameters(partition).get(VERSION, "unknown") for partition in (curated, quarantine))
    if version != kept:
        raise CannotReplayError(
            f"{terms.table('curated')} shows version {version} of {day}, the quarantine holds the rows of version "
            f"{kept}: a run was stopped before it published, or the day was rolled back. {again}"
        )
    return Base(
        root_version=_parameters(curated).get(ROOT_VERSION, version),
        base_version=version,
        base_location=curated["StorageDescriptor"]["Location"],
        base_quarantine=quarantine["StorageDescriptor"]["Location"],
        rule=rule,
        kept_since=_parameters(quarantine).get(KEPT_SINCE, ""),
    )


def replay_key(base: Base, contract_hash: str, code: Mapping[str, str]) -> str:
    """Return the key of a replay: the same base, rule, contract and job give the same replay.

    :param base: what it starts from
    :param contract_hash: fingerprint of the current contract
    :param code: ETag by key of every object of the job's code
    """
    return run_key([], {**asdict(base), "contract": contract_hash, **code})


def unfinished(partitions: list[Mapping[str, Any] | None]) -> list[dict[str, str]]:
    """Return what was decided last about each partition; a decision without its record is to be finished.

    :param partitions: of the day, as GetPartition answers them
    :return: parameters of those that a decision has changed
    """
    parameters = [_parameters(partition) for partition in partitions if partition]
    return [found for found in parameters if found.get(DECISION)]


def plan(terms: Contract, day: str, key: str, base: Base, decided: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return everything that the tasks after plan_replay read.

    :param terms: contract of the product
    :param day: ``YYYY-MM-DD``
    :param key: result of :func:`replay_key`
    :param base: what the replay starts from
    :param decided: a decision that was made by an earlier run and is not recorded yet
    """
    paths = ReplayPaths(terms, day, key)
    return {
        "run_key": key,
        "day": day,
        **asdict(base),
        **{zone: terms.databases[zone] for zone in ("staging", "curated", "quarantine")},
        "base_result": paths.published_by(base.base_version).result,
        "contract": paths.contract,
        "contract_hash": terms.hash,
        "staging_folder": paths.staging,
        "location": paths.curated,
        "approved_quarantine": paths.quarantine,
        "rejected_quarantine": paths.rejected,
        "prepared": paths.prepared,
        "result": paths.result,
        "data_docs": paths.data_docs,
        "pii_secret": paths.lake.secret("pii"),
        "helper_table": f"{terms.product}_{day.replace('-', '')}_{key}",
        "decided": {name: decided[name] for name in DECIDED} if decided else None,
    }


def _parameters(partition: Mapping[str, Any]) -> dict[str, str]:
    return dict(partition.get("Parameters", {}))


def planned(name: str) -> str:
    """:return: Jinja expression for an entry of :func:`plan`"""
    return "{{ ti.xcom_pull(task_ids='plan_replay')['" + name + "'] }}"


def _decided(name: str) -> str:
    """:return: Jinja expression for an entry of what was decided in approve_rows"""
    return "{{ ti.xcom_pull(task_ids='approve_rows', key='decision')['" + name + "'] }}"


def by_verdict(approved: str, rejected: str) -> str:
    """:return: Jinja expression for one entry of the plan or another, by what was decided"""
    pull = "ti.xcom_pull(task_ids='plan_replay')"
    verdict = "ti.xcom_pull(task_ids='approve_rows', key='decision')['verdict']"
    return "{{ " + f"{pull}['{approved}'] if {verdict} == '{APPROVE}' else {pull}['{rejected}']" + " }}"


def rejecting() -> str:
    """Return whether the run rejects the rows; a decision that it finishes counts, whatever its parameters say.

    :return: Jinja expression, ``True`` or ``False``
    """
    decided = "ti.xcom_pull(task_ids='plan_replay')['decided']"
    return (
        "{{ " + f"{decided}['verdict'] == '{REJECT}' if {decided} else (params.rejected_by or '') | trim != '' " + "}}"
    )


def partition_parameters() -> dict[str, str]:
    """:return: what both partitions keep of a replay, as Jinja expressions by name"""
    return {
        DECISION: planned("run_key"),
        **{name: planned(name) for name in PLANNED},
        **{name: _decided(name) for name in DECIDED},
    }


def job_arguments() -> dict[str, str]:
    """:return: what the Glue job is started with; the operator adds ``--run_key`` (see glue_jobs/README.md)"""
    names = {
        "contract": "contract",
        "contract_hash": "contract_hash",
        "ingest_date": "day",
        "base": "base_location",
        "base_result": "base_result",
        "quarantined": "base_quarantine",
        "rule": "rule",
        "staging": "staging_folder",
        "quarantine": "approved_quarantine",
        "rejected": "rejected_quarantine",
        "prepared": "prepared",
        "result": "result",
        "data_docs": "data_docs",
        "pii_secret": "pii_secret",
    }
    return {f"--{argument}": planned(name) for argument, name in names.items()}
