-- Who read which table on a day: whose query or job was given access to the data (GetDataAccess), or looked the table
-- up in the catalog (GetTable and its like). Task access_audit_daily.find_reads. Values: last_day.
WITH calls AS (
    SELECT
        eventname,
        eventtime,
        COALESCE(useridentity.sessioncontext.sessionissuer.arn, useridentity.arn, useridentity.invokedby) AS principal,
        -- arn:aws:glue:<region>:<account>:table/<database>/<table>
        COALESCE(
            REPLACE(REGEXP_EXTRACT(JSON_EXTRACT_SCALAR(requestparameters, '$.tableArn'), 'table/(.+)$', 1), '/', '.'),
            JSON_EXTRACT_SCALAR(requestparameters, '$.databaseName') || '.'
            || COALESCE(
                JSON_EXTRACT_SCALAR(requestparameters, '$.name'),
                JSON_EXTRACT_SCALAR(requestparameters, '$.tableName')
            )
        ) AS table_address
    FROM "governance"."cloudtrail"
    WHERE
        "day" = '{{ task.sql_values.last_day }}'
        AND errorcode IS NULL
        AND eventsource IN ('lakeformation.amazonaws.com', 'glue.amazonaws.com')
        AND eventname IN (
            'GetDataAccess', 'GetTable', 'GetUnfilteredTableMetadata', 'GetTemporaryGlueTableCredentials'
        )
)

SELECT
    principal,
    table_address AS subject,
    COUNT_IF(eventname <> 'GetTable') AS data_accesses,
    COUNT(*) AS calls,
    MIN(eventtime) AS first_at,
    MAX(eventtime) AS last_at
FROM calls
WHERE table_address IS NOT NULL
GROUP BY principal, table_address
ORDER BY principal, subject
