"""The dates that platforms send: RFC 3339, as all but the oldest write it."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

# What lies outside was written by nobody, and what is reckoned from it would leave the calendar.
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def moment(value: object, unzoned: tzinfo | None = None) -> datetime | None:
    """An aware moment in UTC; None: it is no date, or none on which anybody wrote. A time that names no zone is in
    `unzoned` (None: it is no date)."""
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
        if read is not None and read.tzinfo is None:
            read = read.replace(tzinfo=unzoned)
        return None if read is None or read.tzinfo is None else believable(read.astimezone(UTC))
    except (ValueError, OverflowError):  # the year 1, east of Greenwich
        return None


def believable(moment: datetime) -> datetime | None:
    """It, if somebody can have written something then."""
    return moment if _EARLIEST <= moment < _LATEST else None
