-- Sales per day, country and article. Task sales_marts.ensure_views. Grain: invoice_day, country, stock_code.
-- Only joins, SUM and COUNT, so that Redshift can refresh it incrementally.
CREATE MATERIALIZED VIEW mart.daily_sales
AUTO REFRESH NO
AS
SELECT
    invoice_day,
    country,
    stock_code,
    is_goods,
    COUNT(*) AS line_count,
    SUM(quantity) AS pieces,
    SUM(line_amount) AS revenue
FROM mart.fact_sales
GROUP BY invoice_day, country, stock_code, is_goods
