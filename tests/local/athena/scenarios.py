# ruff: noqa: E501 - files and statements as users write them
"""What users do in Athena, as data: files, then statements with what they return.

An expectation is a list of rows, or the text that the failure's reason contains, or None for "succeeds".
"""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import dataclass, field
from typing import TypeAlias

import fastavro
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet

Rows: TypeAlias = list[list[str | None]]


@dataclass(frozen=True)
class Step:
    sql: str
    expected: Rows | str | None = None
    parameters: list[str] | None = None
    database: str | None = None


@dataclass(frozen=True)
class Scenario:
    name: str
    steps: list[Step]
    files: dict[str, bytes | str] = field(default_factory=dict)


def _avro() -> bytes:
    buffer = io.BytesIO()
    fields = [{"name": "id", "type": "long"}, {"name": "s", "type": ["null", "string"]}]
    fastavro.writer(
        buffer, {"type": "record", "name": "r", "fields": fields}, [{"id": 1, "s": "a"}, {"id": 2, "s": None}]
    )
    return buffer.getvalue()


def _orc() -> bytes:
    buffer = io.BytesIO()
    pyarrow.orc.write_table(pa.table({"id": [1, 2], "s": ["x", "y"]}), buffer)
    return buffer.getvalue()


def _parquet(**columns: list[object]) -> bytes:
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def _cloudtrail() -> bytes:
    records = [
        {
            "eventVersion": "1.0",
            "eventName": "PutObject",
            "userIdentity": {
                "type": "Root",
                "arn": "a",
                "accountId": "1",
                "sessionContext": {"sessionIssuer": {"userName": "ann"}, "attributes": {"mfaAuthenticated": "false"}},
            },
            "resources": [{"accountId": "1", "ARN": "r1"}, {"ARN": "r2"}],
            "requestParameters": {"databaseName": "d"},
            "eventTime": "2024-01-01T00:00:00Z",
        },
        {"eventName": "Get"},
    ]
    return gzip.compress(json.dumps({"Records": records}).encode())


# One table that many scenarios read.
CSV_FILES: dict[str, bytes | str] = {
    "raw/csv/dt=2024-01-01/a.csv": 'id,name,amt,tags,m\n1,"ann",1.5,x|y,k:1|j:2\n2,bob,\\N,z,k:3\n',
    "raw/csv/dt=2024-01-02/a.csv": "id,name,amt,tags,m\n3,carl,abc,,\n",
    "raw/csv/dt=2024-01-02/_SUCCESS": "",
    "raw/csv/dt=2024-01-02/.hid": "9,9,9,9,9",
}
CSV_DDL = """CREATE EXTERNAL TABLE @raw.csv (id bigint, name string, amt double, tags array<string>, m map<string,int>)
PARTITIONED BY (dt string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' COLLECTION ITEMS TERMINATED BY '|'
MAP KEYS TERMINATED BY ':' STORED AS TEXTFILE LOCATION 's3://@lake/raw/csv/' TBLPROPERTIES ('skip.header.line.count'='1')"""
_HCATALOG = "org.apache.hive.hcatalog.data.JsonSerDe"
_OPENX = "org.openx.data.jsonserde.JsonSerDe"

FORMATS = [
    Scenario(
        "databases",
        [
            Step("CREATE DATABASE IF NOT EXISTS @raw"),
            Step("CREATE DATABASE @raw", "already exists"),
            Step("CREATE DATABASE @curated_x"),
            Step("DROP DATABASE @curated_x"),
            Step("DROP DATABASE @curated_x", "does not exist"),
            Step("DROP DATABASE IF EXISTS @curated_x"),
        ],
    ),
    Scenario(
        "opencsv",
        [
            Step(
                r"""CREATE EXTERNAL TABLE ocsv (id int, s string, y string, d date)
                ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
                WITH SERDEPROPERTIES ('separatorChar'=',','quoteChar'='"','escapeChar'='\\') LOCATION 's3://@lake/raw/ocsv/'"""
            ),
            Step("select * from ocsv order by id", [["1", "a,b", "2024", "2024-01-01"], ["2", 'c "q"', "", None]]),
        ],
        {"raw/ocsv/a.csv": '"1","a,b","2024","19723"\n"2","c ""q""","",""\n'},
    ),
    Scenario(
        "openx_json",
        [
            Step(
                f"""CREATE EXTERNAL TABLE js (id int, user struct<name:string,n:array<int>>, ts timestamp, stamp string)
                ROW FORMAT SERDE '{_OPENX}' WITH SERDEPROPERTIES ('ignore.malformed.json'='true','mapping.stamp'='Ts')
                LOCATION 's3://@lake/raw/json/'"""
            ),
            Step(
                'select id, "user".name n, "user".n[2] n2, ts, stamp from js where id is not null order by id',
                [["1", "x", "2", "2024-01-01 10:00:00.000", "2024-01-01 10:00:00"], ["2", None, None, None, None]],
            ),
            Step("select count(*) from js", [["3"]]),
            Step(f"CREATE EXTERNAL TABLE js2 (id int) ROW FORMAT SERDE '{_HCATALOG}' LOCATION 's3://@lake/raw/json/'"),
            Step("select * from js2", "HIVE_BAD_DATA"),
        ],
        {
            "raw/json/a.json": '{"ID":1,"user":{"name":"x","n":[1,2]},"Ts":"2024-01-01 10:00:00"}\n{"id":2,"user":null}\n{bad\n'
        },
    ),
    Scenario(
        "regex",
        [
            Step(
                r"""CREATE EXTERNAL TABLE rx (ip string, m string, p string, st int)
                ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'
                WITH SERDEPROPERTIES ('input.regex'='^(\\S+) (\\S+) (\\S+) (\\d+)$') LOCATION 's3://@lake/raw/rx/'"""
            ),
            Step("select ip,st from rx where st>=500", [["10.0.0.2", "500"]]),
            Step("select count(*) from rx where ip is null", [["1"]]),
        ],
        {"raw/rx/a.log": "10.0.0.1 GET /a 200\nnonsense\n10.0.0.2 PUT /b 500\n"},
    ),
    Scenario(
        "cloudtrail",
        [
            Step(
                """CREATE EXTERNAL TABLE ct (eventversion string, eventname string, useridentity struct<type:string,
                arn:string,accountid:string,sessioncontext:struct<attributes:struct<mfaauthenticated:string>,
                sessionissuer:struct<username:string>>>, resources array<struct<arn:string,accountid:string>>,
                requestparameters string, eventtime string) ROW FORMAT SERDE 'com.amazon.emr.hive.serde.CloudTrailSerde'
                STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
                OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat' LOCATION 's3://@lake/raw/ct/'"""
            ),
            Step("select eventname, useridentity.arn a from ct order by 1", [["Get", None], ["PutObject", "a"]]),
            # Keys match without regard to case at every level; a path may be as deep as the type, and start anywhere.
            Step(
                "select useridentity.accountid a, useridentity.sessioncontext.sessionissuer.username b, "
                "ct.useridentity.sessioncontext.attributes.mfaauthenticated c from @raw.ct order by 1",
                [["1", "ann", "false"], [None, None, None]],
            ),
            Step(
                "select resources[1].arn a, resources[1].accountid b, resources[2].arn c, "
                "json_extract_scalar(requestparameters, '$.databaseName') d from ct where eventname = 'PutObject'",
                [["r1", "1", "r2", "d"]],
            ),
            Step("select c.useridentity.sessioncontext from ct c where eventname = 'Get'", [[None]]),
        ],
        {"raw/ct/a.json.gz": _cloudtrail()},
    ),
    Scenario(
        "avro",
        [
            Step(
                """CREATE EXTERNAL TABLE av (id bigint, s string) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.avro.AvroSerDe'
                WITH SERDEPROPERTIES ('avro.schema.literal'='{}') STORED AS AVRO LOCATION 's3://@lake/raw/avro/'"""
            ),
            Step("select * from av order by id", [["1", "a"], ["2", None]]),
        ],
        {"raw/avro/a.avro": _avro()},
    ),
    Scenario(
        "orc",
        [
            Step("CREATE EXTERNAL TABLE orct (id bigint, s string) STORED AS ORC LOCATION 's3://@lake/raw/orc/'"),
            Step("select s from orct where id=2", [["y"]]),
        ],
        {"raw/orc/a.orc": _orc()},
    ),
    Scenario(
        "parquet_partitions",
        [
            Step(
                """CREATE EXTERNAL TABLE pqt (id bigint, s string, added_later int) PARTITIONED BY (y int, m int)
                STORED AS PARQUET LOCATION 's3://@lake/raw/pq/'"""
            ),
            Step(
                """ALTER TABLE pqt ADD IF NOT EXISTS PARTITION (y=2024,m=1)
                PARTITION (y=2023,m=12) LOCATION 's3://@lake/raw/pq/custom/'"""
            ),
            Step("ALTER TABLE pqt ADD PARTITION (y=2024,m=1)", "already exists"),
            Step("ALTER TABLE pqt ADD PARTITION (y=2024)", "does not name exactly the keys"),
            Step(
                "select id,added_later,y,m from pqt where y=2023 order by 1",
                [["1", None, "2023", "12"], ["2", None, "2023", "12"]],
            ),
            Step("select y, count(*) from pqt group by y order by y", [["2023", "2"], ["2024", "2"]]),
            Step("ALTER TABLE pqt ADD COLUMNS (z int)"),
            Step("select z from pqt limit 1", [[None]]),
            Step('select "$path" p from pqt where y=2023 limit 1', [["s3://@lake/raw/pq/custom/a.parquet"]]),
            Step("ALTER TABLE pqt SET TBLPROPERTIES ('a'='b')"),
            Step("ALTER TABLE pqt PARTITION (y=2024,m=1) SET LOCATION 's3://@lake/raw/pq/nothing/'"),
            Step("select count(*) from pqt where y=2024", [["0"]]),
            Step("ALTER TABLE pqt DROP PARTITION (y=2023,m=12)"),
            Step("ALTER TABLE pqt DROP PARTITION (y=2023,m=12)", "Partition not found"),
            Step("ALTER TABLE pqt DROP IF EXISTS PARTITION (y=2023,m=12)"),
            Step("ALTER TABLE pqt RENAME TO other", "unsupported change"),
            Step("SHOW PARTITIONS pqt", [["y=2024/m=1"]]),
        ],
        {
            "raw/pq/y=2024/m=1/a.parquet": _parquet(ID=[1, 2], s=["x", "y"]),
            "raw/pq/custom/a.parquet": _parquet(ID=[1, 2], s=["x", "y"]),
        },
    ),
    Scenario(
        "parquet_of_another_type",
        [
            Step("CREATE EXTERNAL TABLE pbad (id bigint, s int) STORED AS PARQUET LOCATION 's3://@lake/raw/pbad/'"),
            Step("select id from pbad", "HIVE_BAD_DATA: Field s's type VARCHAR"),
        ],
        {"raw/pbad/a.parquet": _parquet(id=[1], s=["x"])},
    ),
    Scenario(
        "projection_date_and_enum",
        [
            Step(
                """CREATE EXTERNAL TABLE pj (v int) PARTITIONED BY (day string, region string)
                ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://@lake/raw/proj/' TBLPROPERTIES (
                'projection.enabled'='true','projection.day.type'='date','projection.day.range'='2024/01/01,2024/12/31',
                'projection.day.format'='yyyy/MM/dd','projection.region.type'='enum','projection.region.values'='eu,us',
                'storage.location.template'='s3://@lake/raw/proj/${day}')"""
            ),
            Step(
                "select v,day from pj where day>='2024/01/03' and day<'2024/01/05' and region='eu'",
                [["2", "2024/01/03"]],
            ),
            Step("select count(*) from pj where day='2024/01/02'", [["2"]]),
            Step("select count(*) from pj where day='2025/01/02'", [["0"]]),
        ],
        {"raw/proj/2024/01/02/a.csv": "1\n", "raw/proj/2024/01/03/a.csv": "2\n"},
    ),
    Scenario(
        "projection_integer_and_injected",
        [
            Step(
                """CREATE EXTERNAL TABLE pi (v int) PARTITIONED BY (n int, k string)
                ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://@lake/raw/pi/' TBLPROPERTIES (
                'projection.enabled'='true','projection.n.type'='integer','projection.n.range'='1,20','projection.n.digits'='2',
                'projection.k.type'='injected')"""
            ),
            Step("select v, n, k from pi where k='abc' order by v", [["1", "1", "abc"], ["7", "7", "abc"]]),
            Step("select v from pi where k in ('abc','zzz') and n > 5", [["7"]]),
            Step("select v from pi where n = 1", "CONSTRAINT_VIOLATION"),
            Step("select v from pi where k like 'a%'", "CONSTRAINT_VIOLATION"),
        ],
        {"raw/pi/n=01/k=abc/a.csv": "1\n", "raw/pi/n=07/k=abc/a.csv": "7\n"},
    ),
]

WRITES = [
    Scenario(
        "ctas",
        [
            Step(
                """CREATE TABLE @curated.c1 WITH (format='PARQUET', write_compression='SNAPPY',
                external_location='s3://@lake/curated/c1/', partitioned_by=ARRAY['dt'])
                AS SELECT id, name, coalesce(amt,0) amt, dt FROM @raw.csv"""
            ),
            Step("CREATE TABLE @curated.c1 AS SELECT 1 a", "ALREADY_EXISTS"),
            Step("CREATE TABLE IF NOT EXISTS @curated.c1 AS SELECT 1 a"),
            Step(
                "CREATE TABLE @curated.c2 WITH (external_location='s3://@lake/curated/c1/') AS SELECT 1 a",
                "HIVE_PATH_ALREADY_EXISTS",
            ),
            Step(
                """CREATE TABLE @curated.c3 WITH (external_location='s3://@lake/curated/c3/',partitioned_by=ARRAY['a'])
                AS SELECT 1 a, 2 b""",
                "HIVE_COLUMN_ORDER_MISMATCH",
            ),
            Step("CREATE TABLE @curated.c4 AS SELECT 1", "Column name not specified at position 1"),
            Step("CREATE TABLE @curated.c4 WITH (format='XLS') AS SELECT 1 a", "Unable to set format"),
            Step(
                "CREATE TABLE @curated.c4 WITH (colour='red') AS SELECT 1 a", "table property 'colour' does not exist"
            ),
            Step("CREATE TABLE nowhere.c4 AS SELECT 1 a", "SCHEMA_NOT_FOUND"),
            Step(
                "select dt,count(*) n from @curated.c1 group by 1 order by 1",
                [["2024-01-01", "2"], ["2024-01-02", "1"]],
            ),
            Step("INSERT INTO @curated.c1 SELECT 10, 'new', 2.0, '2024-02-01'"),
            Step("INSERT INTO @curated.c1 (id,dt,name) VALUES (11,'2024-02-01','v')"),
            Step("INSERT INTO @curated.c1 SELECT 1, 'x'", "mismatched column types"),
            Step("INSERT INTO @curated.c1 (nope) VALUES (1)", "Insert column name does not exist"),
            Step("INSERT INTO @curated.missing VALUES (1)", "TABLE_NOT_FOUND"),
            Step(
                "select id,name,amt,dt from @curated.c1 where dt='2024-02-01' order by 1",
                [["10", "new", "2.0", "2024-02-01"], ["11", "v", None, "2024-02-01"]],
            ),
            Step(
                """UNLOAD (SELECT id,name,dt FROM @curated.c1) TO 's3://@lake/unload/u1/'
                WITH (format='PARQUET', compression='SNAPPY', partitioned_by=ARRAY['dt'])"""
            ),
            Step("UNLOAD (SELECT 1 a) TO 's3://@lake/unload/u1/' WITH (format='PARQUET')", "HIVE_PATH_ALREADY_EXISTS"),
            Step(
                "UNLOAD (SELECT 1 a) TO 's3://@lake/unload/u2/' WITH (compression='GZIP')", "needs the property format"
            ),
            Step(
                """CREATE TABLE @curated.b1 WITH (format='PARQUET', external_location='s3://@lake/curated/b1/',
                bucketed_by=ARRAY['id'], bucket_count=4) AS SELECT id, name FROM @raw.csv"""
            ),
            Step("select count(*) from @curated.b1", [["3"]]),
            Step("CREATE TABLE @curated.nd AS SELECT id, name FROM @raw.csv WHERE false"),
            Step("select count(*) from @curated.nd", [["0"]]),
            Step(
                """CREATE TABLE @curated.ndp WITH (partitioned_by=ARRAY['dt']) AS SELECT id, dt FROM @raw.csv WHERE false"""
            ),
            Step("select count(*) from @curated.ndp", [["0"]]),
            Step("CREATE TABLE @curated.counts AS SELECT count(*) n, sum(id) s, avg(id) a FROM @raw.csv"),
            Step("select n, s, a from @curated.counts", [["3", "6", "2.0"]]),
        ],
    ),
    *[
        Scenario(
            f"ctas_{output.lower()}",
            [
                Step(
                    f"""CREATE TABLE @curated.f_{output.lower()} WITH (format='{output}',
                    external_location='s3://@lake/curated/f_{output.lower()}/')
                    AS SELECT id, name, cast(amt as decimal(10,2)) d FROM @raw.csv"""
                ),
                Step(f"select id,name,d from @curated.f_{output.lower()} where id=1", [["1", '"ann"', "1.50"]]),
                Step(f"INSERT INTO @curated.f_{output.lower()} VALUES (9, 'nine', 9.99)"),
                Step(f"select d from @curated.f_{output.lower()} where id=9", [["9.99"]]),
            ],
        )
        for output in ("ORC", "AVRO", "JSON", "TEXTFILE")
    ],
    Scenario(
        "views",
        [
            Step("CREATE OR REPLACE VIEW @curated.v1 AS SELECT dt, sum(id) total FROM @raw.csv GROUP BY dt"),
            Step("select * from @curated.v1 order by dt", [["2024-01-01", "3"], ["2024-01-02", "3"]]),
            Step("CREATE VIEW @curated.v1 AS SELECT 1 a", "already exists"),
            Step("CREATE VIEW @curated.v2 AS SELECT max(total) mx FROM v1", database="@curated"),
            Step("select mx from @curated.v2", [["3"]]),
            Step("with csv as (select 1 as x) select mx, x from @curated.v2, csv", [["3", "1"]]),
            Step("CREATE VIEW @curated.v3 AS SELECT * FROM nowhere", "TABLE_NOT_FOUND"),
            Step("INSERT INTO @curated.v1 VALUES ('a', 1)", "Inserting into views is not supported"),
            Step("DROP TABLE @curated.v2", "Table not found"),
            Step("DROP VIEW @curated.v2"),
            Step("DROP VIEW @curated.v2", "View not found"),
            Step("DROP VIEW IF EXISTS @curated.v2"),
            Step(
                "SHOW CREATE VIEW @curated.v1",
                [["CREATE VIEW @curated.v1 AS"], ["SELECT dt, sum(id) total FROM @raw.csv GROUP BY dt"]],
            ),
        ],
    ),
    Scenario(
        "prepared_statements",
        [
            Step("PREPARE p1 FROM SELECT id FROM @raw.csv WHERE name = ? AND id < ?"),
            Step("EXECUTE p1 USING 'bob', 5", [["2"]]),
            Step("EXECUTE p1", [["2"]], parameters=["'bob'", "5"]),
            Step("EXECUTE p1 USING 'bob'", "Incorrect number of parameters"),
            Step("DEALLOCATE PREPARE p1"),
            Step("EXECUTE p1 USING 'bob', 5", "was not found in workgroup"),
            Step("select id from csv where name=?", [["2"]], parameters=["'bob'"]),
            Step("select id from csv where name=?", [], parameters=["'x' or 1=1"]),
            Step("select id from csv where name=?", [], parameters=["(select name from csv limit 1)"]),
        ],
    ),
]

ERRORS = [
    ("selec 1", "SYNTAX_ERROR: line 1:1: mismatched input 'selec'"),
    ("select from where", "SYNTAX_ERROR: line 1:"),
    ("-- why\n/* what */ selec 1", "SYNTAX_ERROR: line 2:12: mismatched input 'selec'"),
    ("-- why\n\nselect 1,\n  zz from @raw.csv", "COLUMN_NOT_FOUND: line 4:3: Column 'zz'"),
    ("select 1; select 2", "Only one sql statement is allowed"),
    ("select 1 from @raw.csv a join @raw.csv b", "Expecting: 'ON', 'USING' after JOIN"),
    ("select 1 from @raw.csv a left join (select 1 from @raw.csv b join @raw.csv c) d on true", "'USING' after JOIN"),
    ("select 1 from @raw.csv a asof join @raw.csv b on a.id >= b.id", "mismatched input 'ASOF'"),
    ("select {'a': 1}", "line 1:8: mismatched input '{'"),
    ("select [1, 2]", "line 1:8: mismatched input '['"),
    ("select foo(1)", "FUNCTION_NOT_FOUND: Function 'foo' not registered"),
    ("select nvl(1, 2)", "FUNCTION_NOT_FOUND: Function 'nvl' not registered"),
    ("select strftime(current_date, '%Y')", "FUNCTION_NOT_FOUND: Function 'strftime' not registered"),
    ("select word_stem('x')", "NOT_SUPPORTED: Function 'word_stem'"),
    ("select * from @raw.nope", "TABLE_NOT_FOUND: line 1:"),
    ("select * from nowhere.nope", "SCHEMA_NOT_FOUND: line 1:"),
    ("select * from hive.@raw.csv", "CATALOG_NOT_FOUND"),
    ("select zz from @raw.csv", "COLUMN_NOT_FOUND: line 1:8: Column 'zz' cannot be resolved"),
    ("select id from @raw.csv where id = 'x'", "TYPE_MISMATCH: line 1:"),
    ("select id from @raw.csv where dt > date '2024-01-01'", "TYPE_MISMATCH: line 1:"),
    ("select id from @raw.csv where dt in (1, 2)", "TYPE_MISMATCH: line 1:"),
    ("select 1/0", "DIVISION_BY_ZERO: Division by zero"),
    ("select 5 % 0", "DIVISION_BY_ZERO: Division by zero"),
    ("select cast('abc' as integer)", "INVALID_CAST_ARGUMENT"),
    ("select cast('1.5' as integer)", "INVALID_CAST_ARGUMENT"),
    ("select cast(300 as tinyint)", "cast"),
    ("select * exclude (id) from @raw.csv", "'exclude' not registered"),
    ("select * from @raw.csv for version as of 1", "does not support versioned tables"),
    (
        "select * from @raw.csv match_recognize (order by id pattern (a) define a as true)",
        "NOT_SUPPORTED: MATCH_RECOGNIZE",
    ),
    ("update @raw.csv set id = 1", "NOT_SUPPORTED: Modifying Hive table rows"),
    ("delete from @raw.csv", "NOT_SUPPORTED: Modifying Hive table rows"),
    ("msck repair table @raw.nope", "Table not found"),
    ("drop table @raw.nope", "Table not found"),
    ("describe @raw.nope", "Table not found"),
    ("show partitions @raw.nope", "Table not found"),
    ("show everything", "ParseException"),
    ("create table x (a int)", "LOCATION"),
    ("create external table @raw.x (a geography) location 's3://@lake/x/'", ""),
    ("create external table @raw.x (a int) location 'file:///etc/'", "not an Amazon S3 location"),
    ("create external table @raw.csv (a int) location 's3://@lake/x/'", "already exists"),
    ("drop database @raw", "is not empty"),
    ("grant select on x to y", "SYNTAX_ERROR"),
    ("explain select zz from @raw.csv", "COLUMN_NOT_FOUND"),
    ("optimize @raw.csv rewrite data using bin_pack", "Iceberg tables only"),
]
