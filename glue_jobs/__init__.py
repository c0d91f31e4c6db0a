"""Glue jobs. Neither Airflow nor boto3 nor awsglue is imported at the top of a module here."""
