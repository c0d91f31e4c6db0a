-- Views that exist. Task tickit_sales_daily.ensure_views.
SELECT name
FROM svv_mv_info
WHERE schema_name = 'tickit'
