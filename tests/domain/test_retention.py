from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from caretool.domain.codes import Kind
from caretool.domain.duration import Duration
from caretool.domain.retention import Retention, kept_for

DAYS = {days: Duration(days, "days") for days in (1, 30, 90, 400)}
RULES = Retention(default=DAYS[400], platforms={"x": DAYS[30]}, kinds={"spam": DAYS[1], "complaint": DAYS[90]})


def test_a_kind_has_its_own_length_and_all_else_the_default() -> None:
    assert kept_for(RULES, platform="file", kind="complaint") == timedelta(days=90)
    assert kept_for(RULES, platform="file", kind="praise") == timedelta(days=400)
    assert kept_for(RULES, platform="file", kind=None) == timedelta(days=400)


def test_nothing_is_kept_longer_than_its_platform_says() -> None:
    assert kept_for(RULES, platform="x", kind="complaint") == timedelta(days=30)
    assert kept_for(RULES, platform="x", kind="spam") == timedelta(days=1)
    assert kept_for(RULES, platform="file", kind="complaint", at_most=timedelta(days=7)) == timedelta(days=7)


def test_where_nobody_says_anything_it_is_kept_for_good() -> None:
    assert kept_for(Retention(), platform="file", kind="spam") is None


@given(
    st.sampled_from([None, *DAYS.values()]),
    st.sampled_from(["x", "file"]),
    st.sampled_from([None, "spam", "praise"]),
    st.sampled_from([None, timedelta(days=2)]),
)
def test_no_rule_makes_a_platforms_length_longer(
    default: Duration | None, platform: str, kind: Kind | None, at_most: timedelta | None
) -> None:
    rules = Retention(default=default, platforms={"x": DAYS[30]}, kinds={"spam": DAYS[400]})
    length = kept_for(rules, platform=platform, kind=kind, at_most=at_most)
    if platform == "x":
        assert length is not None
        assert length <= timedelta(days=30)
    if at_most is not None:
        assert length is not None
        assert length <= at_most
