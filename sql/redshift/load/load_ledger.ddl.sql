-- Which version of which partition the schema's tables hold. Task <table>.ensure_schema. Grain: table, partition.
-- Values: schema.
CREATE TABLE IF NOT EXISTS {{ task.sql_values.schema }}.load_ledger (
    loaded_table VARCHAR(127) NOT NULL,
    partition_day DATE NOT NULL,
    version VARCHAR(64) NOT NULL,
    loaded_rows BIGINT NOT NULL,
    PRIMARY KEY (loaded_table, partition_day)
)
DISTSTYLE ALL
