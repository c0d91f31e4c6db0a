-- Days and versions, as the manifest's writer saw them. Task sales_marts.copy_fact_sales. Values: days_file.
COPY stage_days
FROM '{{ task.sql_values.days_file }}'
IAM_ROLE DEFAULT
FORMAT AS CSV
