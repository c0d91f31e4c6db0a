"""The local Amazon Redshift: the Data API and the Serverless API on a real PostgreSQL server."""
