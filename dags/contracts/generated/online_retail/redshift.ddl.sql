CREATE TABLE IF NOT EXISTS ${schema}.online_retail (
    invoice_no VARCHAR(16) NOT NULL,
    line_no INTEGER NOT NULL,
    stock_code VARCHAR(32) NOT NULL,
    description VARCHAR(200),
    quantity INTEGER NOT NULL,
    invoice_date TIMESTAMP NOT NULL,
    unit_price DECIMAL(12,3) NOT NULL,
    customer_id VARCHAR(64),
    country VARCHAR(64) NOT NULL,
    is_return BOOLEAN NOT NULL,
    is_goods BOOLEAN NOT NULL,
    line_amount DECIMAL(18,3) NOT NULL,
    invoice_day DATE NOT NULL,
    PRIMARY KEY (invoice_no, line_no, invoice_day)
)
DISTSTYLE AUTO
SORTKEY (invoice_day)
