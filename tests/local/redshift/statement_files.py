"""The files that the statement scenarios load."""

from __future__ import annotations

import datetime
import decimal
import gzip
import json

import pyarrow as pa

from tests.local.redshift.conftest import Warehouse

ROWS = 1000
CSV = """order_id,cust_id,status,amount,created_at
1,1,"pa,id",10.5,2024-01-01 00:00:00
2,x,ok,1,2024-01-01
3,3,waytoolongstatus,1,2024-01-01
4,4,ok,,
5,5,ok,1,notatime
6,6
"""


def put_files(warehouse: Warehouse) -> None:
    day = pa.array([datetime.datetime(2024, 1, 1)] * ROWS, pa.timestamp("us"))
    good = {
        "order_id": pa.array(range(ROWS), pa.int64()),
        "cust_id": pa.array([i % 7 for i in range(ROWS)], pa.int32()),
        "status": ["paid"] * ROWS,
        "amount": pa.array([decimal.Decimal("1.25")] * ROWS, pa.decimal128(12, 2)),
        "payload": pa.array([f'{{"a":{{"b":[1,{i}]}}}}' for i in range(ROWS)]),
        "created_at": day,
    }
    warehouse.put_parquet("p/1.parquet", pa.table(good))
    wrong = {
        "order_id": ["x"],
        "cust_id": [1],
        "status": ["a"],
        "amount": [1.5],
        "payload": ["{}"],
        "created_at": [None],
    }
    warehouse.put_parquet("pbad/1.parquet", pa.table(wrong))
    warehouse.put_gzip("c/1.csv.gz", CSV)
    warehouse.put("cut.csv.gz", gzip.compress(b"abc,2024-01-01,1\n" * 50_000)[:200])
    delimited = warehouse.put("d/1.txt", "7|7||2.5|\\N\n8|8|  |3|1704067200\n")
    warehouse.put("m.json", json.dumps({"entries": [{"url": delimited, "mandatory": True}]}))
    missing = {"url": f"s3://{warehouse.bucket}/d/none.txt", "mandatory": True}
    warehouse.put("m2.json", json.dumps({"entries": [missing]}))
    objects = [
        '{"ORDER_ID":9,"cust_id":9,"status":"j","amount":1.10,"payload":{"k":[1,{"z":2}]},',
        '  "created_at":"2024-02-02T00:00:00"}',
        '{"order_id":10}',
        "{bad",
    ]
    warehouse.put("j/1.json", "\n".join(objects) + "\n")
    warehouse.put("jp.json", json.dumps({"jsonpaths": ["$.a.id", "$['b'][0]"]}))
    warehouse.put("jj/1.json", '{"a":{"id":11},"b":[5]}')
    warehouse.put("o/1.txt", '"abcdef"|31.01.2024|5\n\nx|01.02.2024\n')
    warehouse.put("utf/1.csv", b"a,2024-01-01,1\nb\xff,2024-01-01,2\n")
