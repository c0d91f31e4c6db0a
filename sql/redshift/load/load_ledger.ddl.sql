-- Which version of which partition the schema's tables hold. Task <table>.ensure_table. Grain: table, partition.
-- Values: schema.
CREATE TABLE IF NOT EXISTS {{ task.sql_values.schema }}.load_ledger (
    table_name VARCHAR(127) NOT NULL,
    partition_day DATE NOT NULL,
    version VARCHAR(64) NOT NULL,
    row_count BIGINT NOT NULL,
    PRIMARY KEY (table_name, partition_day)
)
DISTSTYLE ALL
