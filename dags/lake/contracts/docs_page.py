"""The page of a data product for its readers: ``docs/products/<product>.md``, written by the compiler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lake.contracts.columns import primary_key
from lake.contracts.dqdl import ENGINE as DATA_QUALITY
from lake.contracts.dqdl import beyond_dqdl
from lake.contracts.masking import described
from lake.contracts.odcs import Document


def docs_page(compiled: dict[str, Any], document: Document) -> str:
    """Return the page.

    :param compiled: the compiled contract
    :param document: the contract itself, for the parts that only people read
    """
    table = document["schema"][0]
    parts = [
        f"# {compiled['product']}",
        "<!-- Written by `make contracts` from the contract; do not edit. -->",
        compiled["purpose"],
        *(_paragraph(document["description"], name) for name in ("usage", "limitations")),
        _facts(compiled, table),
        "## Columns",
        _table(
            ("column", "type", "required", "description", "from"), [_column(column) for column in compiled["columns"]]
        ),
        "## Rules on rows",
        "A row that breaks a rule of severity `error` is quarantined with all its reasons; the others are counted.",
        _table(
            ("rule", "severity", "dimension", "says"),
            [
                (f"`{rule['id']}`", rule["severity"], rule["dimension"], rule["name"])
                for rule in (*compiled["structure_rules"], *compiled["row_rules"])
            ],
        ),
        "## Rules on the day",
        _engines(compiled),
        _table(
            ("rule", "severity", "dimension", "says"),
            [
                (f"`{rule['id']}`", rule["severity"], rule["dimension"], rule["name"])
                for rule in (*compiled["table_rules"], *compiled["lake_rules"])
            ],
        ),
        "## Who may see what",
        _table(
            ("role", "access", "rows", "hidden columns"),
            [
                (
                    role["role"],
                    role["access"],
                    f"`{role['row_filter']}`" if role["row_filter"] else "all",
                    ", ".join(role["excluded_columns"]) or "none",
                )
                for role in compiled["permissions"]["roles"]
            ],
        ),
        "Nobody else sees anything: Lake Formation grants nothing by default.",
        "## Query",
        f"```sql\nSELECT *\nFROM {compiled['databases']['curated']}.{compiled['product']}\n"
        f"WHERE {compiled['partition_column']} = DATE '2010-12-01'\nLIMIT 10\n```",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _engines(compiled: dict[str, Any]) -> str:
    engines = compiled["quality_engines"]
    text = f"Evaluated by {' and '.join(engines)}; those across tables and days by Athena."
    beyond = beyond_dqdl(compiled["table_rules"], compiled["columns"]) if DATA_QUALITY in engines else []
    rules = ", ".join(f"`{rule}`" for rule in beyond)
    return f"{text} Not by {DATA_QUALITY}, whose language cannot say it: {rules}." if beyond else text


def _facts(compiled: dict[str, Any], table: Document) -> str:
    policy = compiled["quarantine"]
    promises = [f"{rule['arguments']['hours']} h" for rule in compiled["lake_rules"] if rule["check"] == "freshness"]
    rows = [
        ("data product", compiled["data_product"]),
        ("contract", f"{compiled['version']}, {compiled['status']}"),
        ("owner", compiled["owner"]),
        ("domain", compiled["domain"]),
        ("table", f"`{compiled['databases']['curated']}.{compiled['product']}`, partitioned by "
                  f"`{compiled['partition_column']}`"),
        ("one row is", " ".join(table.get("dataGranularityDescription", "").split()) or "not said"),
        ("key", ", ".join(f"`{name}`" for name in primary_key(compiled["columns"]))),
        ("schedule", f"`{compiled['schedule']}` UTC"),
        ("freshness", ", ".join(promises) or "not promised"),
        ("quarantine", f"warning above {policy['warn_percent']} % of the rows, stop above {policy['max_percent']} %, "
                       f"kept {policy['retention_days']} days"),
    ]  # fmt: skip
    return _table(("", ""), rows)


def _column(column: dict[str, Any]) -> tuple[str, ...]:
    marks = [column["classification"]] if column["classification"] != "internal" else []
    marks += [described(column["masking"])] if column["masking"] else []
    origin = column["source"] or ("derived" if column["derived"] else "generated")
    return (
        f"`{column['name']}`",
        column["athena_type"],
        "yes" if column["required"] else "no",
        column["description"] + (f" **{', '.join(marks)}**" if marks else ""),
        f"`{column['expression']}`" if column["derived"] else origin,
    )


def _paragraph(description: Document, name: str) -> str:
    text = " ".join(str(description.get(name, "")).split())
    return f"**{name.capitalize()}.** {text}" if text else ""


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
