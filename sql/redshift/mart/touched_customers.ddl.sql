-- Customers whose newest facts may change: of the new rows and of those they replace. Task sales_marts.copy_fact_sales.
CREATE TEMP TABLE touched_customers AS
SELECT customer_id
FROM stage_sales
WHERE customer_id IS NOT NULL
UNION
SELECT replaced.customer_id
FROM mart.fact_sales AS replaced
INNER JOIN stage_days ON replaced.invoice_day = stage_days.invoice_day
WHERE replaced.customer_id IS NOT NULL
