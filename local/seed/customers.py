"""The customers of the generated shop and where they live."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

HOME = "United Kingdom"
CUSTOMERS = 4_300
_FIRST_NUMBER, _LAST_NUMBER = 12_346, 18_287  # as in the real shop
_ABROAD_SHARE = 0.085
_ABROAD = {
    "Germany": 95, "France": 87, "EIRE": 30, "Spain": 31, "Belgium": 25, "Netherlands": 12, "Switzerland": 21,
    "Portugal": 19, "Australia": 9, "Norway": 10, "Italy": 15, "Channel Islands": 9, "Finland": 12, "Cyprus": 8,
    "Sweden": 8, "Austria": 11, "Denmark": 9, "Japan": 8, "Poland": 6, "Israel": 4, "Singapore": 2, "Iceland": 1,
    "Canada": 4, "Greece": 4, "Malta": 2, "United Arab Emirates": 2, "USA": 4, "Lithuania": 1, "Brazil": 1,
    "Unspecified": 4,
}  # fmt: skip


@dataclass(frozen=True)
class Customer:
    """A customer with an account, or a guest.

    :param number: as the shop exports it, ``17850.0``; empty for guests
    :param country: in the shop's spelling
    """

    number: str
    country: str

    @property
    def is_abroad(self) -> bool:
        """True when postage is charged."""
        return self.country != HOME


GUEST = Customer("", HOME)


def build_customers(seed: int) -> tuple[Customer, ...]:
    """Build the customers of a shop.

    :param seed: the same seed gives the same customers
    """
    random = Random(f"customers {seed}")  # noqa: S311 (made-up data, not secrets)
    numbers = random.sample(range(_FIRST_NUMBER, _LAST_NUMBER + 1), CUSTOMERS)
    countries = list(_ABROAD)
    weights = list(_ABROAD.values())
    return tuple(
        Customer(f"{number}.0", random.choices(countries, weights)[0] if random.random() < _ABROAD_SHARE else HOME)
        for number in numbers
    )
