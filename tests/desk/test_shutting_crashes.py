"""kill −9 between any two steps of a send that comes too late: no promise is left behind, nothing is posted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.desk.crashing import BoardServer, Forge, Job, lay_desk, page_posts, row, rows, troubles, write_comments
from tests.desk.stage import CALLBACK, MONDAY
from tests.desk.test_crashes import Walk

_SHUT = MONDAY + timedelta(minutes=20)


class Emptied(BoardServer):
    """Boards from which w1 is gone, whatever they are made for."""

    def wall(self, name: str, *comments: dict[str, Any], protects: bool = False) -> str:
        """A new wall; where it stands."""
        place = super().wall(name, *comments, protects=protects)
        self.walls[name].gone = ["w1"]
        return place


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    with closing(Forge(tmp_path_factory.mktemp("warm"))) as forge:
        yield forge


@pytest.fixture
def boards() -> Iterator[Emptied]:
    with closing(Emptied()) as server:
        yield server


@pytest.fixture
def approved(forge: Forge, boards: Emptied, tmp_path: Path) -> Job:
    """Two replies in the outbox: to one whose window closes at 09:32, and to one that will be gone."""
    folder = lay_desk(tmp_path / "desk")
    write_comments(folder, row("c1", closes_at=_SHUT.isoformat()))
    job = Job(folder, board=boards.wall("before", row("w1")))
    forge.done(job, "fetch")
    boards.walls["before"].gone = []
    for native_id in ("c1", "w1"):
        (found,) = rows(folder, "SELECT id FROM comment WHERE native_id = ?", native_id)[0]
        forge.done(job, "reply", found, "--text", CALLBACK, "--yes", "--later")
    return replace(job, now=_SHUT)


def test_a_send_that_comes_too_late_killed_anywhere_leaves_no_promise_and_posts_nothing(
    forge: Forge, boards: Emptied, approved: Job
) -> None:
    for job, _ in Walk(forge, boards, approved.folder, approved, "send", "--json").runs():
        running = rows(
            job.folder, "SELECT p.id FROM promise p JOIN reply r ON r.id = p.reply WHERE p.state = 'running'"
        )
        assert running == []
        forge.run(job, "send")
        assert list(troubles(job.folder)) == []
        assert (page_posts(job.folder), boards.walls[job.folder.name].posts) == ([], [])
        assert rows(job.folder, "SELECT DISTINCT state FROM reply") == [("failed",)]
        assert rows(job.folder, "SELECT DISTINCT state FROM promise") == [("void",)]
        assert rows(job.folder, "SELECT native_id, state FROM comment ORDER BY 1") == [
            ("c1", "waiting"),
            ("w1", "gone"),
        ]
        told = forge.done(job, "inbox").stdout
        assert told.count("did not go out") == 2
        assert "did not go out" not in forge.done(job, "inbox").stdout
