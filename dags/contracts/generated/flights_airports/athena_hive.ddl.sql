CREATE EXTERNAL TABLE IF NOT EXISTS `curated`.`flights_airports` (
    `faa` string COMMENT 'Three letters or digits.',
    `name` string COMMENT 'Name of the airport.',
    `lat` double COMMENT 'Degrees north.',
    `lon` double COMMENT 'Degrees east; negative in America.',
    `alt` int COMMENT 'Feet above sea level.',
    `tz` smallint COMMENT 'Hours from UTC without daylight saving.',
    `dst` string COMMENT 'A as in the United States, N none, U unknown.',
    `tzone` string COMMENT 'Name in the IANA database; missing where the source has none.'
)
PARTITIONED BY (`snapshot_day` date)
STORED AS PARQUET
LOCATION 's3://${curated}/flights_airports/'
TBLPROPERTIES ('contract_version' = '1.0.0', 'contract_hash' = '07428284d00db6a2')
