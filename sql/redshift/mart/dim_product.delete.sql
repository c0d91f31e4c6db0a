-- Touched products are written anew from the facts. Task sales_marts.copy_fact_sales.
DELETE FROM mart.dim_product
USING touched_products
WHERE dim_product.stock_code = touched_products.stock_code
