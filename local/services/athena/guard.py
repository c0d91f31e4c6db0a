"""What a query may consist of, whoever asks: one query, Trino's functions, no table functions, no settings."""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.tokens import Tokenizer

from local.services.athena.errors import QueryFailed
from local.services.athena.functions.nodes import Node
from local.services.athena.functions.trino_names import NOT_EXECUTABLE, TRINO_FUNCTIONS

_DENIED_NODES = tuple(
    kind
    for name in (
        "ReadCSV", "ReadParquet", "ReadHTML", "Pragma", "Set", "Attach", "Detach", "Copy", "Command", "Install",
        "Directory", "Describe", "Pivot", "Into", "Placeholder", "Parameter", "SessionParameter",
    )
    if (kind := getattr(exp, name, None)) is not None
)  # fmt: skip
_UNSUPPORTED_NODES = {exp.MatchRecognize: "MATCH_RECOGNIZE"}

_JOIN_KINDS = {"", "INNER", "OUTER", "CROSS"}
# An array is ARRAY[...]; elsewhere a bracket follows what it takes an element of.
_NOT_BEFORE_BRACKET = {None, TokenType.SELECT, TokenType.COMMA, TokenType.L_PAREN, TokenType.EQ}

# Words before "(" that are syntax, not functions.
_SYNTAX_BEFORE_PARENTHESIS = {TokenType.ALIAS, TokenType.TABLE, TokenType.INTO, TokenType.WITH, TokenType.RECURSIVE}


def parse_statement(sql: str) -> Node:
    """The one statement of a text, in Trino's dialect.

    :raises QueryFailed: no statement, several, or not SQL.
    """
    try:
        statements = [statement for statement in sqlglot.parse(sql, read="trino") if statement is not None]
    except SqlglotError as error:
        raise syntax_error(error) from error
    if len(statements) != 1:
        raise QueryFailed("SYNTAX_ERROR", "line 1:1: Only one sql statement is allowed. Got: " + sql[:200])
    _refuse_other_dialects(sql, statements[0])
    return statements[0]


def _refuse_other_dialects(sql: str, tree: Node) -> None:
    """sqlglot reads more than Trino's grammar has, and DuckDB would run it: joins without a condition, literals.

    :raises QueryFailed: SYNTAX_ERROR.
    """
    joins = list(tree.find_all(exp.Join))
    tokens: list[Token] = list(Tokenizer(dialect="trino").tokenize(sql))
    unconditional = 0
    for before, token in zip([None, *tokens], tokens, strict=False):
        previous = before.token_type if before is not None else None
        where = f"line {token.line}:{max(1, token.col - len(token.text) + 1)}"
        if token.token_type == TokenType.L_BRACE or (
            token.token_type == TokenType.L_BRACKET and previous in _NOT_BEFORE_BRACKET
        ):
            raise QueryFailed("SYNTAX_ERROR", f"{where}: mismatched input '{token.text}'. Expecting: <expression>")
        if token.token_type == TokenType.JOIN and previous != TokenType.CROSS:
            unconditional += 1
    for join in joins:
        if join.kind not in _JOIN_KINDS or join.method not in ("", "NATURAL"):
            raise QueryFailed("SYNTAX_ERROR", f"line 1:1: mismatched input '{join.method or join.kind}'")
        unconditional -= bool(join.args.get("on") or join.args.get("using") or join.method)
    if unconditional > 0:
        raise QueryFailed(
            "SYNTAX_ERROR",
            "line 1:1: mismatched input. Expecting: 'ON', 'USING' after JOIN (every row with every row is CROSS JOIN)",
        )


def parse_query(sql: str) -> exp.Query:
    """:raises QueryFailed: not one SELECT, VALUES or WITH."""
    statement = parse_statement(sql)
    check_function_names(sql, statement)
    return as_query(statement)


def as_query(statement: Node) -> exp.Query:
    """A query with named columns.

    :raises QueryFailed: not a query.
    """
    while isinstance(statement, exp.Paren):
        statement = statement.this
    if isinstance(statement, exp.Values):
        width = len(statement.expressions[0].expressions) if isinstance(statement.expressions[0], exp.Tuple) else 1
        names = [exp.to_identifier(f"_col{i}") for i in range(width)]
        alias = exp.TableAlias(this=exp.to_identifier("values__"), columns=names)
        return exp.select("*").from_(exp.Values(expressions=statement.expressions, alias=alias))
    if not isinstance(statement, exp.Query):
        raise QueryFailed("SYNTAX_ERROR", f"line 1:1: mismatched input '{statement.key.upper()}'. Expecting: a query")
    return statement


def syntax_error(error: SqlglotError) -> QueryFailed:
    if isinstance(error, ParseError) and error.errors:
        first = error.errors[0]
        column = max(1, (first.get("col") or 1) - len(first.get("highlight") or "") + 1)
        return QueryFailed(
            "SYNTAX_ERROR", f"line {first.get('line') or 1}:{column}: mismatched input '{first.get('highlight')}'"
        )
    return QueryFailed("SYNTAX_ERROR", "line 1:1: " + str(error).split("\n", 1)[0])


def position(node: Node) -> str:
    """``line 1:8: `` of the first identifier below a node; empty if unknown."""
    for name in node.find_all(exp.Identifier):
        if "line" in name.meta:
            column = name.meta["col"] - (name.meta["end"] - name.meta["start"])
            return f"line {name.meta['line']}:{column}: "
    return ""


def check(tree: Node) -> None:
    """Refuse what Athena has not, or what could reach beyond the governed tables.

    :raises QueryFailed: the tree holds such a node.
    """
    for node in tree.walk():
        if isinstance(node, _DENIED_NODES):
            raise QueryFailed("SYNTAX_ERROR", f"line 1:1: mismatched input '{node.key.upper()}'")
        for kind, name in _UNSUPPORTED_NODES.items():
            if isinstance(node, kind):
                raise QueryFailed("NOT_SUPPORTED", f"{name} exists in Athena but not in local Athena")
        if isinstance(node, exp.Anonymous):
            _check_name(node.name.lower())
        if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
            raise QueryFailed(
                "FUNCTION_NOT_FOUND", f"{position(node)}Table function '{_table_function(node)}' not registered"
            )
        if isinstance(node, exp.Star) and any(
            node.args.get(part) for part in ("except_", "except", "replace", "rename")
        ):
            raise QueryFailed(
                "SYNTAX_ERROR", "line 1:1: mismatched input '*'. Athena has no EXCLUDE, EXCEPT or REPLACE"
            )


def check_function_names(sql: str, tree: Node) -> None:
    """Names that sqlglot knows from other dialects never get here as such: look at the words themselves.

    :raises QueryFailed: FUNCTION_NOT_FOUND.
    """
    known = {alias.name.lower() for alias in tree.find_all(exp.TableAlias) if alias.name}
    known |= {table.name.lower() for table in tree.find_all(exp.Table) if table.name}
    for name in _called_names(sql):
        if name.lower() not in known:
            _check_name(name.lower())


def _check_name(name: str) -> None:
    if name in NOT_EXECUTABLE:
        raise QueryFailed(
            "NOT_SUPPORTED",
            f"Function '{name}' exists in Athena but not in local Athena. See docs/local-aws/athena.md.",
        )
    if name not in TRINO_FUNCTIONS:
        raise QueryFailed("FUNCTION_NOT_FOUND", f"Function '{name}' not registered")


def _called_names(sql: str) -> Iterator[str]:
    tokens: list[Token] = list(Tokenizer(dialect="trino").tokenize(sql))
    for before, token, after in zip([None, *tokens], tokens, tokens[1:], strict=False):
        if after.token_type != TokenType.L_PAREN or token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            continue
        if before is not None and before.token_type in _SYNTAX_BEFORE_PARENTHESIS:
            continue
        if token.token_type == TokenType.VAR:
            yield token.text


def _table_function(table: exp.Table) -> str:
    inner = table.this
    return (inner.name or inner.key) if isinstance(inner, exp.Expr) else "unknown"
