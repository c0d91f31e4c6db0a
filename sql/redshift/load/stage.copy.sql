-- All files of the partition; a missing one fails the load. Task <table>.load_partition. Values: manifest.
COPY stage
FROM '{{ task.sql_values.manifest }}'
IAM_ROLE DEFAULT
FORMAT AS PARQUET
MANIFEST
