-- Products whose newest facts may change: of the new rows and of those they replace. Task sales_marts.copy_fact_sales.
CREATE TEMP TABLE touched_products AS
SELECT stock_code
FROM stage_sales
UNION
SELECT replaced.stock_code
FROM mart.fact_sales AS replaced
INNER JOIN stage_days ON replaced.invoice_day = stage_days.invoice_day
