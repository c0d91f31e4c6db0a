-- ANALYZE would skip a table of which few rows changed, and its statistics hold values of rows.
-- Task forget_subject.erase_warehouse.
SET analyze_threshold_percent TO 0
