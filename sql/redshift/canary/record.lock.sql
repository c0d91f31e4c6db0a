-- Two overlapping runs take turns. Task lake_canary_hourly.copy_record.
LOCK canary.record
