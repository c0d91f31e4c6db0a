CREATE TABLE IF NOT EXISTS curated.tickit_category_iceberg (
    `catid` int,
    `catgroup` string,
    `catname` string,
    `catdesc` string,
    `snapshot_day` date
)
PARTITIONED BY (snapshot_day)
LOCATION 's3://${curated}/tickit_category_iceberg/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd')
