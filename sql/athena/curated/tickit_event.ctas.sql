-- curated.tickit_event, one version of one day. Task tickit_sales_daily.tickit_event.convert_to_parquet.
-- Grain: eventid.
-- Values: helper_table, location (fresh folder of this version), day, run_key.
-- The helper table only names the files: publish_day points the day's partition at them and drops it.
CREATE TABLE "staging"."{{ task.sql_values.helper_table }}"
WITH (
    format = 'PARQUET',
    write_compression = 'SNAPPY',
    external_location = '{{ task.sql_values.location }}'
) AS
SELECT
    eventid,
    venueid,
    catid,
    dateid,
    eventname,
    starttime
FROM "staging"."tickit_event"
WHERE
    ingest_date = '{{ task.sql_values.day }}'
    AND run_key = '{{ task.sql_values.run_key }}'
