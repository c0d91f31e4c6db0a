-- Schema of the canary; nobody is granted anything on it. Task lake_canary_hourly.copy_record.
CREATE SCHEMA IF NOT EXISTS canary
