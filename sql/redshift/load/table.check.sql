-- Rows and sums of partitions, to be compared with the lake. Task <table>.count_warehouse.
-- Values: schema, table, partition_column, measures, days (quoted, separated by commas). Grain: partition.
SELECT
    CAST({{ task.sql_values.partition_column }} AS VARCHAR) AS partition_day,
    {{ task.sql_values.measures }}
FROM {{ task.sql_values.schema }}.{{ task.sql_values.table }}
WHERE {{ task.sql_values.partition_column }} IN ({{ task.sql_values.days }})
GROUP BY {{ task.sql_values.partition_column }}
