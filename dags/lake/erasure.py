"""Erasure requests: parameters, addresses, and how the result is told. Nothing here knows whom a request is about."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow.sdk import Param

from lake.contracts import compiled_contract, products
from lake.settings import LAKE

DELETION_LIST = "deletion-list"
# Where the warehouse reads who is to be erased; empty when no erasure runs.
PSEUDONYMS = LAKE.uri("governance", "loads/forget_subject/")
ZONES = ("landing", "staging", "curated", "quarantine", "governance", "athena")
# No name of a person: Airflow keeps the parameters of every run.
ERASURE_PARAMS = {
    "request": Param(
        DELETION_LIST,
        type="string",
        pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$(?!\\n)",  # Python's $ also matches before a line feed at the end
        description=(
            "Name of the request, for example its ticket; the file erasure_requests/<name>.json in the governance "
            "bucket says whom it is about. deletion-list: everybody who was erased before, for new deliveries"
        ),
    ),
    "products": Param(
        None,
        type=["null", "array"],
        items={"type": "string", "enum": products()},
        uniqueItems=True,
        description="Data products; empty: all",
    ),
    "dry_run": Param(True, type="boolean", description="Only tell what would be erased"),
    "reason": Param(None, type=["null", "string"], maxLength=200, description="Why. Never write here whom it is about"),
}
NAMED_PARTITIONS = 20  # in a message; arguments of a job are short
NOTHING_FOUND = (
    "NOTHING OF THE SUBJECT WAS FOUND. Was it erased before? If not: compare domain and subject of the request with "
    "what the source delivers, and the products of the run with those that have the subject."
)
COUNTS = (
    ("rows", "rows"),
    ("objects", "objects rewritten"),
    ("rows_of_old_versions", "rows in old versions"),
    ("old_versions", "old versions"),
    ("objects_removed", "objects without rows"),
)


def checked(name: str) -> str:
    """:return: Jinja for what ``check_request`` found out"""
    return "{{ ti.xcom_pull(task_ids='check_request')['" + name + "'] }}"


def addresses(request: str, run_key: str) -> dict[str, str]:
    """Return where a run reads and writes.

    :param request: name of the request
    :param run_key: fingerprint of the DAG run
    """
    folder = LAKE.uri("governance", f"erasures/{request}/{run_key}/")
    return {
        "request_file": "" if request == DELETION_LIST else LAKE.uri("governance", f"erasure_requests/{request}.json"),
        "pseudonyms": f"{PSEUDONYMS}{run_key}/pseudonyms.csv",
        "removals": LAKE.uri("governance", f"erasures/{request}/removed/"),
        "found": f"{folder}found.json",
        "erased": f"{folder}erased.json",
        "report": f"{folder}report.json",
        "page": f"{folder}report.html",
    }


def job_arguments(mode: str, result: str) -> dict[str, str]:
    """Return the arguments of the Glue job; the operator adds ``--run_key`` (see glue_jobs/README.md).

    :param mode: ``find`` or ``erase``
    :param result: name of the address of its result
    """
    return {
        "--mode": mode,
        "--request": "{{ params.request }}",
        "--request_file": "{{ ti.xcom_pull(task_ids='check_request')['request_file'] or 'none' }}",
        "--contracts": LAKE.uri("artifacts", "contracts/"),
        "--products": checked("products"),
        "--buckets": ",".join(f"{zone}={LAKE.bucket(zone)}" for zone in ZONES),
        "--deletion_list": LAKE.uri("governance", "erased_subjects/"),
        "--pseudonyms": checked("pseudonyms"),
        "--result": checked(result),
        "--pii_secret": LAKE.secret("pii"),
        "--removals": checked("removals"),
        "--key_versions": "{{ ti.xcom_pull(task_ids='check_request')['key_versions'] or 'none' }}",
    }


def protected_products(names: Iterable[str]) -> list[str]:
    """:return: those of the products in which columns name people by a key"""
    return [
        name
        for name in names
        if any((column["masking"] or {}).get("domain") for column in compiled_contract(name)["columns"])
    ]


def key_versions_text(recorded: Iterable[tuple[str, str]]) -> str:
    """Return the argument ``--key_versions``: which partitions were written with which version of the key.

    :param recorded: version of the key and partition, for example ``online_retail 2010-12-01``
    """
    places: dict[str, list[str]] = {}
    for version, place in recorded:
        places.setdefault(version, []).append(place)
    return ";".join(f"{version}={_some(sorted(found))}" for version, found in sorted(places.items()))


def _some(places: list[str]) -> str:
    more = f" and {len(places) - NAMED_PARTITIONS} more" if len(places) > NAMED_PARTITIONS else ""
    return ", ".join(places[:NAMED_PARTITIONS]) + more


def found_text(found: Mapping[str, Any]) -> str:
    """:param found: result of the job
    :return: Markdown for whoever approves
    """
    lines = [
        f"{found['versions_searched']} object versions of {', '.join(found['products']) or 'no product'} were read.",
        "",
        "| zone | product | " + " | ".join(title for _, title in COUNTS) + " |",
        "|---|---|" + "---|" * len(COUNTS),
    ]
    lines += [
        f"| {zone['zone']} | {zone['product'] or '-'} | " + " | ".join(str(zone[name]) for name, _ in COUNTS) + " |"
        for zone in found["zones"]
    ]
    if not found["zones"]:
        lines.append("| nothing was found | - |" + " - |" * len(COUNTS))
        lines += ["", f"**{NOTHING_FOUND}**"]
    return "\n".join(lines)


def removed_by_all(removals: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up what attempts removed.

    :param removals: record of each attempt
    :return: ``zones`` and ``days`` as the job writes them
    """
    zones: dict[tuple[str, str], dict[str, int]] = {}
    for zone in (zone for removal in removals for zone in removal["zones"]):
        counts = zones.setdefault((zone["zone"], zone["product"]), dict.fromkeys((name for name, _ in COUNTS), 0))
        for name in counts:
            counts[name] += zone[name]
    ordered = sorted(zones.items(), key=lambda item: (ZONES.index(item[0][0]), item[0][1]))
    days = {(day["product"], day["day"]) for removal in removals for day in removal["days"]}
    return {
        "zones": [{"zone": zone, "product": product, **counts} for (zone, product), counts in ordered],
        "days": [{"product": product, "day": day} for product, day in sorted(days)],
    }


def report(
    found: Mapping[str, Any],
    erased: Mapping[str, Any],
    removals: Sequence[Mapping[str, Any]],
    warehouse: Mapping[str, int],
    scanned: Sequence[str],
    run: Mapping[str, str],
) -> dict[str, Any]:
    """Return the report of a request: counts, no value of a row.

    :param found: result of the job that searched
    :param erased: result of the job that erased
    :param removals: what it removed, and what attempts removed before it that failed or were never reported
    :param warehouse: rows by statement of the warehouse's erasure
    :param scanned: columns of the warehouse that were searched afterwards
    :param run: who approved, why, and which run did it
    """
    removed = removed_by_all(removals)
    return {
        "format": 1,
        "request": erased["request"],
        "nothing_found": not (found["zones"] or removed["zones"] or any(warehouse.values())),
        **run,
        "domains": erased["domains"],
        "products": erased["products"],
        "searched_first": {"versions": found["versions_searched"], "zones": found["zones"]},
        "erased": {"versions": erased["versions_searched"], **removed, "attempts": len(removals)},
        "warehouse": {"rows": dict(warehouse), "columns_searched": list(scanned), "left": 0},
        "left_in_files": erased["left"],
        "ended_at": erased["ended_at"],
    }


def page(document: Mapping[str, Any]) -> str:
    """:param document: result of :func:`report`
    :return: the report as a page for people
    """
    escaped = {name: html.escape(str(document[name])) for name in ("request", "approved_by", "reason", "ended_at")}
    titles = "".join(f"<th>{title}</th>" for _, title in COUNTS)
    zones = "".join(
        f"<tr><td>{zone['zone']}</td><td>{html.escape(zone['product'] or '-')}</td>"
        + "".join(f"<td>{zone[name]}</td>" for name, _ in COUNTS)
        + "</tr>"
        for zone in document["erased"]["zones"]
    )
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{count}</td></tr>"
        for name, count in document["warehouse"]["rows"].items()
    )
    days = ", ".join(f"{html.escape(day['product'])} {day['day']}" for day in document["erased"]["days"]) or "none"
    return (
        "<!doctype html><meta charset='utf-8'><title>Erasure "
        f"{escaped['request']}</title><style>body{{font:15px sans-serif;margin:2em}}td,th{{padding:.2em .8em;"
        "text-align:left;border-bottom:1px solid #ccc}</style>"
        f"<h1>Erasure {escaped['request']}</h1>"
        f"<p>Approved by {escaped['approved_by']}. Reason: {escaped['reason'] or 'not given'}. Ended "
        f"{escaped['ended_at']}.</p>"
        f"{f'<p><strong>{NOTHING_FOUND}</strong></p>' if document['nothing_found'] else ''}"
        f"<h2>Files</h2><table><tr><th>zone</th><th>product</th>{titles}</tr>{zones}</table>"
        f"<p>Searched again afterwards: {document['left_in_files']} rows left in "
        f"{document['erased']['versions']} object versions.</p>"
        f"<h2>Warehouse</h2><table><tr><th>step</th><th>rows</th></tr>{rows}</table>"
        f"<p>Searched again afterwards: {document['warehouse']['left']} rows left in "
        f"{len(document['warehouse']['columns_searched'])} text columns.</p>"
        f"<h2>Days that changed</h2><p>{days}</p>"
    )


def as_json(document: Mapping[str, Any]) -> str:
    """:return: a report as text"""
    return json.dumps(document, indent=1) + "\n"
