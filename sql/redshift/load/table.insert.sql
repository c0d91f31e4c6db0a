-- In with the partition. Task <table>.load_partition. Values: schema, table, columns, partition_column, day.
INSERT INTO {{ task.sql_values.schema }}.{{ task.sql_values.table }} (
    {{ task.sql_values.columns }}, {{ task.sql_values.partition_column }}
)
SELECT
    {{ task.sql_values.columns }},
    CAST('{{ task.sql_values.day }}' AS DATE)
FROM stage
