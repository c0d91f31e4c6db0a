CREATE TABLE IF NOT EXISTS ${schema}.tickit_sales (
    salesid INTEGER NOT NULL,
    listid INTEGER NOT NULL,
    sellerid INTEGER NOT NULL,
    buyerid INTEGER NOT NULL,
    eventid INTEGER NOT NULL,
    dateid SMALLINT NOT NULL,
    qtysold SMALLINT NOT NULL,
    pricepaid DECIMAL(8,2) NOT NULL,
    commission DECIMAL(8,2) NOT NULL,
    saletime TIMESTAMP NOT NULL,
    sale_day DATE NOT NULL,
    PRIMARY KEY (salesid, sale_day)
)
DISTSTYLE AUTO
SORTKEY (sale_day)
