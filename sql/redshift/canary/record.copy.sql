-- The run's file, by position as COPY from Parquet goes. Task lake_canary_hourly.copy_record. Values: location.
COPY canary.record
FROM '{{ task.sql_values.location }}'
IAM_ROLE DEFAULT
FORMAT AS PARQUET
