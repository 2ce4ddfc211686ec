"""What the Graph API sends, read tolerantly: its values, and the headers that say how much of it was used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from caretool import bodies
from caretool.errors import PlatformFailed
from caretool.platforms import dates

# A meter is a percentage of rolling hours: nobody says when it will be lower, only when a closed one opens.
_PAUSE, _LONGEST = timedelta(minutes=10), timedelta(days=30)
_ID = re.compile(r"\w[\w.:=$-]{0,199}", re.ASCII)
_MOST = 2**63 - 1
# Without the right to know who wrote it: nobody else is called so, and nobody takes it for a name.
UNKNOWN = "unknown-"


class WireError(ValueError):
    """Not what it should be; the message says why in a few words."""


def address(native_id: str) -> str:
    """An id as one step of a path. Raises PlatformFailed where it can be none of this platform's."""
    if not _ID.fullmatch(native_id):
        raise PlatformFailed(f"{native_id[:80]!r} is no id of this platform: nothing was asked")
    return native_id


def word(data: Mapping[str, object], key: str) -> str | None:
    """A text that is not blank."""
    value = data.get(key)
    return value.strip() or None if isinstance(value, str) else None


def identifier(data: object, key: str = "id") -> str | None:
    """An id; what can be none is none."""
    value = data.get(key) if isinstance(data, dict) else None
    known = str(value) if type(value) is int else value
    return known if isinstance(known, str) and _ID.fullmatch(known) else None


def number(data: Mapping[str, object], key: str) -> int | None:
    """A whole number that is not negative, cut to 2⁶³ - 1."""
    value = data.get(key)
    return min(value, _MOST) if type(value) is int and value >= 0 else None


def flag(data: Mapping[str, object], key: str) -> bool | None:
    """Yes, no, or unsaid."""
    value = data.get(key)
    return value if isinstance(value, bool) else None


def moment(value: object) -> datetime | None:
    """An aware moment: `2017-08-31T18:10:30+0000`, or seconds since 1970."""
    try:
        if type(value) is int:
            return dates.believable(datetime.fromtimestamp(value, UTC))
        return dates.moment(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def plain(text: str) -> str:
    """For comparing what we wrote with what the platform made of it: white space is where it puts it."""
    return " ".join(text.split()).casefold()


def used(headers: Mapping[str, str]) -> float | None:
    """How much is used of what may be asked, in percent; None: the headers do not say."""
    kinds = ("call_count", "total_time", "total_cputime")
    shares = [share for entry in _usage(headers) for kind in kinds if (share := _figure(entry, kind)) is not None]
    return max(shares, default=None)


def closed(headers: Mapping[str, str]) -> timedelta:
    """For how long to leave it alone: the platform tells minutes."""
    told = [_figure(entry, "estimated_time_to_regain_access") or 0 for entry in _usage(headers)]
    minutes = max(told, default=0)
    return min(timedelta(minutes=minutes), _LONGEST) if minutes > 0 else _PAUSE


def _usage(headers: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """What the two headers say, of the app and of each use case."""
    for name in ("x-app-usage", "x-business-use-case-usage"):
        try:
            told = bodies.value(headers.get(name, "null").encode("utf-8", "replace"))
        except ValueError:
            continue
        if isinstance(told, dict):
            lists = [many for many in told.values() if isinstance(many, list)]
            yield from (entry for entry in [told, *(one for many in lists for one in many)] if isinstance(entry, dict))


def _figure(entry: Mapping[str, Any], key: str) -> float | None:
    value = entry.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < 1_000_000 else None
