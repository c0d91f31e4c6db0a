-- Customers by pseudonym, with their newest country. Task sales_marts.ensure_tables. Grain: customer_id.
CREATE TABLE IF NOT EXISTS mart.dim_customer (
    customer_id VARCHAR(64) NOT NULL,
    country VARCHAR(64) NOT NULL,
    first_invoice_date TIMESTAMP NOT NULL,
    last_invoice_date TIMESTAMP NOT NULL,
    PRIMARY KEY (customer_id)
)
DISTSTYLE ALL
