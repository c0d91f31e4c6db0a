-- Newest description per touched product. Task sales_marts.copy_fact_sales. Grain: stock_code.
-- From all facts, not from this load: whatever the order of the days, the dimension comes out the same.
INSERT INTO mart.dim_product (
    stock_code,
    description,
    is_goods,
    first_invoice_date,
    last_invoice_date
)
SELECT
    newest.stock_code,
    newest.description,
    newest.is_goods,
    newest.first_invoice_date,
    newest.last_invoice_date
FROM (
    SELECT
        fact_sales.stock_code,
        fact_sales.description,
        fact_sales.is_goods,
        MIN(fact_sales.invoice_date) OVER (PARTITION BY fact_sales.stock_code) AS first_invoice_date,
        MAX(fact_sales.invoice_date) OVER (PARTITION BY fact_sales.stock_code) AS last_invoice_date,
        ROW_NUMBER() OVER (
            PARTITION BY fact_sales.stock_code
            ORDER BY
                CASE WHEN fact_sales.description IS NULL THEN 1 ELSE 0 END,
                fact_sales.invoice_date DESC,
                fact_sales.invoice_no DESC,
                fact_sales.line_no DESC
        ) AS place
    FROM mart.fact_sales
    INNER JOIN touched_products ON fact_sales.stock_code = touched_products.stock_code
) AS newest
WHERE newest.place = 1
