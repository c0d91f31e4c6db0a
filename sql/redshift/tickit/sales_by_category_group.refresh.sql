-- Task tickit_sales_daily.refresh_view, also when nothing was loaded: a killed run may have loaded and not refreshed.
REFRESH MATERIALIZED VIEW tickit.sales_by_category_group
