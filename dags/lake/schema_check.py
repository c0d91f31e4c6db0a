"""Compare what came with what the contract says: same, compatible or breaking."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lake.contracts import Contract

# With fewer of the contract's columns than this share, a file is not a changed delivery but another product's file.
FAMILIAR_SHARE = 0.5


class Verdict(StrEnum):
    """What the differences mean for the run."""

    SAME = "same"
    COMPATIBLE = "compatible"
    BREAKING = "breaking"


@dataclass(frozen=True)
class Difference:
    """One difference between the contract and a file or the catalog.

    :param where: file name or table
    :param what: what differs
    :param breaking: whether the file cannot be processed
    :param fix: what to do about it
    """

    where: str
    what: str
    breaking: bool
    fix: str

    def __str__(self) -> str:
        return f"[{'breaking' if self.breaking else 'compatible'}] {self.where}: {self.what}. {self.fix}"


def verdict_of(differences: Iterable[Difference]) -> Verdict:
    """:return: the worst of the differences"""
    found = list(differences)
    if not found:
        return Verdict.SAME
    return Verdict.BREAKING if any(difference.breaking for difference in found) else Verdict.COMPATIBLE


def compare_header(file: str, header: Sequence[str], contract: Contract) -> list[Difference]:
    """Compare a file's header with the contract. Columns are found by name, whatever their case or place.

    :param file: name of the file
    :param header: column names in the file's order
    """
    wanted = {column.name.lower(): column for column in contract.landing_columns}
    found = [name.lower() for name in header]
    present = [name for name in found if name in wanted]
    if len(set(present)) < FAMILIAR_SHARE * len(wanted):
        return [_foreign_file(file, header, contract)]
    differences = _repeated(file, found)
    missing = [column for name, column in wanted.items() if name not in found]
    unknown = [name for name in header if name.lower() not in wanted]
    for column in missing:
        differences.append(_missing(file, column.name, column.required, unknown))
    if unknown and not any(difference.breaking for difference in differences):
        differences.append(
            Difference(
                file,
                f"column(s) {', '.join(unknown)} are not in the contract",
                False,
                "Kept in staging (column rescued), not published; add them to the contract to publish them.",
            )
        )
    if not missing and not unknown and present != list(wanted):
        differences.append(
            Difference(file, "columns come in another order or case", False, "They are found by name; nothing to do.")
        )
    return differences


def compare_catalog(table: str, columns: Sequence[str], contract: Contract) -> list[Difference]:
    """Compare the table that the crawler reports with the contract. The crawler reports, the contract decides.

    :param table: database and name of the crawled table
    :param columns: its columns, without partition keys
    """
    wanted = {column.name.lower() for column in contract.landing_columns}
    found = {name.lower() for name in columns}
    differences = []
    if gone := sorted(wanted - found):
        differences.append(
            Difference(
                table, f"the crawler saw no column {', '.join(gone)}", False, "Look at what was delivered lately."
            )
        )
    if new := sorted(found - wanted):
        differences.append(
            Difference(table, f"the crawler saw column(s) {', '.join(new)} that the contract does not know", False,
                       "Add them to the contract or ask the sender to leave them out.")
        )  # fmt: skip
    return differences


def _foreign_file(file: str, header: Sequence[str], contract: Contract) -> Difference:
    names = ", ".join(header[:12]) + (", ..." if len(header) > 12 else "")
    expected = ", ".join(column.name for column in contract.landing_columns)
    return Difference(
        file,
        f"this is not a file of {contract.product}: its header says {names}; expected {expected}",
        True,
        "Move the file to the product it belongs to, or deliver it with its header.",
    )


def _repeated(file: str, found: list[str]) -> list[Difference]:
    repeated = sorted({name for name in found if found.count(name) > 1})
    if not repeated:
        return []
    return [
        Difference(
            file, f"the header names {', '.join(repeated)} twice", True, "Deliver the file with each column once."
        )
    ]


def _missing(file: str, name: str, required: bool, unknown: Sequence[str]) -> Difference:
    kind = "required" if required else "optional"
    if unknown:
        return Difference(
            file,
            f"{kind} column {name} is missing and {', '.join(unknown)} is new: was it renamed?",
            True,
            "Deliver the column under its contracted name, or change the contract (a new major version).",
        )
    if required:
        return Difference(file, f"required column {name} is missing", True, "Deliver the file again with this column.")
    return Difference(file, f"optional column {name} is missing", False, "It is published as NULL for this file.")
