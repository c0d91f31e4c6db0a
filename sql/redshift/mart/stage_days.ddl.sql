-- The days being loaded and their versions. Task sales_marts.copy_fact_sales. Grain: invoice_day.
CREATE TEMP TABLE stage_days (
    invoice_day DATE,
    version VARCHAR(64)
)
