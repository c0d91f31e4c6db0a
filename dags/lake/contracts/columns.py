"""The columns of a contract: where each comes from, how Spark computes it, how each engine stores it."""

from __future__ import annotations

from typing import Any

from lake.contracts.column_types import engine_types
from lake.contracts.odcs import Document, custom_property
from lake.contracts.personal import name_looks_personal
from lake.contracts.reserved_words import RESERVED


def compiled_columns(table: Document, null_texts: list[str]) -> list[dict[str, Any]]:
    """Compile the properties of a table, in the order of the contract.

    :param table: an entry of ``schema``
    :param null_texts: delivered texts that mean "no value" besides an empty field, for example ``NA``
    """
    return [_compiled_column(column, null_texts) for column in table["properties"]]


def landing_columns(columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the delivered columns: header name, and whether a file without it is refused.

    :param columns: result of :func:`compiled_columns`
    """
    return [
        {"name": column["source"], "required": column["required"]} for column in columns if column["source"] is not None
    ]


def primary_key(columns: list[dict[str, Any]]) -> list[str]:
    """Return the names of the key's columns in the order of their positions.

    :param columns: result of :func:`compiled_columns`
    """
    keys = [column for column in columns if column["primary_key_position"]]
    return [column["name"] for column in sorted(keys, key=lambda column: int(column["primary_key_position"]))]


def is_derived(column: Document) -> bool:
    """Tell whether a column is computed from other columns of the table instead of a delivered one.

    :param column: an entry of ``properties``
    """
    return bool(custom_property(column, "derived", False))


def source_name(column: Document) -> str | None:
    """Return the header name a column is read from, None for derived and generated columns.

    :param column: an entry of ``properties``
    """
    if is_derived(column) or custom_property(column, "generatedBy"):
        return None
    objects = column.get("transformSourceObjects", [])
    return str(objects[0]).split(".", 2)[-1] if objects else None


def sql_name(name: str) -> str:
    """Return a column name for Spark SQL, quoted when it is not a plain word or means something there: order, user.

    :param name: column or header name
    """
    is_plain = name.isidentifier() and name.lower() not in RESERVED
    return name if is_plain else f"`{name.replace('`', '``')}`"


def sql_literal(value: object) -> str:
    """Return a Spark SQL literal. Spark reads backslashes in quoted strings as escapes, so they are doubled.

    :param value: a string or number of the contract
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def is_blank(raw: str, null_texts: list[str]) -> str:
    """Return the predicate that a delivered field holds no value.

    :param raw: SQL name of the delivered text
    :param null_texts: texts that mean "no value" besides an empty field
    """
    if not null_texts:
        return f"coalesce(trim({raw}), '') = ''"
    texts = ", ".join(sql_literal(text) for text in ["", *null_texts])
    return f"coalesce(trim({raw}), '') IN ({texts})"


def _compiled_column(column: Document, null_texts: list[str]) -> dict[str, Any]:
    types = engine_types(column["physicalType"])
    masking = custom_property(column, "masking")
    return {
        "name": column["name"],
        "description": " ".join(column.get("description", "").split()),
        "source": source_name(column),
        "expression": _expression(column, types.spark, null_texts),
        "null_texts": null_texts,
        "derived": is_derived(column),
        "generated_by": custom_property(column, "generatedBy"),
        "required": bool(column.get("required", False)),
        "logical_type": column["logicalType"],
        "spark_type": types.spark,
        "athena_type": types.athena,
        "redshift_type": types.redshift,
        "max_bytes": types.max_bytes,
        "critical": bool(column.get("criticalDataElement", False)),
        "primary_key_position": column.get("primaryKeyPosition") if column.get("primaryKey") else None,
        "partition": bool(column.get("partitioned", False)),
        "classification": column.get("classification", "internal"),
        "pii": "pii" in column.get("tags", []),
        "masking": masking,
        "personal_check": _personal_check(column, types.spark),
        "suspect_name": name_looks_personal(column["name"]),
        "options": dict(column.get("logicalTypeOptions", {})),
        "enum": [entry["value"] for entry in column.get("enum", [])],
    }


def _personal_check(column: Document, spark_type: str) -> str:
    """Return what the job does when the values of a column look like personal data that nobody declared.

    ``withhold`` without a classification, ``note`` when somebody classified it as open to many; ``none`` for masked and
    closed columns, for those declared not personal, and for numbers and times.
    """
    declared = custom_property(column, "masking") is not None or custom_property(column, "personal") is False
    if declared or spark_type != "string":
        return "none"
    if "classification" not in column:
        return "withhold"
    return "note" if column["classification"] in ("internal", "public") else "none"


def _expression(column: Document, spark_type: str, null_texts: list[str]) -> str | None:
    """Return the Spark SQL expression of a column: NULL for no value, never an exception, in ANSI mode too."""
    logic = column.get("transformLogic")
    if custom_property(column, "generatedBy"):
        return None
    if is_derived(column):
        return " ".join(str(logic).split())
    delivered = sql_name(str(source_name(column)))
    value = " ".join(logic.split()) if logic else f"trim({delivered})"
    if null_texts:
        value = f"CASE WHEN {is_blank(delivered, null_texts)} THEN NULL ELSE {value} END"
    if spark_type == "string":
        return f"nullif({value}, '')"
    time_format = column.get("logicalTypeOptions", {}).get("format")
    if time_format and spark_type in ("timestamp", "date"):
        return f"CAST(try_to_timestamp({value}, {sql_literal(time_format)}) AS {spark_type})"
    return f"try_cast({value} AS {spark_type})"
