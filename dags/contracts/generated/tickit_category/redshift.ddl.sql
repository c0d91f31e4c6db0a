CREATE TABLE IF NOT EXISTS ${schema}.tickit_category (
    catid SMALLINT NOT NULL,
    catgroup VARCHAR(10) NOT NULL,
    catname VARCHAR(10) NOT NULL,
    catdesc VARCHAR(50),
    snapshot_day DATE NOT NULL,
    PRIMARY KEY (catid, snapshot_day)
)
DISTSTYLE AUTO
SORTKEY (snapshot_day)
