CREATE TABLE IF NOT EXISTS curated.tickit_event_iceberg (
    `eventid` int,
    `venueid` int,
    `catid` int,
    `dateid` int,
    `eventname` string,
    `starttime` timestamp,
    `snapshot_day` date
)
PARTITIONED BY (snapshot_day)
LOCATION 's3://${curated}/tickit_event_iceberg/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd')
