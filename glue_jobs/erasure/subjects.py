"""Who is to be forgotten: a request names one person, and from then on only keyed hashes are compared.

An entry of the deletion list is a keyed hash of the pseudonym. It says nothing to who has the list or the tables, but
files that are delivered again can be cleaned again by it, without anybody keeping the number of the person.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from glue_jobs import storage
from glue_jobs.problems import JobProblem
from glue_jobs.pseudonyms import PseudonymKey, pseudonym

LIST_FORMAT = 1
_PSEUDONYM = re.compile(r"[0-9a-f]{64}")
_DOMAIN = re.compile(r"[a-z][a-z0-9_]*")
# What a number of a customer may look like inside a text: letters, digits, and signs of mail addresses and IBANs.
WORD_CHARACTERS = r"\w.+@-"
_TOKEN = re.compile(f"[{WORD_CHARACTERS}]+")
_ZERO_FRACTION = re.compile(r"(?<=\d)\.0+\Z")  # what programs add that read a number as a decimal


class RequestUnusable(JobProblem):
    """The request file is missing or does not name a subject; nothing was changed."""


@dataclass(frozen=True)
class Subjects:
    """The people to be forgotten, as keyed hashes.

    :param domain: domain of the masking by which columns name them
    :param keys: keys of the environment, the current one first
    :param entries: entries of the deletion list
    :param pseudonyms: their pseudonyms, as far as they are known
    :param forms: what the request says, in each way a contract reads it; empty when it names a pseudonym
    :param ciphertexts: what encrypted columns hold of them
    """

    domain: str
    keys: tuple[PseudonymKey, ...] = field(repr=False)
    entries: frozenset[str]
    pseudonyms: frozenset[str]
    forms: frozenset[str] = field(default=frozenset(), repr=False)
    ciphertexts: frozenset[str] = frozenset()

    def has_cell(self, value: str) -> bool:
        """Tell whether a published cell is a pseudonym or a ciphertext of theirs.

        :param value: a published cell
        """
        return value in self.ciphertexts or (bool(_PSEUDONYM.fullmatch(value)) and self.has_pseudonym(value))

    def has_pseudonym(self, value: str) -> bool:
        """Tell whether a pseudonym is one of theirs.

        :param value: a published cell
        """
        if self.forms:  # then all of theirs are known, and a large text is searched without a hash for each word
            return value in self.pseudonyms
        return any(entry(key, value) in self.entries for key in self.keys)

    def has_value(self, value: str) -> bool:
        """Tell whether a clear value is one of theirs, whatever key was current when it was published.

        :param value: a delivered value, as it is or as the contract reads it
        """
        if self.forms:
            return not self.forms.isdisjoint(spellings(value))
        return any(
            self.has_pseudonym(pseudonym(key, self.domain, form)) for form in spellings(value) for key in self.keys
        )

    def is_mentioned(self, text: str) -> bool:
        """Tell whether a text that could not be split into columns mentions one of them, in the clear or not.

        :param text: any text
        """
        tokens = set(_TOKEN.findall(text))
        tokens |= {token.strip(".-") for token in tokens}
        return any(
            self.has_pseudonym(token) if _PSEUDONYM.fullmatch(token) else self.has_value(token)
            for token in tokens
            if token
        )

    def is_told_by_pseudonym(self, text: str) -> bool:
        """Tell whether a text holds one of their pseudonyms.

        :param text: any text
        """
        return any(self.has_pseudonym(token) for token in set(_PSEUDONYM.findall(text)))


def spellings(value: str) -> frozenset[str]:
    """Return a value without blanks around it, and a whole number also without a fraction of zeros.

    :param value: a delivered value, or what a request says
    """
    text = value.strip()
    return frozenset({text, _ZERO_FRACTION.sub("", text)})


def with_forms(subjects: Subjects, forms: Collection[str]) -> Subjects:
    """Look for the same person under further forms of what the request says.

    :param subjects: the subject of a request
    :param forms: how contracts read it
    """
    known = subjects.forms | frozenset(forms)
    pseudonyms = frozenset(pseudonym(key, subjects.domain, form) for key in subjects.keys for form in known)
    entries = frozenset(entry(subjects.keys[0], text) for text in pseudonyms)
    return replace(subjects, forms=known, pseudonyms=pseudonyms, entries=entries)


def entry(key: PseudonymKey, pseudonym_text: str) -> str:
    """Return the deletion list's entry of a pseudonym.

    :param key: key of the environment
    :param pseudonym_text: 64 hexadecimal digits
    """
    # No pseudonym begins its input with this byte: an entry is never equal to a pseudonym.
    return hmac.new(key.secret, f"\x00erased\x00{pseudonym_text}".encode(), hashlib.sha256).hexdigest()


def requested(uri: str, keys: tuple[PseudonymKey, ...]) -> Subjects:
    """Read a request: ``{"domain": "customer", "subject": "17850"}``, or ``pseudonym`` instead of ``subject``.

    No message of this function holds what the request says of the person.

    :param uri: address of the request file
    :param keys: keys of the environment, the current one first
    :raises RequestUnusable: if it is missing or is not understood
    """
    try:
        found: Any = json.loads(storage.read_text(uri))
    except FileNotFoundError as error:
        raise RequestUnusable(f"{uri} does not exist: write the request, then run the DAG again.") from error
    except ValueError:
        raise RequestUnusable(f"{uri} is not JSON.") from None
    if not isinstance(found, dict) or not set(found) <= {"domain", "subject", "pseudonym"}:
        raise RequestUnusable(f"{uri} is not of the form {{domain, subject}} or {{domain, pseudonym}}.")
    domain, subject, known = found.get("domain"), found.get("subject"), found.get("pseudonym")
    if not isinstance(domain, str) or not _DOMAIN.fullmatch(domain):
        raise RequestUnusable(f"{uri} has no domain: write the one of the contract's masking, for example customer.")
    if isinstance(subject, str) and known is None and 0 < len(subject.strip()) <= 200:
        return with_forms(Subjects(domain, keys, frozenset(), frozenset()), spellings(subject))
    if isinstance(known, str) and subject is None and _PSEUDONYM.fullmatch(known):
        return Subjects(domain, keys, frozenset({entry(keys[0], known)}), frozenset({known}))
    raise RequestUnusable(f"{uri} names no subject: either `subject` (a text) or `pseudonym` (64 hex digits).")


def listed(folder: str, keys: tuple[PseudonymKey, ...], domain: str) -> Subjects:
    """Read everybody on the deletion list.

    :param folder: folder of the list
    :param keys: keys of the environment, the current one first
    :param domain: domain of the masking
    """
    documents = [json.loads(storage.read_text(folder + file.name)) for file in storage.list_files(folder)]
    entries = {text for document in documents if document["domain"] == domain for text in document["entries"]}
    return Subjects(domain, keys, frozenset(entries), frozenset())


def keys_of_list(folder: str) -> dict[str, str]:
    """Return by version id of a key the requests whose entries of the list were made with it, in words.

    :param folder: folder of the list
    """
    requests: dict[str, list[str]] = {}
    for file in storage.list_files(folder):
        document = json.loads(storage.read_text(folder + file.name))
        requests.setdefault(document["key_version"], []).append(document["request"])
    return {version: f"the deletion list's entry of {', '.join(sorted(names))}" for version, names in requests.items()}


def domains_of_list(folder: str) -> list[str]:
    """Return the domains of which somebody is on the deletion list.

    :param folder: folder of the list
    """
    return sorted({json.loads(storage.read_text(folder + file.name))["domain"] for file in storage.list_files(folder)})


def write_list_entry(folder: str, request: str, subjects: Subjects, erased_at: str) -> None:
    """Put the subject of a request on the deletion list.

    :param folder: folder of the list
    :param request: name of the request
    :param subjects: the subject
    :param erased_at: time in UTC, ISO 8601
    """
    document = {
        "format": LIST_FORMAT,
        "request": request,
        "domain": subjects.domain,
        "entries": sorted(subjects.entries),
        "key_version": subjects.keys[0].version,
        "erased_at": erased_at,
    }
    storage.write_bytes(f"{folder}{request}.json", (json.dumps(document, indent=1) + "\n").encode())
