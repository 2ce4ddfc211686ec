"""The settings as the store keeps them once they were found sound, so that a command need not read them anew."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from caretool.domain.policy import Settings


def to_text(settings: Settings) -> str:
    """As JSON."""
    return msgspec.json.encode(settings, enc_hook=_encode).decode()


def from_text(text: str) -> Settings:
    """Back; ValueError if it was kept by another version of caretool. An account's `settings` stays a mapping."""
    return msgspec.json.decode(text, type=Settings, dec_hook=_decode)


def _encode(value: object) -> object:
    if isinstance(value, ZoneInfo):
        return value.key
    dump: Any = getattr(value, "model_dump", None)
    if dump is not None:
        return dump(mode="json")
    raise NotImplementedError(type(value))


def _decode(wanted: type, value: object) -> object:
    if wanted is ZoneInfo:
        return ZoneInfo(str(value))
    raise NotImplementedError(wanted)
