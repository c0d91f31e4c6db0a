-- Schema of a product in the warehouse. Task <table>.ensure_schema. Values: schema.
CREATE SCHEMA IF NOT EXISTS {{ task.sql_values.schema }}
