-- Rows, pieces and revenue of published days, to be compared with the warehouse. Task sales_marts.count_lake.
-- Values: days (quoted, separated by commas). Grain: invoice_day.
SELECT
    CAST(invoice_day AS VARCHAR) AS invoice_day,
    COUNT(*) AS line_count,
    SUM(quantity) AS pieces,
    SUM(line_amount) AS revenue
FROM "curated"."online_retail"
WHERE CAST(invoice_day AS VARCHAR) IN ({{ task.sql_values.days }})
GROUP BY invoice_day
