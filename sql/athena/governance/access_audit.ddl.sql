-- What the audit of each day has found, one partition a day. Task access_audit_daily.ensure_findings_table.
-- Values: findings_folder.
CREATE EXTERNAL TABLE IF NOT EXISTS `governance`.`access_audit` (
    `finding` STRING,
    `principal` STRING,
    `subject` STRING,
    `calls` BIGINT,
    `usual` DOUBLE,
    `first_at` STRING,
    `last_at` STRING,
    `alarming` BOOLEAN
)
PARTITIONED BY (`day` STRING)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION '{{ task.sql_values.findings_folder }}/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.day.type' = 'date',
    'projection.day.format' = 'yyyy-MM-dd',
    'projection.day.interval' = '1',
    'projection.day.interval.unit' = 'DAYS',
    'projection.day.range' = '2020-01-01,NOW',
    'storage.location.template' = '{{ task.sql_values.findings_folder }}/day=${day}'
)
