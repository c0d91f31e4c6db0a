"""Personal data that nobody declared: recognised on a sample of the day by patterns and checksums, and held back.

No library does this here: the usual ones download language models, and cost a hundred times the time of one regular
expression. A column is judged by the share of its values that match, because single values match by chance.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from glue_jobs.conform import SOURCE_FILE, SOURCE_LINE
from glue_jobs.contracts import Column, Contract
from glue_jobs.suite import Check

SAMPLE_PERCENT = 1.0
MIN_SAMPLE_ROWS = 1_000
MAX_SAMPLE_ROWS = 20_000
NAME = "name"  # kind of a column that is held back because of what it is called
WITHHOLD, NOTE = "withhold", "note"

_HASH_RANGE = 1_000_000
# One expression, so that a value is read once. Some kinds are searched inside a text, the others are whole values.
_PATTERN = re.compile(
    r"(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,})"
    r"|(?P<iban>\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b)"
    r"|\A(?:"
    r"(?P<card>\d(?:[ -]?\d){12,18})"
    r"|(?P<ssn>(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4})"
    r"|(?P<ipv4>(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d))"
    r"|(?P<phone>\+[\d ()/.-]{7,22}|0\d{1,5}[ /-][\d /-]{4,15}|\(\d{2,5}\)[\d /-]{5,15})"
    r")\Z"
)
# Share of the values from which on a column counts as personal: low where chance makes no match (mails in a tenth of
# the texts are too many), high where it does (one of ten random numbers has a valid Luhn digit).
THRESHOLDS = {"email": 0.05, "iban": 0.05, "card": 0.6, "ssn": 0.5, "ipv4": 0.8, "phone": 0.5}


@dataclass(frozen=True)
class Suspicion:
    """A column that looks like personal data.

    :param column: its name
    :param kind: email, iban, card, ssn, ipv4, phone, or ``name`` when only its name says so
    :param share: share of the sampled values that match, 0 to 1
    :param values: values in the sample that are not NULL
    :param action: ``withhold`` (published as NULL) or ``note`` (published, people are told)
    :param required: True when the published table cannot do without it: the day stops
    """

    column: str
    kind: str
    share: float
    values: int
    action: str
    required: bool = False


@dataclass(frozen=True)
class Inspection:
    """What a sample of a day told.

    :param sampled_rows: rows that were looked at
    :param suspicions: columns that look personal
    :param withheld: columns that must not be published: those found, and what is computed from them
    """

    sampled_rows: int
    suspicions: tuple[Suspicion, ...]
    withheld: tuple[str, ...]


def inspect(rows: DataFrame, contract: Contract, count: int) -> Inspection:
    """Look for undeclared personal data in a sample of the rows that would be published.

    The sample is chosen by a hash of where a row was delivered: the same delivery gives the same sample.

    :param rows: publishable rows in the clear, cached
    :param contract: the compiled contract
    :param count: number of rows
    """
    watched = [column for column in contract.columns if column.personal_check != "none" and column.name in rows.columns]
    if not watched or count == 0:
        return Inspection(0, (), ())
    wanted = min(max(MIN_SAMPLE_ROWS, count * SAMPLE_PERCENT / 100), MAX_SAMPLE_ROWS)
    place = F.pmod(F.xxhash64(SOURCE_FILE, SOURCE_LINE), F.lit(_HASH_RANGE))
    sample = rows.where(place < int(_HASH_RANGE * wanted / count) + 1) if wanted < count else rows
    values = sample.select(*(F.col(column.name) for column in watched)).collect()
    found = []
    for position, column in enumerate(watched):
        suspicion = suspect(column, [row[position] for row in values if row[position] is not None])
        if suspicion:
            found.append(replace(suspicion, required=column.required or column.name in contract.primary_key))
    withheld = _with_derived({entry.column for entry in found if entry.action == WITHHOLD}, contract.columns)
    return Inspection(len(values), tuple(found), withheld)


def suspect(column: Column, values: list[str]) -> Suspicion | None:
    """Judge a column by its values, and an unclassified one by its name too.

    :param column: a column with a ``personal_check``
    :param values: sampled values, without NULL
    """
    if not values:
        return None
    counts: dict[str, int] = {}
    for value in values:
        for kind in kinds_of(value):
            counts[kind] = counts.get(kind, 0) + 1
    shares = {kind: count / len(values) for kind, count in counts.items()}
    over = [kind for kind, share in shares.items() if share >= THRESHOLDS[kind]]
    if over:
        kind = max(over, key=lambda name: (shares[name], name))
        return Suspicion(column.name, kind, round(shares[kind], 4), len(values), column.personal_check)
    if column.suspect_name and column.personal_check == WITHHOLD:
        return Suspicion(column.name, NAME, 1.0, len(values), WITHHOLD)
    return None


def kinds_of(value: str) -> set[str]:
    """Return the kinds of personal data that a value holds.

    :param value: a delivered text
    """
    return {
        kind
        for match in _PATTERN.finditer(value.strip())
        if (kind := str(match.lastgroup)) and _CONFIRMED.get(kind, _always)(match[kind])
    }


def checks(inspection: Inspection) -> list[Check]:
    """Return what the day's judge reads: what was found, where, and how to repair it.

    :param inspection: result of :func:`inspect`
    """
    held = [found for found in inspection.suspicions if found.action == WITHHOLD]
    noted = [found for found in inspection.suspicions if found.action == NOTE]
    stops = any(found.required for found in held)
    computed = [name for name in inspection.withheld if name not in {found.column for found in held}]
    told = [f"{_words(found)}: published as NULL" for found in held]
    told += [f"{name} is computed from it: published as NULL" for name in computed]
    return [
        Check(
            id="personal_data_declared",
            name="Columns without a classification hold no personal data",
            severity="error" if stops else "warning",
            dimension="conformity",
            success=not held,
            observed="; ".join(told) or f"nothing in {inspection.sampled_rows} sampled rows",
            expected=(
                "in the contract, for each of these columns, either `classification: restricted`, `tags: [pii]` and a "
                "`masking`, or {property: personal, value: false}"
            ),
        ),
        Check(
            id="personal_data_classified",
            name="Columns classified as open hold no personal data",
            severity="warning",
            dimension="conformity",
            success=not noted,
            observed="; ".join(map(_words, noted)) or f"nothing in {inspection.sampled_rows} sampled rows",
            expected="tags [pii] and a masking in the contract, or {property: personal, value: false}",
        ),
    ]


def as_dict(inspection: Inspection) -> dict[str, Any]:
    """Return the inspection for the result JSON; no value of a row is in it.

    :param inspection: result of :func:`inspect`
    """
    return {
        "sampled_rows": inspection.sampled_rows,
        "withheld_columns": list(inspection.withheld),
        "suspicions": [
            {"column": found.column, "kind": found.kind, "share": found.share, "action": found.action}
            for found in inspection.suspicions
        ],
    }


def is_iban(value: str) -> bool:
    """Tell whether the check digits of an IBAN are right: 1 modulo 97 (ISO 13616).

    :param value: letters and digits, spaces allowed
    """
    compact = value.replace(" ", "")
    return int("".join(str(int(sign, 36)) for sign in compact[4:] + compact[:4])) % 97 == 1


def is_card(value: str) -> bool:
    """Tell whether the Luhn digit of a payment card number is right (ISO/IEC 7812).

    :param value: digits, spaces and dashes allowed
    """
    digits = [int(sign) for sign in value if sign.isdigit()]
    doubled = [digit * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return len(set(digits)) > 1 and sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def _is_phone(value: str) -> bool:
    """E.164: at most 15 digits."""
    return 8 <= sum(sign.isdigit() for sign in value) <= 15


def _always(_value: str) -> bool:
    return True


_CONFIRMED: dict[str, Callable[[str], bool]] = {"iban": is_iban, "card": is_card, "phone": _is_phone}


def _with_derived(names: set[str], columns: Iterable[Column]) -> tuple[str, ...]:
    """Return the columns with those computed from them; a derived column may be computed from another one."""
    ordered = list(columns)
    withheld = set(names)
    for column in ordered:
        if column.derived and withheld & set(re.findall(r"\b[A-Za-z_]\w*\b", str(column.expression))):
            withheld.add(column.name)
    return tuple(column.name for column in ordered if column.name in withheld)


def _words(found: Suspicion) -> str:
    if found.kind == NAME:
        return f"{found.column} is named like personal data"
    return f"{found.column}: {100 * found.share:.0f} % of {found.values} sampled values look like {found.kind}"
