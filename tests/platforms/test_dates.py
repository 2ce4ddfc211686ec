"""The dates that platforms send, and those that nobody can have written on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from caretool.platforms import graph_wire
from caretool.platforms.dates import moment
from caretool.platforms.facebook.wire import read_comment
from tests.platforms.contract import NOON


@pytest.mark.parametrize("text", ["2026-11-23T12:00:00Z", "2026-11-23T13:00:00+01:00", "2026-11-23T12:00:00.000Z"])
def test_a_date_is_told_in_greenwich(text: str) -> None:
    assert moment(text) == NOON
    assert moment(text).utcoffset() == timedelta(0)  # type: ignore[union-attr]


def test_a_time_without_a_zone_is_a_date_only_where_its_zone_is_known() -> None:
    assert moment("2026-11-23T13:00:00") is None
    assert moment("2026-11-23T13:00:00", ZoneInfo("Europe/Rome")) == NOON


@pytest.mark.parametrize(
    "odd",
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00",
     "1969-12-31T23:59:59Z", "9000-01-01T00:00:00Z", "2026-02-30T12:00:00Z", "", "\ud800", None, 7, True, [], {}],
)  # fmt: skip
def test_what_nobody_wrote_on_is_no_date(odd: object) -> None:
    assert moment(odd, UTC) is None


@given(st.one_of(st.text(), st.integers(), st.floats(), st.datetimes().map(str), st.none()))
@example(253402300800)
@example(-62135596801)
def test_whatever_is_a_date_can_be_reckoned_with(value: object) -> None:
    for read in (moment(value, UTC), graph_wire.moment(value)):
        if read is not None:
            assert datetime(1, 1, 1, tzinfo=UTC) < read - timedelta(days=400) < read + timedelta(days=400)


def test_a_comment_of_the_year_9999_has_no_date_and_no_window() -> None:
    read = read_comment({"id": "c1", "message": "ciao", "created_time": "9999-12-31T23:59:59+0000"})
    comment = read.incoming(page="1", thread=None, window=timedelta(days=7))
    assert (comment.written_at, comment.private_until) == (None, None)
