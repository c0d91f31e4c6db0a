-- What the mart holds, to be compared with what is published. Task sales_marts.read_load_ledger. Grain: invoice_day.
SELECT
    CAST(invoice_day AS VARCHAR) AS invoice_day,
    version
FROM mart.load_ledger
ORDER BY invoice_day
