"""What people are told about a replay before they decide: Markdown, without personal data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def note(result: Mapping[str, Any], before: Mapping[str, int], warnings: Sequence[str] = ()) -> str:
    """Return what an approval would change.

    :param result: the replay job's result.json
    :param before: rows of the published version
    :param warnings: what speaks against it without stopping it
    """
    replay, after = result["replay"], result["rows"]
    parts = [
        f"### {result['product']} {result['ingest_date']}, rule `{replay['rule']}`",
        f"Contract {result['contract_version']} accepts {replay['passing']} of {replay['selected']} quarantined rows; "
        f"{replay['base_contract_version']} did not. Nothing is changed before somebody decides: approved, the "
        f"{replay['passing']} are published; rejected, all {replay['selected']} stay out of every later run.",
        _table(
            ("", "published", "quarantined", "duplicates", "landed"),
            [
                (name, *(rows[state] for state in ("published", "quarantined", "duplicates", "landed")))
                for name, rows in (("now", before), ("if approved", after), ("if rejected", before))
            ],
        ),
        _table(("rule", "rows that pass now", "rows that still break it"), _by_rule(replay)),
    ]
    if warnings:
        parts.append("Warnings:\n\n" + "\n".join(f"- {_plain(text)}" for text in warnings))
    if sample := replay["sample"]:
        parts.append(f"{len(sample)} of the rows that pass, without personal data:")
        parts.append(_table(tuple(sample[0]), [tuple(row.values()) for row in sample]))
    if replay["passing"] and result["data_docs"]:
        parts.append(f"Report on the rows as they would be published: `{result['data_docs']}`")
    return "\n\n".join(parts) + "\n"


def nothing_passes(result: Mapping[str, Any]) -> str:
    """Return why there is nothing to approve, and how to reject rows that are there.

    :param result: the replay job's result.json
    """
    replay = result["replay"]
    rejecting = {"product": result["product"], "day": result["ingest_date"], "rule": replay["rule"]}
    rejecting |= {"rejected_by": "<you>", "reason": "<why>"}
    still = ", ".join(f"{rule} {rows}" for rule, rows in replay["failing_by_reason"].items())
    if replay["selected"]:
        return (
            f"Contract {result['contract_version']} still refuses all {replay['selected']} rows ({still}), so there is "
            "nothing to approve. If the contract is wrong: change it, deploy, and start again. If the rows are wrong: "
            f"reject them, by starting quarantine_replay with {json.dumps(rejecting)} (docs/quarantine.md)."
        )
    kept = ", ".join(f"{rule} {rows}" for rule, rows in result["quarantined_by_reason"].items())
    return f"No open row in quarantine breaks rule {replay['rule']}; kept are: {kept or 'none'}."


def _by_rule(replay: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    passing, failing = replay["passing_by_reason"], replay["failing_by_reason"]
    return [(rule, passing.get(rule, 0), failing.get(rule, 0)) for rule in sorted({*passing, *failing})]


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_plain(cell) for cell in line) + " |" for line in lines)


def _plain(cell: Any) -> str:
    """Delivered text must not become markup: neither table nor link nor HTML."""
    text = "" if cell is None else " ".join(str(cell).split())
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("[", "\\[")
