"""Several processes at one desk: real ones, on one folder, at the same moment, killed in the middle."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from caretool import workspace
from caretool.desk import fetching, promising, replying, sending
from caretool.desk.desk import Desk
from caretool.desk.request import Request
from tests.desk.stage import CALLBACK, LATE, MONDAY, POLICIES, lay_shop

_ACCOUNTS = """
[accounts.page]
platform = "file"
comments = "comments.jsonl"
replies = "replies.jsonl"

[agents.dario]
name = "Dario"
role = "manager"
[owners.desk]
[owners.logistics]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CARETOOL_NOW", MONDAY.isoformat())
    return lay_shop(tmp_path, _ACCOUNTS, POLICIES)


@contextmanager
def _desk(folder: Path) -> Iterator[Desk]:
    with workspace.open_desk(folder, "dario", print) as desk:
        yield desk


def _receive(folder: Path, count: int) -> None:
    rows = [
        {"id": f"c{n}", "author": f"author{n}", "text": LATE, "thread": "post", "language": "it"} for n in range(count)
    ]
    (folder / "comments.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process of its own; it says "ready" and goes on when it is told to. None outlives its test."""
    processes: list[subprocess.Popen[str]] = []

    def run(program: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _all_at_once(processes: list[subprocess.Popen[str]]) -> list[str]:
    """Let them go together once all are ready; what each says in the end."""
    for process in processes:
        assert _line(process) == "ready"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return said


_FETCHER = """
import sys
from caretool.cli import main, fetching
from caretool.desk import fetching as work, triaging
from caretool import workspace
print("ready", flush=True)
sys.stdin.readline()
sys.argv = ["caretool", "-C", sys.argv[1], "fetch", "--json"]
main.main()
"""


def test_two_fetches_at_once_store_each_comment_once(folder: Path, start: Start) -> None:
    _receive(folder, 1100)
    said = _all_at_once([start(_FETCHER, str(folder)) for _ in range(2)])
    assert sum(json.loads(text)["new"] for text in said) == 1100
    with _desk(folder) as desk:
        count = "SELECT count(*), count(DISTINCT native_id), count(DISTINCT id), sum(unread) FROM comment"
        assert desk.store._database.statement(count) == [(1100, 1100, 1100, 0)]
        assert desk.store._database.statement("SELECT sum(size) FROM comment_group WHERE alive = 1") == [(1100,)]
        assert fetching.fetch(desk, [])[0].new == 0


_STUCK_FETCHER = """
import sys, threading
from dataclasses import replace
from pathlib import Path
from caretool import workspace
from caretool.desk import fetching
from caretool.store.arrivals import Arrivals

class Stuck:
    def __init__(self, platform):
        self.platform = platform
    def fetch(self, bookmark):
        yield next(self.platform.fetch(bookmark))
        yield replace(next(self.platform.fetch(bookmark)), comments=())
        threading.Event().wait()

add_page, pages = Arrivals.add_page, []

def told(*arguments, **named):
    stored = add_page(*arguments, **named)
    pages.append(stored)
    if len(pages) == 2:
        print("ready", flush=True)
    return stored

Arrivals.add_page = told
fetching._TOGETHER = 1  # else both pages may be of one commit, and the interruption takes both back
with workspace.open_desk(Path(sys.argv[1]), "dario", print) as desk:
    open_platform = desk.open_platform
    desk.open_platform = lambda account: Stuck(open_platform(account))
    fetching.fetch(desk, [])
"""


def test_an_interrupted_fetch_ends_at_once_and_loses_and_repeats_nothing(folder: Path, start: Start) -> None:
    _receive(folder, 700)
    fetcher = start(_STUCK_FETCHER, str(folder))
    assert _line(fetcher) == "ready"
    fetcher.send_signal(signal.SIGINT)
    fetcher.communicate(timeout=2)
    assert fetcher.returncode != 0
    with _desk(folder) as desk:
        assert desk.store._database.statement("SELECT count(*) FROM comment") == [(500,)]
        assert fetching.fetch(desk, [])[0].new == 200
        assert desk.store._database.statement("SELECT count(*), sum(unread) FROM comment") == [(700, 0)]


_PROMISER = """
import json, sys
from pathlib import Path
from caretool import workspace
from caretool.desk import promising
from caretool.desk.times import parse_time
with workspace.open_desk(Path(sys.argv[1]), "dario", print) as desk:
    due = parse_time("2026-11-25 18:00", desk.clock(), desk.zone)
    print("ready", flush=True)
    sys.stdin.readline()
    logged, offered = 0, []
    for _ in range(50):
        changed = promising.add(desk, "pickup", sys.argv[2], due, None)
        logged += len(changed.promises)
        offered += [refusal.earliest_due_at.isoformat() for refusal in changed.refusals]
print(json.dumps([logged, offered]))
"""


def test_two_processes_logging_fifty_promises_each_where_sixty_fit_log_sixty(folder: Path, start: Start) -> None:
    text = POLICIES.replace("capacity = { per_day = 40 }", "capacity = { per_day = 60 }")
    (folder / "policies.toml").write_text(text, encoding="utf-8")
    _receive(folder, 1)
    with _desk(folder) as desk:
        fetching.fetch(desk, [])
        person = desk.store._database.statement("SELECT person FROM comment")[0][0]
    said = [json.loads(text) for text in _all_at_once([start(_PROMISER, str(folder), person) for _ in range(2)])]
    assert sum(logged for logged, _ in said) == 60
    offered = [when for _, refused in said for when in refused]
    assert (len(offered), set(offered)) == (40, {"2026-11-26T17:00:00+00:00"})
    with _desk(folder) as desk:
        assert len(promising.ledger(desk, everything=True)) == 60


_SENDER = """
import sys
from pathlib import Path
from caretool import workspace
from caretool.desk import sending

class Stuck:
    def __init__(self, platform):
        self.platform = platform
        self.limits = platform.limits
    def look(self, native_ids):
        return self.platform.look(native_ids)
    def find(self, reply):
        return self.platform.find(reply)
    def post(self, reply):
        if sys.argv[2] == "after":
            self.platform.post(reply)
        print("ready", flush=True)
        sys.stdin.readline()

with workspace.open_desk(Path(sys.argv[1]), "dario", print) as desk:
    open_platform = desk.open_platform
    desk.open_platform = lambda account: Stuck(open_platform(account))
    sending.send(desk)
"""


def _approved(folder: Path) -> None:
    _receive(folder, 1)
    with _desk(folder) as desk:
        fetching.fetch(desk, [])
        comment = desk.store._database.statement("SELECT id FROM comment")[0][0]
        request = replying.make_request(desk, [comment], Request(comments=(), text=CALLBACK))
        assert replying.approve(desk, request, shown=None).state == "approved"


def _wall(folder: Path) -> list[str]:
    path = folder / "replies.jsonl"
    return [json.loads(line)["key"] for line in path.read_text().splitlines()] if path.exists() else []


def _state(desk: Desk) -> tuple[str, str, str]:
    found = desk.store._database.statement("SELECT r.state, p.state, c.state FROM reply r, promise p, comment c")
    return found[0]  # type: ignore[return-value]


@pytest.mark.parametrize("killed", ["before", "after"])
def test_a_sender_killed_in_the_middle_is_settled_and_nothing_is_posted_twice(
    folder: Path, start: Start, killed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _approved(folder)
    sender = start(_SENDER, str(folder), killed)
    assert _line(sender) == "ready"
    with _desk(folder) as desk:
        assert _state(desk)[0] == "sending"
        with pytest.raises(BlockingIOError), next((folder / ".locks").iterdir()).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # it lives: whoever sends now waits for it
        sender.send_signal(signal.SIGKILL)
        sender.communicate()
        assert sender.returncode == -signal.SIGKILL
        sent = sending.send(desk)
        if killed == "after":
            assert len(sent.posted) == 1
        else:
            assert len(sent.unsure) == 1
            assert _state(desk) == ("unsure", "running", "queued")
            sending.send(desk)
            assert _wall(folder) == []
            monkeypatch.setenv("CARETOOL_NOW", (MONDAY + timedelta(seconds=61)).isoformat())
            assert len(sending.send(desk).posted) == 1
        assert _state(desk) == ("posted", "running", "answered")
        sending.send(desk)
    assert len(_wall(folder)) == 1


_ALL_SENDER = """
import sys
from pathlib import Path
from caretool import workspace
from caretool.desk import sending
with workspace.open_desk(Path(sys.argv[1]), "dario", lambda sentence: None) as desk:
    replies = [row[0] for row in desk.store._database.statement("SELECT id FROM reply")]
    print("ready", flush=True)
    sys.stdin.readline()
    print(len(sending.send(desk, replies).posted))
"""


def test_two_who_send_the_same_outbox_at_once_post_each_reply_once(folder: Path, start: Start) -> None:
    _receive(folder, 25)
    with _desk(folder) as desk:
        fetching.fetch(desk, [])
        ids = [row[0] for row in desk.store._database.statement("SELECT id FROM comment")]
        request = Request(comments=tuple(ids), text=CALLBACK, mode="each")
        assert replying.approve(desk, request, shown=None).state == "approved"
    _all_at_once([start(_ALL_SENDER, str(folder)) for _ in range(2)])
    assert len(_wall(folder)) == len(set(_wall(folder))) == 25
    with _desk(folder) as desk:
        assert desk.store._database.statement("SELECT state, count(*) FROM reply GROUP BY state") == [("posted", 25)]
