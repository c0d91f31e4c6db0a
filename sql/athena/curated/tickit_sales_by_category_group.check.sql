-- What the warehouse's view must say: all sales, with the newest lists of events and categories.
-- Task tickit_sales_daily.count_groups. Grain: catgroup.
SELECT
    category.catgroup,
    SUM(sales.qtysold) AS sold
FROM "curated"."tickit_category" AS category
INNER JOIN "curated"."tickit_event" AS event ON category.catid = event.catid
INNER JOIN "curated"."tickit_sales" AS sales ON event.eventid = sales.eventid
WHERE
    category.snapshot_day = (SELECT MAX(tickit_category.snapshot_day) FROM "curated"."tickit_category")
    AND event.snapshot_day = (SELECT MAX(tickit_event.snapshot_day) FROM "curated"."tickit_event")
GROUP BY category.catgroup
