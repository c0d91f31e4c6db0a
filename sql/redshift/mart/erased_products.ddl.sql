-- Products whose newest facts may go with the people who bought them. Task forget_subject.erase_warehouse.
-- Named as in a load: the same statements write these products anew.
CREATE TEMP TABLE touched_products AS
SELECT DISTINCT fact_sales.stock_code
FROM mart.fact_sales
INNER JOIN erased_subjects ON fact_sales.customer_id = erased_subjects.pseudonym
