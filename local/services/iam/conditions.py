"""The Condition element: operators and keys.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "AWS global condition context keys".
Whatever is not listed here is refused when the policy is stored (`policy.PolicyError`); it never counts as met.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from local.services.iam.patterns import Context, matches, resolved

Operator = Callable[[str, str], bool]

# Values the local AWS really has at hand for a request; the prefix forms take a name behind the slash.
GLOBAL_KEYS = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principaltype",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:securetransport",
        "aws:sourceip",
        "aws:userid",
        "aws:username",
        "aws:viaawsservice",
        "aws:calledvia",
    }
)
SERVICE_KEYS = frozenset(
    {
        "cloudwatch:namespace",
        "iam:passedtoservice",
        # Only a service that calls KMS for somebody has a value; here none does, so direct calls are all there are.
        "kms:viaservice",
        "ram:requestedresourcetype",
        "ram:resourcesharename",
        "redshift-data:session-owner-iam-userid",
        "redshift-data:statement-owner-iam-userid",
        "s3:delimiter",
        "s3:max-keys",
        "s3:prefix",
    }
)
_KEY_PREFIXES = ("aws:principaltag/",)


def _number(compare: Callable[[float, float], bool]) -> Operator:
    def check(actual: str, wanted: str) -> bool:
        try:
            return compare(float(actual), float(wanted))
        except ValueError:
            return False

    return check


def _moment(text: str) -> datetime:
    if text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _date(compare: Callable[[datetime, datetime], bool]) -> Operator:
    def check(actual: str, wanted: str) -> bool:
        try:
            return compare(_moment(actual), _moment(wanted))
        except ValueError:
            return False

    return check


def _in_network(actual: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(actual) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _arn_like(actual: str, wanted: str) -> bool:
    """Part by part: a wildcard does not reach over a colon of the first five parts."""
    given, pattern = actual.split(":", 5), wanted.split(":", 5)
    return len(given) == len(pattern) == 6 and all(matches(p, g) for p, g in zip(pattern, given, strict=True))


_POSITIVE: dict[str, Operator] = {
    "stringequals": lambda actual, wanted: actual == wanted,
    "stringequalsignorecase": lambda actual, wanted: actual.lower() == wanted.lower(),
    "stringlike": lambda actual, wanted: matches(wanted, actual),
    "numericequals": _number(lambda a, b: a == b),
    "numericlessthan": _number(lambda a, b: a < b),
    "numericlessthanequals": _number(lambda a, b: a <= b),
    "numericgreaterthan": _number(lambda a, b: a > b),
    "numericgreaterthanequals": _number(lambda a, b: a >= b),
    "dateequals": _date(lambda a, b: a == b),
    "datelessthan": _date(lambda a, b: a < b),
    "datelessthanequals": _date(lambda a, b: a <= b),
    "dategreaterthan": _date(lambda a, b: a > b),
    "dategreaterthanequals": _date(lambda a, b: a >= b),
    "bool": lambda actual, wanted: actual.lower() == wanted.lower(),
    "ipaddress": _in_network,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
}
_NEGATIVE: dict[str, Operator] = {
    "stringnotequals": _POSITIVE["stringequals"],
    "stringnotequalsignorecase": _POSITIVE["stringequalsignorecase"],
    "stringnotlike": _POSITIVE["stringlike"],
    "numericnotequals": _POSITIVE["numericequals"],
    "datenotequals": _POSITIVE["dateequals"],
    "notipaddress": _POSITIVE["ipaddress"],
    "arnnotequals": _arn_like,
    "arnnotlike": _arn_like,
}


class UnsupportedCondition(ValueError):
    """The local IAM cannot evaluate this operator or key."""


class Condition:
    """One operator with its keys, checked when it is made.

    :param operator: as written, ``StringLikeIfExists`` or ``ForAnyValue:StringEquals``.
    :param wanted: key -> value or values.
    :raises UnsupportedCondition: an operator or key that is not evaluated here.
    """

    def __init__(self, operator: str, wanted: Mapping[str, object]) -> None:
        name = operator.lower()
        quantifier, separator, rest = name.partition(":")
        self._for_all = bool(separator) and quantifier == "forallvalues"
        if separator and quantifier not in ("forallvalues", "foranyvalue"):
            raise UnsupportedCondition(f"condition operator {operator}")
        name = rest if separator else name
        self._if_exists = name.endswith("ifexists")
        name = name.removesuffix("ifexists")
        self._must_be_null = name == "null"
        self._negative = name in _NEGATIVE
        compare = _POSITIVE.get(name) or _NEGATIVE.get(name)
        if compare is None and not self._must_be_null:
            raise UnsupportedCondition(f"condition operator {operator}")
        self._compare: Operator = compare or _POSITIVE["bool"]
        self._wanted = {key.lower(): _texts(values) for key, values in wanted.items()}
        for key in self._wanted:
            if key not in GLOBAL_KEYS | SERVICE_KEYS and not key.startswith(_KEY_PREFIXES):
                raise UnsupportedCondition(f"condition key {key}")

    def is_met(self, context: Context) -> bool:
        """Whether every key of this operator has a fitting value."""
        return all(self._key_is_met(context.get(key), wanted, context) for key, wanted in self._wanted.items())

    def _key_is_met(self, actual: Sequence[str] | None, wanted: list[str], context: Context) -> bool:
        if self._must_be_null:
            return any((not actual) == (text.lower() == "true") for text in wanted)
        if not actual:
            return self._if_exists or self._negative or self._for_all
        values = [text for text in (resolved(item, context) for item in wanted) if text is not None]
        hits = (any(self._compare(one, text) for text in values) for one in actual)
        if self._negative:
            hits = (not hit for hit in hits)
        return all(hits) if self._for_all else any(hits)


def _texts(values: object) -> list[str]:
    listed = values if isinstance(values, list) else [values]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in listed]
