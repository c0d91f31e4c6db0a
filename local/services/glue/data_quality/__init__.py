"""AWS Glue Data Quality on the Data Catalog: rule sets in DQDL, evaluated on the files of a table by DuckDB."""
