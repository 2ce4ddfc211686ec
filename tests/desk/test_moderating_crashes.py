"""kill −9 between any two steps of moderate and undo, in a real process; two processes at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.desk.crashing import BoardServer, Forge, Job, lay_desk, row, rows, troubles, write_comments
from tests.desk.guarded import ABUSE, SPAM
from tests.desk.test_crashes import Walk
from tests.desk.test_processes import Start, _all_at_once, start

__all__ = ["start"]

RULES = """
[[moderation]]
name = "links"
when = { kind = "spam", language = "it", account = "page", vulgar = false }
action = "hide"

[[moderation]]
name = "insults"
when = { kind = "abuse" }
action = "report"
"""


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    with closing(Forge(tmp_path_factory.mktemp("warm"))) as forge:
        yield forge


@pytest.fixture
def boards() -> Iterator[BoardServer]:
    with closing(BoardServer()) as server:
        yield server


@pytest.fixture
def fetched(forge: Forge, tmp_path: Path) -> Job:
    """Spam to be hidden, an insult to be reported, a customer."""
    folder = lay_desk(tmp_path / "desk")
    with (folder / "policies.toml").open("a", encoding="utf-8") as policies:
        policies.write(RULES)
    write_comments(folder, row("c1", SPAM), row("c2", ABUSE), row("c3"))
    job = Job(folder)
    forge.done(job, "fetch", "page")
    return job


def actions(folder: Path) -> list[dict[str, Any]]:
    """The whole lines of the page's actions."""
    path = folder / "page-actions.jsonl"
    found: list[dict[str, Any]] = []
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            found.append(json.loads(line))
        except ValueError:  # torn by the kill
            continue
    return found


def states(folder: Path) -> dict[str, str]:
    """How each thing that was done stands."""
    return dict(rows(folder, "SELECT action, state FROM moderation ORDER BY action"))


def test_moderating_killed_anywhere_keeps_evidence_first_reports_once_and_is_ended_by_doing_it_again(
    forge: Forge, boards: BoardServer, fetched: Job
) -> None:
    outcomes = set()
    for job, _ in Walk(forge, boards, fetched.folder, fetched, "moderate", "--yes", "--json").runs():
        kept = {
            key for (key,) in rows(job.folder, "SELECT m.key FROM moderation m JOIN evidence e ON e.moderation = m.id")
        }
        assert {done["key"] for done in actions(job.folder)} <= kept
        again = forge.run(job, "moderate", "--yes")
        found = states(job.folder)
        done = [one["action"] for one in actions(job.folder)]
        assert list(troubles(job.folder)) == []
        assert found["hide"] == "done"
        assert sorted(done) in (["hide", "report"], ["hide"])
        if found["report"] == "unsure":
            assert "nobody knows" in again.stderr
        else:
            assert [found["report"], done.count("report")] == ["done", 1]
        assert rows(job.folder, "SELECT native_id, state FROM comment WHERE account = 'page' ORDER BY 1") == [
            ("c1", "closed"), ("c2", "waiting"), ("c3", "waiting"),
        ]  # fmt: skip
        outcomes.add((found["report"], done.count("report")))
    assert outcomes == {("done", 1), ("unsure", 0), ("unsure", 1)}


def test_undoing_killed_anywhere_is_ended_by_doing_it_again(forge: Forge, boards: BoardServer, fetched: Job) -> None:
    forge.done(fetched, "moderate", "--yes")
    ((hidden,),) = rows(fetched.folder, "SELECT id FROM moderation WHERE action = 'hide'")
    for job, _ in Walk(forge, boards, fetched.folder, fetched, "undo", hidden, "--because", "x", "--json").runs():
        forge.run(job, "undo", hidden, "--because", "x")
        assert states(job.folder)["hide"] == "undone"
        assert rows(job.folder, "SELECT state FROM comment WHERE native_id = 'c1'") == [("waiting",)]
        assert list(troubles(job.folder)) == []


_MODERATOR = """
import sys
from caretool.cli import main, moderating
from caretool.desk import moderating as work, proposing
print("ready", flush=True)
sys.stdin.readline()
sys.argv = ["caretool", "-C", sys.argv[1], "moderate", "--yes", "--json"]
try:
    main.main()
except SystemExit:
    sys.exit(0)
"""


def test_two_who_moderate_the_same_at_once_do_it_once(
    forge: Forge, fetched: Job, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in fetched.environment().items():
        monkeypatch.setenv(name, value)
    _all_at_once([start(_MODERATOR, str(fetched.folder)) for _ in range(3)])
    assert states(fetched.folder) == {"hide": "done", "report": "done"}
    assert rows(fetched.folder, "SELECT count(*) FROM moderation") == [(2,)]
    assert sorted(one["action"] for one in actions(fetched.folder)) == ["hide", "report"]
