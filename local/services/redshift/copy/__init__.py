"""COPY: loads files from S3 into a table."""
