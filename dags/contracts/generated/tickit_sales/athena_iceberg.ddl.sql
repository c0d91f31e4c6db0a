CREATE TABLE IF NOT EXISTS curated.tickit_sales_iceberg (
    `salesid` int,
    `listid` int,
    `sellerid` int,
    `buyerid` int,
    `eventid` int,
    `dateid` int,
    `qtysold` int,
    `pricepaid` decimal(8,2),
    `commission` decimal(8,2),
    `saletime` timestamp,
    `sale_day` date
)
PARTITIONED BY (sale_day)
LOCATION 's3://${curated}/tickit_sales_iceberg/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd')
