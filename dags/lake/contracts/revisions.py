"""Contracts as they were or are: from a file, a folder, or a git revision."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lake.contracts.odcs import ContractError, Document, Problem, parse_document, read_document

CONTRACTS = "dags/contracts"
_SUFFIX = ".odcs.yaml"


class UnknownRevisionError(Exception):
    """Git does not know a revision; the text says how to get it."""


def contracts_at(path: Path) -> dict[str, Document]:
    """Return the contracts of a folder, or the one of a file, by product.

    :param path: a ``*.odcs.yaml`` file, or a folder with such files
    :raises ContractError: if there is nothing, or a file cannot be read
    """
    if not path.exists():
        raise ContractError(path.name, [Problem("(file)", f"{path} does not exist", "Name a contract or a folder.")])
    files = sorted(path.glob(f"*{_SUFFIX}")) if path.is_dir() else [path]
    return {_product(file.name, document): document for file in files for document in [read_document(file)]}


def contracts_in_git(repository: Path, revision: str) -> dict[str, Document]:
    """Return the contracts of a git revision by product.

    :param repository: root of the working tree
    :param revision: for example ``origin/main``
    :raises UnknownRevisionError: if git does not know it
    :raises ContractError: if a file of it cannot be read
    """
    # The first command tells a revision that is missing from one that has no contracts.
    _git(repository, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    names = _git(repository, "ls-tree", "-r", "--name-only", "-z", revision, "--", f"{CONTRACTS}/").split("\0")
    found = {}
    for name in names:
        if name.endswith(_SUFFIX):
            document = parse_document(_git(repository, "show", f"{revision}:{name}"), f"{revision}:{name}")
            found[_product(Path(name).name, document)] = document
    return found


def _product(file_name: str, document: Document) -> str:
    return str(document.get("name") or file_name.removesuffix(_SUFFIX))


def _git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments], capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode:
        reason = done.stderr.strip() or "no such revision"
        raise UnknownRevisionError(
            f"git {' '.join(arguments)}: {reason}. Fetch it (git fetch origin main) or name another with --against."
        )
    return done.stdout
