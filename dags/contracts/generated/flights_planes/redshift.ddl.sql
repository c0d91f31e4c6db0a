CREATE TABLE IF NOT EXISTS ${schema}.flights_planes (
    tailnum VARCHAR(6) NOT NULL,
    year SMALLINT,
    type VARCHAR(30) NOT NULL,
    manufacturer VARCHAR(60) NOT NULL,
    model VARCHAR(40) NOT NULL,
    engines SMALLINT NOT NULL,
    seats SMALLINT NOT NULL,
    speed SMALLINT,
    engine VARCHAR(20) NOT NULL,
    snapshot_day DATE NOT NULL,
    PRIMARY KEY (tailnum, snapshot_day)
)
DISTSTYLE AUTO
SORTKEY (snapshot_day)
