"""Deliveries of the product ``tickit``: made-up ticket sales in the model of Redshift's sample database TICKIT.

Tables, columns, types and file formats are those of "Sample database" in the Amazon Redshift Database Developer Guide:
``category`` and ``event`` with pipes, ``sales`` with tabs and times written month first. The rows are our own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random

from local.errors import LocalAwsError
from local.seed.delivery import write_delivery

CATEGORY = ("catid", "catgroup", "catname", "catdesc")
EVENT = ("eventid", "venueid", "catid", "dateid", "eventname", "starttime")
SALES = (
    *("salesid", "listid", "sellerid", "buyerid", "eventid", "dateid", "qtysold", "pricepaid", "commission"),
    "saletime",
)
CATEGORIES = (
    (1, "Sports", "Hockey", "Ice hockey, clubs and national teams"),
    (2, "Sports", "Soccer", "Association football"),
    (3, "Sports", "Tennis", "Tournaments of the tour"),
    (4, "Sports", "Rowing", "Regattas"),
    (5, "Shows", "Musicals", "Musical theatre"),
    (6, "Shows", "Plays", "All non-musical theatre"),
    (7, "Shows", "Opera", "All opera and light opera"),
    (8, "Shows", "Circus", "Circus and variety"),
    (9, "Concerts", "Pop", "All rock and pop music concerts"),
    (10, "Concerts", "Jazz", "All jazz singers and bands"),
    (11, "Concerts", "Classical", "Symphony, concerto, and choir concerts"),
)
FIRST_DAY = datetime(2008, 1, 1)  # noqa: DTZ001 (TICKIT's times have no zone)
FIRST_DATE_ID = 1827  # of 2008-01-01 in TICKIT's table `date`

SALES_PER_DAY = 450
MOST_SALES = 99_999
EVENTS_PER_DAY = 8
ANNOUNCED = timedelta(days=60)
_VENUES, _PEOPLE, _LISTINGS = 300, 49_990, 235_000
_QUANTITIES = (1, 1, 1, 2, 2, 2, 2, 3, 4, 4, 6, 8)
_COMMISSION_PERCENT = 15
_WORDS = ("Harbour", "Winter", "Northern", "Golden", "Silent", "Grand", "Royal", "Midnight", "Crystal", "Wild", "Paper")
_THINGS = ("Tigers", "Letters", "Garden", "Voices", "Ocean", "Lanterns", "Rivals", "Strings", "Comets", "Orchard")

# What real deliveries hold, in shares of the lines: the rules of the contract find each of them.
_REPEATED, _NOTHING_SOLD, _WRONG_COMMISSION, _WITHDRAWN_EVENT = 0.006, 0.004, 0.004, 0.008


def generate(
    out_dir: Path, days: Sequence[str], rows: int | None = None, seed: int = 7, compress: bool = False
) -> list[Path]:
    """Write the deliveries of days: ``tickit_category``, ``tickit_event`` and ``tickit_sales`` below the folder.

    Categories and events come whole every day; events are those of the day's year up to what is announced.

    :param out_dir: folder for ``<table>/<day>.csv``; created
    :param days: ISO dates, 2008-01-01 or later
    :param rows: sales lines per day
    :param seed: the same seed gives the same bytes; a day depends on seed, rows and its date only
    :param compress: write ``<day>.csv.gz`` instead
    :return: the files, by day
    :raises LocalAwsError: if a day is before 2008, or the rows are more than the numbers of sales allow
    """
    count = SALES_PER_DAY if rows is None else rows
    if count > MOST_SALES:
        raise LocalAwsError(f"{count} sales a day are more than {MOST_SALES}: their numbers would overlap.")
    files = []
    for day in days:
        start = datetime.fromisoformat(day)
        if start < FIRST_DAY:
            raise LocalAwsError(f"TICKIT begins on {FIRST_DAY.date()}; {day} is before.")
        tables = (
            ("tickit_category", CATEGORY, iter(CATEGORIES), "|"),
            ("tickit_event", EVENT, events(start, seed), "|"),
            ("tickit_sales", SALES, sales(start, count, seed), "\t"),
        )
        for table, header, lines, delimiter in tables:
            path = write_delivery(out_dir / table, day, header, lines, delimiter=delimiter, compress=compress)
            files.append(path)
    return files


def events(day: datetime, seed: int) -> Iterator[Sequence[object]]:
    """Return the events of the day's year that are announced by then.

    :param day: delivery day
    :param seed: the same seed gives the same events
    """
    date = datetime(day.year, 1, 1)  # noqa: DTZ001
    while date <= day + ANNOUNCED:
        for place in range(EVENTS_PER_DAY):
            yield _event(date, place, seed)
        date += timedelta(days=1)


def sales(day: datetime, count: int, seed: int) -> Iterator[Sequence[object]]:
    """Return the sales lines of a day, with the dirt of real ones.

    :param day: delivery day
    :param count: lines
    :param seed: the same seed gives the same lines
    """
    random = Random(f"{seed} sales {day.date()} {count}")  # noqa: S311 (made-up data, not secrets)
    first = (day - FIRST_DAY).days * (MOST_SALES + 1)
    line: Sequence[object] = ()
    for number in range(1, count + 1):
        if not line or random.random() >= _REPEATED:
            line = _sale(first + number, day, random)
        yield line


def _event(date: datetime, place: int, seed: int) -> Sequence[object]:
    random = Random(f"{seed} event {date.date()} {place}")  # noqa: S311
    begin = datetime.combine(date, time(random.choice((14, 15, 19, 20)), random.choice((0, 30))))
    return (
        _event_id(date, place),
        random.randint(1, _VENUES),
        random.choice(CATEGORIES)[0],
        _date_id(date),
        f"{random.choice(_WORDS)} {random.choice(_THINGS)}",
        begin.strftime("%Y-%m-%d %H:%M:%S"),
    )


def _sale(number: int, day: datetime, random: Random) -> Sequence[object]:
    event_day = day + timedelta(days=random.randint(0, ANNOUNCED.days))
    event = _event_id(event_day, random.randrange(EVENTS_PER_DAY))
    # A withdrawn event is still sold by somebody, but no longer in the list of events.
    event = event if random.random() >= _WITHDRAWN_EVENT else -event
    quantity = random.choice(_QUANTITIES) if random.random() >= _NOTHING_SOLD else 0
    paid = quantity * random.randint(20, 1_200)
    percent = _COMMISSION_PERCENT if random.random() >= _WRONG_COMMISSION else _COMMISSION_PERCENT + 5
    cents = paid * percent
    return (
        number,
        random.randint(1, _LISTINGS),
        random.randint(1, _PEOPLE),
        random.randint(1, _PEOPLE),
        event,
        _date_id(day),
        quantity,
        f"{paid}.00",
        f"{cents // 100}.{cents % 100:02d}",
        (day + timedelta(seconds=random.randrange(24 * 3600))).strftime("%m/%d/%Y %H:%M:%S"),
    )


def _event_id(date: datetime, place: int) -> int:
    return (date - FIRST_DAY).days * EVENTS_PER_DAY + place + 1


def _date_id(date: datetime) -> int:
    return FIRST_DATE_ID + (date - FIRST_DAY).days
