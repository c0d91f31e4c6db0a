-- Rows and sums of published partitions, to be compared with the warehouse. Task <table>.count_lake.
-- Values: database, table, partition_column, measures, days (quoted, separated by commas). Grain: partition.
SELECT
    CAST({{ task.sql_values.partition_column }} AS VARCHAR) AS partition_day,
    {{ task.sql_values.measures }}
FROM "{{ task.sql_values.database }}"."{{ task.sql_values.table }}"
WHERE CAST({{ task.sql_values.partition_column }} AS VARCHAR) IN ({{ task.sql_values.days }})
GROUP BY {{ task.sql_values.partition_column }}
