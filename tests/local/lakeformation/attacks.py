"""Attempts to see what Lake Formation hides, through Athena.

Tables in the database: ``emp`` (id, name, region, salary, ssn), ``sec`` (v), ``pub`` (id), and the views ``v_all``
over emp and ``v_sec`` over sec; ``sec_link`` is a resource link to sec, which the analyst may describe. Everything but
the link is granted to other accounts. The analyst may read emp without ssn and only region 'eu', pub and both views,
but not sec. The clerk may read id and name of emp in region 'eu' (a filter on a column it cannot see) and pub.

``@db`` is the database, ``@bucket`` the bucket of its files. HIDDEN stands for a value that only hidden rows hold.
"""

from __future__ import annotations

REFUSED = "refused"
"""The query must fail."""
HARMLESS = "harmless"
"""The query may succeed, but nothing hidden may come out."""

HIDDEN_COLUMNS = [
    "SELECT ssn FROM emp",
    'SELECT "SSN" FROM emp',
    'SELECT e."ssn" FROM @db.emp e',
    "SELECT awsdatacatalog.@db.emp.ssn FROM awsdatacatalog.@db.emp",
    "SELECT emp FROM emp",
    "SELECT e FROM emp e",
    "SELECT row(emp.*) FROM emp",
    "SELECT ssn FROM v_all",
    "SELECT * FROM emp e WHERE e.id IN (SELECT id FROM emp WHERE ssn = 'HIDDEN')",
    "SELECT id, (SELECT max(ssn) FROM emp x WHERE x.id = emp.id) FROM emp",
    "SELECT columns('.*') FROM emp",
    "SELECT * FROM emp MATCH_RECOGNIZE (ORDER BY id PATTERN (a) DEFINE a AS ssn LIKE 's%')",
    "SELECT id FROM emp ORDER BY ssn",
    "SELECT count(*) FROM emp GROUP BY ssn",
    "SELECT id FROM emp JOIN (VALUES 'HIDDEN') t(ssn) USING (ssn)",
    "SELECT transform(array[1], x -> ssn) FROM emp",
    "SELECT id FROM emp WHERE EXISTS (SELECT 1 FROM (VALUES 1) t(a) WHERE ssn IS NOT NULL)",
]

HIDDEN_TABLES = [
    "SELECT * FROM sec",
    'SELECT * FROM "sec"',
    "SELECT * FROM SEC",
    "WITH x AS (SELECT * FROM sec) SELECT * FROM x",
    "WITH sec AS (SELECT * FROM sec) SELECT * FROM sec",
    "SELECT * FROM (SELECT * FROM (SELECT * FROM sec))",
    "SELECT (SELECT v FROM sec)",
    "SELECT id FROM pub WHERE EXISTS (SELECT 1 FROM sec WHERE v LIKE 'H%')",
    "SELECT id FROM pub WHERE 'HIDDEN' IN (SELECT v FROM sec)",
    "SELECT * FROM v_sec",
    "FROM sec",
    "SELECT * FROM emp LIMIT (SELECT length(v) FROM sec)",
    "VALUES (SELECT v FROM sec)",
    "SELECT 1 UNION ALL SELECT length(v) FROM sec",
    "TABLE sec",
    "SELECT transform(array[1], x -> (SELECT max(v) FROM sec))",
    "SELECT * FROM unnest(array(SELECT v FROM sec))",
    "SELECT * FROM pub p CROSS JOIN LATERAL (SELECT v FROM sec) s",
    "SELECT count(*) FROM pub GROUP BY (SELECT v FROM sec)",
    "WITH RECURSIVE r(n) AS (SELECT v FROM sec UNION ALL SELECT n FROM r WHERE false) SELECT * FROM r",
    "SELECT * FROM `sec`",
    'SELECT * FROM @db."sec"."x"',
    'SELECT * FROM "@db.sec"',
    'SELECT * FROM U&"s\\0065c"',
    "SELECT * FROM ${sec}",
    "SELECT * EXCLUDE (v) FROM sec",
    "PIVOT sec ON v",
    "SELECT * FROM query('select * from sec')",
    "SELECT * FROM query_table('sec')",
    "SELECT 1; SELECT * FROM sec",
    "SELECT * FROM sec_link",
    "SELECT * FROM pub WHERE EXISTS (SELECT v FROM sec_link)",
]

OTHER_STATEMENTS = [
    "CREATE TABLE @db.stolen WITH (external_location = 's3://@bucket/stolen/') AS SELECT * FROM sec",
    "INSERT INTO pub SELECT length(v) FROM sec",
    "UNLOAD (SELECT * FROM sec) TO 's3://@bucket/unloaded/' WITH (format = 'PARQUET')",
    "CREATE VIEW stolen_view AS SELECT * FROM sec",
    "EXECUTE stolen",
    "EXPLAIN SELECT * FROM sec",
    "EXPLAIN ANALYZE SELECT * FROM sec",
    "DROP TABLE sec",
    "DROP TABLE sec_link",
    "INSERT INTO sec_link VALUES 'x'",
    "SHOW CREATE TABLE sec_link",
    "DESCRIBE sec_link",
    "CREATE VIEW linked_view AS SELECT * FROM sec_link",
    "SHOW CREATE TABLE sec",
    "DESCRIBE sec",
    "SHOW COLUMNS IN sec",
    "SHOW PARTITIONS sec",
    "SHOW TBLPROPERTIES sec",
    "ALTER TABLE sec SET TBLPROPERTIES ('a' = 'b')",
    "ALTER TABLE pub SET LOCATION 's3://@bucket/sec/'",
    "MSCK REPAIR TABLE sec",
    "CREATE EXTERNAL TABLE mine (v string) LOCATION 's3://@bucket/sec/'",
    "ATTACH 's3://@bucket/x.db' AS y",
    "COPY (SELECT 1) TO 's3://@bucket/z'",
    "SET enable_external_access = true",
    "PRAGMA version",
    "INSTALL httpfs",
    "CALL pragma_version()",
]

ENGINE_DOORS = [
    'SELECT * FROM "s3://@bucket/sec/a.csv"',
    "SELECT * FROM 's3://@bucket/sec/a.csv'",
    "SELECT * FROM read_csv('s3://@bucket/sec/a.csv')",
    "SELECT * FROM read_text('s3://@bucket/sec/a.csv')",
    "SELECT * FROM TABLE(read_text('s3://@bucket/sec/a.csv'))",
    "SELECT content FROM LATERAL read_text('/etc/passwd')",
    "SELECT * FROM glob('s3://@bucket/**')",
    "SELECT getenv('PATH')",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM duckdb_views()",
    "SELECT sql FROM duckdb_views",
    "SELECT * FROM pragma_table_info('emp')",
    "SELECT current_setting('s3_secret_access_key')",
    "SELECT * FROM pg_catalog.pg_tables",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM main.emp",
    "SELECT * FROM temp.emp",
    "SELECT * FROM scan.emp",
]

HIDDEN_ROWS = [
    "SELECT * FROM v_all WHERE region = 'us'",
    "SELECT * FROM emp WHERE 1 = 1 OR region = 'us'",
    "SELECT * FROM emp -- x\n WHERE region = 'us' /* */",
    "SELECT b.* FROM pub a FULL JOIN emp b ON true WHERE b.region = 'us' OR b.region IS NULL",
    "SELECT b.* FROM pub a LEFT JOIN emp b ON b.id = 2",
    "SELECT * FROM information_schema.columns WHERE table_schema = '@db' AND table_name IN ('emp', 'sec')",
    "SELECT id FROM emp TABLESAMPLE BERNOULLI (100)",
    "SELECT * FROM emp FOR VERSION AS OF 1",
    'SELECT "$path" FROM emp',
    # Errors that a predicate raises on hidden rows must not show their values.
    "SELECT id FROM emp WHERE cast(name AS integer) = 1",
    "SELECT id FROM emp WHERE CASE WHEN region = 'us' THEN cast(name || '!' AS integer) ELSE 1 END = 1",
    "SELECT id FROM emp WHERE region = 'us' AND 1 / (salary - 77200) = 1",
    "SELECT cast(name AS integer) FROM emp WHERE id = 2",
    "DESCRIBE emp",
    # Athena looks at the tables of a prepared statement when it is executed.
    "PREPARE stolen FROM SELECT * FROM sec",
    # Its text may be read by whoever was granted the view.
    "SHOW CREATE VIEW v_sec",
    "EXPLAIN SELECT * FROM emp",
]

CLERK = [
    (REFUSED, "SELECT region FROM emp"),
    (REFUSED, "SELECT name FROM emp WHERE region = 'us'"),
    (REFUSED, "SELECT name FROM emp ORDER BY region"),
    (REFUSED, "SELECT count(*) FROM emp GROUP BY region"),
    (REFUSED, "SELECT name FROM emp e JOIN (VALUES 'us') t(region) ON true WHERE e.region = 'us'"),
    (REFUSED, "SELECT name FROM emp JOIN pub USING (id) WHERE region = 'us'"),
    (REFUSED, "SELECT max_by(name, salary) FROM emp"),
    (HARMLESS, "SELECT * FROM emp"),
    (HARMLESS, "SELECT name FROM emp WHERE id = 2"),
]

ATTACKS: list[tuple[str, str, str]] = [
    *(("analyst", REFUSED, sql) for sql in HIDDEN_COLUMNS),
    *(("analyst", REFUSED, sql) for sql in HIDDEN_TABLES),
    *(("analyst", REFUSED, sql) for sql in OTHER_STATEMENTS),
    *(("analyst", REFUSED, sql) for sql in ENGINE_DOORS),
    *(("analyst", HARMLESS, sql) for sql in HIDDEN_ROWS),
    *(("clerk", outcome, sql) for outcome, sql in CLERK),
    *(("outsider", REFUSED, sql) for sql in ("SELECT * FROM emp", "SELECT * FROM pub", "SELECT count(*) FROM v_all")),
    ("outsider", REFUSED, "SELECT * FROM sec_link"),
    *(("outsider", HARMLESS, sql) for sql in ("SHOW TABLES", "SHOW DATABASES", *HIDDEN_ROWS)),
]
"""(role, outcome, SQL)"""
