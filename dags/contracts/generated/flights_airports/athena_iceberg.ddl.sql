CREATE TABLE IF NOT EXISTS curated.flights_airports_iceberg (
    `faa` string,
    `name` string,
    `lat` double,
    `lon` double,
    `alt` int,
    `tz` int,
    `dst` string,
    `tzone` string,
    `snapshot_day` date
)
PARTITIONED BY (snapshot_day)
LOCATION 's3://${curated}/flights_airports_iceberg/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd')
