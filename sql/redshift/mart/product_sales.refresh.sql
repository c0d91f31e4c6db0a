-- Task sales_marts.refresh_product_sales, after mart.daily_sales, which it reads.
REFRESH MATERIALIZED VIEW mart.product_sales
