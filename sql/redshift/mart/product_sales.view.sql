-- Sales per article over all days. Task sales_marts.ensure_views. Grain: stock_code. Built on mart.daily_sales.
CREATE MATERIALIZED VIEW mart.product_sales
AUTO REFRESH NO
AS
SELECT
    daily_sales.stock_code,
    dim_product.description,
    SUM(daily_sales.line_count) AS line_count,
    SUM(daily_sales.pieces) AS pieces,
    SUM(daily_sales.revenue) AS revenue
FROM mart.daily_sales
INNER JOIN mart.dim_product ON daily_sales.stock_code = dim_product.stock_code
WHERE daily_sales.is_goods
GROUP BY daily_sales.stock_code, dim_product.description
