-- Task sales_marts.refresh_daily_sales.
REFRESH MATERIALIZED VIEW mart.daily_sales
