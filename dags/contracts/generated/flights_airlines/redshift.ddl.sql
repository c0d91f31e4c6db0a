CREATE TABLE IF NOT EXISTS ${schema}.flights_airlines (
    carrier VARCHAR(2) NOT NULL,
    name VARCHAR(100) NOT NULL,
    snapshot_day DATE NOT NULL,
    PRIMARY KEY (carrier, snapshot_day)
)
DISTSTYLE AUTO
SORTKEY (snapshot_day)
