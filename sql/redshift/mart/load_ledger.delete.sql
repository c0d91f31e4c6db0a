-- The loaded days' earlier versions are gone. Task sales_marts.copy_fact_sales.
DELETE FROM mart.load_ledger
USING stage_days
WHERE load_ledger.invoice_day = stage_days.invoice_day
