-- Rows, pieces and revenue of loaded days, to be compared with the lake. Task sales_marts.count_warehouse.
-- Values: days (quoted, separated by commas). Grain: invoice_day.
SELECT
    CAST(invoice_day AS VARCHAR) AS invoice_day,
    COUNT(*) AS line_count,
    SUM(quantity) AS pieces,
    SUM(line_amount) AS revenue
FROM mart.fact_sales
WHERE invoice_day IN ({{ task.sql_values.days }})
GROUP BY invoice_day
