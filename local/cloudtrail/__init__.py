"""CloudTrail log files as AWS delivers them: of the calls that this local AWS has seen, or a sample history."""
