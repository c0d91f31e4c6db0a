"""The invoice lines of one generated day, with the dirt of the real ones.

Shares are those of the "Online Retail" data set (UCI Machine Learning Repository): about one line in four has no
customer, one in fifty is an exact duplicate, one in ninety belongs to a cancellation, one in 250 is a stock movement
typed into the invoice system, one in 250 is not an article at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from local.seed.assortment import Article, Assortment
from local.seed.customers import GUEST, HOME, Customer

_OPENS_HOUR, _OPEN_MINUTES = 8, 600

_GUEST_INVOICES = 0.09
_DUPLICATE_LINES = 0.008  # guests repeat themselves by chance as well
_CANCELLATIONS = 0.11  # invoices, of two lines on average
_STOCK_MOVEMENTS = 0.095  # invoices, of one line each
_ADJUSTMENTS = 0.0001
_FREE_LINES = 0.0002
_MANUAL_LINES = 0.003
_POSTED_ABROAD = 0.7
_DISCOUNTED_RETURNS = 0.1

_QUANTITIES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 25, 36, 48, 72, 96, 144, 200)
_QUANTITY_WEIGHTS = (24, 16, 8, 9, 2, 10, 4, 6, 13, 1, 1, 6, 2, 1, 2, 1, 1, 0.5, 0.3)
_MOVEMENT_NOTES = ("", "", "", "", "", "", "damages", "missing?", "?", "adjustment", "found", "wet rusty", "check")
_POSTAGE = Article("POST", "POSTAGE", 18.0)
_DOTCOM = Article("DOT", "DOTCOM POSTAGE", 0.0)
_MANUAL = Article("M", "Manual", 0.0)
_DISCOUNT = Article("D", "Discount", 0.0)
_FEES = (
    Article("BANK CHARGES", "Bank Charges", 15.0),
    Article("C2", "CARRIAGE", 50.0),
    Article("CRUK", "CRUK Commission", 16.0),
)
_REMEMBERED_SALES = 500  # sales a cancellation may refer to


@dataclass(frozen=True)
class Line:
    """One invoice line as the shop exports it.

    :param invoice: invoice number, with a leading C or A where it has one
    :param article: code, description
    :param quantity: pieces, negative on returns
    :param time: of the invoice
    :param price: pounds for one piece
    :param customer: who bought
    """

    invoice: str
    article: Article
    quantity: int
    time: datetime
    price: float
    customer: Customer

    def fields(self) -> list[str]:
        """Return the line in the shop's formats and column order."""
        return [
            self.invoice,
            self.article.stock_code,
            self.article.description,
            str(self.quantity),
            self.time.strftime("%Y-%m-%d %H:%M:%S"),
            str(self.price),
            self.customer.number,
            self.customer.country,
        ]


class InvoiceDay:
    """Generates the lines of one day; uses little memory however many there are."""

    def __init__(
        self, day: datetime, first_invoice: int, assortment: Assortment, customers: tuple[Customer, ...], random: Random
    ) -> None:
        """Prepare a day.

        :param day: midnight of the day
        :param first_invoice: six-digit number; numbers count up from here and wrap within six digits
        :param assortment: what can be sold
        :param customers: who may buy
        :param random: source of chance
        """
        self._day = day
        self._next_invoice = first_invoice
        self._assortment = assortment
        self._customers = customers
        self._random = random
        self._sales: list[Line] = []

    def lines(self, count: int) -> Iterator[Line]:
        """Yield exactly ``count`` lines in the order of the day.

        :param count: number of lines
        """
        made = 0
        while made < count:
            time = self._day + timedelta(hours=_OPENS_HOUR, minutes=int(_OPEN_MINUTES * made / count))
            for line in self._invoice(time):
                yield line
                made += 1
                if made == count:
                    return

    def _invoice(self, time: datetime) -> Iterator[Line]:
        chance = self._random.random()
        number = self._take_number()
        if chance < _STOCK_MOVEMENTS:
            yield self._stock_movement(number, time)
        elif chance < _STOCK_MOVEMENTS + _CANCELLATIONS and self._sales:
            yield from self._cancellation(number, time)
        elif chance > 1 - _ADJUSTMENTS:
            debt = Article("B", "Adjust bad debt", 0.0)
            amount = round(self._random.uniform(-12_000, 12_000), 2)
            yield Line(f"A{number}", debt, 1, time, amount, GUEST)
        else:
            yield from self._sale(number, time)

    def _sale(self, number: int, time: datetime) -> Iterator[Line]:
        is_guest = self._random.random() < _GUEST_INVOICES
        customer = GUEST if is_guest else self._random.choice(self._customers)
        size = self._random.lognormvariate(3.5, 1.0) if is_guest else self._random.lognormvariate(2.6, 0.85)
        for _ in range(max(1, round(size))):
            line = self._sale_line(str(number), time, customer)
            yield line
            self._remember(line)
            if self._random.random() < _DUPLICATE_LINES:
                yield line
        if customer.is_abroad and self._random.random() < _POSTED_ABROAD:
            yield Line(str(number), _POSTAGE, self._random.randint(1, 3), time, _POSTAGE.price, customer)
        if is_guest and size > 100:
            yield Line(str(number), _DOTCOM, 1, time, round(self._random.uniform(50, 600), 2), customer)

    def _sale_line(self, number: str, time: datetime, customer: Customer) -> Line:
        if self._random.random() < _MANUAL_LINES:
            article = _MANUAL if self._random.random() < 0.7 else self._random.choice(_FEES)
            price = article.price or round(self._random.uniform(0.3, 150), 2)
            return Line(number, article, 1, time, price, customer)
        article = self._assortment.pick(self._random)
        if customer is GUEST:
            # Guests buy single pieces at the retail price.
            return Line(
                number, article, self._random.randint(1, 3), time, round(article.price * 1.7 + 0.02, 2), customer
            )
        quantity = self._random.choices(_QUANTITIES, _QUANTITY_WEIGHTS)[0]
        price = 0.0 if self._random.random() < _FREE_LINES else article.price
        return Line(number, article, quantity, time, price, customer)

    def _cancellation(self, number: int, time: datetime) -> Iterator[Line]:
        sale = self._random.choice(self._sales)
        if self._random.random() < _DISCOUNTED_RETURNS:
            price = round(self._random.uniform(5, 90), 2)
            yield Line(f"C{number}", _DISCOUNT, -1, time, price, sale.customer)
            return
        same_customer = [line for line in self._sales if line.customer == sale.customer]
        for line in same_customer[: self._random.choice((1, 1, 1, 2, 3, 4))]:
            returned = self._random.randint(1, line.quantity)
            yield replace(line, invoice=f"C{number}", quantity=-returned, time=time)

    def _stock_movement(self, number: int, time: datetime) -> Line:
        article = self._assortment.pick(self._random)
        noted = replace(article, description=self._random.choice(_MOVEMENT_NOTES))
        quantity = self._random.randint(1, 60) * (-1 if self._random.random() < 0.53 else 1)
        return Line(str(number), noted, quantity, time, 0.0, Customer("", HOME))

    def _remember(self, line: Line) -> None:
        if line.price <= 0 or line.article in (_MANUAL, *_FEES):
            return
        if len(self._sales) < _REMEMBERED_SALES:
            self._sales.append(line)
        else:
            self._sales[self._random.randrange(_REMEMBERED_SALES)] = line

    def _take_number(self) -> int:
        number = self._next_invoice
        self._next_invoice = 100_000 if number == 999_999 else number + 1
        return number
