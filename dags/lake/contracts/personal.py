"""Guess whether a column holds personal data: by its name, and by patterns and checksums of its values."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Most values, not all: a mail address with a typing error is still one.
SHARE = 0.8
_NAME = re.compile(r"(name|mail|phone|mobile|address|street|birth|customer_?id|user_?id|passport|iban|ssn|card_?n)")
# Of these somebody must say what they are; a bare "name" is as often that of a thing.
_TELLING_NAME = re.compile(
    r"mail|phone|mobile|address|street|birth|(customer|user)_?id|passport|(^|_)(iban|ssn)(_|$)|card_?n(o|r|um)"
    r"|(first|last|full|given|family|middle|maiden|sur|user|customer|person)_?name"
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_PHONE = re.compile(r"[+0(][0-9 ()/.-]{7,20}")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_CARD = re.compile(r"\d{13,19}")


def looks_personal(name: str, values: Sequence[str]) -> bool:
    """Tell whether a column should be treated as personal data until somebody says otherwise.

    :param name: column name in tables
    :param values: its values that are not empty
    """
    if name_looks_personal(name):
        return True
    kinds = (is_email, is_phone, is_iban, is_card)
    return bool(values) and any(sum(map(kind, values)) >= SHARE * len(values) for kind in kinds)


def name_looks_personal(name: str) -> bool:
    """Tell whether a column is named like one that holds personal data.

    :param name: column name in tables
    """
    return bool(_NAME.search(name))


def name_tells_personal(name: str) -> bool:
    """Tell whether a name leaves little doubt: a column or header of this name needs a declaration.

    :param name: column name in tables, or header as delivered (``customerEmail``, ``Customer ID``)
    """
    words = re.sub(r"\W+", "_", _HUMP.sub("_", name)).lower()
    return bool(_TELLING_NAME.search(words))


def is_email(value: str) -> bool:
    """:param value: a delivered text"""
    return bool(_EMAIL.fullmatch(value))


def is_phone(value: str) -> bool:
    """Tell whether a text is a telephone number: 8 to 15 digits (E.164), beginning with +, 0 or a bracket.

    :param value: a delivered text
    """
    return bool(_PHONE.fullmatch(value)) and 8 <= sum(sign.isdigit() for sign in value) <= 15


def is_iban(value: str) -> bool:
    """Tell whether a text is an IBAN: its check digits make it 1 modulo 97 (ISO 13616).

    :param value: a delivered text, spaces allowed
    """
    compact = value.replace(" ", "").upper()
    if not _IBAN.fullmatch(compact):
        return False
    return int("".join(str(int(sign, 36)) for sign in compact[4:] + compact[:4])) % 97 == 1


def is_card(value: str) -> bool:
    """Tell whether a text is a payment card number: 13 to 19 digits with a Luhn check digit (ISO/IEC 7812).

    :param value: a delivered text, spaces and dashes allowed
    """
    digits = value.replace(" ", "").replace("-", "")
    if not _CARD.fullmatch(digits):
        return False
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0
