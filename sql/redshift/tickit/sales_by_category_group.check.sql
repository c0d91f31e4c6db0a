-- The view as readers see it, to be compared with the lake. Task tickit_sales_daily.read_view. Grain: catgroup.
SELECT
    catgroup,
    sold
FROM tickit.sales_by_category_group
