"""The Redshift Serverless API: namespaces and workgroups."""
