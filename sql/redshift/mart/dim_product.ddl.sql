-- Articles and charges, with their newest description. Task sales_marts.ensure_tables. Grain: stock_code.
CREATE TABLE IF NOT EXISTS mart.dim_product (
    stock_code VARCHAR(32) NOT NULL,
    description VARCHAR(800),
    is_goods BOOLEAN NOT NULL,
    first_invoice_date TIMESTAMP NOT NULL,
    last_invoice_date TIMESTAMP NOT NULL,
    PRIMARY KEY (stock_code)
)
DISTSTYLE ALL
