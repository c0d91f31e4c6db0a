"""Glue jobs that serve every data product."""
