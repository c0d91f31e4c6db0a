-- Which version of which day the mart holds. Task sales_marts.ensure_tables. Grain: invoice_day.
CREATE TABLE IF NOT EXISTS mart.load_ledger (
    invoice_day DATE NOT NULL,
    version VARCHAR(64) NOT NULL,
    line_count BIGINT NOT NULL,
    PRIMARY KEY (invoice_day)
)
DISTSTYLE ALL
