from __future__ import annotations

import tomllib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.settings.in_force import policy_as_toml
from caretool.settings.values import hours
from tests.settings.shop import loaded, workspace


def test_the_policy_that_is_shown_reads_as_the_policy_in_force(tmp_path: Path) -> None:
    first = loaded(workspace(tmp_path))
    again = loaded(workspace(tmp_path, policies=policy_as_toml(first)))
    assert again.policy == first.policy
    assert policy_as_toml(again) == policy_as_toml(first)


def test_what_was_left_out_is_shown_with_its_default(tmp_path: Path) -> None:
    policies = (
        '[company]\nname = "B"\nlanguages = ["it"]\ntime_zone = "Europe/Rome"\n'
        '[promises.reply]\nowner = "tom"\nsays = { it = "le rispondo" }\n'
    )
    shown = tomllib.loads(policy_as_toml(loaded(workspace(tmp_path, policies=policies, templates={}))))
    assert shown["response"] == {"default": "1h", "platforms": {}, "accounts": {}}
    assert shown["reply"]["together_from"] == 5
    assert shown["promises"]["reply"] == {
        "owner": "tom", "says": {"it": "le rispondo"}, "cues": {}, "evidence": [], "blackouts": [], "apology": {},
    }  # fmt: skip


def test_capacity_is_shown_a_day_with_the_days_that_differ(tmp_path: Path) -> None:
    shown = tomllib.loads(policy_as_toml(loaded(workspace(tmp_path))))
    assert shown["promises"]["pickup"]["capacity"] == {
        "per_day": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 10, "sunday": 0,
        "per_week": 150,
    }  # fmt: skip
    assert shown["calendars"]["desk"]["sunday"] == ["00:00-24:00"]


@given(st.lists(st.integers(0, 1440), min_size=2, max_size=8, unique=True).map(sorted))
@settings(max_examples=100)
def test_hours_in_order_are_read_as_they_are_written(minutes: list[int]) -> None:
    pairs = list(zip(minutes[::2], minutes[1::2], strict=False))
    ranges = hours([f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in pairs])
    assert [(s.hour * 60 + s.minute, (e.hour * 60 + e.minute) or 1440) for s, e in ranges] == pairs
