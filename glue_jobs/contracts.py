"""The compiled contract as the jobs see it. The compiler is ``lake.contracts.compile``; jobs only read its JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from glue_jobs.problems import ContractMismatch

FORMAT = 3  # layout of the compiled contract this code reads


@dataclass(frozen=True)
class Masking:
    """How the values of a column are protected, see ``lake.contracts.masking``.

    :param method: hmac-sha256, encrypt, keep-last, generalise or nullify
    :param domain: columns of one domain share pseudonyms and ciphertexts, empty for the other methods
    :param to: unit of time, ``band`` or ``prefix`` of a generalised column
    :param width: width of a band
    :param characters: characters that stay readable
    """

    method: str
    domain: str = ""
    to: str = ""
    width: int = 0
    characters: int = 0


@dataclass(frozen=True)
class Column:
    """A published column.

    :param name: column name
    :param source: header name of the delivered column, None when derived or generated
    :param expression: Spark SQL over delivered columns, or over other columns when derived; None when generated
    :param derived: True when computed from other columns
    :param generated_by: function that computes it from whole rows, None when read or derived
    :param spark_type: type in Spark
    :param required: True when never NULL in published rows
    :param masking: how it is protected, None when published as it is
    :param personal_check: what happens when its values look like personal data nobody declared: ``withhold`` the
        column, ``note`` it, ``none``
    :param suspect_name: True when it is named like a column of personal data
    :param personal: True for personal data, also when it is protected
    """

    name: str
    source: str | None
    expression: str | None
    derived: bool
    generated_by: str | None
    spark_type: str
    required: bool
    masking: Masking | None
    personal_check: str
    suspect_name: bool
    personal: bool = False


@dataclass(frozen=True)
class Rule:
    """A rule of the contract.

    :param id: name under which rows are counted and quarantined
    :param name: the rule in words
    :param severity: info, warning or error
    :param dimension: quality dimension of ODCS
    :param fails_when: null-safe SQL predicate, true for a bad row; None for structure and table rules
    :param expectation: type, kwargs and severity in Great Expectations; None for row rules
    """

    id: str
    name: str
    severity: str
    dimension: str
    fails_when: str | None = None
    expectation: dict[str, Any] | None = None


@dataclass(frozen=True)
class Landing:
    """How files are delivered.

    :param prefix: folder of the product in the landing bucket
    :param columns: delivered columns by header name; the value tells whether a file without it is refused
    :param delimiter: one character
    :param quote: one character
    :param max_record_bytes: longer records are quarantined
    :param on_refused_file: ``stop`` or ``continue``
    """

    prefix: str
    columns: dict[str, bool]
    delimiter: str
    quote: str
    max_record_bytes: int
    on_refused_file: str


@dataclass(frozen=True)
class Contract:
    """A compiled contract.

    :param primary_key: columns that identify a published row
    :param partition_column: column whose value is in the name of the published folder, not in its files
    :param quality_engines: what evaluates the table rules, ``greatExpectations`` in this job
    :param warn_percent: share of quarantined rows above which the day is published with a warning
    :param max_percent: share of quarantined rows above which the day is not published
    """

    product: str
    version: str
    hash: str
    landing: Landing
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    partition_column: str
    structure_rules: tuple[Rule, ...]
    row_rules: tuple[Rule, ...]
    table_rules: tuple[Rule, ...]
    quality_engines: tuple[str, ...]
    warn_percent: float
    max_percent: float


def read_contract(text: str, uri: str) -> Contract:
    """Read a compiled contract.

    :param text: its JSON
    :param uri: where it came from, for the message
    :raises ContractMismatch: if it is not a compiled contract of the known layout
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ContractMismatch(f"{uri} is not JSON ({error}): upload the output of `make contracts`.") from error
    found = document.get("format") if isinstance(document, dict) else None
    if found != FORMAT:
        raise ContractMismatch(
            f"{uri} has layout {found}, this job reads layout {FORMAT}: deploy job and contracts together."
        )
    landing = document["landing"]
    return Contract(
        product=document["product"],
        version=document["version"],
        hash=document["hash"],
        landing=Landing(
            prefix=landing["prefix"],
            columns={column["name"]: column["required"] for column in landing["columns"]},
            delimiter=landing["delimiter"],
            quote=landing["quote"],
            max_record_bytes=landing["max_record_bytes"],
            on_refused_file=landing["on_refused_file"],
        ),
        columns=tuple(_column(column) for column in document["columns"]),
        primary_key=_primary_key(document["columns"]),
        partition_column=document["partition_column"],
        structure_rules=tuple(_rule(rule) for rule in document["structure_rules"]),
        row_rules=tuple(_rule(rule) for rule in document["row_rules"]),
        table_rules=tuple(_rule(rule) for rule in document["table_rules"]),
        quality_engines=tuple(document["quality_engines"]),
        warn_percent=document["quarantine"]["warn_percent"],
        max_percent=document["quarantine"]["max_percent"],
    )


def _column(entry: dict[str, Any]) -> Column:
    return Column(
        name=entry["name"],
        source=entry["source"],
        expression=entry["expression"],
        derived=entry["derived"],
        generated_by=entry["generated_by"],
        spark_type=entry["spark_type"],
        required=entry["required"],
        masking=Masking(**entry["masking"]) if entry["masking"] else None,
        personal_check=entry["personal_check"],
        suspect_name=entry["suspect_name"],
        personal=bool(entry["pii"] or entry["masking"]),
    )


def _primary_key(columns: list[dict[str, Any]]) -> tuple[str, ...]:
    keys = [column for column in columns if column["primary_key_position"] is not None]
    return tuple(column["name"] for column in sorted(keys, key=lambda column: int(column["primary_key_position"])))


def _rule(entry: dict[str, Any]) -> Rule:
    return Rule(
        id=entry["id"],
        name=entry["name"],
        severity=entry["severity"],
        dimension=entry["dimension"],
        fails_when=entry.get("fails_when"),
        expectation=entry.get("expectation"),
    )
