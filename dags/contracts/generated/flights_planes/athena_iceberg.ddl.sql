CREATE TABLE IF NOT EXISTS curated.flights_planes_iceberg (
    `tailnum` string,
    `year` int,
    `type` string,
    `manufacturer` string,
    `model` string,
    `engines` int,
    `seats` int,
    `speed` int,
    `engine` string,
    `snapshot_day` date
)
PARTITIONED BY (snapshot_day)
LOCATION 's3://${curated}/flights_planes_iceberg/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd')
