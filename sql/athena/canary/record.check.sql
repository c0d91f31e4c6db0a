-- The record as the lake shows it, every value as text. Task lake_canary_hourly.read_lake. Values: run.
SELECT
    run_key,
    note,
    sender,
    CAST(pieces AS VARCHAR) AS pieces,
    CAST(amount AS VARCHAR) AS amount,
    DATE_FORMAT(sent_at, '%Y-%m-%d %H:%i:%s') AS sent_at
FROM "canary"."record"
WHERE run = '{{ task.sql_values.run }}'
