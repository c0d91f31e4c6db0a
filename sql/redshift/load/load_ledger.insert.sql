-- The partition's version, in the same transaction as its rows. Task <table>.load_partition.
-- Values: schema, table, day, version.
INSERT INTO {{ task.sql_values.schema }}.load_ledger (table_name, partition_day, version, row_count)
SELECT
    '{{ task.sql_values.table }}' AS table_name,
    CAST('{{ task.sql_values.day }}' AS DATE) AS partition_day,
    '{{ task.sql_values.version }}' AS version,
    COUNT(*) AS row_count
FROM stage
