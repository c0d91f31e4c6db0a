"""Start a new data product beside its contract: DAG file, SQL, test, runbook section, in the house's pattern."""
