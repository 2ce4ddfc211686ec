"""docs/platforms.md says of every platform what its connector can do, in one table."""

from __future__ import annotations

from pathlib import Path

import pytest

from caretool.platforms import registry
from caretool.platforms.platform import (
    Bans,
    Deletes,
    Hides,
    Likes,
    Mutes,
    Reports,
    Retracts,
    Searches,
)
from tests.platforms.test_every_platform import PAGES, opened

OVERVIEW = PAGES.with_suffix(".md")
_ABLE = {
    "retract": Retracts, "hide": Hides, "delete": Deletes, "mute": Mutes, "ban": Bans, "report": Reports,
    "like": Likes, "watch words": Searches,
}  # fmt: skip
_ANSWERS = {"anybody": "yes", "who-spoke-to-us": "who spoke to us", "nobody": "by hand"}


def row(name: str, folder: Path) -> str:
    """How the table should have it."""
    platform = opened(name, folder)
    limits = platform.limits
    able = ["yes" if isinstance(platform, protocol) else "" for protocol in _ABLE.values()]
    together = "" if limits.together == "no" else limits.together
    private = "yes" if limits.private_replies else ""
    cells = [f"[{name}](platforms/{name}.md)", _ANSWERS[limits.answerable], together, private, *able]
    return f"| {' | '.join(cells)} |"


@pytest.mark.parametrize("name", registry.KNOWN)
def test_its_row_says_what_it_can_do(name: str, tmp_path: Path) -> None:
    assert row(name, tmp_path) in OVERVIEW.read_text("utf-8").splitlines()
