"""How many can be kept, on which days nobody does, and who stands in: as it is written, and what is wrong with it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from caretool.domain.policy import Days
from tests.settings.shop import ACCOUNTS, POLICIES, changed, loaded, problems, workspace

CAPACITY = POLICIES[POLICIES.index("[promises.pickup.capacity]") : POLICIES.index("[promises.reply]")]


def capacity(text: str) -> str:
    return changed(POLICIES, CAPACITY, f"[promises.pickup.capacity]\n{text}\n\n")


def test_a_week_may_have_a_limit_without_one_a_day(tmp_path: Path) -> None:
    pickup = loaded(workspace(tmp_path, policies=capacity("per_week = 7"))).policy.promises["pickup"]
    assert (pickup.capacity, pickup.weekly) == (None, 7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "promises.pickup.capacity: says no number: add per_day = … or per_week = …"),
        (
            "per_week = 5\nsaturday = 1",
            "promises.pickup.capacity: names days of the week and not the others: add per_day = …",
        ),
        (
            "per_weak = 5",
            "promises.pickup.capacity.per_weak: there is no such key here: did you mean 'per_week'?",
        ),
    ],
)
def test_a_capacity_that_says_too_little_is_told(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in line for line in problems(workspace(tmp_path, policies=capacity(text))))


def test_whoever_keeps_promises_has_limits_over_all_kinds_and_days_off(tmp_path: Path) -> None:
    settings = loaded(workspace(tmp_path))
    logistics = settings.owners["logistics"]
    assert (logistics.capacity, logistics.weekly) == ((1, 2, 3, 4, 5, 6, 0), 99)
    assert logistics.away == (Days(date(2026, 12, 28), date(2026, 12, 29), "stocktaking"),)
    agent = changed(ACCOUNTS, 'name = "Tom"', 'name = "Tom"\naway = [{ from = "2026-12-28", until = "2026-12-28" }]')
    tom = loaded(workspace(tmp_path, accounts=agent)).agents["tom"]
    assert tom.away == (Days(date(2026, 12, 28), date(2026, 12, 28)),)


BLACKOUT = '{ from = "2026-12-28", until = 2026-12-29, why = "the courier\'s holidays" }'


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            '{ from = "2026-12-28", until = "2026-12-24", why = "x" }',
            "blackouts[1].until: 2026-12-24 is before 2026-12-28, the first day",
        ),
        (
            '{ from = "2026-12-28", until = "2028-12-24", why = "x" }',
            "blackouts[1].until: is more than a year from 2026-12-28",
        ),
        ('{ from = "2026-12-28", until = "2026-12-29" }', "blackouts[1].why: is missing: the reason"),
        (
            '{ form = "2026-12-28", until = "2026-12-29", why = "x" }',
            "blackouts[1].form: there is no such key here: did you mean 'from'?",
        ),
        ('{ from = "Christmas", until = "2026-12-29", why = "x" }', "blackouts[1].from: 'Christmas' is not a date"),
        (
            '{ from = "2026-01-01", until = "2026-12-31", why = "x" }, '
            '{ from = "2027-01-01", until = "2027-01-31", why = "x" }',
            "blackouts: are more than a year of days",
        ),
    ],
)
def test_a_blackout_is_days_in_order_with_a_reason(tmp_path: Path, entry: str, said: str) -> None:
    found = problems(workspace(tmp_path, policies=changed(POLICIES, BLACKOUT, entry)))
    assert any(said in line for line in found), found


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('stand_in = "tom"', 'stand_in = "logistics"', "pickup.stand_in: 'logistics' is the owner: name somebody else"),
        ('stand_in = "tom"', 'stand_in = "tim"', "pickup.stand_in: 'tim' is not an owner or an agent"),
        ('to = "dario"', 'to = "daria"', "pickup.escalate.to: 'daria' is not an owner or an agent"),
        ('{{ instead }}. {{ agent.name }}" }\nreview', '{{ agent.name }}" }\nreview', "add {{ instead }}"),
        (
            '{{ instead }}. {{ agent.name }}" }\nreview',
            '{{ insted }}" }\nreview',
            "'insted' is no value an apology has",
        ),
    ],
)
def test_a_name_or_a_value_that_is_not_there_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    found = problems(workspace(tmp_path, policies=changed(POLICIES, old, new)))
    assert any(said in line for line in found), found


def test_an_escalation_in_working_hours_needs_the_kinds_calendar(tmp_path: Path) -> None:
    policies = changed(POLICIES, 'due = "24h"', 'due = "24h"\nescalate = { to = "tom", after = "2 working days" }')
    found = problems(workspace(tmp_path, policies=policies))
    assert any("reply.escalate: '2 working days' runs on a calendar and none is named" in line for line in found), found


def test_a_calendar_may_hang_its_clocks_elsewhere(tmp_path: Path) -> None:
    policy = loaded(workspace(tmp_path)).policy
    assert policy.calendars["courier"].zone.key == "Europe/Paris"
    assert policy.calendars["desk"].zone.key == "Europe/Rome"
    nowhere = changed(POLICIES, "Europe/Paris", "Europe/Pariss")
    assert any("did you mean 'Europe/Paris'?" in line for line in problems(workspace(tmp_path, policies=nowhere)))
