"""A full disk, a workspace in which nothing may be written, a database that somebody else holds: one clear line, the
right exit code, nothing lost and nothing half-done."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from tests.desk.crashing import BoardServer, Forge, Job, Ran, lay_desk, page_posts, row, rows, troubles
from tests.desk.stage import CALLBACK

# What is typed, and what only reads: its exit code is 0 where nothing needs to be written.
COMMANDS = {
    "fetch": ("fetch",),
    "inbox": ("inbox",),
    "show": ("show", "GROUP"),
    "reply": ("reply", "c2", "--text", CALLBACK, "--yes"),
    "later": ("reply", "c2", "--text", CALLBACK, "--yes", "--later"),
    "send": ("send",),
    "promises": ("promise", "list"),
    "add": ("promise", "add", "callback", "--for", "c3", "--due", "2026-11-26 12:00"),
    "approve": ("approve", "DRAFT", "--yes"),
    "close": ("close", "c3", "--because", "x"),
    "policy": ("policy", "check"),
}
READS = ("show", "promises", "policy")


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    with closing(Forge(tmp_path_factory.mktemp("warm"))) as forge:
        yield forge


@pytest.fixture(scope="module")
def boards() -> Iterator[BoardServer]:
    with closing(BoardServer()) as server:
        yield server


@pytest.fixture(scope="module")
def prepared(forge: Forge, boards: BoardServer) -> Iterator[Job]:
    """A desk with something to do for every command: one reply in the outbox, one draft, four comments that wait, more
    to fetch. In a folder that anybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        job = Job(lay_desk(Path(name) / "desk"), board=boards.wall("start", row("w1"), row("w2"), row("w3")))
        forge.done(job, "fetch")
        forge.done(job, "inbox")
        asked = ("--text", CALLBACK, "--yes", "--later")
        forge.done(job, "reply", _id(job, "c1"), *asked)
        forge.done(replace(job, agent="tom"), "reply", _id(job, "w1"), *asked)
        yield job


@pytest.fixture
def job(prepared: Job, boards: BoardServer, request: pytest.FixtureRequest) -> Iterator[Job]:
    """A fresh copy of it, and two more comments on the wall."""
    folder = Path(shutil.copytree(prepared.folder, prepared.folder.with_name("copy")))
    more = [row(f"w{number}") for number in range(1, 6)]
    yield replace(prepared, folder=folder, board=boards.wall(request.node.name, *more))
    _let_be_written(folder)
    shutil.rmtree(folder)


def _id(job: Job, native_id: str) -> str:
    return str(rows(job.folder, "SELECT id FROM comment WHERE native_id = ?", native_id)[0][0])


def _words(job: Job, name: str) -> list[str]:
    """What is typed, ids in their places."""
    ids = {
        "GROUP": "SELECT grouped FROM comment WHERE native_id = 'c2'",
        "DRAFT": "SELECT id FROM draft WHERE state = 'awaiting'",
        **{native_id: f"SELECT id FROM comment WHERE native_id = '{native_id}'" for native_id in ("c2", "c3")},
    }
    return [rows(job.folder, ids[word])[0][0] if word in ids else word for word in COMMANDS[name]]


def _told(ran: Ran, *hints: str) -> None:
    """That it was told in plain words, in few lines."""
    assert "Traceback" not in ran.stderr, ran.stderr
    assert ran.code in (1, 6), (ran.code, ran.stderr)
    lines = ran.stderr.strip().splitlines()
    assert 1 <= len(lines) <= 2, ran.stderr
    assert len(set(lines)) == len(lines), ran.stderr
    assert any(hint in ran.stderr for hint in hints), ran.stderr


def _ends_well(forge: Forge, boards: BoardServer, job: Job, name: str, ran: Ran) -> None:
    """Once the trouble is over, what was asked for can be done, and everything goes out once."""
    assert list(troubles(job.folder)) == []
    left = rows(job.folder, "SELECT count(*) FROM reply WHERE state IN ('approved', 'sending', 'unsure', 'posted')")
    approved = name in ("reply", "later", "approve") and left == [(2,)]
    if ran.code != 0 and not approved:
        again = forge.run(job, *_words(job, name))
        assert again.code == 0, again.stderr
    later = replace(job, now=job.now.replace(minute=job.now.minute + 3))
    for moment in (job, later):
        forge.run(moment, "send")
    assert list(troubles(job.folder)) == []
    keys = [post["key"] for post in page_posts(job.folder)]
    keys += [post["key"] for post in boards.walls[job.board.partition("/")[2]].posts]
    assert sorted(keys) == sorted(key for (key,) in rows(job.folder, "SELECT key FROM reply WHERE state = 'posted'"))
    asked = {"reply": 2, "later": 2, "approve": 2}.get(name, 1)
    assert len(keys) == asked


@pytest.mark.parametrize("room", [1, 4_096, 40_000, 60_000])
@pytest.mark.parametrize("name", COMMANDS)
def test_on_a_full_disk(forge: Forge, boards: BoardServer, job: Job, name: str, room: int) -> None:
    ran = forge.run(replace(job, largest_file=room), *_words(job, name))
    if ran.code != 0:
        _told(ran, "the disk is full or failing", "File too large")
    elif name not in READS:
        assert room >= 40_000
    _ends_well(forge, boards, job, name, ran)


@pytest.mark.parametrize("name", ["reply", "send"])
def test_where_only_the_replies_find_no_room_they_wait_in_the_outbox(
    forge: Forge, boards: BoardServer, job: Job, name: str
) -> None:
    size = 400_000
    (job.folder / "replies.jsonl").write_bytes(b'{"id": "x"}\n' * (size // 12 + 1))
    before = (job.folder / "replies.jsonl").read_bytes()
    ran = forge.run(replace(job, largest_file=size), *_words(job, name))
    _told(ran, "File too large")
    assert (job.folder / "replies.jsonl").read_bytes() == before
    assert rows(job.folder, "SELECT DISTINCT state FROM reply WHERE account = 'page'") == [("approved",)]
    (job.folder / "replies.jsonl").unlink()
    _ends_well(forge, boards, job, name, ran)


def _let_nothing_be_written(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)


def _let_be_written(folder: Path) -> None:
    folder.chmod(0o777)
    for path in sorted(folder.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)


@pytest.mark.parametrize("name", COMMANDS)
def test_where_nothing_may_be_written(forge: Forge, boards: BoardServer, job: Job, name: str) -> None:
    words = _words(job, name)
    _let_nothing_be_written(job.folder)
    before = (job.folder / "caretool.db").read_bytes()
    ran = forge.run(replace(job, powerless=True), *words)
    assert (job.folder / "caretool.db").read_bytes() == before
    if ran.code == 0:
        assert (name, ran.stderr) == ("policy", "")
    else:
        _told(ran, "cannot be opened", "cannot be written to")
        assert ran.stdout == ""
    _let_be_written(job.folder)
    _ends_well(forge, boards, job, name, ran)


@pytest.mark.parametrize("name", COMMANDS)
def test_where_the_database_alone_may_not_be_written(forge: Forge, boards: BoardServer, job: Job, name: str) -> None:
    words = _words(job, name)
    _let_be_written(job.folder)
    (job.folder / "caretool.db").chmod(0o444)
    ran = forge.run(replace(job, powerless=True), *words)
    if ran.code != 0:
        _told(ran, "cannot be written to", "cannot be opened")
    else:
        assert name in READS
    _let_be_written(job.folder)
    _ends_well(forge, boards, job, name, ran)


@pytest.mark.parametrize("name", COMMANDS)
def test_where_somebody_else_holds_the_database(forge: Forge, boards: BoardServer, job: Job, name: str) -> None:
    words = _words(job, name)
    with closing(apsw.Connection(os.fspath(job.folder / "caretool.db"))) as other:
        other.execute("BEGIN IMMEDIATE")
        ran = forge.run(replace(job, wait=0.1), *words)
    if ran.code != 0:
        _told(ran, "has been busy for 0.1 s")
    else:
        assert name in READS
    _ends_well(forge, boards, job, name, ran)
