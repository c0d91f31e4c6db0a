-- Tickets sold by group of categories. Task tickit_sales_daily.ensure_views. Grain: catgroup.
-- tickets_mv of "CREATE MATERIALIZED VIEW" in the Amazon Redshift Database Developer Guide, on this schema's tables.
CREATE MATERIALIZED VIEW tickit.sales_by_category_group
AUTO REFRESH NO
AS
SELECT
    tickit_category.catgroup,
    SUM(tickit_sales.qtysold) AS sold
FROM tickit.tickit_category
INNER JOIN tickit.tickit_event ON tickit_category.catid = tickit_event.catid
INNER JOIN tickit.tickit_sales ON tickit_event.eventid = tickit_sales.eventid
GROUP BY tickit_category.catgroup
