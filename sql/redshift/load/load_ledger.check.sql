-- What a table holds, to be compared with what is published. Task <table>.read_load_ledger. Values: schema, table.
SELECT
    CAST(partition_day AS VARCHAR) AS partition_day,
    version
FROM {{ task.sql_values.schema }}.load_ledger
WHERE loaded_table = '{{ task.sql_values.table }}'
