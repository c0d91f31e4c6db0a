-- Out with what this partition replaces. Task <table>.load_partition. Values: schema, table, replaced.
DELETE FROM {{ task.sql_values.schema }}.{{ task.sql_values.table }}
WHERE {{ task.sql_values.replaced }}
