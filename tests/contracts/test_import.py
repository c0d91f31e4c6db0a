"""`contracts import`: what cannot be a contract is refused, what is guessed is right, what is written compiles."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lake.contracts.__main__ import main
from lake.contracts.compile import compile_contract
from lake.contracts.draft import contract_text
from lake.contracts.glue_table import table_columns
from lake.contracts.personal import is_card, is_email, is_iban, is_phone
from lake.contracts.reserved_words import RESERVED
from lake.contracts.sample import Sample, SampleError, column_name, key_column, read_sample
from tests.conftest import LocalAws

SAMPLE = """\
Order ID,placed,Amount,zip,gift,e-mail,note
1001,2026-01-05 10:00:00,12.50,00123,true,anna@example.com,
1002,2026-01-05 10:05:00,7,99999,false,bob@example.com,leave at the door
"""


def _sample(tmp_path: Path, text: str) -> Sample:
    path = tmp_path / "sample.csv"
    path.write_text(text, encoding="utf-8")
    return read_sample(path)


def _types(sample: Sample) -> dict[str, str]:
    return {column.name: column.physical_type for column in sample.columns}


def test_columns_of_a_sample(tmp_path: Path) -> None:
    found = {
        column.header: (column.name, column.physical_type, column.required)
        for column in _sample(tmp_path, SAMPLE).columns
    }
    assert found == {
        "Order ID": ("order_id", "int", True),
        "placed": ("placed", "timestamp", True),
        "Amount": ("amount", "decimal(18,2)", True),
        "zip": ("zip", "varchar(16)", True),
        "gift": ("gift", "boolean", True),
        "e-mail": ("e_mail", "varchar(64)", True),
        "note": ("note", "varchar(64)", False),
    }


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ("1,214748364", "int"),
        ("1,214748365", "bigint"),  # a sample of two thousand millions has no room left in an int
        ("1.5,2.25", "decimal(18,2)"),
        ("1.5,2.123456", "double"),
        ("1.5,2e-7", "double"),
        ("1,12345678901234567890", "varchar(64)"),  # a code: a double would round it
        ("007,12", "varchar(16)"),
        ("true,false", "boolean"),
        ("2026-01-05,2026-02-30", "varchar(32)"),  # the second is no day
        ("05/01/2026,31/01/2026", "date"),
        ("2026-01-05T10:00:00,2026-01-05T10:00:01", "timestamp"),
        (",", "varchar(256)"),
    ],
)
def test_types_are_narrow_but_safe(values: str, kind: str, tmp_path: Path) -> None:
    lines = "\n".join(f"{value},x" for value in values.split(","))
    assert _types(_sample(tmp_path, f"v,other\n{lines}\n"))["v"] == kind


@pytest.mark.parametrize(
    ("text", "null_texts"),
    [
        ("a,b\n1,x\nNA,y\n", ("NA",)),
        ("a,b\n1,x\n-,y\n", ("-",)),
        ("country,b\nNA,1\nDE,2\n", ()),  # Namibia
        ("country,b\nNA,NA\nDE,2\n", ("NA",)),  # Namibia is lost here: the file itself does not tell them apart
        ("a,b\nx,y\n\\N,y\n", ("\\N",)),
        ("a,b\nx,y\nNULL,y\n", ("NULL",)),
        ("a,b\nNA,1\nNA,2\n", ()),  # a column of nothing else says nothing
    ],
)
def test_texts_that_mean_no_value(text: str, null_texts: tuple[str, ...], tmp_path: Path) -> None:
    sample = _sample(tmp_path, text)
    assert sample.null_texts == null_texts
    assert all(not column.required for column in sample.columns if null_texts and column.header == "a")


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (is_email, "anna@example.com", "anna@example"),
        (is_phone, "+49 (0)30 123456", "+49 12"),
        (is_phone, "030/1234567", "1234567890"),
        (is_iban, "DE89 3704 0044 0532 0130 00", "DE88 3704 0044 0532 0130 00"),
        (is_iban, "GB82WEST12345698765432", "GB82TEST12345698765432"),
        (is_card, "4111 1111 1111 1111", "4111 1111 1111 1112"),
        (is_card, "5500-0000-0000-0004", "5500"),
    ],
)
def test_personal_data_is_recognised(check: Any, good: str, bad: str) -> None:
    assert check(good)
    assert not check(bad)


@given(digits=st.text("0123456789", min_size=12, max_size=18), place=st.integers(0, 11), step=st.integers(1, 9))
def test_a_wrong_digit_of_a_card_is_seen(digits: str, place: int, step: int) -> None:
    number = next(f"{digits}{last}" for last in range(10) if is_card(f"{digits}{last}"))
    wrong = f"{number[:place]}{(int(number[place]) + step) % 10}{number[place + 1 :]}"
    assert not is_card(wrong)


def test_personal_by_its_values_is_masked(tmp_path: Path) -> None:
    text = "id,contact,account\n1,anna@example.com,DE89370400440532013000\n2,bob@example.com,GB82WEST12345698765432\n"
    document = yaml.safe_load(contract_text("orders", _sample(tmp_path, text), "tests"))
    for column in document["schema"][0]["properties"][1:3]:
        assert (column["tags"], column["classification"]) == (["pii"], "restricted")
        assert column["customProperties"][0]["property"] == "masking"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter(delimiter: str, tmp_path: Path) -> None:
    sample = _sample(tmp_path, f'a{delimiter}"b,;|"\n1{delimiter}2\n')
    assert (sample.delimiter, [column.header for column in sample.columns]) == (delimiter, ["a", "b,;|"])


def test_compressed_sample(tmp_path: Path) -> None:
    path = tmp_path / "sample.csv.gz"
    path.write_bytes(gzip.compress(SAMPLE.encode()))
    assert read_sample(path) == _sample(tmp_path, SAMPLE)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("InvoiceNo", "invoice_no"),
        ("UnitPrice", "unit_price"),
        ("2nd value", "c_2nd_value"),
        ("Order", "order_"),
        ("user", "user_"),
    ],
)
def test_names_of_columns(header: str, name: str) -> None:
    assert column_name(header) == name


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "found nothing"),
        (b"a,b\n1\n", "line 2 has 1 fields, the header 2"),
        (b"a,A\n1,2\n", "every column once"),
        (b"\xff\xfe\x00", "can't decode"),
        (b"PAR1....PAR1", "this is Parquet"),
        (b"\x1f\x8b\x08\x00", "ended before"),
    ],
)
def test_unusable_sample(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    path.write_bytes(content)
    with pytest.raises(SampleError, match=words):
        read_sample(path)


def _import(repository: Path, *arguments: str) -> int:
    return main(["--repository", str(repository), "import", *arguments])


def test_draft_compiles_and_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = tmp_path / "s.csv"
    sample.write_text(SAMPLE)
    assert _import(tmp_path, "orders", "--sample", str(sample)) == 0
    written = tmp_path / "dags" / "contracts" / "orders.odcs.yaml"
    compiled = compile_contract(written)
    assert compiled["partition_column"] == "placed_day"
    before = written.read_text()
    assert _import(tmp_path, "orders", "--sample", str(sample)) == 1
    assert "exists already" in capsys.readouterr().err
    assert written.read_text() == before
    assert _import(tmp_path, "My-Orders", "--sample", str(sample)) == 1
    assert "cannot name a product" in capsys.readouterr().err


def test_headers_that_an_engine_reserves_are_renamed_and_quoted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = tmp_path / "s.csv"
    sample.write_text("order,User,select,group,table,from,date\n1,u,s,g,t,f,2026-01-05\n2,v,s,g,t,f,2026-01-06\n")
    assert _import(tmp_path, "table", "--sample", str(sample)) == 1
    assert "'table' is a reserved word of Spark, Athena, Redshift" in capsys.readouterr().err
    assert _import(tmp_path, "orders", "--sample", str(sample)) == 0
    assert "order -> order_, User -> user_" in capsys.readouterr().out
    compiled = compile_contract(tmp_path / "dags" / "contracts" / "orders.odcs.yaml")
    columns = {column["name"]: column for column in compiled["columns"]}
    assert compiled["partition_column"] == "date_day"
    assert not columns.keys() & RESERVED
    assert (columns["user_"]["source"], columns["user_"]["expression"]) == ("User", "nullif(trim(`User`), '')")
    assert columns["order_"]["expression"] == "try_cast(trim(`order`) AS int)"
    missing = next(rule for rule in compiled["row_rules"] if rule["id"] == "order__missing")
    assert missing["fails_when"] == "coalesce((coalesce(trim(raw.`order`), '') = ''), false)"


_WORDS = st.sampled_from(["true", "No", "null", "on", "order", "y", "0;", "delete date", "o'c--", "a`b"])
_HEADERS = _WORDS | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12)


@given(
    headers=st.lists(_HEADERS, min_size=1, max_size=5, unique_by=lambda text: column_name(text.strip())),
    values=st.lists(st.sampled_from(["", "1", "NA", "1.5", "x: y", "2026-01-05", "#", "{}"]), min_size=5, max_size=5),
)
def test_every_sample_gives_a_contract_that_compiles(
    headers: list[str], values: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("import")
    quoted = ",".join('"' + header.replace('"', '""') + '"' for header in headers)
    try:
        sample = _sample(folder, f"{quoted}\n{','.join(values[: len(headers)])}\n")
    except SampleError:
        return  # a name without a letter or digit of ASCII cannot name a column
    path = folder / "orders.odcs.yaml"
    path.write_text(contract_text("orders", sample, "tests"), encoding="utf-8")
    delivered = [column["source"] for column in compile_contract(path)["columns"] if column["source"]]
    assert delivered == [column.header for column in sample.columns]


def _table(*columns: tuple[str, str], keys: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    return {
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": kind} for name, kind in columns],
            "SerdeInfo": {"Parameters": {"field.delim": ";"}},
        },
        "PartitionKeys": [{"Name": name, "Type": kind} for name, kind in keys],
    }


def test_columns_of_a_glue_table(tmp_path: Path) -> None:
    table = _table(
        ("id", "bigint"), ("note", "string"), ("code", "char(3)"), ("share", "float"), ("email", "string"),
        keys=(("ingest_date", "string"), ("day", "date")),
    )  # fmt: skip
    sample = table_columns("landing.orders", table)
    assert _types(sample) == {
        "id": "bigint", "note": "varchar(256)", "code": "varchar(3)", "share": "double", "email": "varchar(64)",
        "day": "date",
    }  # fmt: skip
    assert sample.delimiter == ";"
    assert key_column(sample.columns) is None
    path = tmp_path / "orders.odcs.yaml"
    path.write_text(contract_text("orders", sample, "tests"))
    assert compile_contract(path)["partition_column"] == "day_day"


def test_glue_type_without_a_contract(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match=r"Glue table landing\.x, column tags: 'array<string>' is not a type"):
        table_columns("landing.x", _table(("tags", "array<string>")))


def test_import_from_the_catalog(
    local_aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from local.environment import aws_variables

    for name, value in aws_variables(local_aws.settings, "local-admin").items():
        monkeypatch.setenv(name, value)
    glue = local_aws.client("glue")
    definition = {"Name": "imported_orders", **_table(("id", "bigint"), keys=(("ingest_date", "string"),))}
    definition["StorageDescriptor"]["Location"] = "s3://sluice-dev-landing/imported_orders/"
    glue.create_table(DatabaseName="landing", TableInput=definition)
    try:
        assert _import(tmp_path, "orders", "--glue-table", "landing.imported_orders") == 0
    finally:
        glue.delete_table(DatabaseName="landing", Name="imported_orders")
    compiled = compile_contract(tmp_path / "dags" / "contracts" / "orders.odcs.yaml")
    assert [column["name"] for column in compiled["columns"]] == ["row_no", "id", "delivery_day"]
    assert compiled["landing"]["delimiter"] == ";"
    assert _import(tmp_path, "others", "--glue-table", "landing.imported_orders") == 1
    assert "landing.imported_orders: " in capsys.readouterr().err
    assert _import(tmp_path, "others", "--glue-table", "imported_orders") == 1
    assert "is not DATABASE.TABLE" in capsys.readouterr().err
