-- Canary records that reached the warehouse. Task lake_canary_hourly.copy_record. Grain: run_key.
CREATE TABLE IF NOT EXISTS canary.record (
    run_key VARCHAR(16) NOT NULL,
    sent_at TIMESTAMP NOT NULL,
    pieces INTEGER NOT NULL,
    amount DECIMAL(12, 3) NOT NULL,
    note VARCHAR(400) NOT NULL,
    sender VARCHAR(64) NOT NULL,
    PRIMARY KEY (run_key)
)
SORTKEY (sent_at)
