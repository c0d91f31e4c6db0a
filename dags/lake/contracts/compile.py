"""Compile the contracts: ``python -m lake.contracts.compile [--check]`` with ``dags`` on PYTHONPATH.

Reads ``contracts/*.odcs.yaml``; writes ``contracts/index.json`` (what DAG files read) and one
``contracts/<product>.json`` per contract (what tasks and Glue jobs read). The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from lake.contracts import CONTRACTS_FOLDER
from lake.contracts.columns import compiled_columns, landing_columns
from lake.contracts.expectations import table_rules
from lake.contracts.lint import lint
from lake.contracts.odcs import ContractError, Document, Problem, custom_property, read_document, server, sla
from lake.contracts.permissions import compiled_permissions
from lake.contracts.row_rules import row_rules, structure_rules

FORMAT = 1  # raised when the layout of the compiled files changes


def compile_folder(folder: Path) -> dict[str, str]:
    """Compile every contract of a folder.

    :param folder: folder with ``*.odcs.yaml``
    :return: text of each output file by its name
    :raises ContractError: if a contract cannot be compiled
    """
    compiled = [compile_contract(path) for path in sorted(folder.glob("*.odcs.yaml"))]
    index = {
        "format": FORMAT,
        "note": "Compiled from *.odcs.yaml by `make contracts`; do not edit.",
        "products": {entry["product"]: _index_entry(entry) for entry in compiled},
    }
    outputs = {f"{entry['product']}.json": _text(entry) for entry in compiled}
    outputs["index.json"] = _text(index)
    return outputs


def compile_contract(path: Path) -> dict[str, Any]:
    """Compile one contract file.

    :param path: a ``*.odcs.yaml`` file
    :raises ContractError: listing every problem of the contract
    """
    document = read_document(path)
    problems = odcs_problems(document) or lint(document)
    if not problems and path.name != f"{document['name']}.odcs.yaml":
        problems = [Problem("name", f"is {document['name']!r}", "The file is named <name>.odcs.yaml.")]
    if problems:
        raise ContractError(path.name, problems)
    body = _body(document)
    fingerprint = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
    return {"format": FORMAT, "product": document["name"], "hash": fingerprint, **body}


def odcs_problems(document: Document) -> list[Problem]:
    """Return what the ODCS JSON schema says against a document.

    :param document: the contract
    """
    validator = _odcs_validator()
    problems = []
    for error in sorted(validator.iter_errors(document), key=lambda found: found.json_path):
        what = error.message if len(error.message) <= 200 else f"{error.message[:200]}..."
        path = error.json_path.removeprefix("$.").removeprefix("$") or "(top)"
        problems.append(Problem(path, what, "See the ODCS v3.2 documentation of this field."))
    return problems


@cache
def _odcs_validator() -> Any:
    # Imported here: it takes half a second, and only compiling needs it.
    import jsonschema

    schema_file = resources.files("open_data_contract_standard") / "schema.json"
    schema = json.loads(schema_file.read_text(encoding="utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


def _body(document: Document) -> dict[str, Any]:
    table = document["schema"][0]
    columns = compiled_columns(table)
    landing = server(document, "landing")
    csv = custom_property(landing, "csv", {})
    marker = custom_property(landing, "completeness", {}).get("marker")
    policy = custom_property(document, "quarantine")
    return {
        "version": document["version"],
        "status": document["status"],
        "domain": document["domain"],
        "owner": document["team"]["name"],
        "purpose": " ".join(document["description"]["purpose"].split()),
        "schedule": sla(document, "frequency")["schedule"],
        "landing": {
            "prefix": landing["location"].split("/", 3)[3],
            "partition_key": custom_property(landing, "partitionKey", "ingest_date"),
            "format": landing["format"],
            "encoding": landing.get("encoding", "UTF-8"),
            "delimiter": csv.get("delimiter", ","),
            "quote": csv.get("quote", '"'),
            "max_record_bytes": csv.get("maxRecordBytes", 1048576),
            "completeness_marker": marker,
            "on_refused_file": custom_property(landing, "onRefusedFile", "stop"),
            "columns": landing_columns(columns),
        },
        "databases": {
            "landing": "landing",
            "staging": "staging",
            "curated": server(document, "curated")["database"],
            "quarantine": "quarantine",
        },
        "columns": columns,
        "partition_column": next(column["name"] for column in columns if column["partition"]),
        "structure_rules": structure_rules(),
        "row_rules": row_rules(table, columns),
        "table_rules": table_rules(table, columns),
        "quarantine": {
            "warn_percent": policy["warnPercent"],
            "max_percent": policy["maxPercent"],
            "retention_days": policy["retentionDays"],
        },
        "permissions": compiled_permissions(document, columns),
    }


def _index_entry(compiled: dict[str, Any]) -> dict[str, Any]:
    landing = compiled["landing"]
    return {
        "version": compiled["version"],
        "hash": compiled["hash"],
        "owner": compiled["owner"],
        "domain": compiled["domain"],
        "schedule": compiled["schedule"],
        "landing_prefix": landing["prefix"],
        "landing_partition_key": landing["partition_key"],
        "landing_columns": landing["columns"],
        "completeness_marker": landing["completeness_marker"],
        "on_refused_file": landing["on_refused_file"],
        "databases": compiled["databases"],
        "partition_column": compiled["partition_column"],
        "columns": [
            {"name": column["name"], "type": column["athena_type"], "required": column["required"]}
            for column in compiled["columns"]
        ],
        "quarantine": compiled["quarantine"],
    }


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _write(folder: Path, outputs: dict[str, str]) -> None:
    for stale in _stale(folder, outputs):
        path = folder / stale
        if stale in outputs:
            path.write_text(outputs[stale], encoding="utf-8")
        else:
            path.unlink()
        sys.stdout.write(f"{'wrote' if stale in outputs else 'removed'} {path}\n")


def _stale(folder: Path, outputs: dict[str, str]) -> list[str]:
    """Return the names of output files that are missing, differ, or belong to no contract any more."""
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in present.keys() | outputs.keys() if present.get(name) != outputs.get(name))


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    :param argv: arguments without the program name
    :return: exit code; 1 for a bad contract or, with ``--check``, stale output
    """
    parser = argparse.ArgumentParser(prog="python -m lake.contracts.compile", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the committed output is stale")
    parser.add_argument("--folder", type=Path, default=CONTRACTS_FOLDER, help="folder of the contracts")
    arguments = parser.parse_args(argv)
    try:
        outputs = compile_folder(arguments.folder)
    except ContractError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if not arguments.check:
        _write(arguments.folder, outputs)
        return 0
    stale = _stale(arguments.folder, outputs)
    if stale:
        sys.stderr.write(
            f"{', '.join(stale)}: not what the contracts say. Run `make contracts` and commit the result.\n"
        )
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
