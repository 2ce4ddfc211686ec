"""Until when a place takes an answer, told in an export."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from caretool.domain.comment import Incoming
from caretool.platforms.file.comments import RowError, to_comment
from tests.platforms.contract import NOON

ROME = ZoneInfo("Europe/Rome")


def read(**values: object) -> Incoming:
    """A row with these values, as a comment."""
    return to_comment({"id": "1", "author": "anna", "text": "dove?", **values}, {}, ROME, str)


def test_both_ends_are_read_as_any_date_is() -> None:
    found = read(closes_at="2026-11-23T12:00:00Z", private_until="2026-11-24 09:30")
    assert (found.closes_at, found.private_until) == (NOON, datetime(2026, 11, 24, 8, 30, tzinfo=UTC))


@pytest.mark.parametrize("nothing", [None, "", " "])
def test_what_is_empty_is_no_end(nothing: str | None) -> None:
    found = read(closes_at=nothing, private_until=nothing)
    assert (found.closes_at, found.private_until) == (None, None)


@pytest.mark.parametrize("column", ["closes_at", "private_until"])
def test_a_date_that_is_none_skips_the_row(column: str) -> None:
    with pytest.raises(RowError, match=f"{column} is not a d"):
        read(**{column: "soon"})
