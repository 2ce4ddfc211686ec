"""Where a connector keeps what its platform renews: tokens, sessions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Vault(Protocol):
    """One account's secret, a text of the connector's own."""

    def read(self) -> str | None:
        """What was kept last, by any process."""

    def write(self, text: str) -> None:
        """Keep it in the place of what was there; on disk before this returns. Raises CaretoolError."""

    def held(self) -> AbstractContextManager[None]:
        """Nobody else renews meanwhile; waits for whoever does."""


class Forgetful:
    """A vault for as long as the process runs."""

    def __init__(self) -> None:
        self._text: str | None = None

    def read(self) -> str | None:
        """What was written."""
        return self._text

    def write(self, text: str) -> None:
        """Keep it until the end."""
        self._text = text

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else has it."""
        yield
