"""Tests of the Glue jobs, in the Glue runtime. Real Spark, no S3: folders stand in for buckets."""
