"""What an examination of the desk finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

Condition = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `check` names it, `says` is a sentence, `fix` what to do where something is to be done.

    `warning` is worth knowing; `wrong` keeps the desk from its work, or somebody waiting.
    """

    check: str
    condition: Condition
    says: str
    fix: str | None = None


def size_of(size: int) -> str:
    """Bytes as people read them."""
    kilobytes = size / 1000
    if kilobytes < 1000:
        return f"{kilobytes:.0f} kB"
    return f"{kilobytes / 1000:.1f} MB" if kilobytes < 1_000_000 else f"{kilobytes / 1_000_000:.1f} GB"


def moment_of(at: datetime, zone: ZoneInfo | None) -> str:
    """A moment with its year, as it may be long ago; in UTC, and so named, where no desk's zone is known (None) because
    the settings do not load."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if zone is not None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
