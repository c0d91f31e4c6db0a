"""Crawlers: what they make of folders and files, and what stops them."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from tests.local.glue.workbench import Workbench, columns

INVOICES = (
    "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
    '536365,85123A,"HEART, WHITE",6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n'
    "C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,,United Kingdom\n"
    "536370,22728,ALARM CLOCK,24,2010-12-01 08:45:00,3,12583.0,France\n"
)
INVOICE_COLUMNS = {
    "invoice": "string",
    "stockcode": "string",
    "description": "string",
    "quantity": "bigint",
    "invoicedate": "string",
    "price": "double",
    "customer id": "double",
    "country": "string",
}
LAZY_SIMPLE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
LOG_ONLY = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}


# --- what must not become a table -----------------------------------------------------------------------------------


def test_empty_prefix_succeeds_without_a_table(glue: Workbench) -> None:
    """As on AWS; also for a prefix that had files: the S3 server may go on listing it as a common prefix."""
    glue.put("emptied/day=1/a.csv", INVOICES)
    glue.s3.delete_object(Bucket=glue.bucket, Key="emptied/day=1/a.csv")
    before = glue.table_names()
    crawl = glue.crawl_once(f"s3://{glue.bucket}/emptied/", f"s3://{glue.bucket}/never-there/")
    assert crawl["Status"] == "SUCCEEDED"
    assert glue.table_names() == before
    assert "No tables" in glue.crawl_log(crawl)


def test_missing_bucket(glue: Workbench) -> None:
    crawl = glue.crawl_once("s3://no-such-bucket-anywhere/data/")
    assert crawl["Status"] == "FAILED"
    assert "NoSuchBucket" in crawl["ErrorMessage"] or "AccessDenied" in crawl["ErrorMessage"]
    assert "ERROR" in glue.crawl_log(crawl)


def test_role_without_access_to_the_bucket(glue: Workbench) -> None:
    other = f"{glue.name}-closed"
    glue.s3.create_bucket(Bucket=other)
    glue.s3.put_object(Bucket=other, Key="data/a.csv", Body=INVOICES.encode())
    crawl = glue.crawl_once(f"s3://{other}/data/")
    assert crawl["Status"] == "FAILED"
    assert "AccessDenied" in crawl["ErrorMessage"]


def test_missing_database(glue: Workbench) -> None:
    glue.put("nodatabase/a.csv", INVOICES)
    crawl = glue.crawl_once(f"s3://{glue.bucket}/nodatabase/", DatabaseName="no_such_database")
    assert crawl["Status"] == "FAILED"
    assert "no_such_database" in crawl["ErrorMessage"]


def test_role_without_lake_formation_permission(glue: Workbench) -> None:
    """A crawler creates tables as its role: without CREATE_TABLE it fails."""
    role = f"{glue.name}-ungranted"
    glue.create_role(role)
    glue.put("ungranted/a.csv", INVOICES)
    crawl = glue.crawl_once(f"s3://{glue.bucket}/ungranted/", Role=role)
    assert crawl["Status"] == "FAILED"
    assert "AccessDeniedException" in crawl["ErrorMessage"]
    assert "ungranted" not in glue.table_names()


BROKEN_FILES = {
    "truncated.csv.gz": gzip.compress(INVOICES.encode() * 50)[:-40],
    "damaged.csv.gz": b"\x1f\x8b" + b"not really gzip" * 20,
    "binary.csv": bytes(range(256)) * 20,
    "truncated.parquet": b"PAR1" + b"\x01" * 300,
    "half.json": b'{"ids": [\n1, 2,\n3, 4,\n5, 6\n',
    "page.xml": b"<rows>\n<row a='1', b='2'/>\n<row a='3', b='4'/>\n",
    "one_long_line.csv": b"Invoice,StockCode\n" + b"5" * (5 * 1024 * 1024),
    "prose.txt": b"One line without any delimiter\n",
}


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_broken_file_does_not_stop_the_crawl(glue: Workbench, name: str) -> None:
    """It is left out and named in the log; the good files beside it are crawled."""
    folder = "broken_" + name.replace(".", "_")
    glue.put(f"{folder}/day=1/good.csv", INVOICES)
    glue.put(f"{folder}/day=2/{name}", BROKEN_FILES[name])
    crawl = glue.crawl_once(f"s3://{glue.bucket}/{folder}/")
    assert crawl["Status"] == "SUCCEEDED", crawl
    assert columns(glue.table(folder)) == INVOICE_COLUMNS
    assert glue.partition_values(folder) == [["1"]]
    assert name in glue.crawl_log(crawl)


def test_hidden_empty_and_excluded_files_are_not_data(glue: Workbench) -> None:
    glue.put("hidden/day=1/a.csv", INVOICES)
    for key in ("day=1/_SUCCESS", "day=1/.part.crc", "_temporary/0/a.csv", "day=2/empty.csv", "day=3/skip.csv"):
        glue.put(f"hidden/{key}", "" if key.endswith(("_SUCCESS", "empty.csv")) else "one;two;three\n1;2;3\n4;5;6\n")
    targets = {"S3Targets": [{"Path": f"s3://{glue.bucket}/hidden/", "Exclusions": ["day=3/**"]}]}
    crawl = glue.crawl_once(Targets=targets)
    assert crawl["Status"] == "SUCCEEDED"
    assert glue.partition_values("hidden") == [["1"]]
    assert glue.table("hidden")["Parameters"]["objectCount"] == "1"


def test_prefix_is_a_folder_not_the_start_of_a_name(glue: Workbench) -> None:
    glue.put("orders/a.csv", INVOICES)
    glue.put("orders_old/a.csv", "one,two\n1,2\n3,4\n")
    glue.crawl_once(f"s3://{glue.bucket}/orders")
    assert "orders" in glue.table_names()
    assert "orders_old" not in glue.table_names()
    assert glue.table("orders")["Parameters"]["objectCount"] == "1"


# --- what becomes a table -------------------------------------------------------------------------------------------


def test_csv_with_hive_partitions(glue: Workbench) -> None:
    """Names, types, SerDe and parameters as Glue's crawler writes them."""
    glue.put("Online-Retail/ingest_date=2010-12-01/a.csv", INVOICES)
    glue.put("Online-Retail/ingest_date=2010-12-02/a.csv.gz", gzip.compress(INVOICES.encode()))
    crawler = glue.create_crawler(f"s3://{glue.bucket}/Online-Retail/")
    assert glue.crawl(crawler)["Status"] == "SUCCEEDED"
    table = glue.table("online_retail")
    assert columns(table) == INVOICE_COLUMNS
    assert [(key["Name"], key["Type"]) for key in table["PartitionKeys"]] == [("ingest_date", "string")]
    storage = table["StorageDescriptor"]
    assert storage["Location"] == f"s3://{glue.bucket}/Online-Retail/"
    assert storage["SerdeInfo"] == {"SerializationLibrary": LAZY_SIMPLE, "Parameters": {"field.delim": ","}}
    expected = {
        "classification": "csv",
        "delimiter": ",",
        "skip.header.line.count": "1",
        "areColumnsQuoted": "false",
        "columnsOrdered": "true",
        "typeOfData": "file",
        "UPDATED_BY_CRAWLER": crawler,
        "CrawlerSchemaSerializerVersion": "1.0",
        "CrawlerSchemaDeserializerVersion": "1.0",
        "objectCount": "2",
    }
    assert expected.items() <= table["Parameters"].items()
    assert int(table["Parameters"]["recordCount"]) > 0
    assert int(table["Parameters"]["sizeKey"]) == len(INVOICES) + len(gzip.compress(INVOICES.encode()))
    partitions = glue.glue.get_partitions(DatabaseName=glue.database, TableName="online_retail")["Partitions"]
    assert [partition["Values"] for partition in partitions] == [["2010-12-01"], ["2010-12-02"]]
    assert [partition["Parameters"]["compressionType"] for partition in partitions] == ["none", "gzip"]
    assert partitions[1]["StorageDescriptor"]["Location"].endswith("/Online-Retail/ingest_date=2010-12-02/")
    assert columns(partitions[1]) == INVOICE_COLUMNS
    lone = glue.glue.get_partitions(
        DatabaseName=glue.database, TableName="online_retail", Expression="ingest_date > '2010-12-01'"
    )
    assert [partition["Values"] for partition in lone["Partitions"]] == [["2010-12-02"]]


CSV_CASES: dict[str, tuple[str, dict[str, str], str | None]] = {
    # content, columns, skip.header.line.count
    "no_header": ("1,a,2.5\n2,b,3\n", {"col0": "bigint", "col1": "string", "col2": "double"}, None),
    "all_text": ("name,city\nann,rome\nbob,oslo\n", {"col0": "string", "col1": "string"}, None),
    "semicolon": ("a;b\n1;x\n2;y\n", {"a": "bigint", "b": "string"}, "1"),
    "tab": ("a\tb\n1\t2.5\n2\t3\n", {"a": "bigint", "b": "double"}, "1"),
    "pipe": ("a|b\n1|true\n2|false\n", {"a": "bigint", "b": "boolean"}, "1"),
    "quoted": ('"a","b, c"\n"1","x, y"\n"2","z"\n', {"a": "bigint", "b, c": "string"}, "1"),
    "trailing_delimiter": ("a,b,\n1,x,\n2,y,\n", {"a": "bigint", "b": "string", "col2": "string"}, "1"),
    "byte_order_mark": ("\ufeffa,b\n1,x\n2,y\n", {"a": "bigint", "b": "string"}, "1"),
    "invalid_utf8": ("a,b\n1,caf\udce9\n2,y\n", {"a": "bigint", "b": "string"}, "1"),
    "dates_stay_text": ("a,b\n1,2010-12-01\n2,2010-12-02\n", {"a": "bigint", "b": "string"}, "1"),
    "too_big_for_bigint": ("a,b\nx,9223372036854775807\ny,9223372036854775808\n", {"a": "string", "b": "double"}, "1"),
}


@pytest.mark.parametrize("case", CSV_CASES)
def test_csv_rules(glue: Workbench, case: str) -> None:
    content, expected, header = CSV_CASES[case]
    glue.put(f"csv/{case}/a.csv", content.encode("utf-8", "surrogateescape"))
    glue.crawl_once(f"s3://{glue.bucket}/csv/{case}/")
    table = glue.table(case)
    assert columns(table) == expected
    assert table["Parameters"].get("skip.header.line.count") == header


def test_json_lines_and_arrays(glue: Workbench) -> None:
    records = [
        {"Id": 1, "Price": 2, "Tags": ["a"], "Owner": {"Name": "ann", "Age": None}},
        {"Id": 2**40, "Price": 2.5, "Tags": [], "Owner": {"Name": "bob", "Age": 3}, "Late": True},
    ]
    glue.put("events/a.json", "\n".join(json.dumps(record) for record in records))
    glue.put("events/b.json", json.dumps(records))
    glue.crawl_once(f"s3://{glue.bucket}/events/")
    table = glue.table("events")
    assert columns(table) == {
        "id": "bigint",
        "price": "double",
        "tags": "array<string>",
        "owner": "struct<name:string,age:int>",
        "late": "boolean",
    }
    assert table["Parameters"]["classification"] == "json"
    assert table["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"] == "org.openx.data.jsonserde.JsonSerDe"


def parquet(**arrays: pa.Array) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(arrays), buffer)
    return buffer.getvalue()


def test_parquet_in_plain_folders(glue: Workbench) -> None:
    """Folders without a key become partition_0 and so on; counts come from the footer."""
    content = parquet(
        Id=pa.array([1, 2], pa.int32()),
        big=pa.array([1, 2], pa.int64()),
        amount=pa.array([None, None], pa.decimal128(12, 3)),
        day=pa.array([1, 2], pa.date32()),
        at=pa.array([1, 2], pa.timestamp("ms")),
        tags=pa.array([["a"], []], pa.list_(pa.string())),
    )
    for folder in ("north/2010", "south/2010"):
        glue.put(f"regions/{folder}/a.parquet", content)
    glue.crawl_once(f"s3://{glue.bucket}/regions/", TablePrefix="Raw_")
    table = glue.table("raw_regions")
    assert columns(table) == {
        "id": "int",
        "big": "bigint",
        "amount": "decimal(12,3)",
        "day": "date",
        "at": "timestamp",
        "tags": "array<string>",
    }
    assert [key["Name"] for key in table["PartitionKeys"]] == ["partition_0", "partition_1"]
    assert glue.partition_values("raw_regions") == [["north", "2010"], ["south", "2010"]]
    assert table["Parameters"]["recordCount"] == "4"


def test_different_folders_are_different_tables(glue: Workbench) -> None:
    glue.put("zone/customers/a.csv", "id,name\n1,ann\n2,bob\n")
    glue.put("zone/sales/a.csv", "day,amount,shop\nmon,1.5,x\ntue,2,y\n")
    glue.crawl_once(f"s3://{glue.bucket}/zone/")
    assert columns(glue.table("customers")) == {"id": "bigint", "name": "string"}
    assert columns(glue.table("sales")) == {"day": "string", "amount": "double", "shop": "string"}


def test_table_level_keeps_a_foreign_folder_in_the_table(glue: Workbench) -> None:
    """With TableLevelConfiguration a day with another product's file stays a partition, with its own columns."""
    glue.put("levelled/day=1/a.csv", INVOICES)
    glue.put("levelled/day=2/a.csv", "sensor,value\nx,1\ny,2\n")
    level = json.dumps({"Version": 1.0, "Grouping": {"TableLevelConfiguration": 2}})
    glue.crawl_once(f"s3://{glue.bucket}/levelled/", Configuration=level)
    assert columns(glue.table("levelled")) == INVOICE_COLUMNS
    partitions = glue.glue.get_partitions(DatabaseName=glue.database, TableName="levelled")["Partitions"]
    assert [columns(partition) for partition in partitions] == [
        INVOICE_COLUMNS,
        {"sensor": "string", "value": "bigint"},
    ]


def test_only_the_beginning_of_a_big_file_is_read(glue: Workbench) -> None:
    """What comes after the first megabyte changes no type."""
    row = "1," + "x" * 100 + "\n"
    glue.put("big/a.csv", "number,text\n" + row * 20_000 + "not a number,y\n")
    glue.crawl_once(f"s3://{glue.bucket}/big/")
    table = glue.table("big")
    assert columns(table) == {"number": "bigint", "text": "string"}
    assert 15_000 < int(table["Parameters"]["recordCount"]) < 25_000


# --- again ----------------------------------------------------------------------------------------------------------


def test_second_crawl_adds_partitions_and_changes_nothing_else(glue: Workbench) -> None:
    glue.put("growing/day=1/a.csv", INVOICES)
    crawler = glue.create_crawler(f"s3://{glue.bucket}/growing/")
    glue.crawl(crawler)
    first = glue.table("growing")
    glue.crawl(crawler)
    assert glue.table("growing")["VersionId"] == first["VersionId"]
    glue.put("growing/day=2/a.csv", INVOICES)
    glue.crawl(crawler)
    assert glue.partition_values("growing") == [["1"], ["2"]]
    metrics = glue.glue.get_crawler_metrics(CrawlerNameList=[crawler])["CrawlerMetricsList"][0]
    assert (metrics["TablesCreated"], metrics["TablesDeleted"], metrics["StillEstimating"]) == (0, 0, False)
    assert metrics["LastRuntimeSeconds"] > 0
    crawls = glue.glue.list_crawls(CrawlerName=crawler)["Crawls"]
    assert [entry["State"] for entry in crawls] == ["COMPLETED"] * 3


@pytest.mark.parametrize(("policy", "has_new_column"), [("UPDATE_IN_DATABASE", True), ("LOG", False)])
def test_schema_change(glue: Workbench, policy: str, has_new_column: bool) -> None:
    name = f"changing_{policy.lower()}"
    glue.put(f"{name}/a.csv", "a,b\n1,x\n2,y\n")
    change_policy = {"UpdateBehavior": policy, "DeleteBehavior": "LOG"}
    crawler = glue.create_crawler(f"s3://{glue.bucket}/{name}/", SchemaChangePolicy=change_policy)
    glue.crawl(crawler)
    glue.put(f"{name}/a.csv", "a,b,c\n1,x,2.5\n2,y,3\n")
    crawl = glue.crawl(crawler)
    assert ("c" in columns(glue.table(name))) == has_new_column
    assert ("schema change not applied" in glue.crawl_log(crawl)) == (not has_new_column)


DELETE_CASES = {
    "DELETE_FROM_DATABASE": (False, False),
    "DEPRECATE_IN_DATABASE": (True, True),
    "LOG": (True, False),
}


@pytest.mark.parametrize("policy", DELETE_CASES)
def test_files_are_gone(glue: Workbench, policy: str) -> None:
    """DeleteBehavior: for a table and for one partition of another."""
    kept, deprecated = DELETE_CASES[policy]
    name = f"gone_{policy.lower()}"
    for key in ("table/a.csv", "parts/day=1/a.csv", "parts/day=2/a.csv"):
        glue.put(f"{name}/{name}_{key}", INVOICES)
    change_policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": policy}
    paths = [f"s3://{glue.bucket}/{name}/{name}_{part}/" for part in ("table", "parts")]
    crawler = glue.create_crawler(*paths, SchemaChangePolicy=change_policy)
    glue.crawl(crawler)
    for key in ("table/a.csv", "parts/day=1/a.csv"):
        glue.s3.delete_object(Bucket=glue.bucket, Key=f"{name}/{name}_{key}")
    glue.crawl(crawler)
    assert (f"{name}_table" in glue.table_names()) == kept
    assert glue.partition_values(f"{name}_parts") == ([["1"], ["2"]] if kept else [["2"]])
    if kept:
        assert ("DEPRECATED_BY_CRAWLER" in glue.table(f"{name}_table")["Parameters"]) == deprecated


def test_only_new_folders(glue: Workbench) -> None:
    """CRAWL_NEW_FOLDERS_ONLY: known folders are not read again, missing ones not missed."""
    glue.put("incremental/day=1/a.csv", INVOICES)
    crawler = glue.create_crawler(
        f"s3://{glue.bucket}/incremental/",
        RecrawlPolicy={"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"},
        SchemaChangePolicy=LOG_ONLY,
    )
    glue.crawl(crawler)
    glue.put("incremental/day=1/b.csv", b"\x00" * 100)
    glue.put("incremental/day=2/a.csv", INVOICES)
    crawl = glue.crawl(crawler)
    assert glue.partition_values("incremental") == [["1"], ["2"]]
    assert "b.csv" not in glue.crawl_log(crawl)


# --- the API --------------------------------------------------------------------------------------------------------


def test_running_crawler(glue: Workbench) -> None:
    """RUNNING before StartCrawler returns; a second start and a change are refused; StopCrawler cancels."""
    for number in range(60):
        glue.put(f"many/day={number}/a.csv", INVOICES)
    crawler = glue.create_crawler(f"s3://{glue.bucket}/many/")
    glue.glue.start_crawler(Name=crawler)
    assert glue.glue.get_crawler(Name=crawler)["Crawler"]["State"] == "RUNNING"
    running = glue.glue.exceptions.CrawlerRunningException
    for call in (glue.glue.start_crawler, glue.glue.delete_crawler):
        with pytest.raises(running):
            call(Name=crawler)
    glue.glue.stop_crawler(Name=crawler)
    assert glue.wait_for_crawler(crawler)["Status"] == "CANCELLED"
    with pytest.raises(glue.glue.exceptions.CrawlerNotRunningException):
        glue.glue.stop_crawler(Name=crawler)
    assert glue.crawl(crawler)["Status"] == "SUCCEEDED"
    assert len(glue.partition_values("many")) == 60


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"Targets": {"JdbcTargets": [{"ConnectionName": "c", "Path": "db"}]}}, "JdbcTargets"),
        ({"Targets": {}}, "target"),
        ({"Classifiers": ["mine"]}, "classifiers"),
        ({"Configuration": "{not json"}, "Configuration"),
        ({"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}}, "only LOG"),
    ],
)
def test_refused_definitions(glue: Workbench, definition: dict[str, Any], message: str) -> None:
    with pytest.raises(glue.glue.exceptions.InvalidInputException, match=message):
        glue.create_crawler("s3://bucket/prefix/", **definition)


def test_unknown_crawler(glue: Workbench) -> None:
    """GlueCrawlerOperator asks for the crawler first and takes EntityNotFoundException for "create it"."""
    for call in (glue.glue.get_crawler, glue.glue.start_crawler, glue.glue.stop_crawler, glue.glue.delete_crawler):
        with pytest.raises(glue.glue.exceptions.EntityNotFoundException) as refused:
            call(Name="no-such-crawler")
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_schedule_is_only_shown(glue: Workbench) -> None:
    """Known difference: nothing starts by itself here; Airflow schedules."""
    crawler = glue.create_crawler(f"s3://{glue.bucket}/never-there/", Schedule="cron(* * * * ? *)")
    answer = glue.glue.get_crawler(Name=crawler)["Crawler"]
    assert answer["Schedule"] == {"ScheduleExpression": "cron(* * * * ? *)", "State": "SCHEDULED"}
    assert answer["State"] == "READY"


def test_update_list_and_delete(glue: Workbench) -> None:
    crawler = glue.create_crawler("s3://bucket/prefix/", Description="old", Tags={"team": "lake"})
    glue.glue.update_crawler(Name=crawler, Description="new")
    answer = glue.glue.get_crawler(Name=crawler)["Crawler"]
    assert (answer["Description"], answer["Version"], answer["State"]) == ("new", 2, "READY")
    assert answer["Targets"]["S3Targets"][0]["Path"] == "s3://bucket/prefix/"
    assert "LastCrawl" not in answer
    assert crawler in glue.glue.list_crawlers(Tags={"team": "lake"})["CrawlerNames"]
    glue.glue.delete_crawler(Name=crawler)
    assert crawler not in glue.glue.list_crawlers()["CrawlerNames"]
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        glue.glue.get_crawler(Name=crawler)
