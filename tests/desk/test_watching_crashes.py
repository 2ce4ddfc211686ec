"""kill −9 on the way of a fetch that searches for watch words, around whatever is asked and committed: nothing lost,
nothing doubled, no page of a search without its bookmark."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.desk.crashing import ACCOUNTS, BoardServer, Forge, Job, row, rows, troubles
from tests.desk.stage import MONDAY, POLICIES, lay_shop
from tests.desk.test_crashes import Walk

_WATCHES = """
[[watch]]
name = "parcels"
words = ["pacco"]

[[watch]]
name = "lamps"
words = ["lampada"]
without = ["lampadario"]
"""
_OLD = (MONDAY - timedelta(days=400)).isoformat()
_LAMP = "Qualcuno ha la lampada di Bottega Blu?"
# w1 is said to us as well; h2 is older than a first search looks back, h3 is found by both.
_HITS = (
    row("w1"),
    row("h1", thread="h1"),
    row("h2", thread="h2", written_at=_OLD),
    row("h3", "Il mio pacco con la lampada non è arrivato", thread="h3"),
    row("h4", _LAMP, thread="h4"),
)
_COMMENTS = """SELECT native_id, watch, state, kind, unread, grouped IS NULL,
    (SELECT count(*) FROM revision WHERE comment = id) FROM comment ORDER BY 1"""
# A kill between any others reads again what was read, or is rolled back by the database.
_STEPS = ("before a page", "a page", "the server", "before commit", "after commit")
_BOOKMARKS = "SELECT account, cursor, closed_before FROM watch_bookmark ORDER BY watch"


class Overheard(BoardServer):
    """Boards on which there is something to be found, whatever they are made for."""

    def wall(self, name: str, *comments: dict[str, Any], protects: bool = False) -> str:
        """A new wall; where it stands."""
        place = super().wall(name, *comments, protects=protects)
        self.walls[name].hits = list(_HITS)
        return place


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    with closing(Forge(tmp_path_factory.mktemp("warm"))) as forge:
        yield forge


@pytest.fixture
def boards() -> Iterator[Overheard]:
    with closing(Overheard()) as server:
        yield server


def test_a_fetch_that_searches_killed_anywhere_finds_everything_once(
    forge: Forge, boards: Overheard, tmp_path: Path
) -> None:
    desk = lay_shop(tmp_path / "desk", ACCOUNTS, POLICIES + _WATCHES)
    job = Job(desk)
    forge.done(job, "inbox")
    walk = Walk(forge, boards, desk, job, "fetch", "wall")
    walk.walls = lambda: [row("w1"), row("w2")]
    whole = Path(shutil.copytree(desk, desk.with_name("whole")))
    forge.done(replace(job, folder=whole, board=boards.wall("whole", *walk.walls())), "fetch", "wall")
    expected = rows(whole, _COMMENTS)
    assert {native_id: (watch, state) for native_id, watch, state, *_ in expected} == {
        "h1": ("parcels", "waiting"),
        "h2": ("parcels", "closed"),
        "h3": ("parcels", "waiting"),
        "h4": ("lamps", "waiting"),
        "w1": (None, "waiting"),
        "w2": (None, "waiting"),
    }
    for run, ran in walk.runs(of=_STEPS):
        forge.done(run, "fetch", "wall")
        assert rows(run.folder, _COMMENTS) == expected
        assert rows(run.folder, _BOOKMARKS) == rows(whole, _BOOKMARKS) == [("wall", "5", None)] * 2
        assert list(troubles(run.folder)) == []
        if not ran.killed:
            assert ran.steps.count("a page of a search was read") == 6
