-- No value of the erased rows stays in the statistics. Task forget_subject.erase_warehouse.
ANALYZE mart.dim_product
