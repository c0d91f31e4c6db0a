-- All days of the load in one COPY; a missing file fails it. Task sales_marts.copy_fact_sales. Values: manifest.
COPY stage_sales
FROM '{{ task.sql_values.manifest }}'
IAM_ROLE DEFAULT
FORMAT AS PARQUET
MANIFEST
