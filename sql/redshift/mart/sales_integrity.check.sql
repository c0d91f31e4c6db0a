-- What must not be: Redshift does not enforce keys, and views may be stale. Task sales_marts.check_integrity.
-- Grain: one row per rule that is broken, none if all is well.
SELECT
    broken_rule,
    broken_count
FROM (
    SELECT
        'fact_sales: invoice_day, invoice_no, line_no is not unique' AS broken_rule,
        COUNT(*) - COUNT(DISTINCT CAST(invoice_day AS VARCHAR) || '/' || invoice_no || '/' || CAST(line_no AS VARCHAR))
            AS broken_count
    FROM mart.fact_sales
    UNION ALL
    SELECT
        'fact_sales: stock_code is not in dim_product' AS broken_rule,
        COUNT(*) AS broken_count
    FROM mart.fact_sales
    LEFT JOIN mart.dim_product ON fact_sales.stock_code = dim_product.stock_code
    WHERE dim_product.stock_code IS NULL
    UNION ALL
    SELECT
        'fact_sales: customer_id is not in dim_customer' AS broken_rule,
        COUNT(*) AS broken_count
    FROM mart.fact_sales
    LEFT JOIN mart.dim_customer ON fact_sales.customer_id = dim_customer.customer_id
    WHERE
        fact_sales.customer_id IS NOT NULL
        AND dim_customer.customer_id IS NULL
    UNION ALL
    SELECT
        'dim_product: stock_code is not unique' AS broken_rule,
        COUNT(*) - COUNT(DISTINCT stock_code) AS broken_count
    FROM mart.dim_product
    UNION ALL
    SELECT
        'dim_customer: customer_id is not unique' AS broken_rule,
        COUNT(*) - COUNT(DISTINCT customer_id) AS broken_count
    FROM mart.dim_customer
    UNION ALL
    SELECT
        'daily_sales: lines differ from fact_sales (view not refreshed)' AS broken_rule,
        ABS(COALESCE(SUM(line_count), 0) - (SELECT COUNT(*) FROM mart.fact_sales)) AS broken_count
    FROM mart.daily_sales
    UNION ALL
    SELECT
        'product_sales: lines differ from fact_sales (view not refreshed)' AS broken_rule,
        ABS(COALESCE(SUM(line_count), 0) - (SELECT SUM(CASE WHEN is_goods THEN 1 ELSE 0 END) FROM mart.fact_sales))
            AS broken_count
    FROM mart.product_sales
) AS rules
WHERE broken_count <> 0
