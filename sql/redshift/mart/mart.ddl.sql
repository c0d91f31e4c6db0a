-- Schema of the sales mart. Task sales_marts.ensure_tables.
CREATE SCHEMA IF NOT EXISTS mart
