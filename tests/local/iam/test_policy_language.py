"""The policy language: what a statement covers, what wins, what is refused."""

from __future__ import annotations

import fnmatch
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.services.iam.patterns import matches, matches_with_variables, resolved
from local.services.iam.policy import PolicyError, compile_document, decide

TABLE = "arn:aws:glue:us-east-1:123456789012:table/curated/orders"


def statement(effect: str = "Allow", **elements: object) -> dict[str, object]:
    return {"Effect": effect, **({"Resource": "*"} if "NotResource" not in elements else {}), **elements}


def verdict(*statements: dict[str, object], action: str = "glue:GetTable", resource: str = TABLE, **context: str):
    keys = {key.replace("__", ":").replace("_", "-"): [value] for key, value in context.items()}
    return decide(compile_document({"Statement": list(statements)}, "p"), action, resource, keys)


# title, statements, action, resource, context, allowed
CASES = [
    pytest.param([], {}, False, id="nothing is allowed by default"),
    pytest.param([statement(Action="glue:GetTable")], {}, True, id="named"),
    pytest.param([statement(Action="GLUE:gettable")], {}, True, id="actions ignore case"),
    pytest.param([statement(Action="glue:Get*")], {}, True, id="wildcard"),
    pytest.param([statement(Action="glue:GetTabl?")], {}, True, id="one character"),
    pytest.param([statement(Action="glue:GetTable?")], {}, False, id="one character must be there"),
    pytest.param([statement(Action="glue:GetTables")], {}, False, id="another action"),
    pytest.param([statement(NotAction="glue:GetTable")], {}, False, id="all but this one"),
    pytest.param([statement(NotAction="s3:*")], {}, True, id="all but others"),
    pytest.param([statement(Action="*", Resource=TABLE.upper())], {}, False, id="resources do not ignore case"),
    pytest.param([statement(Action="*", Resource="arn:aws:glue:*:*:table/curated/*")], {}, True, id="resource pattern"),
    pytest.param([statement(Action="*", Resource="arn:aws:glue:*:*:table/staging/*")], {}, False, id="other table"),
    pytest.param([statement(Action="*", NotResource=TABLE)], {}, False, id="all but this resource"),
    pytest.param([statement(Action="*"), statement("Deny", Action="glue:*")], {}, False, id="deny wins"),
    pytest.param([statement("Deny", Action="glue:*"), statement(Action="*")], {}, False, id="deny wins in any order"),
    pytest.param([statement(Action="*"), statement("Deny", Action="s3:*")], {}, True, id="deny of something else"),
]


@pytest.mark.parametrize(("statements", "context", "allowed"), CASES)
def test_statements(statements, context, allowed):
    assert verdict(*statements, **context).allowed is allowed


def condition(operator: str, key: str, value: object, effect: str = "Allow") -> dict[str, object]:
    return statement(effect, Action="*", Condition={operator: {key: value}})


USER = {"aws__userid": "AROA1:me"}
CONDITIONS = [
    pytest.param(condition("StringEquals", "aws:userid", "AROA1:me"), USER, True, id="equal"),
    pytest.param(condition("StringEquals", "aws:userid", ["x", "AROA1:me"]), USER, True, id="one of several"),
    pytest.param(condition("StringEquals", "aws:userid", "aroa1:me"), USER, False, id="case counts"),
    pytest.param(condition("StringEqualsIgnoreCase", "aws:userid", "aroa1:me"), USER, True, id="case ignored"),
    pytest.param(condition("StringEquals", "AWS:UserId", "AROA1:me"), USER, True, id="keys ignore case"),
    pytest.param(condition("StringEquals", "aws:username", "me"), USER, False, id="missing key"),
    pytest.param(condition("StringEqualsIfExists", "aws:username", "me"), USER, True, id="missing key, IfExists"),
    pytest.param(condition("StringNotEquals", "aws:username", "me"), USER, True, id="missing key, negated"),
    pytest.param(condition("StringNotEquals", "aws:userid", ["x", "AROA1:me"]), USER, False, id="not any of several"),
    pytest.param(condition("StringLike", "aws:userid", "AROA?:*"), USER, True, id="like"),
    pytest.param(condition("StringLike", "aws:userid", "${aws:userid}"), USER, True, id="variable in a condition"),
    pytest.param(condition("Null", "aws:username", "true"), USER, True, id="must be missing"),
    pytest.param(condition("Null", "aws:userid", True), USER, False, id="is not missing"),
    pytest.param(condition("Bool", "aws:SecureTransport", False), {}, False, id="unknown is not false"),
    pytest.param(
        condition("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/x-*"),
        {"aws__principalarn": "arn:aws:iam::1:role/x-y"},
        True,
        id="ARN",
    ),
    pytest.param(
        condition("ArnLike", "aws:PrincipalArn", "arn:*:role/x"),
        {"aws__principalarn": "arn:aws:iam::1:role/x"},
        False,
        id="a wildcard stays within its part of an ARN",
    ),
    pytest.param(condition("NumericLessThan", "s3:max-keys", 10), {"s3__max_keys": "9"}, True, id="number"),
    pytest.param(condition("NumericLessThan", "s3:max-keys", 10), {"s3__max_keys": "nine"}, False, id="no number"),
    pytest.param(condition("IpAddress", "aws:SourceIp", "10.0.0.0/8"), {"aws__sourceip": "10.1.2.3"}, True, id="ip"),
    pytest.param(
        condition("DateLessThan", "aws:CurrentTime", "2030-01-01T00:00:00Z"),
        {"aws__currenttime": "2029-12-31T23:00:00Z"},
        True,
        id="date",
    ),
]


@pytest.mark.parametrize(("given_statement", "context", "allowed"), CONDITIONS)
def test_conditions(given_statement, context, allowed):
    assert verdict(given_statement, **context).allowed is allowed


def test_several_values_of_one_key():
    any_of = condition("ForAnyValue:StringEquals", "aws:CalledVia", "athena.amazonaws.com")
    all_of = condition("ForAllValues:StringEquals", "aws:CalledVia", "athena.amazonaws.com")
    both = {"aws:calledvia": ["athena.amazonaws.com", "glue.amazonaws.com"]}

    assert decide(compile_document({"Statement": [any_of]}, "p"), "x:y", "*", both).allowed
    assert not decide(compile_document({"Statement": [all_of]}, "p"), "x:y", "*", both).allowed
    assert decide(compile_document({"Statement": [all_of]}, "p"), "x:y", "*", {}).allowed


def test_a_verdict_names_its_statement():
    allowed = statement(Action="*", Sid="Everything")
    denied = statement("Deny", Action="glue:*", Sid="NoGlue")

    assert verdict(allowed).statement.label == "p/Everything"
    assert (verdict(allowed, denied).statement.label, verdict(allowed, denied).explicit) == ("p/NoGlue", True)
    assert verdict().statement is None


REFUSED = [
    pytest.param(statement("Maybe", Action="*"), "Effect must be", id="effect"),
    pytest.param({"Effect": "Allow", "Resource": "*"}, "exactly one of Action", id="no action"),
    pytest.param(statement(Action="*", NotAction="*"), "exactly one of Action", id="both"),
    pytest.param({"Effect": "Allow", "Action": "*"}, "exactly one of Resource", id="no resource"),
    pytest.param(statement(Action="*", Principal="*"), "Principal cannot stand", id="principal"),
    pytest.param(condition("StringMatches", "aws:userid", "x"), "operator StringMatches", id="operator"),
    pytest.param(condition("StringEquals", "aws:MultiFactorAuthAge", "x"), "multifactorauthage", id="key"),
    pytest.param(condition("ForSomeValue:StringEquals", "aws:userid", "x"), "operator ForSomeValue", id="quantifier"),
]


@pytest.mark.parametrize(("wrong", "text"), REFUSED)
def test_what_cannot_be_evaluated_is_refused(wrong, text):
    with pytest.raises(PolicyError, match=text):
        compile_document(json.dumps({"Statement": wrong}), "p")


def test_no_json_is_refused():
    with pytest.raises(PolicyError, match="no JSON"):
        compile_document("{", "p")


_TEXT = st.text(alphabet="ab*?[]/:.-", max_size=12)


@given(_TEXT.filter(lambda text: "[" not in text), st.text(alphabet="ab/:.-", max_size=12))
def test_wildcards_agree_with_fnmatch(pattern, value):
    assert matches(pattern, value) == fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


@given(_TEXT)
def test_a_text_without_wildcards_covers_itself_only(text):
    exact = text.replace("*", "x").replace("?", "y")
    assert matches(exact, exact)
    assert not matches(exact, exact + "x")


@given(_TEXT)
def test_a_star_covers_everything(text):
    start = text[:3].replace("*", "s").replace("?", "q")
    assert matches("*", text)
    assert matches(start + "*", start + text)


@given(_TEXT, _TEXT)
def test_a_variable_s_value_is_text_and_no_pattern(tag, other):
    context = {"aws:principaltag/team": [tag]}
    assert matches_with_variables("a/${aws:PrincipalTag/Team}/b", f"a/{tag}/b", context)
    assert matches_with_variables("a/${aws:PrincipalTag/Team}/b", f"a/{other}/b", context) == (tag == other)
    assert resolved("${aws:PrincipalTag/Team}", context) == tag


def test_variables_without_a_value():
    assert not matches_with_variables("a/${aws:username}", "a/", {})
    assert matches_with_variables("a/${aws:username, 'nobody'}", "a/nobody", {})
    assert matches_with_variables("a/${*}", "a/*", {})
    assert not matches_with_variables("a/${*}", "a/b", {})
