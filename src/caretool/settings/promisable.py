"""What the ledger is held against, as the store keeps it by itself: `promise list` need not read all the settings."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from caretool.domain.promisable import Promisable


def to_text(promisable: Promisable) -> str:
    """As JSON."""
    return msgspec.json.encode(promisable, enc_hook=encode).decode()


def from_text(text: str) -> Promisable:
    """Back; ValueError if it was kept by another version of caretool."""
    return msgspec.json.decode(text, type=Promisable, dec_hook=decode)


def encode(value: object) -> object:
    """What msgspec does not know by itself."""
    if isinstance(value, ZoneInfo):
        return value.key
    dump: Any = getattr(value, "model_dump", None)
    if dump is not None:
        return dump(mode="json")
    raise NotImplementedError(type(value))


def decode(wanted: type, value: object) -> object:
    """The same back."""
    if wanted is ZoneInfo:
        return ZoneInfo(str(value))
    raise NotImplementedError(wanted)
