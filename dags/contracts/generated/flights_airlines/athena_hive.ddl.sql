CREATE EXTERNAL TABLE IF NOT EXISTS `curated`.`flights_airlines` (
    `carrier` string COMMENT 'Two-letter code of the airline.',
    `name` string COMMENT 'Name of the airline.'
)
PARTITIONED BY (`snapshot_day` date)
STORED AS PARQUET
LOCATION 's3://${curated}/flights_airlines/'
TBLPROPERTIES ('contract_version' = '1.0.0', 'contract_hash' = 'ae13752e78a077bb')
