CREATE TABLE IF NOT EXISTS curated.flights_airlines_iceberg (
    `carrier` string,
    `name` string,
    `snapshot_day` date
)
PARTITIONED BY (snapshot_day)
LOCATION 's3://${curated}/flights_airlines_iceberg/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd')
