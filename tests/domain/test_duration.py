"""Lengths of time as people write them."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caretool.domain.duration import Duration, Unit


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("90m", 90, "minutes"),
        ("3h", 3, "hours"),
        ("24 hours", 24, "hours"),
        ("1 minute", 1, "minutes"),
        ("2 days", 2, "days"),
        ("1d", 1, "days"),
        ("4 working hours", 4, "working hours"),
        ("1 working day", 1, "working days"),
        ("  2   working   days ", 2, "working days"),
        ("0 working days", 0, "working days"),
    ],
)
def test_what_people_write_is_understood(text: str, amount: int, unit: Unit) -> None:
    assert Duration.parse(text) == Duration(amount, unit)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "h",
        "3",
        "-3h",
        "1.5h",
        "3 weeks",
        "2 working",
        "2 working minutes",
        "100000h",
        "3h 20m",
        "٣h",
        "2workingdays x",
    ],
)
def test_what_is_not_a_length_of_time_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match="write 90m, 3h, 2 days, 4 working hours or 2 working days"):
        Duration.parse(text)


def test_only_working_durations_need_a_calendar() -> None:
    assert Duration.parse("4 working hours").working
    assert Duration.parse("2 working days").working
    assert not Duration.parse("2 days").working
    assert not Duration.parse("90m").working


def test_it_is_shown_as_it_would_be_written() -> None:
    written = ["90m", "3h", "1 day", "2 days", "1 working hour", "2 working days"]
    assert [str(Duration.parse(text)) for text in written] == written


@given(st.integers(0, 99999), st.sampled_from(get_args(Unit)))
def test_what_is_shown_is_read_back_the_same(amount: int, unit: Unit) -> None:
    assert Duration.parse(str(Duration(amount, unit))) == Duration(amount, unit)
