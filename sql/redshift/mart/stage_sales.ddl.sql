-- Rows of the days being loaded, in the column order of the Parquet files: COPY from Parquet goes by position.
-- Task sales_marts.copy_fact_sales, first batch step; the table ends with the session.
-- Grain: invoice_day, invoice_no, line_no.
CREATE TEMP TABLE stage_sales (
    invoice_no VARCHAR(16),
    line_no INTEGER,
    stock_code VARCHAR(32),
    description VARCHAR(800),
    quantity INTEGER,
    invoice_date TIMESTAMP,
    unit_price DECIMAL(12, 3),
    customer_id VARCHAR(64),
    country VARCHAR(64),
    is_return BOOLEAN,
    is_goods BOOLEAN,
    line_amount DECIMAL(18, 3)
)
