CREATE EXTERNAL TABLE IF NOT EXISTS `curated`.`flights_planes` (
    `tailnum` string COMMENT 'Registration with the FAA.',
    `year` smallint COMMENT 'Missing for some.',
    `type` string COMMENT 'Kind of aircraft.',
    `manufacturer` string COMMENT 'In the spelling of the registry.',
    `model` string COMMENT 'In the spelling of the registry.',
    `engines` smallint COMMENT 'Number of engines.',
    `seats` smallint COMMENT 'Number of seats.',
    `speed` smallint COMMENT 'Miles per hour; hardly ever known.',
    `engine` string COMMENT 'For example Turbo-fan.'
)
PARTITIONED BY (`snapshot_day` date)
STORED AS PARQUET
LOCATION 's3://${curated}/flights_planes/'
TBLPROPERTIES ('contract_version' = '1.0.0', 'contract_hash' = '5ec77b72bda47e57')
