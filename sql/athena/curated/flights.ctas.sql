-- curated.flights, one version of one day. Task flights_daily.flights.convert_to_parquet.
-- Grain: carrier, flight, origin.
-- Values: helper_table, location (fresh folder of this version), day, run_key.
-- The helper table only names the files: publish_day points the day's partition at them and drops it.
CREATE TABLE "staging"."{{ task.sql_values.helper_table }}"
WITH (
    format = 'PARQUET',
    write_compression = 'SNAPPY',
    external_location = '{{ task.sql_values.location }}'
) AS
SELECT
    year,
    month,
    day,
    dep_time,
    sched_dep_time,
    dep_delay,
    arr_time,
    sched_arr_time,
    arr_delay,
    carrier,
    flight,
    tailnum,
    origin,
    dest,
    air_time,
    distance,
    hour,
    minute,
    time_hour,
    is_cancelled
FROM "staging"."flights"
WHERE
    ingest_date = '{{ task.sql_values.day }}'
    AND run_key = '{{ task.sql_values.run_key }}'
