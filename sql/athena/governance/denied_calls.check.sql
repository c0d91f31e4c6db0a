-- Calls that were refused on a day, by principal and call, with how many a day were usual for that principal in the 30
-- days before. Task access_audit_daily.find_denied_calls. Values: first_day, last_day.
WITH denied AS (
    SELECT
        "day" AS called_on,
        eventtime,
        COALESCE(useridentity.sessioncontext.sessionissuer.arn, useridentity.arn, useridentity.invokedby) AS principal,
        REPLACE(eventsource, '.amazonaws.com', ':') || eventname AS api_call
    FROM "governance"."cloudtrail"
    WHERE
        "day" BETWEEN '{{ task.sql_values.first_day }}' AND '{{ task.sql_values.last_day }}'
        AND (errorcode LIKE '%AccessDenied%' OR errorcode LIKE '%UnauthorizedOperation%')
),

usual AS (
    SELECT
        principal,
        COUNT(*) / 30.0 AS calls_a_day
    FROM denied
    WHERE called_on < '{{ task.sql_values.last_day }}'
    GROUP BY principal
)

SELECT
    denied.principal,
    denied.api_call AS subject,
    COUNT(*) AS calls,
    COALESCE(MAX(usual.calls_a_day), 0) AS usual,
    MIN(denied.eventtime) AS first_at,
    MAX(denied.eventtime) AS last_at
FROM denied
LEFT JOIN usual ON denied.principal = usual.principal
WHERE denied.called_on = '{{ task.sql_values.last_day }}'
GROUP BY denied.principal, denied.api_call
ORDER BY calls DESC, denied.principal ASC, subject ASC
