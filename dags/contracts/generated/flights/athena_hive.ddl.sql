CREATE EXTERNAL TABLE IF NOT EXISTS `curated`.`flights` (
    `year` smallint COMMENT 'Year of the scheduled departure.',
    `month` smallint COMMENT 'Month of the scheduled departure.',
    `day` smallint COMMENT 'Day of the scheduled departure.',
    `dep_time` smallint COMMENT 'Actual departure, HHMM local time; missing when the flight was cancelled.',
    `sched_dep_time` smallint COMMENT 'HHMM local time.',
    `dep_delay` smallint COMMENT 'Minutes; negative when early.',
    `arr_time` smallint COMMENT 'Actual arrival, HHMM local time; missing when cancelled or unknown.',
    `sched_arr_time` smallint COMMENT 'HHMM local time.',
    `arr_delay` smallint COMMENT 'Minutes; missing when cancelled or diverted.',
    `carrier` string COMMENT 'Two-letter code of the airline.',
    `flight` smallint COMMENT 'Number of the flight within its airline.',
    `tailnum` string COMMENT 'Aircraft; fleet numbers of some airlines are none of the registry. Missing when cancelled early.',
    `origin` string COMMENT 'Airport of departure.',
    `dest` string COMMENT 'Airport of arrival.',
    `air_time` smallint COMMENT 'Minutes in the air.',
    `distance` smallint COMMENT 'Miles between the airports.',
    `hour` smallint COMMENT 'Hour of the scheduled departure.',
    `minute` smallint COMMENT 'Minute of the scheduled departure.',
    `time_hour` timestamp COMMENT 'The full hour of the scheduled departure in UTC; with origin the key of the weather.',
    `is_cancelled` boolean COMMENT 'True when the flight never departed.'
)
PARTITIONED BY (`flight_day` date)
STORED AS PARQUET
LOCATION 's3://${curated}/flights/'
TBLPROPERTIES ('contract_version' = '1.0.0', 'contract_hash' = '02fe4622806e2153')
