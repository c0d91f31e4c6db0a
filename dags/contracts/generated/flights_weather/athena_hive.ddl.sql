CREATE EXTERNAL TABLE IF NOT EXISTS `curated`.`flights_weather` (
    `origin` string COMMENT 'FAA code of the weather station.',
    `year` smallint COMMENT 'Year in New York\'s local time.',
    `month` smallint COMMENT 'Month in New York\'s local time.',
    `day` smallint COMMENT 'Day in New York\'s local time.',
    `hour` smallint COMMENT 'Hour in New York\'s local time, 0 to 23.',
    `temp` double COMMENT 'Degrees Fahrenheit.',
    `dewp` double COMMENT 'Degrees Fahrenheit.',
    `humid` double COMMENT 'Percent.',
    `wind_dir` smallint COMMENT 'Degrees; missing when the wind changes.',
    `wind_speed` double COMMENT 'Miles per hour.',
    `wind_gust` double COMMENT 'Miles per hour; missing when there are none.',
    `precip` double COMMENT 'Inches.',
    `pressure` double COMMENT 'Millibars at sea level.',
    `visib` double COMMENT 'Miles.',
    `time_hour` timestamp COMMENT 'The hour of the observation in UTC.'
)
PARTITIONED BY (`weather_day` date)
STORED AS PARQUET
LOCATION 's3://${curated}/flights_weather/'
TBLPROPERTIES ('contract_version' = '1.0.0', 'contract_hash' = 'f2f409d64565a767')
