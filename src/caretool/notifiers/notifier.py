"""How a report reaches somebody: one protocol, a module a way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """What is told. `text` for those who show mails as text, `short` for a chat (nothing in it calls anybody or is
    markup), `html` a whole document. `key` is the same whenever the same is told to the same address again."""

    subject: str
    text: str
    short: str
    html: str
    at: datetime
    key: str


class Notifier(Protocol):
    """One address, ready to be told."""

    def tell(self, message: Message) -> None:
        """Hand the message over; back only once it was accepted. Raises TokenRefused where a secret is missing or not
        taken, CaretoolError for everything else; in neither stands a secret."""
        ...
