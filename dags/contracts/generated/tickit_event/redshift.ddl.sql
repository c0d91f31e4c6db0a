CREATE TABLE IF NOT EXISTS ${schema}.tickit_event (
    eventid INTEGER NOT NULL,
    venueid SMALLINT NOT NULL,
    catid SMALLINT NOT NULL,
    dateid SMALLINT NOT NULL,
    eventname VARCHAR(200) NOT NULL,
    starttime TIMESTAMP NOT NULL,
    snapshot_day DATE NOT NULL,
    PRIMARY KEY (eventid, snapshot_day)
)
DISTSTYLE AUTO
SORTKEY (snapshot_day)
