-- Rows of one partition in the column order of its Parquet files: COPY from Parquet goes by position.
-- Task <table>.load_partition; the table ends with the session. Values: stage_columns.
CREATE TEMP TABLE stage ({{ task.sql_values.stage_columns }})
