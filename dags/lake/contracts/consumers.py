"""Who relies on a data product: other contracts, SQL files, DAG files and roles, found in the repository."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lake.contracts.odcs import Document

_DIALECTS = ("athena", "redshift")  # folders below sql/, each in the dialect it is named after


@dataclass(frozen=True, order=True)
class Consumer:
    """Somebody whose work a change can break.

    :param kind: contract, sql, dag or role
    :param name: product, path in the repository, or role
    :param how: what it does with the product
    """

    kind: str
    name: str
    how: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.how}"


def consumers(product: str, document: Document, others: dict[str, Document], repository: Path) -> list[Consumer]:
    """Return everybody who reads a product, sorted.

    :param product: name of the product
    :param document: its contract, as it was before the change
    :param others: all contracts by product
    :param repository: root of the repository, whose ``sql/`` and ``dags/`` are read
    """
    found = [
        consumer for name, other in others.items() if name != product for consumer in _contract(product, name, other)
    ]
    found += [*_sql_files(product, document, repository), *_dag_files(product, repository), *_roles(document)]
    return sorted(set(found))


def _contract(product: str, name: str, other: Document) -> Iterator[Consumer]:
    for key, values in _values(other):
        if key == "to" and any(str(value).split(".")[-2:-1] == [product] for value in values):
            yield Consumer("contract", name, f"refers to it by foreign key ({', '.join(map(str, values))})")
        if key == "transformSourceObjects" and any(product in str(value).split(".")[:-1] for value in values):
            yield Consumer("contract", name, "is made from it (transformSourceObjects)")
        if key == "product" and product in values:
            yield Consumer("contract", name, "has a rule that reads it")


def _values(part: Any) -> Iterator[tuple[str, list[Any]]]:
    """Yield every field of a document with its value or values."""
    if isinstance(part, list):
        for entry in part:
            yield from _values(entry)
    if isinstance(part, dict):
        for key, value in part.items():
            yield key, value if isinstance(value, list) else [value]
            yield from _values(value)


def _sql_files(product: str, document: Document, repository: Path) -> Iterator[Consumer]:
    schemas = {
        str(entry[field]) for entry in document.get("servers", []) for field in ("database", "schema") if field in entry
    }
    schemas |= {"landing", "staging", "quarantine"}
    word = re.compile(rf"\b{re.escape(product)}\b")
    for dialect in _DIALECTS:
        for path in sorted((repository / "sql" / dialect).rglob("*.sql")):
            text = path.read_text(encoding="utf-8")
            if not word.search(text):
                continue
            name = path.relative_to(repository).as_posix()
            tables = _tables(text, dialect, repository)
            if tables is None:
                yield Consumer("sql", name, "names it; the file cannot be parsed, look at it")
            elif read := sorted(t for t in tables if t.split(".")[-1] == product and set(t.split(".")[:-1]) <= schemas):
                yield Consumer("sql", name, f"reads or writes {', '.join(read)}")


def _tables(text: str, dialect: str, repository: Path) -> set[str] | None:
    """Return the tables a statement names, or None when it cannot be parsed. The parser is that of `make check`."""
    # The parser tells every step to whoever listens to INFO, as Airflow does.
    logging.getLogger("sqlfluff").setLevel(logging.WARNING)
    from sqlfluff.core import FluffConfig, Linter

    settings = FluffConfig.from_path(str(repository / "sql"), overrides={"dialect": dialect})
    variant = Linter(config=settings).parse_string(text).root_variant()
    if variant is None or variant.tree is None or any(variant.tree.recursive_crawl("unparsable")):
        return None
    return {found.raw.replace('"', "").lower() for found in variant.tree.recursive_crawl("table_reference")}


def _dag_files(product: str, repository: Path) -> Iterator[Consumer]:
    word = re.compile(rf"\b{re.escape(product)}\b")
    for path in sorted((repository / "dags").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=path.name)
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
        if any(word.search(str(node.value)) for node in texts if id(node) not in prose):
            yield Consumer("dag", path.stem, "names it")


def _roles(document: Document) -> Iterator[Consumer]:
    for role in document.get("roles", []):
        if role.get("access", "read") == "read":
            yield Consumer("role", role["role"], "may read it")
