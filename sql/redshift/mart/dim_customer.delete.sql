-- Touched customers are written anew from the facts. Task sales_marts.copy_fact_sales.
DELETE FROM mart.dim_customer
USING touched_customers
WHERE dim_customer.customer_id = touched_customers.customer_id
