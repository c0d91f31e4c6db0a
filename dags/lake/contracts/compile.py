"""Compile the contracts: ``python -m lake.contracts compile [--check]``, also ``make contracts``.

Reads ``dags/contracts/*.odcs.yaml`` and writes what DAGs, jobs, CloudFormation and people read. The same input gives
the same bytes, so that a change of a contract is reviewed with everything that follows from it.

| output | read by |
|---|---|
| ``dags/contracts/index.json`` | DAG files, when they are parsed: one line per product |
| ``dags/contracts/<product>.json`` | tasks and Glue jobs, at run time |
| ``dags/contracts/platform.json`` | permission tasks, from ``platform.policy.yaml`` |
| ``dags/contracts/generated/<product>/`` | reviewers, other tools; the warehouse's table |
| ``docs/products/<product>.md`` | the product's readers |
| ``mwaa/cloudformation/products.yaml`` | CloudFormation |
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from lake.contracts import CONTRACTS_FOLDER, ddl
from lake.contracts.columns import compiled_columns, landing_columns
from lake.contracts.docs_page import docs_page
from lake.contracts.dqdl import dqdl_rules, rule_set
from lake.contracts.expectations import ENGINE as GREAT_EXPECTATIONS
from lake.contracts.expectations import gx_suite, table_rules
from lake.contracts.lake_rules import lake_rules
from lake.contracts.lint import lint
from lake.contracts.lint_folder import lint_folder
from lake.contracts.odcs import ContractError, Document, Problem, custom_property, read_document, server, sla
from lake.contracts.permissions import compiled_permissions
from lake.contracts.platform_policy import NAME as POLICY
from lake.contracts.platform_policy import OUTPUT as POLICY_OUTPUT
from lake.contracts.platform_policy import compiled_policy
from lake.contracts.product_stack import product_stack
from lake.contracts.revisions import CONTRACTS
from lake.contracts.row_rules import row_rules, structure_rules

FORMAT = 3  # raised when the layout of the compiled files changes
REPOSITORY = CONTRACTS_FOLDER.parents[1]
DOCS = "docs/products"
STACK = "mwaa/cloudformation/products.yaml"


def compile_repository(repository: Path) -> dict[str, str]:
    """Compile every contract of a repository.

    :param repository: its root; contracts are in ``dags/contracts``
    :return: text of each output file by its path in the repository
    :raises ContractError: if a contract cannot be compiled, or contracts contradict each other
    """
    documents = {path: read_document(path) for path in sorted((repository / CONTRACTS).glob("*.odcs.yaml"))}
    compiled = [compile_document(document, path) for path, document in documents.items()]
    for file_name, problems in lint_folder(compiled).items():
        raise ContractError(file_name, problems)
    outputs = {f"{CONTRACTS}/index.json": _index(compiled), STACK: product_stack(compiled)}
    policy = compiled_policy(repository / CONTRACTS)
    if policy is not None:
        outputs[f"{CONTRACTS}/{POLICY_OUTPUT}"] = _text(policy)
    for contract, document in zip(compiled, documents.values(), strict=True):
        product = contract["product"]
        outputs[f"{CONTRACTS}/{product}.json"] = _text(contract)
        outputs[f"{DOCS}/{product}.md"] = docs_page(contract, document)
        for name, text in _generated(contract):
            outputs[f"{CONTRACTS}/generated/{product}/{name}"] = text
    return outputs


def compile_contract(path: Path) -> dict[str, Any]:
    """Compile one contract file.

    :param path: a ``*.odcs.yaml`` file
    :raises ContractError: listing every problem of the contract
    """
    return compile_document(read_document(path), path)


def compile_document(document: Document, path: Path) -> dict[str, Any]:
    """Compile a contract.

    :param document: the contract
    :param path: its file, for messages
    :raises ContractError: listing every problem of the contract
    """
    problems = odcs_problems(document) or lint(document)
    if not problems and document["name"] in ("index", POLICY):
        problems = [Problem("name", f"{document['name']!r} is a file of the compiler's own", "Choose another name.")]
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
    landing = server(document, "landing")
    null_texts = [str(text) for text in custom_property(landing, "nullValues", [])]
    columns = compiled_columns(table, null_texts)
    csv = custom_property(landing, "csv", {})
    marker = custom_property(landing, "completeness", {}).get("marker")
    policy = custom_property(document, "quarantine")
    rules = table_rules(table, columns)
    return {
        "version": document["version"],
        "status": document["status"],
        "domain": document["domain"],
        "data_product": document.get("dataProduct", document["name"]),
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
            "null_texts": null_texts,
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
        "quality_engines": custom_property(document, "qualityEngines", [GREAT_EXPECTATIONS]),
        "table_rules": rules,
        "dqdl": dqdl_rules(rules, columns),
        "lake_rules": lake_rules(document),
        "quarantine": {
            "warn_percent": policy["warnPercent"],
            "max_percent": policy["maxPercent"],
            "retention_days": policy["retentionDays"],
        },
        "permissions": compiled_permissions(document, columns),
    }


def _index(compiled: list[dict[str, Any]]) -> str:
    """Return the index with one line per product: quick to read, and a change of a product is a change of a line."""
    entries = [f"  {json.dumps(entry['product'])}: {json.dumps(_index_entry(entry))}" for entry in compiled]
    note = json.dumps("Compiled from *.odcs.yaml by `make contracts`; do not edit.")
    products = ",\n".join(entries)
    return f'{{\n "format": {FORMAT},\n "note": {note},\n "products": {{\n{products}\n }}\n}}\n'


def _index_entry(compiled: dict[str, Any]) -> dict[str, Any]:
    landing = compiled["landing"]
    return {
        **{name: compiled[name] for name in ("version", "hash", "owner", "domain", "schedule", "data_product")},
        "landing_prefix": landing["prefix"],
        "landing_partition_key": landing["partition_key"],
        "completeness_marker": landing["completeness_marker"],
        "on_refused_file": landing["on_refused_file"],
        **{name: compiled[name] for name in ("databases", "partition_column", "quality_engines", "quarantine")},
    }


def _generated(compiled: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "athena_hive.ddl.sql", ddl.athena_hive(compiled)
    yield "athena_iceberg.ddl.sql", ddl.athena_iceberg(compiled)
    yield "redshift.ddl.sql", ddl.redshift(compiled)
    yield "expectations.json", _text(gx_suite(compiled["product"], compiled["table_rules"]))
    yield "rules.dqdl", rule_set(compiled["dqdl"])
    yield "lake_formation.json", _text(compiled["permissions"])
    yield "spark_schema.json", _text(_spark_schema(compiled["columns"]))


def _spark_schema(columns: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the published columns as the JSON of a Spark StructType."""
    fields = [
        {
            "name": column["name"],
            # Spark's JSON says int as integer and so on; its parser of types takes SQL's names for these.
            "type": {"int": "integer", "bigint": "long", "smallint": "short"}.get(
                column["spark_type"], column["spark_type"]
            ),
            "nullable": not column["required"],
            "metadata": {"comment": column["description"]},
        }
        for column in columns
    ]
    return {"type": "struct", "fields": fields}


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def write(repository: Path, outputs: dict[str, str]) -> Iterator[str]:
    """Bring the output files to what the contracts say.

    :param repository: its root
    :param outputs: result of :func:`compile_repository`
    :return: a line for each file that was written or removed
    """
    for name in stale(repository, outputs):
        path = repository / name
        if name in outputs:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(outputs[name], encoding="utf-8")
        else:
            path.unlink()
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
        yield f"{'wrote' if name in outputs else 'removed'} {name}"


def stale(repository: Path, outputs: dict[str, str]) -> list[str]:
    """Return the paths of output files that are missing, differ, or belong to no contract any more.

    :param repository: its root
    :param outputs: result of :func:`compile_repository`
    """
    contracts = repository / CONTRACTS
    files = [*contracts.glob("*.json"), *contracts.glob("generated/*/*"), *(repository / DOCS).glob("*.md")]
    files += [repository / STACK] if (repository / STACK).exists() else []
    present = {path.relative_to(repository).as_posix(): path.read_text(encoding="utf-8") for path in files}
    return sorted(name for name in present.keys() | outputs.keys() if present.get(name) != outputs.get(name))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command.

    :param parser: parser of the sub-command
    """
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the committed output is stale")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compile, or check that the output is fresh.

    :param options: ``repository`` and ``check``
    :return: exit code; 1 for stale output
    :raises ContractError: if a contract cannot be compiled
    """
    outputs = compile_repository(options.repository)
    if not options.check:
        for line in write(options.repository, outputs):
            sys.stdout.write(f"{line}\n")
        return 0
    old = stale(options.repository, outputs)
    if old:
        sys.stderr.write(f"{', '.join(old)}: not what the contracts say. Run `make contracts` and commit the result.\n")
    return 1 if old else 0
