CREATE EXTERNAL TABLE IF NOT EXISTS `curated`.`tickit_category` (
    `catid` smallint COMMENT 'Number of the category.',
    `catgroup` string COMMENT 'Concerts, Shows or Sports.',
    `catname` string COMMENT 'Name of the category.',
    `catdesc` string COMMENT 'What belongs to it.'
)
PARTITIONED BY (`snapshot_day` date)
STORED AS PARQUET
LOCATION 's3://${curated}/tickit_category/'
TBLPROPERTIES ('contract_version' = '1.0.0', 'contract_hash' = '58028ddfdcff7fcb')
