-- CloudTrail's log files as a table, one partition a day, none of them in the catalog (Athena user guide, "Create the
-- table for CloudTrail logs in Athena using partition projection"). Task access_audit_daily.ensure_log_table.
-- Values: log_folder.
CREATE EXTERNAL TABLE IF NOT EXISTS `governance`.`cloudtrail` (
    `eventversion` STRING,
    `useridentity` STRUCT<
        type: STRING,
        principalid: STRING,
        arn: STRING,
        accountid: STRING,
        invokedby: STRING,
        accesskeyid: STRING,
        username: STRING,
        sessioncontext: STRUCT<
            attributes: STRUCT<mfaauthenticated: STRING, creationdate: STRING>,
            sessionissuer: STRUCT<
                type: STRING, principalid: STRING, arn: STRING, accountid: STRING, username: STRING
            >
        >
    >,
    `eventtime` STRING,
    `eventsource` STRING,
    `eventname` STRING,
    `awsregion` STRING,
    `sourceipaddress` STRING,
    `useragent` STRING,
    `errorcode` STRING,
    `errormessage` STRING,
    `requestparameters` STRING,
    `responseelements` STRING,
    `additionaleventdata` STRING,
    `requestid` STRING,
    `eventid` STRING,
    `readonly` STRING,
    `resources` ARRAY<STRUCT<arn: STRING, accountid: STRING, type: STRING>>,
    `eventtype` STRING,
    `recipientaccountid` STRING,
    `sharedeventid` STRING,
    `eventcategory` STRING
)
PARTITIONED BY (`day` STRING)
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION '{{ task.sql_values.log_folder }}/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.day.type' = 'date',
    'projection.day.format' = 'yyyy/MM/dd',
    'projection.day.interval' = '1',
    'projection.day.interval.unit' = 'DAYS',
    'projection.day.range' = '2020/01/01,NOW',
    'storage.location.template' = '{{ task.sql_values.log_folder }}/${day}'
)
