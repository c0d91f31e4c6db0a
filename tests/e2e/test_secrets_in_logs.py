"""After a full run nobody finds a key, a token or a customer's number in anything that was logged or kept."""

from __future__ import annotations

import re

import pytest

from tests.e2e.lake import Lake
from tests.e2e.traces import told, traces

DAY = "2013-05-06"
_SECRET_NAMES = re.compile(r"SECRET|PASSWORD|TOKEN|FERNET|JWT|SQL_ALCHEMY_CONN")
_SHORTEST_SECRET = 16


@pytest.fixture(scope="module")
def customers(lake: Lake, invoice_days: dict[str, bytes]) -> list[str]:
    """A day with good rows, rows that break rules and a record that cannot be split, through lake and warehouse."""
    day, body = next(iter(sorted(invoice_days.items())))
    text = re.sub(r",1(\d{4})\.0,", r",7\1.0,", body.decode().replace(day, DAY)).strip()
    line = next(line for line in text.splitlines() if re.search(r",7\d{4}\.0,", line))
    malformed = re.sub(r",7\d{4}\.0,", ",7777777777.0,", line)
    lake.land(DAY, {"a.csv": "\n".join([text, malformed, f"{line},too,many", ""]).encode()})
    outcome = lake.run_day(DAY)
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    marts = lake.run("sales_marts", DAY)
    assert marts.succeeded, (marts.error, marts.tasks)
    return [*sorted(set(re.findall(r",(7\d{4})\.0,", text))), "7777777777"]


def test_the_search_finds_what_is_there() -> None:
    assert told("customer 71234 and '75678'", ["71234", "75678"]) == ["71234", "75678"]
    assert told("port:71234 0.71234 a71234 712345", ["71234"]) == []


def test_no_key_of_pseudonyms_anywhere(lake: Lake, customers: list[str]) -> None:
    secret = lake.client("secretsmanager").get_secret_value(SecretId=f"{lake.aws.settings.prefix}/dev/pii")
    key = secret["SecretString"]
    needles = (key, key.encode().hex())
    assert [name for name, text in traces(lake) if any(needle in text for needle in needles)] == []


def test_no_token_or_password_of_airflow_anywhere(lake: Lake, customers: list[str]) -> None:
    secrets = {
        name: value
        for name, value in lake.environment.items()
        if _SECRET_NAMES.search(name) and len(value) >= _SHORTEST_SECRET and not value.startswith(("sqlite:", "/", "{"))
    }
    assert secrets, "the environment names its secrets"
    found = [(trace, name) for trace, text in traces(lake) for name, value in secrets.items() if value in text]
    assert found == []


def test_no_number_of_a_customer_anywhere(lake: Lake, customers: list[str]) -> None:
    """As delivered (71234.0), quoted, or as a word of its own where such numbers are nothing else."""
    delivered = [f"{customer}.0" for customer in customers]
    quoted = [text for customer in customers for text in (f'"{customer}"', f"'{customer}'")]
    found = []
    for trace, text in traces(lake):
        found += [(trace, word) for word in delivered if re.search(rf"(?<![\d.]){re.escape(word)}(?!\d)", text)]
        found += [(trace, word) for word in quoted if word in text]
    assert found == []
