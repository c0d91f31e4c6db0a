"""The Data Quality Definition Language: text to rules.

Grammar and rule types are those of AWS's own parser (github.com/awslabs/dqdl), which also gives the error texts. Left
out on purpose are the parts that only AWS Glue ETL has: dynamic rules, DetectAnomalies, rules about files.
"""
