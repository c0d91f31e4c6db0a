CREATE TABLE IF NOT EXISTS ${schema}.flights_weather (
    origin VARCHAR(3) NOT NULL,
    year SMALLINT NOT NULL,
    month SMALLINT NOT NULL,
    day SMALLINT NOT NULL,
    hour SMALLINT NOT NULL,
    temp DOUBLE PRECISION,
    dewp DOUBLE PRECISION,
    humid DOUBLE PRECISION,
    wind_dir SMALLINT,
    wind_speed DOUBLE PRECISION,
    wind_gust DOUBLE PRECISION,
    precip DOUBLE PRECISION,
    pressure DOUBLE PRECISION,
    visib DOUBLE PRECISION,
    time_hour TIMESTAMP NOT NULL,
    weather_day DATE NOT NULL,
    PRIMARY KEY (origin, time_hour, weather_day)
)
DISTSTYLE AUTO
SORTKEY (weather_day)
