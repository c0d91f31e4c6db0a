#!/usr/bin/env bash
# Sourced before every Airflow component of the environment starts, on MWAA and on the laptop (`make up`).
# For environment variables only: no installs (requirements.txt), no `set -e`, no work that takes longer than seconds.
# MWAA gives it five minutes; if bash ends before the end of the script, no component starts.

# boto3's "standard" mode also waits and tries again where "legacy", the default, gives up: throttled Glue, Athena and
# Lake Formation calls of many days at once.
export AWS_RETRY_MODE="${AWS_RETRY_MODE:-standard}"
export AWS_MAX_ATTEMPTS="${AWS_MAX_ATTEMPTS:-6}"
