CREATE EXTERNAL TABLE IF NOT EXISTS `curated`.`tickit_sales` (
    `salesid` int COMMENT 'Number of the sale.',
    `listid` int COMMENT 'Listing that was sold from.',
    `sellerid` int COMMENT 'Number of the user who sold.',
    `buyerid` int COMMENT 'Number of the user who bought.',
    `eventid` int COMMENT 'Event of the tickets.',
    `dateid` smallint COMMENT 'Number of the calendar day; 1827 is 2008-01-01.',
    `qtysold` smallint COMMENT 'Number of tickets.',
    `pricepaid` decimal(8,2) COMMENT 'For all tickets of the sale, in US dollars.',
    `commission` decimal(8,2) COMMENT '15 % of the price paid, in US dollars.',
    `saletime` timestamp COMMENT 'Local time of the shop.'
)
PARTITIONED BY (`sale_day` date)
STORED AS PARQUET
LOCATION 's3://${curated}/tickit_sales/'
TBLPROPERTIES ('contract_version' = '1.1.0', 'contract_hash' = 'f47ed9e88b893852')
