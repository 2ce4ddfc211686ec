"""[checks] of policies.toml: who may waive, what is off; what would undo the guard does not load."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from caretool.domain.waiver import WAIVED_BY
from caretool.errors import SettingsProblem
from caretool.settings import kept
from caretool.settings.in_force import policy_as_toml
from caretool.settings.loading import load
from tests.desk.stage import POLICIES, Board, lay_shop


def loaded(folder: Path, checks: str) -> object:
    return load(lay_shop(folder, policies=f"{POLICIES}\n[checks]\n{checks}\n"), {"board": Board})


def test_what_is_left_out_stands_there_with_its_default(tmp_path: Path) -> None:
    settings = load(
        lay_shop(tmp_path, policies=f'{POLICIES}\n[checks]\nwaive = {{ shouting = "nobody" }}\noff = ["sarcasm"]\n'),
        {"board": Board},
    )
    assert settings.policy.checks.waive == {**WAIVED_BY, "shouting": "nobody"}
    assert settings.policy.checks.off == ("sarcasm",)
    text = policy_as_toml(settings)
    assert tomllib.loads(text)["checks"]["waive"]["blame"] == "manager"
    assert kept.from_text(kept.to_text(kept.worked_in(settings, 2026))).policy.checks == settings.policy.checks
    (tmp_path / "policies.toml").write_text(text, encoding="utf-8")
    assert load(tmp_path, {"board": Board}).policy.checks == settings.policy.checks


@pytest.mark.parametrize(
    ("checks", "said"),
    [
        ('waive = { too-early = "manager" }', "'too-early' can be waived by nobody: promise the time that would pass"),
        ('waive = { vague = "manager" }', "'vague' can be waived by nobody: say a day and an hour"),
        ('waive = { group-changed = "agent" }', "'group-changed' can be waived by nobody: look with `caretool show`"),
        ('waive = { shuoting = "agent" }', "'shuoting' is not a check: did you mean 'shouting'?"),
        ('waive = { shouting = "trainee" }', "'trainee' is not one of agent, manager, nobody"),
        ('waive = { personal-data = "agent" }', "'personal-data' goes out in public by a manager's waiver at the most"),
        ('off = ["blame"]', "'blame' cannot be switched off: only one of shouting, sarcasm"),
        ('off = ["too-long"]', "'too-long' cannot be switched off"),
        ('off = "sarcasm"', "must be a list between [ and ]"),
    ],
)
def test_what_would_undo_the_guard_is_told_with_the_proper_way(tmp_path: Path, checks: str, said: str) -> None:
    with pytest.raises(SettingsProblem) as problem:
        loaded(tmp_path, checks)
    (line,) = str(problem.value).splitlines()
    assert line.startswith("policies.toml:")
    assert said in line


def test_a_manager_may_be_let_waive_personal_data(tmp_path: Path) -> None:
    settings = load(
        lay_shop(tmp_path, policies=f'{POLICIES}\n[checks]\nwaive = {{ personal-data = "manager" }}\n'),
        {"board": Board},
    )
    assert settings.policy.checks.who("personal-data") == "manager"
