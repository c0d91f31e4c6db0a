-- What an earlier attempt of this run loaded, and runs beyond the newest. Task lake_canary_hourly.copy_record.
-- Values: run_key, keep_earlier.
DELETE FROM canary.record
WHERE
    run_key = '{{ task.sql_values.run_key }}'
    OR run_key IN (
        SELECT run_key
        FROM (
            SELECT
                run_key,
                ROW_NUMBER() OVER (ORDER BY sent_at DESC, run_key DESC) AS age
            FROM canary.record
        ) AS runs
        WHERE age > {{ task.sql_values.keep_earlier }}
    )
