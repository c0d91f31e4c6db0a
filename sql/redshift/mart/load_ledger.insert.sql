-- The loaded days' versions, in the same transaction as their rows. Task sales_marts.copy_fact_sales.
INSERT INTO mart.load_ledger (
    invoice_day,
    version,
    line_count
)
SELECT
    stage_days.invoice_day,
    stage_days.version,
    COUNT(fact_sales.invoice_no) AS line_count
FROM stage_days
LEFT JOIN mart.fact_sales ON stage_days.invoice_day = fact_sales.invoice_day
GROUP BY stage_days.invoice_day, stage_days.version
