-- Newest country per touched customer. Task sales_marts.copy_fact_sales. Grain: customer_id.
-- From all facts, not from this load: whatever the order of the days, the dimension comes out the same.
INSERT INTO mart.dim_customer (
    customer_id,
    country,
    first_invoice_date,
    last_invoice_date
)
SELECT
    newest.customer_id,
    newest.country,
    newest.first_invoice_date,
    newest.last_invoice_date
FROM (
    SELECT
        fact_sales.customer_id,
        fact_sales.country,
        MIN(fact_sales.invoice_date) OVER (PARTITION BY fact_sales.customer_id) AS first_invoice_date,
        MAX(fact_sales.invoice_date) OVER (PARTITION BY fact_sales.customer_id) AS last_invoice_date,
        ROW_NUMBER() OVER (
            PARTITION BY fact_sales.customer_id
            ORDER BY
                fact_sales.invoice_date DESC,
                fact_sales.invoice_no DESC,
                fact_sales.line_no DESC
        ) AS place
    FROM mart.fact_sales
    INNER JOIN touched_customers ON fact_sales.customer_id = touched_customers.customer_id
) AS newest
WHERE newest.place = 1
