CREATE EXTERNAL TABLE IF NOT EXISTS `curated`.`tickit_event` (
    `eventid` int COMMENT 'Number of the event.',
    `venueid` smallint COMMENT 'Number of the venue.',
    `catid` smallint COMMENT 'Category of the event.',
    `dateid` smallint COMMENT 'Number of the calendar day; 1827 is 2008-01-01.',
    `eventname` string COMMENT 'Name of the event.',
    `starttime` timestamp COMMENT 'Local time of the venue.'
)
PARTITIONED BY (`snapshot_day` date)
STORED AS PARQUET
LOCATION 's3://${curated}/tickit_event/'
TBLPROPERTIES ('contract_version' = '1.0.0', 'contract_hash' = '37a1316b6d259c16')
