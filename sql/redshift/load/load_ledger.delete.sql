-- The replaced versions are gone. Task <table>.load_partition. Values: schema, table, forgotten.
DELETE FROM {{ task.sql_values.schema }}.load_ledger
WHERE
    loaded_table = '{{ task.sql_values.table }}'
    AND {{ task.sql_values.forgotten }}
