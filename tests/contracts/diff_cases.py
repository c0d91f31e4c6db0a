"""One change of a contract each: the level it must get and the path it must be told at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Document = dict[str, Any]
Edit = Callable[[Document], Any]


def _columns(document: Document) -> list[Document]:
    columns: list[Document] = document["schema"][0]["properties"]
    return columns


def _column(document: Document, name: str) -> Document:
    return next(column for column in _columns(document) if column["name"] == name)


def _named(entries: list[Document], key: str, name: str) -> Document:
    return next(entry for entry in entries if entry.get(key) == name)


def _rules(document: Document) -> list[Document]:
    rules: list[Document] = document["schema"][0]["quality"]
    return rules


def _rule(document: Document, name: str) -> Document:
    return _named(_rules(document), "id", name)


def _role(document: Document, name: str) -> Document:
    return _named(document["roles"], "role", name)


def _promise(document: Document, name: str) -> Document:
    return _named(document["slaProperties"], "property", name)


def _custom(element: Document, name: str) -> Document:
    return _named(element["customProperties"], "property", name)


def _retype(name: str, new: str) -> Edit:
    return lambda d: _column(d, name).update(physicalType=new)


def _retyped_from(name: str, old: str, new: str) -> tuple[Edit, Edit]:
    return _retype(name, old), _retype(name, new)


def _new_column(**more: Any) -> Edit:
    new = {
        "name": "colour",
        "logicalType": "string",
        "physicalType": "varchar(10)",
        "transformSourceObjects": ["landing.online_retail.Colour"],
        **more,
    }
    return lambda d: _columns(d).append(new)


def _drop(name: str) -> Edit:
    return lambda d: _columns(d).remove(_column(d, name))


def _nothing(document: Document) -> None:
    """The contract as it is."""


# name: (edit of the older version, edit of the newer version, level, path)
DIFF_CASES: dict[str, tuple[Edit, Edit, str, str]] = {
    # facts/governance.md section 5, first rows: what only adds
    "nullable column added": (_nothing, _new_column(), "minor", "columns.colour"),
    "int to bigint": (*_retyped_from("quantity", "int", "bigint"), "minor", "columns.quantity.physicalType"),
    "smallint to bigint": (*_retyped_from("quantity", "smallint", "bigint"), "minor", "columns.quantity.physicalType"),
    "float to double": (*_retyped_from("quantity", "float", "double"), "minor", "columns.quantity.physicalType"),
    "decimal with more digits": (_nothing, _retype("unit_price", "decimal(14,3)"), "minor", "columns.unit_price"),
    "longer varchar": (_nothing, _retype("country", "varchar(80)"), "minor", "columns.country.physicalType"),
    # and what breaks
    "bigint to int": (*_retyped_from("quantity", "bigint", "int"), "major", "columns.quantity.physicalType"),
    "double to float": (*_retyped_from("quantity", "double", "float"), "major", "columns.quantity.physicalType"),
    "decimal with fewer digits": (_nothing, _retype("unit_price", "decimal(10,3)"), "major", "columns.unit_price"),
    "another scale": (_nothing, _retype("unit_price", "decimal(14,4)"), "major", "columns.unit_price.physicalType"),
    "more digits and another scale": (_nothing, _retype("unit_price", "decimal(12,2)"), "major", "columns.unit_price"),
    "shorter varchar": (_nothing, _retype("country", "varchar(10)"), "major", "columns.country.physicalType"),
    "number to text": (_nothing, _retype("quantity", "varchar(10)"), "major", "columns.quantity.physicalType"),
    "int to double": (_nothing, _retype("quantity", "double"), "major", "columns.quantity.physicalType"),
    "date to timestamp": (*_retyped_from("invoice_date", "date", "timestamp"), "major", "columns.invoice_date"),
    "became required": (
        _nothing,
        lambda d: _column(d, "customer_id").update(required=True),
        "major",
        "columns.customer_id",
    ),
    "may be null": (
        _nothing,
        lambda d: _column(d, "country").update(required=False),
        "major",
        "columns.country.required",
    ),
    "required column added": (_nothing, _new_column(required=True), "major", "columns.colour"),
    "key column added": (_nothing, _new_column(primaryKey=True, primaryKeyPosition=4), "major", "columns.colour"),
    "key changed": (_nothing, lambda d: _column(d, "line_no").update(primaryKeyPosition=9), "major", "columns.line_no"),
    "key lost": (_nothing, lambda d: _column(d, "line_no").pop("primaryKey"), "major", "columns.line_no.primaryKey"),
    "partition lost": (
        _nothing,
        lambda d: _column(d, "invoice_day").pop("partitioned"),
        "major",
        "columns.invoice_day",
    ),
    "column dropped": (_nothing, _drop("country"), "major", "columns.country"),
    "column renamed": (_nothing, lambda d: _column(d, "country").update(name="land"), "major", "columns.country"),
    "another source": (
        _nothing,
        lambda d: _column(d, "country").update(transformSourceObjects=["landing.x.Land"]),
        "major",
        "columns.country.transformSourceObjects",
    ),
    "another pattern": (
        _nothing,
        lambda d: _column(d, "invoice_no").update(logicalTypeOptions={"pattern": ".*"}),
        "major",
        "columns.invoice_no.logicalTypeOptions",
    ),
    "another expression": (
        _nothing,
        lambda d: _column(d, "country").update(transformLogic="upper(Country)"),
        "minor",
        "columns.country.transformLogic",
    ),
    # privacy
    "pii tag removed": (
        _nothing,
        lambda d: _column(d, "customer_id").update(tags=[]),
        "major",
        "columns.customer_id.tags",
    ),
    "pii tag added": (_nothing, lambda d: _column(d, "country").update(tags=["pii"]), "major", "columns.country.tags"),
    "another tag": (_nothing, lambda d: _column(d, "country").update(tags=["geo"]), "patch", "columns.country.tags"),
    "class weakened": (
        _nothing,
        lambda d: _column(d, "customer_id").update(classification="internal"),
        "major",
        "columns.customer_id.classification",
    ),
    "class in no known word": (
        _nothing,
        lambda d: _column(d, "country").update(classification="whatever"),
        "major",
        "columns.country.classification",
    ),
    "class strengthened": (
        _nothing,
        lambda d: _column(d, "country").update(classification="confidential"),
        "minor",
        "columns.country.classification",
    ),
    "table class weakened": (
        _nothing,
        lambda d: _custom(d, "lfTags")["value"].update(classification="public"),
        "major",
        "lfTags.classification",
    ),
    "masking removed": (
        _nothing,
        lambda d: _column(d, "customer_id").pop("customProperties"),
        "major",
        "columns.customer_id.masking",
    ),
    "masking changed": (
        _nothing,
        lambda d: _custom(_column(d, "customer_id"), "masking")["value"].update(domain="buyer"),
        "major",
        "columns.customer_id.masking",
    ),
    "row filter removed": (
        _nothing,
        lambda d: _role(d, "uk-analyst").pop("customProperties"),
        "major",
        "roles.uk-analyst.rowFilter",
    ),
    "row filter widened": (
        _nothing,
        lambda d: _custom(_role(d, "uk-analyst"), "rowFilter").update(value="country LIKE 'U%'"),
        "major",
        "roles.uk-analyst.rowFilter",
    ),
    "personal data opened": (
        _nothing,
        lambda d: _role(d, "uk-analyst")["customProperties"].append({"property": "includeTags", "value": ["pii"]}),
        "major",
        "roles.uk-analyst.includeTags",
    ),
    "role may write": (_nothing, lambda d: _role(d, "uk-analyst").update(access="write"), "major", "roles.uk-analyst"),
    "reader added": (_nothing, lambda d: d["roles"].append({"role": "x", "access": "read"}), "minor", "roles.x"),
    "writer added": (_nothing, lambda d: d["roles"].append({"role": "x", "access": "write"}), "major", "roles.x"),
    "reader removed": (_nothing, lambda d: d["roles"].remove(_role(d, "uk-analyst")), "major", "roles.uk-analyst"),
    # rules and promises
    "error rule added": (_nothing, lambda d: _rules(d).append({"id": "x", "severity": "error"}), "major", "rules.x"),
    "warning rule added": (
        _nothing,
        lambda d: _rules(d).append({"id": "x", "severity": "warning"}),
        "minor",
        "rules.x",
    ),
    "rule removed": (_nothing, lambda d: _rules(d).remove(_rule(d, "free_of_charge")), "major", "rules.free_of_charge"),
    "rule weakened": (
        _nothing,
        lambda d: _rule(d, "quantity_zero").update(severity="info"),
        "major",
        "rules.quantity_zero",
    ),
    "rule raised to error": (
        _nothing,
        lambda d: _rule(d, "description_missing").update(severity="error"),
        "major",
        "rules.description_missing",
    ),
    "rule from info to warning": (
        _nothing,
        lambda d: _rule(d, "free_of_charge").update(severity="warning"),
        "minor",
        "rules.free_of_charge.severity",
    ),
    "error rule says something else": (
        _nothing,
        lambda d: _rule(d, "quantity_zero").update(implementation={"failsWhen": "quantity < 1"}),
        "major",
        "rules.quantity_zero.implementation",
    ),
    "rule in other words": (
        _nothing,
        lambda d: _rule(d, "quantity_zero").update(name="x"),
        "patch",
        "rules.quantity_zero",
    ),
    "fresh later": (_nothing, lambda d: _promise(d, "freshness").update(value=48), "major", "slaProperties.freshness"),
    "fresh later in days": (
        _nothing,
        lambda d: _promise(d, "freshness").update(value=2, unit="d"),
        "major",
        "slaProperties.freshness",
    ),
    "fresh earlier in days": (
        _nothing,
        lambda d: _promise(d, "freshness").update(value=1, unit="d"),
        "minor",
        "slaProperties.freshness",
    ),
    "kept shorter": (_nothing, lambda d: _promise(d, "retention").update(value=3), "major", "slaProperties.retention"),
    "kept as long, in months": (
        _nothing,
        lambda d: _promise(d, "retention").update(value=84, unit="mo"),
        "minor",
        "slaProperties.retention",
    ),
    "kept shorter, in months": (
        _nothing,
        lambda d: _promise(d, "retention").update(value=83, unit="mo"),
        "major",
        "slaProperties.retention",
    ),
    "kept shorter, in weeks": (
        _nothing,
        lambda d: _promise(d, "retention").update(value=52, unit="w"),
        "major",
        "slaProperties.retention",
    ),
    "kept longer": (_nothing, lambda d: _promise(d, "retention").update(value=9), "minor", "slaProperties.retention"),
    "promise removed": (
        _nothing,
        lambda d: d["slaProperties"].remove(_promise(d, "retention")),
        "major",
        "slaProperties.retention",
    ),
    "another hour": (
        _nothing,
        lambda d: _promise(d, "frequency").update(schedule="0 5 * * *"),
        "minor",
        "slaProperties.frequency",
    ),
    # the rest of the document
    "delivered in another encoding": (
        _nothing,
        lambda d: d["servers"][0].update(encoding="ISO-8859-1"),
        "major",
        "servers.landing.encoding",
    ),
    "another delimiter": (
        _nothing,
        lambda d: _custom(d["servers"][0], "csv")["value"].update(delimiter=";"),
        "major",
        "servers.landing.csv",
    ),
    "quarantine threshold": (
        _nothing,
        lambda d: _custom(d, "quarantine")["value"].update(warnPercent=1),
        "minor",
        "quarantine",
    ),
    "another id": (_nothing, lambda d: d.update(id="x"), "major", "id"),
    "ended": (_nothing, lambda d: d.update(status="deprecated"), "minor", "status"),
    "description": (_nothing, lambda d: d["description"].update(usage="x"), "patch", "description"),
    "column description": (
        _nothing,
        lambda d: _column(d, "country").update(description="x"),
        "patch",
        "columns.country",
    ),
    "field nobody thought of": (_nothing, lambda d: d.update(newField=1), "minor", "newField"),
}
