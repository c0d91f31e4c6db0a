"""Reading tokens one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from local.services.glue.data_quality.dqdl.tokens import END, STRING, Token, tokens_of

Item = TypeVar("Item")


class TokenStream:
    """:param text: the document."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens_of(text)
        self._position = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._position]

    def after(self, distance: int = 1) -> Token:
        """A later token; END behind the last one."""
        return self._tokens[min(self._position + distance, len(self._tokens) - 1)]

    def take(self) -> Token:
        token = self.next
        if token.kind != END:
            self._position += 1
        return token

    def sees(self, *texts: str) -> bool:
        """Whether the next token is one of these symbols or words."""
        return self.next.kind not in (STRING, END) and self.next.text in texts

    def takes(self, *texts: str) -> str:
        """Take the next token if it is one of these; "" if it is not."""
        return self.take().text if self.sees(*texts) else ""

    def require(self, text: str) -> Token:
        """:raises DqdlError: something else stands here."""
        if not self.sees(text):
            raise self.next.error(f"'{text}'")
        return self.take()

    def require_string(self) -> Token:
        """:raises DqdlError: no quoted string stands here."""
        if self.next.kind != STRING:
            raise self.next.error("QUOTED_STRING")
        return self.take()

    def list_of(self, item: Callable[[], Item]) -> list[Item]:
        """``[item, item]``; at least one."""
        self.require("[")
        items = [item()]
        while self.takes(","):
            items.append(item())
        if not self.sees("]"):
            raise self.next.error("{',', ']'}")
        self.take()
        return items
