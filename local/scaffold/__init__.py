"""Start a new data product: contract, DAG file, SQL, job and test, in the house's pattern."""
