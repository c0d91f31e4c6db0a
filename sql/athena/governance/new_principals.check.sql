-- Principals that called something on a day and nothing in the 30 days before. A trail that is younger than that makes
-- everybody new: earlier_days says how many days there is anything of. Task access_audit_daily.find_new_principals.
-- Values: first_day, last_day.
WITH calls AS (
    SELECT
        "day" AS called_on,
        eventsource,
        eventtime,
        COALESCE(useridentity.sessioncontext.sessionissuer.arn, useridentity.arn, useridentity.invokedby) AS principal
    FROM "governance"."cloudtrail"
    WHERE "day" BETWEEN '{{ task.sql_values.first_day }}' AND '{{ task.sql_values.last_day }}'
),

history AS (
    SELECT COUNT(DISTINCT called_on) AS earlier_days
    FROM calls
    WHERE called_on < '{{ task.sql_values.last_day }}'
)

SELECT
    calls.principal,
    ARRAY_JOIN(ARRAY_SORT(ARRAY_AGG(DISTINCT REPLACE(calls.eventsource, '.amazonaws.com', ''))), ', ') AS subject,
    COUNT(*) AS calls,
    MAX(history.earlier_days) AS usual,
    MIN(calls.eventtime) AS first_at,
    MAX(calls.eventtime) AS last_at
FROM calls
CROSS JOIN history
WHERE calls.principal IS NOT NULL
GROUP BY calls.principal
HAVING MIN(calls.called_on) = '{{ task.sql_values.last_day }}'
ORDER BY calls.principal
