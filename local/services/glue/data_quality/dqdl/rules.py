"""Rules as the parser gives them and as AWS prints them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from local.services.glue.data_quality.dqdl.conditions import Condition


@dataclass(frozen=True)
class Parameter:
    """:param connector: ``of`` or ``and`` before it, "" if there is none."""

    value: str
    quoted: bool = True
    connector: str = ""

    def __str__(self) -> str:
        shown = f'"{self.value}"' if self.quoted else self.value
        return f"{self.connector} {shown}" if self.connector else shown


@dataclass(frozen=True)
class Rule:
    """:param where: Spark SQL condition; rows that do not meet it do not count.
    :param threshold: of ``with threshold``.
    :param tags: of ``with name = value``.
    """

    kind: str
    parameters: tuple[Parameter, ...] = ()
    condition: Condition | None = None
    where: str | None = None
    threshold: Condition | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    own_labels: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """The values of the parameters, which are column names for most kinds."""
        return [parameter.value for parameter in self.parameters]

    def __str__(self) -> str:
        text = " ".join([self.kind, *map(str, self.parameters)])
        text += f" {self.condition}" if self.condition is not None else ""
        text += f' where "{self.where}"' if self.where is not None else ""
        text += f" with threshold {self.threshold}" if self.threshold is not None else ""
        text += "".join(f' with {name} = "{value}"' for name, value in self.tags.items())
        if self.own_labels:
            text += " labels=[" + ", ".join(f'"{key}"="{value}"' for key, value in self.own_labels.items()) + "]"
        return text


@dataclass(frozen=True)
class Composite:
    """:param operator: AND or OR."""

    operator: str
    rules: tuple[Rule | Composite, ...]
    labels: Mapping[str, str] = field(default_factory=dict)

    def leaves(self) -> Iterator[Rule]:
        """The rules that are connected, from the left."""
        for rule in self.rules:
            yield from (rule,) if isinstance(rule, Rule) else rule.leaves()

    def _only(self, operator: str) -> bool:
        return self.operator == operator and all(isinstance(rule, Rule) or rule._only(operator) for rule in self.rules)

    def __str__(self) -> str:
        parts = list(self.leaves()) if self._only(self.operator) else list(self.rules)
        return f" {self.operator} ".join(f"({part})" for part in parts)


@dataclass(frozen=True)
class Analyzer:
    """A statistic that is only reported."""

    kind: str
    parameters: tuple[Parameter, ...] = ()

    def __str__(self) -> str:
        return " ".join([self.kind, *map(str, self.parameters)])


@dataclass(frozen=True)
class Ruleset:
    rules: tuple[Rule | Composite, ...]
    analyzers: tuple[Analyzer, ...] = ()
