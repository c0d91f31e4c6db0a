-- The record as the warehouse shows it, every value as text. Task lake_canary_hourly.read_warehouse. Values: run_key.
SELECT
    run_key,
    note,
    sender,
    CAST(pieces AS VARCHAR) AS pieces,
    CAST(amount AS VARCHAR) AS amount,
    TO_CHAR(sent_at, 'YYYY-MM-DD HH24:MI:SS') AS sent_at
FROM canary.record
WHERE run_key = '{{ task.sql_values.run_key }}'
