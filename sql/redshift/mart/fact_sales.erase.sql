-- Out with the facts of people to be forgotten. Task forget_subject.erase_warehouse.
DELETE FROM mart.fact_sales
USING erased_subjects
WHERE fact_sales.customer_id = erased_subjects.pseudonym
