-- Invoice lines. Task sales_marts.ensure_tables. Grain: invoice_day, invoice_no, line_no.
-- Nothing keeps the shop from using an invoice number on two days, so the day belongs to the key.
-- description and country are what the invoice said that day; the dimensions hold the newest of them.
CREATE TABLE IF NOT EXISTS mart.fact_sales (
    invoice_no VARCHAR(16) NOT NULL,
    line_no INTEGER NOT NULL,
    stock_code VARCHAR(32) NOT NULL,
    description VARCHAR(800),
    quantity INTEGER NOT NULL,
    invoice_date TIMESTAMP NOT NULL,
    unit_price DECIMAL(12, 3) NOT NULL,
    customer_id VARCHAR(64),
    country VARCHAR(64) NOT NULL,
    is_return BOOLEAN NOT NULL,
    is_goods BOOLEAN NOT NULL,
    line_amount DECIMAL(18, 3) NOT NULL,
    invoice_day DATE NOT NULL,
    PRIMARY KEY (invoice_day, invoice_no, line_no)
)
DISTSTYLE KEY DISTKEY (stock_code)
SORTKEY (invoice_day)
