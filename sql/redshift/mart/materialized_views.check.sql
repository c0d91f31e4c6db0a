-- Views that exist. Task sales_marts.read_views.
SELECT name
FROM svv_mv_info
WHERE schema_name = 'mart'
