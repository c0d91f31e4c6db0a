-- Out with the loaded days' earlier versions. Task sales_marts.copy_fact_sales.
DELETE FROM mart.fact_sales
USING stage_days
WHERE fact_sales.invoice_day = stage_days.invoice_day
