-- curated.tickit_sales, one version of one day. Task tickit_sales_daily.tickit_sales.convert_to_parquet.
-- Grain: salesid.
-- Values: helper_table, location (fresh folder of this version), day, run_key.
-- The helper table only names the files: publish_day points the day's partition at them and drops it.
CREATE TABLE "staging"."{{ task.sql_values.helper_table }}"
WITH (
    format = 'PARQUET',
    write_compression = 'SNAPPY',
    external_location = '{{ task.sql_values.location }}'
) AS
SELECT
    salesid,
    listid,
    sellerid,
    buyerid,
    eventid,
    dateid,
    qtysold,
    pricepaid,
    commission,
    saletime
FROM "staging"."tickit_sales"
WHERE
    ingest_date = '{{ task.sql_values.day }}'
    AND run_key = '{{ task.sql_values.run_key }}'
