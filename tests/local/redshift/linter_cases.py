# ruff: noqa: E501 - one case per line
"""Statements that PostgreSQL runs and Redshift refuses, and statements that look like them and are allowed.

Sources: Database Developer Guide, "Amazon Redshift and PostgreSQL" (unsupported features, data types, functions) and the
syntax pages. ``{s}`` is a schema with the table ``t (a INT, b VARCHAR(20))``.
"""

from __future__ import annotations

# name -> (statement, part of the error)
REFUSED: dict[str, tuple[str, str]] = {
    "index": (
        "CREATE INDEX i ON {s}.t (a)",
        'SQL command "CREATE INDEX i ON {s}.t (a)" not supported on Redshift tables.',
    ),
    "unique_index": ("CREATE UNIQUE INDEX i ON {s}.t (a)", "not supported on Redshift tables"),
    "drop_index": ("DROP INDEX i", "not supported on Redshift tables"),
    "extension": ("CREATE EXTENSION hstore", "not supported on Redshift tables"),
    "enum": ("CREATE TYPE mood AS ENUM ('a')", "not supported on Redshift tables"),
    "domain": ("CREATE DOMAIN d AS int", "not supported on Redshift tables"),
    "sequence": ("CREATE SEQUENCE {s}.q", "not supported on Redshift tables"),
    "trigger": ("CREATE TRIGGER x AFTER INSERT ON {s}.t EXECUTE FUNCTION f()", "not supported on Redshift tables"),
    "postgres_policy": ("CREATE POLICY p ON {s}.t", "not supported on Redshift tables"),
    "do_block": ("DO $$ BEGIN NULL; END $$", "not supported on Redshift tables"),
    "savepoint": ("SAVEPOINT s1", "not supported on Redshift tables"),
    "unlogged": ("CREATE UNLOGGED TABLE {s}.u (a INT)", "not supported on Redshift tables"),
    "on_conflict": ("INSERT INTO {s}.t VALUES (1) ON CONFLICT DO NOTHING", 'syntax error at or near "CONFLICT"'),
    "returning": ("INSERT INTO {s}.t VALUES (1) RETURNING a", 'syntax error at or near "RETURNING"'),
    "distinct_on": ("SELECT DISTINCT ON (a) a, b FROM {s}.t", "SELECT DISTINCT ON is not supported"),
    "lateral": ("SELECT * FROM {s}.t, LATERAL (SELECT 1) x", 'syntax error at or near "LATERAL"'),
    "filter": ("SELECT count(*) FILTER (WHERE a > 1) FROM {s}.t", 'syntax error at or near "FILTER"'),
    "fetch_first": ("SELECT a FROM {s}.t FETCH FIRST 1 ROWS ONLY", 'syntax error at or near "FETCH"'),
    "tablesample": ("SELECT a FROM {s}.t TABLESAMPLE SYSTEM (10)", 'syntax error at or near "TABLESAMPLE"'),
    "for_update": ("SELECT a FROM {s}.t FOR UPDATE", "SELECT FOR UPDATE/SHARE is not supported"),
    "named_window": ("SELECT sum(a) OVER w FROM {s}.t WINDOW w AS (ORDER BY a)", 'syntax error at or near "WINDOW"'),
    "values_as_table": ("SELECT * FROM (VALUES (1), (2)) v(x)", 'syntax error at or near "VALUES"'),
    "writing_cte": ("WITH d AS (DELETE FROM {s}.t) SELECT 1", "syntax error"),
    "array_literal": ("SELECT ARRAY[1, 2]", 'syntax error at or near "["'),
    "array_column": ("CREATE TABLE {s}.u (a INT[])", "Redshift has no arrays"),
    "array_cast": ("SELECT '{1}'::int[]", "Redshift has no arrays"),
    "any_array": ("SELECT a FROM {s}.t WHERE a = ANY(ARRAY[1])", 'syntax error at or near "["'),
    "json_column": ("CREATE TABLE {s}.u (a JSON)", 'Column "a" has unsupported type "json".'),
    "jsonb_column": ("CREATE TABLE {s}.u (a JSONB)", 'Column "a" has unsupported type "jsonb".'),
    "uuid_column": ("CREATE TABLE {s}.u (a UUID)", 'Column "a" has unsupported type "uuid".'),
    "serial_column": ("CREATE TABLE {s}.u (a SERIAL)", 'Column "a" has unsupported type "serial".'),
    "inet_column": ("CREATE TABLE {s}.u (a INET)", 'Column "a" has unsupported type "inet".'),
    "money_column": ("CREATE TABLE {s}.u (a MONEY)", 'Column "a" has unsupported type "money".'),
    "json_cast": ("SELECT '1'::jsonb", 'type "jsonb" does not exist'),
    "json_arrow": ("SELECT b -> 'x' FROM {s}.t", "operator does not exist"),
    "json_arrow_text": ("SELECT b ->> 'x' FROM {s}.t", "operator does not exist"),
    "regexp_ignoring_case": ("SELECT b ~* 'x' FROM {s}.t", "operator does not exist"),
    "generate_series_on_table": (
        "SELECT a FROM {s}.t JOIN generate_series(1, 3) g ON g = a",
        "not supported on Redshift tables",
    ),
    "generate_series_into_table": (
        "INSERT INTO {s}.t SELECT generate_series(1, 3)",
        "not supported on Redshift tables",
    ),
    "generate_series_as_table": (
        "CREATE TABLE {s}.u AS SELECT generate_series(1, 3) AS x",
        "not supported on Redshift tables",
    ),
    "now_on_table": ("SELECT now(), a FROM {s}.t", "not supported on Redshift tables"),
    "age_on_table": ("SELECT age(now(), now()) FROM {s}.t", "not supported on Redshift tables"),
    "string_agg": ("SELECT string_agg(b, ',') FROM {s}.t", "function string_agg() does not exist"),
    "array_agg": ("SELECT array_agg(a) FROM {s}.t", "function array_agg() does not exist"),
    "unnest": ("SELECT unnest(string_to_array('a,b', ','))", "function unnest() does not exist"),
    "to_json": ("SELECT to_json(b) FROM {s}.t", "function to_json() does not exist"),
    "concat_ws": ("SELECT concat_ws(',', 'a', 'b')", "function concat_ws() does not exist"),
    "make_date": ("SELECT make_date(2024, 1, 1)", "function make_date() does not exist"),
    "gen_random_uuid": ("SELECT gen_random_uuid()", "function gen_random_uuid() does not exist"),
    "pg_sleep": ("SELECT pg_sleep(1)", "function pg_sleep() does not exist"),
    "pg_read_file": ("SELECT pg_read_file('/etc/passwd')", "function pg_read_file() does not exist"),
    "check_constraint": ("CREATE TABLE {s}.u (a INT CHECK (a > 0))", "CHECK and EXCLUDE constraints are not supported"),
    "partitioned_table": ("CREATE TABLE {s}.u (a INT) PARTITION BY RANGE (a)", 'syntax error at or near "PARTITION"'),
    "inherits": ("CREATE TABLE {s}.u (c INT) INHERITS ({s}.t)", 'syntax error at or near "INHERITS"'),
    "set_not_null": ("ALTER TABLE {s}.t ALTER COLUMN a SET NOT NULL", "ALTER COLUMN SET/DROP is not supported"),
    "two_columns_at_once": ("ALTER TABLE {s}.t ADD COLUMN c INT, ADD COLUMN d INT", 'syntax error at or near ","'),
    "ctas_if_not_exists": ("CREATE TABLE IF NOT EXISTS {s}.u AS SELECT 1 AS x", 'syntax error at or near "AS"'),
    "mv_if_not_exists": (
        "CREATE MATERIALIZED VIEW IF NOT EXISTS {s}.m AS SELECT a FROM {s}.t",
        'syntax error at or near "NOT"',
    ),
    "mv_concurrently": ("REFRESH MATERIALIZED VIEW CONCURRENTLY {s}.m", 'syntax error at or near "CONCURRENTLY"'),
    "merge_one_clause": (
        "MERGE INTO {s}.t USING {s}.t x ON t.a = x.a WHEN MATCHED THEN DELETE",
        "exactly one WHEN MATCHED and one WHEN NOT MATCHED",
    ),
    "merge_condition": (
        "MERGE INTO {s}.t USING {s}.t x ON t.a = x.a WHEN MATCHED AND x.a > 1 THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1, 'x')",
        'syntax error at or near "AND"',
    ),
    "merge_alias": (
        "MERGE INTO {s}.t AS z USING {s}.t x ON z.a = x.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1, 'x')",
        'syntax error at or near "z"',
    ),
    "copy_from_program": ("COPY {s}.t FROM PROGRAM 'id'", "syntax error in COPY"),
    "copy_to_file": ("COPY {s}.t TO '/tmp/x'", "syntax error in COPY"),
    "copy_from_stdin": ("COPY {s}.t FROM STDIN", "syntax error in COPY"),
    "unknown_word": ("UPSERT INTO {s}.t VALUES (1)", 'syntax error at or near "UPSERT"'),
    "postgres_setting": ("SET enable_seqscan TO off", 'unrecognized configuration parameter "enable_seqscan"'),
    "perl_function": (
        "CREATE FUNCTION {s}.f() RETURNS int STABLE AS $$ 1 $$ LANGUAGE plperl",
        "LANGUAGE must be plpgsql or sql",
    ),
}

# words of refused things in places where they are fine
ALLOWED: dict[str, str] = {
    "words_in_string": "SELECT 'on conflict returning lateral do nothing; array[1]' AS x",
    "words_in_comment": "SELECT 1 -- returning, on conflict\n",
    "words_in_quoted_name": 'SELECT 1 AS "returning"',
    "leader_function_alone": "SELECT now() IS NOT NULL",
    "generate_series_alone": "SELECT * FROM generate_series(1, 3)",
    "leader_function_on_catalog": "SELECT count(*) FROM pg_class WHERE now() IS NOT NULL",
    "listagg": "SELECT listagg(b, ',') WITHIN GROUP (ORDER BY b) FROM {s}.t",
    "array_function": "SELECT array(1, 2)",
    "in_list": "SELECT a FROM {s}.t WHERE a IN (1, 2)",
    "any_subquery": "SELECT a FROM {s}.t WHERE a = ANY (SELECT a FROM {s}.t)",
    "insert_values": "INSERT INTO {s}.t VALUES (1, 'x'), (2, 'y')",
    "getdate": "SELECT getdate(), a FROM {s}.t",
    "cast_to_super": "SELECT json_parse('1')::super",
    "like_including_defaults": "CREATE TEMP TABLE {s}_u (LIKE {s}.t INCLUDING DEFAULTS)",
    "values_column_name": "SELECT a AS filter FROM {s}.t",
}
