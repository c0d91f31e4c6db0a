-- Out with the people to be forgotten. Task forget_subject.erase_warehouse.
DELETE FROM mart.dim_customer
USING erased_subjects
WHERE dim_customer.customer_id = erased_subjects.pseudonym
