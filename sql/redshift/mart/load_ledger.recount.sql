-- The ledger counts what the days hold now. Task forget_subject.erase_warehouse.
UPDATE mart.load_ledger
SET line_count = counted.line_count
FROM (
    SELECT
        days.invoice_day,
        COUNT(fact_sales.invoice_no) AS line_count
    FROM mart.load_ledger AS days
    LEFT JOIN mart.fact_sales ON days.invoice_day = fact_sales.invoice_day
    GROUP BY days.invoice_day
) AS counted
WHERE
    load_ledger.invoice_day = counted.invoice_day
    AND load_ledger.line_count <> counted.line_count
