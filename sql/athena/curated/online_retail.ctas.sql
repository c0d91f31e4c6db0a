-- curated.online_retail, one version of one day. Task online_retail_daily.convert_to_parquet.
-- Grain: invoice_no, line_no. Values: helper_table, location (fresh folder of this version), day, run_key.
-- The helper table only names the files: publish_day points the day's partition at them and drops it.
CREATE TABLE "staging"."{{ task.sql_values.helper_table }}"
WITH (
    format = 'PARQUET',
    write_compression = 'SNAPPY',
    external_location = '{{ task.sql_values.location }}'
) AS
SELECT
    invoice_no,
    line_no,
    stock_code,
    description,
    quantity,
    invoice_date,
    unit_price,
    customer_id,
    country,
    is_return,
    is_goods,
    line_amount
FROM "staging"."online_retail"
WHERE
    ingest_date = '{{ task.sql_values.day }}'
    AND run_key = '{{ task.sql_values.run_key }}'
