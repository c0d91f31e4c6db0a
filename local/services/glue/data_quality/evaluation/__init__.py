"""Rules evaluated by DuckDB.

What a rule measures, which rows pass and what is said about it follows the DQDL reference; where that is silent, AWS's
own library (github.com/awslabs/deequ, package dqdl).
"""
