-- One run's record, as Parquet in a folder of its own. Task lake_canary_hourly.convert_to_parquet. Grain: run_key.
-- Values: helper_table, location, run. The helper table only names the file: publish_record drops it.
CREATE TABLE "canary"."{{ task.sql_values.helper_table }}"
WITH (
    format = 'PARQUET',
    write_compression = 'SNAPPY',
    external_location = '{{ task.sql_values.location }}'
) AS
SELECT
    run_key,
    sent_at,
    pieces,
    amount,
    note,
    sender
FROM "canary"."staged"
WHERE run = '{{ task.sql_values.run }}'
