CREATE TABLE IF NOT EXISTS curated.flights_iceberg (
    `year` int,
    `month` int,
    `day` int,
    `dep_time` int,
    `sched_dep_time` int,
    `dep_delay` int,
    `arr_time` int,
    `sched_arr_time` int,
    `arr_delay` int,
    `carrier` string,
    `flight` int,
    `tailnum` string,
    `origin` string,
    `dest` string,
    `air_time` int,
    `distance` int,
    `hour` int,
    `minute` int,
    `time_hour` timestamp,
    `is_cancelled` boolean,
    `flight_day` date
)
PARTITIONED BY (flight_day)
LOCATION 's3://${curated}/flights_iceberg/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd')
