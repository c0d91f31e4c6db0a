"""The articles of the generated shop: stock codes, descriptions and prices."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

ARTICLES = 3_800  # as many as the real shop sells in a year

_COLOURS = (
    "WHITE",
    "RED",
    "PINK",
    "BLUE",
    "IVORY",
    "GREEN",
    "BLACK",
    "VINTAGE",
    "ANTIQUE SILVER",
    "RETROSPOT",
    "PANTRY",
)
_STYLES = (
    "HANGING",
    "METAL",
    "WOODEN",
    "GLASS",
    "CERAMIC",
    "PAPER",
    "KNITTED",
    "REGENCY",
    "JUMBO",
    "MINI",
    "FELTCRAFT",
)
_THINGS = (
    "HEART T-LIGHT HOLDER", "LANTERN", "CAKESTAND 3 TIER", "LUNCH BAG", "HOT WATER BOTTLE", "PARTY BUNTING", "DOORMAT",
    "ALARM CLOCK", "PICTURE FRAME", "BIRD ORNAMENT", "STORAGE TIN", "TEA TOWEL", "MUG", "WRAP", "NOTEBOOK",
    "DRAWER KNOB", "COAT HANGER", "CHRISTMAS DECORATION", "GARLAND", "DOLL", "UMBRELLA", "APRON",
    "BISCUIT CUTTERS", "SEWING KIT",
)  # fmt: skip
_PRICES = (
    0.21,
    0.39,
    0.42,
    0.55,
    0.65,
    0.85,
    1.25,
    1.45,
    1.65,
    1.95,
    2.1,
    2.55,
    2.95,
    3.75,
    4.25,
    4.95,
    5.95,
    7.95,
    9.95,
)
_PRICE_WEIGHTS = (1, 2, 7, 4, 3, 10, 13, 5, 12, 9, 7, 7, 8, 5, 4, 7, 2, 3, 2)
_LETTER_SHARE = 0.13  # articles that come in variants: 85123A
_COMMA_EVERY = 60  # articles; their description must be quoted in CSV. Counted by rank: best sellers weigh much
_BLANK_SHARE = 0.3  # descriptions with blanks at the end or within, as typed
_POPULARITY = 0.75  # exponent: a few articles sell most


@dataclass(frozen=True)
class Article:
    """Something the shop sells.

    :param stock_code: five digits and perhaps a letter
    :param description: as typed by the shop, blanks included
    :param price: pounds for account customers
    """

    stock_code: str
    description: str
    price: float


@dataclass(frozen=True)
class Assortment:
    """All articles, and how to pick one.

    :param articles: best sellers first
    :param cumulative_weights: for ``random.choices``
    """

    articles: tuple[Article, ...]
    cumulative_weights: tuple[float, ...]

    def pick(self, random: Random) -> Article:
        """Pick an article by its popularity.

        :param random: source of chance
        """
        return random.choices(self.articles, cum_weights=self.cumulative_weights)[0]


def build_assortment(seed: int) -> Assortment:
    """Build the assortment of a shop.

    :param seed: the same seed gives the same shop
    """
    random = Random(f"assortment {seed}")  # noqa: S311 (made-up data, not secrets)
    codes = random.sample(range(10_000, 91_000), ARTICLES)
    articles = tuple(_article(random, code, rank) for rank, code in enumerate(codes, start=1))
    cumulative: list[float] = []
    total = 0.0
    for rank in range(1, ARTICLES + 1):
        total += rank**-_POPULARITY
        cumulative.append(total)
    return Assortment(articles, tuple(cumulative))


def _article(random: Random, code: int, rank: int) -> Article:
    letter = random.choice("ABCDEFGL") if random.random() < _LETTER_SHARE else ""
    words = [random.choice(_COLOURS), random.choice(_STYLES), random.choice(_THINGS)]
    description = " ".join(words)
    if rank % _COMMA_EVERY == _COMMA_EVERY // 2:
        description = f"{words[2]},{words[0]} {words[1]}"
    if random.random() < _BLANK_SHARE:
        description = f"{description} " if random.random() < 0.8 else description.replace(" ", "  ", 1)
    price = random.choices(_PRICES, _PRICE_WEIGHTS)[0]
    return Article(f"{code}{letter}", description, price)
