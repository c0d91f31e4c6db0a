"""A DQDL document as a rule set. Everything that AWS refuses when a rule set is created is refused here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from local.services.glue.data_quality.dqdl import conditions
from local.services.glue.data_quality.dqdl.condition_parser import ConditionParser
from local.services.glue.data_quality.dqdl.conditions import Condition, Keyword, Operand, Text
from local.services.glue.data_quality.dqdl.errors import DqdlError
from local.services.glue.data_quality.dqdl.labels import checked_labels
from local.services.glue.data_quality.dqdl.rule_types import BOOLEAN, RuleType, check_analyzer, rule_type
from local.services.glue.data_quality.dqdl.rules import Analyzer, Composite, Parameter, Rule, Ruleset
from local.services.glue.data_quality.dqdl.token_stream import TokenStream
from local.services.glue.data_quality.dqdl.tokens import END, NAME, STRING, Token

Item = TypeVar("Item")

# Tags that a rule understands. AWS ignores others; here a misspelt one is refused.
_TAGS = {"ColumnDataType": frozenset({"format"})}


def parse(text: str) -> Ruleset:
    """:raises DqdlError: not a rule set that Glue Data Quality evaluates on the Data Catalog."""
    return _Parser(text).document()


class _Parser:
    def __init__(self, text: str) -> None:
        self._stream = TokenStream(text)
        self._variables: dict[str, list[Operand]] = {}
        self._conditions = ConditionParser(self._stream, self._variables)
        self._default_labels: dict[str, str] = {}

    def document(self) -> Ruleset:
        stream = self._stream
        for section in ("Metadata", "DataSources"):
            if stream.sees(section):
                raise DqdlError(f"{section} section is not served by the local AWS")
        while stream.next.is_identifier:
            self._declare()
        if stream.takes("DefaultLabels"):
            stream.require("=")
            self._default_labels = self._label_list(0)
        rules: list[Rule | Composite] = []
        analyzers: list[Analyzer] = []
        if not stream.sees("Rules", "Analyzers"):
            raise stream.next.error("{'Rules', 'Analyzers'}")
        if stream.takes("Rules"):
            stream.require("=")
            rules = self._section(self._disjunction)
        if stream.takes("Analyzers"):
            stream.require("=")
            analyzers = self._section(self._analyzer)
        if stream.next.kind != END:
            raise stream.next.error("<EOF>")
        if not rules and not analyzers:
            raise DqdlError("No rules or analyzers provided.")
        return Ruleset(tuple(rules), tuple(analyzers))

    def _section(self, item: Callable[[], Item]) -> list[Item]:
        if self._stream.sees("[") and self._stream.after().text == "]":
            self._stream.take()
            self._stream.take()
            return []
        return self._stream.list_of(item)

    def _declare(self) -> None:
        name = self._stream.take()
        if name.text.startswith((".", "_")):
            raise DqdlError(f"Variable name '{name.text}' cannot start with '.' or '_'")
        if name.text in self._variables:
            raise DqdlError(f"Variable '{name.text}' is already defined")
        self._stream.require("=")
        if self._stream.sees("["):
            self._variables[name.text] = self._stream.list_of(self._constant)
        else:
            self._variables[name.text] = [self._constant()]

    def _constant(self) -> Operand:
        word = self._stream.takes("null", "NULL", "empty", "EMPTY", "whitespaces_only", "WHITESPACES_ONLY")
        if word:
            return Keyword(word.upper())
        text = self._stream.require_string().value
        if "$" in text and any(part[:1].isalpha() or part[:1] == "_" for part in text.split("$")[1:]):
            raise DqdlError("Nested variables are not supported")
        return Text(text)

    # Rules, composed: "and" binds closer than "or"

    def _disjunction(self) -> Rule | Composite:
        return self._connected("OR", self._conjunction)

    def _conjunction(self) -> Rule | Composite:
        return self._connected("AND", self._term)

    def _connected(self, operator: str, part: Callable[[], Rule | Composite]) -> Rule | Composite:
        left = part()
        while self._stream.takes(operator.lower(), operator):
            left = Composite(operator, (left, part()), self._default_labels)
        return left

    def _term(self) -> Rule | Composite:
        if not self._stream.takes("("):
            return self._rule()
        inner = self._disjunction()
        self._stream.require(")")
        if self._stream.takes("labels"):
            self._stream.require("=")
            own = self._label_list(len(self._default_labels))
            labels = {**self._default_labels, **own}
            if isinstance(inner, Composite):
                return Composite(inner.operator, inner.rules, labels)
            return replace(inner, own_labels=own, labels=labels)
        return inner

    def _rule(self) -> Rule:
        name = self._type_name()
        parameters = self._parameters()
        condition = self._conditions.parse() if self._conditions.starts() else None
        known = rule_type(name.text, parameters)
        where = self._where(name.text, known)
        own_labels: dict[str, str] = {}
        if self._stream.takes("labels"):
            self._stream.require("=")
            own_labels = self._label_list(len(self._default_labels))
        threshold, tags = self._with(name.text, known)
        _check_condition(name.text, known, condition)
        labels = {**self._default_labels, **own_labels}
        return Rule(name.text, parameters, condition, where, threshold, tags, own_labels, labels)

    def _type_name(self) -> Token:
        name = self._stream.take()
        if not name.is_identifier:
            raise name.error("{'(', IDENTIFIER}")
        return name

    def _parameters(self) -> tuple[Parameter, ...]:
        found = []
        while True:
            connector = ""
            if self._stream.sees("of", "OF", "and", "AND") and self._stream.after().kind in (STRING, NAME):
                connector = self._stream.take().text
            if self._stream.next.kind == STRING:
                found.append(Parameter(self._stream.take().value, True, connector))
            elif self._stream.next.is_identifier:
                found.append(Parameter(self._stream.take().text, False, connector))
            elif self._stream.sees("$"):
                found += [Parameter(str(value.value), True, connector) for value in self._texts()]
            elif connector:
                raise self._stream.next.error("{QUOTED_STRING, IDENTIFIER}")
            else:
                return tuple(found)

    def _texts(self) -> list[Text]:
        token = self._stream.next
        values = self._conditions.variable()
        texts = [value for value in values if isinstance(value, Text)]
        if len(texts) != 1:
            raise token.error("a variable with one string")
        return texts

    def _where(self, name: str, known: RuleType) -> str | None:
        if not self._stream.takes("where"):
            return None
        condition = self._stream.require_string().value
        if not known.where:
            raise DqdlError(f"Where clause is not supported for rule type: {name}")
        if not condition:
            raise DqdlError(f"Empty where condition provided for rule type: {name}")
        return condition

    def _with(self, name: str, known: RuleType) -> tuple[Condition | None, Mapping[str, str]]:
        threshold: Condition | None = None
        tags: dict[str, str] = {}
        while self._stream.takes("with"):
            tag = self._stream.take()
            if not tag.is_identifier:
                raise tag.error("IDENTIFIER")
            condition = self._conditions.parse()
            if tag.text.lower() == "threshold" and condition.kind == conditions.NUMBER:
                if not known.threshold:
                    raise DqdlError(f"Threshold condition not supported for rule type: {name}")
                if threshold is not None:
                    raise DqdlError("Only one threshold condition at a time is supported.")
                threshold = condition
                continue
            if condition.operator != "=":
                kind = "Number" if condition.kind == conditions.NUMBER else "String"
                raise DqdlError(f"{kind} tags only support the equality operator.")
            if tag.text not in _TAGS.get(name, ()):
                raise DqdlError(f"Tag {tag.text} has no effect on rule type: {name}")
            tags[tag.text] = str(condition.operands[0]).strip('"')
        return threshold, tags

    def _label_list(self, already: int) -> dict[str, str]:
        if self._stream.sees("[") and self._stream.after().text == "]":
            raise DqdlError("Labels must have at least one label")
        return checked_labels(self._stream.list_of(self._label), already)

    def _label(self) -> tuple[str, str]:
        key = self._stream.require_string().value
        self._stream.require("=")
        return key, self._stream.require_string().value

    def _analyzer(self) -> Analyzer:
        name = self._type_name()
        parameters = self._parameters()
        check_analyzer(name.text, parameters)
        return Analyzer(name.text, parameters)


def _check_condition(name: str, known: RuleType, condition: Condition | None) -> None:
    if condition is None:
        if BOOLEAN not in known.returns:
            raise DqdlError(f"Unexpected condition for rule of type {name} with {known.returns[0]} return type")
        return
    only_null = condition.kind == conditions.NUMBER and not condition.numbers
    if condition.kind not in known.returns or (only_null and conditions.STRING not in known.returns):
        raise DqdlError(f"Unexpected condition for rule of type {name} with {known.returns[0]} return type")
    mixed = condition.kind == conditions.NUMBER and condition.has_null and conditions.STRING not in known.returns
    if mixed:
        raise DqdlError(f"NULL is not supported for rule type: {name}")
    if condition.has_null and condition.operator not in ("=", "!=", "in", "not in"):
        raise DqdlError(f"NULL cannot be an operand of {condition.operator}")
