CREATE TABLE IF NOT EXISTS ${schema}.flights_airports (
    faa VARCHAR(3) NOT NULL,
    name VARCHAR(100) NOT NULL,
    lat DOUBLE PRECISION NOT NULL,
    lon DOUBLE PRECISION NOT NULL,
    alt INTEGER,
    tz SMALLINT,
    dst VARCHAR(1) NOT NULL,
    tzone VARCHAR(40),
    snapshot_day DATE NOT NULL,
    PRIMARY KEY (faa, snapshot_day)
)
DISTSTYLE AUTO
SORTKEY (snapshot_day)
