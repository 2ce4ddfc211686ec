from __future__ import annotations

from pathlib import Path

import pytest

from caretool.domain.duration import Duration
from caretool.errors import SettingsProblem
from tests.settings.shop import POLICIES, loaded, workspace

OURS = 'default = "730 days"\nkinds = { spam = "30 days" }\n'


def test_lengths_are_read_by_kind_and_platform(tmp_path: Path) -> None:
    retention = loaded(workspace(tmp_path)).policy.retention
    assert retention.default == Duration(730, "days")
    assert retention.kinds == {"spam": Duration(30, "days")}
    assert retention.platforms == {"file": Duration(365, "days")}


@pytest.mark.parametrize(
    ("instead", "told"),
    [
        ('default = "12h"\n', "less than a day"),
        ('default = "2 working days"\n', "runs on a calendar"),
        ('kinds = { spma = "30 days" }\n', "spma"),
    ],
)
def test_what_cannot_be_kept_so_long_is_told(tmp_path: Path, instead: str, told: str) -> None:
    assert OURS in POLICIES
    with pytest.raises(SettingsProblem) as wrong:
        loaded(workspace(tmp_path, policies=POLICIES.replace(OURS, instead)))
    assert any(told in problem and "retention" in problem for problem in wrong.value.problems), wrong.value.problems
