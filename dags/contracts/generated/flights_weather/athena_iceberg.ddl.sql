CREATE TABLE IF NOT EXISTS curated.flights_weather_iceberg (
    `origin` string,
    `year` int,
    `month` int,
    `day` int,
    `hour` int,
    `temp` double,
    `dewp` double,
    `humid` double,
    `wind_dir` int,
    `wind_speed` double,
    `wind_gust` double,
    `precip` double,
    `pressure` double,
    `visib` double,
    `time_hour` timestamp,
    `weather_day` date
)
PARTITIONED BY (weather_day)
LOCATION 's3://${curated}/flights_weather_iceberg/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd')
