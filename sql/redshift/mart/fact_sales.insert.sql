-- In with the loaded days. Task sales_marts.copy_fact_sales.
INSERT INTO mart.fact_sales (
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
    line_amount,
    invoice_day
)
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
    line_amount,
    CAST(invoice_date AS DATE) AS invoice_day
FROM stage_sales
