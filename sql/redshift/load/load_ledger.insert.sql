-- The partition's version, in the same transaction as its rows. Task <table>.load_partition.
-- Values: schema, table, day, version.
INSERT INTO {{ task.sql_values.schema }}.load_ledger (
    loaded_table,
    partition_day,
    version,
    loaded_rows
)
SELECT
    '{{ task.sql_values.table }}' AS loaded_table,
    CAST('{{ task.sql_values.day }}' AS DATE) AS partition_day,
    '{{ task.sql_values.version }}' AS published_version,
    COUNT(*) AS loaded_rows
FROM stage
