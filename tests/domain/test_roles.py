"""What a role may do: one table, and the page that shows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from caretool.domain.roles import RIGHTS, Ability, Role, at_least, higher, may

PAGE = Path(__file__).parents[2] / "docs" / "roles.md"
ROLES: tuple[Role, ...] = ("trainee", "agent", "manager")


def test_every_ability_has_its_row() -> None:
    assert set(RIGHTS) == set(get_args(Ability))


def test_who_may_do_something_in_one_role_may_do_it_in_a_higher_one() -> None:
    for what in RIGHTS:
        allowed = [may(role, what) for role in ROLES]
        assert allowed == sorted(allowed)
        assert allowed[-1]


def test_roles_are_in_order() -> None:
    assert [[at_least(one, other) for other in ROLES] for one in ROLES] == [
        [True, False, False], [True, True, False], [True, True, True],
    ]  # fmt: skip
    assert [[higher(one, other) for other in ROLES] for one in ROLES] == [
        ["trainee", "agent", "manager"], ["agent", "agent", "manager"], ["manager"] * 3,
    ]  # fmt: skip


def test_the_page_shows_the_table_as_it_is() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| (.*?) \| (.*?) \| (.*?) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    expected = [
        (what, right.does, *("yes" if may(role, what) else "" for role in ROLES)) for what, right in RIGHTS.items()
    ]
    assert rows == expected
