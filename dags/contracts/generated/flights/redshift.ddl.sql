CREATE TABLE IF NOT EXISTS ${schema}.flights (
    year SMALLINT NOT NULL,
    month SMALLINT NOT NULL,
    day SMALLINT NOT NULL,
    dep_time SMALLINT,
    sched_dep_time SMALLINT NOT NULL,
    dep_delay SMALLINT,
    arr_time SMALLINT,
    sched_arr_time SMALLINT NOT NULL,
    arr_delay SMALLINT,
    carrier VARCHAR(2) NOT NULL,
    flight SMALLINT NOT NULL,
    tailnum VARCHAR(6),
    origin VARCHAR(3) NOT NULL,
    dest VARCHAR(3) NOT NULL,
    air_time SMALLINT,
    distance SMALLINT NOT NULL,
    hour SMALLINT NOT NULL,
    minute SMALLINT NOT NULL,
    time_hour TIMESTAMP NOT NULL,
    is_cancelled BOOLEAN NOT NULL,
    flight_day DATE NOT NULL,
    PRIMARY KEY (flight_day, carrier, flight, origin)
)
DISTSTYLE AUTO
SORTKEY (flight_day)
