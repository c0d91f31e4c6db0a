-- Every text column of the warehouse that people can read. Task forget_subject.scan_warehouse.
SELECT
    table_schema,
    table_name,
    column_name
FROM svv_columns
WHERE
    data_type IN ('character varying', 'character', 'text')
    AND table_schema NOT IN ('pg_catalog', 'information_schema', 'pg_internal', 'pg_automv')
    AND table_schema NOT LIKE 'pg_temp%'
ORDER BY table_schema, table_name, column_name
