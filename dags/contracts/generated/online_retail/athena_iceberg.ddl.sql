CREATE TABLE IF NOT EXISTS curated.online_retail_iceberg (
    `invoice_no` string,
    `line_no` int,
    `stock_code` string,
    `description` string,
    `quantity` int,
    `invoice_date` timestamp,
    `unit_price` decimal(12,3),
    `customer_id` string,
    `country` string,
    `is_return` boolean,
    `is_goods` boolean,
    `line_amount` decimal(18,3),
    `invoice_day` date
)
PARTITIONED BY (invoice_day)
LOCATION 's3://${curated}/online_retail_iceberg/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd')
