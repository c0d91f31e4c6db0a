"""Glue crawlers: list the files, read a sample of each, write tables and partitions."""
