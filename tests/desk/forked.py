"""The process side of crashing.py: everything imported once, then a forked child runs `caretool` for each job.

Run as `python -m tests.desk.forked`. A job is a line of JSON on stdin (see `crashing.Job`), what became of it one on
stdout. A child counts its steps and kills itself (SIGKILL) at the one it is told to.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401  (sockets import it when they are first used)
import gc
import json
import os
import resource
import select
import selectors
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import apsw
import httpx
from pydantic import BaseModel, ConfigDict

from caretool.cli import main
from caretool.desk import fetching
from caretool.domain.comment import Author, Incoming, Thread
from caretool.domain.limits import Limits
from caretool.domain.policy import Account
from caretool.domain.watch import Watch
from caretool.errors import AnswerLost
from caretool.platforms import registry
from caretool.platforms.file import connector as file
from caretool.platforms.file import replies as file_replies
from caretool.platforms.mastodon import connector as mastodon
from caretool.platforms.platform import (
    Checked,
    Hides,
    Looked,
    Offence,
    Opening,
    Outgoing,
    Page,
    Platform,
    Posted,
    Searches,
)
from caretool.store import database

NOBODY = 65534


class Steps:
    """Counts what a child does and ends it, as `kill -9` would, at one of its steps."""

    def __init__(self, told: int, die_at: int | None) -> None:
        self.told, self.die_at, self.count = told, die_at, 0
        self.lock = threading.RLock()

    def __call__(self, name: str) -> None:
        with self.lock:
            self.count += 1
            os.write(self.told, f"{' '.join(name.split())[:160]}\n".encode())
            if self.count == self.die_at:
                os.kill(os.getpid(), signal.SIGKILL)


step: Callable[[str], None] = lambda name: None  # noqa: E731


def _watch_sql() -> None:
    """A step before every statement, BEGIN and COMMIT among them, and after each that may have changed the file (after
    any other, nothing lies between it and the next step)."""

    def watch(connection: apsw.Connection) -> None:
        def told(event: dict[str, Any]) -> None:
            sql = event["sql"]
            if event["code"] == apsw.SQLITE_TRACE_STMT:
                step(f"before {sql}")
            elif connection.getautocommit() and not sql.startswith("SELECT"):
                step(f"after {sql}")

        connection.trace_v2(apsw.SQLITE_TRACE_STMT | apsw.SQLITE_TRACE_PROFILE, told)

    apsw.connection_hooks.append(watch)


class _SteppingFiles:
    """`os` as file_replies.py uses it, with a step before, within and after each write."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def write(self, handle: int, data: bytes) -> int:
        step("before a line is written")
        half = os.write(handle, bytes(data[: len(data) // 2]))
        step("half a line is written")
        rest = os.write(handle, bytes(data[half:]))
        step("a line is written")
        return half + rest

    def fsync(self, handle: int) -> None:
        os.fsync(handle)
        step("the line is on the disk")


class Stepping:
    """A platform with a step before and after everything it is asked."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    @property
    def limits(self) -> Limits:
        return self.platform.limits

    def check(self) -> Checked:
        return self.platform.check()

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        step("before a page is read")
        for page in self.platform.fetch(bookmark):
            step("a page was read")
            yield page
            step("before a page is read")

    def look(self, native_ids: Sequence[str]) -> Looked:
        step("before a look")
        looked = self.platform.look(native_ids)
        step("after a look")
        return looked

    def post(self, reply: Outgoing) -> Posted:
        step("before it is posted")
        posted = self.platform.post(reply)
        step("after it was posted")
        return posted

    def find(self, reply: Outgoing) -> Posted | None:
        step("before it is looked for")
        found = self.platform.find(reply)
        step("after it was looked for")
        return found


class Searching(Stepping):
    """The same for one that can be searched."""

    def search(self, watch: Watch, bookmark: str | None) -> Iterator[Page]:
        assert isinstance(self.platform, Searches)
        step("before a page of a search is read")
        for page in self.platform.search(watch, bookmark):
            step("a page of a search was read")
            yield page
            step("before a page of a search is read")


class Guarding(Stepping):
    """The same for one on which something can be done about what others write."""

    def _ask(self, action: str, offence: Offence) -> None:
        step(f"before {action} is asked for")
        getattr(self.platform, action)(offence)
        step(f"after {action} was asked for")

    def hide(self, offence: Offence) -> None:
        self._ask("hide", offence)

    def unhide(self, offence: Offence) -> None:
        self._ask("unhide", offence)

    def ban(self, offence: Offence) -> None:
        self._ask("ban", offence)

    def unban(self, offence: Offence) -> None:
        self._ask("unban", offence)

    def report(self, offence: Offence) -> None:
        self._ask("report", offence)


class BoardSettings(BaseModel):
    """The settings of an account on a board: none."""

    model_config = ConfigDict(extra="forbid")


@dataclass
class Board:
    """A place behind real sockets (`crashing.BoardServer`). BOARD names where: host:port/name."""

    opening: Opening

    @property
    def limits(self) -> Limits:
        ways = os.environ["BOARD_LIMITS"].split()
        protects = timedelta(hours=1) if "protects" in ways else timedelta(0)
        return Limits(together="names", key_protects=protects, listing_trustworthy="lists" in ways)

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        after = int(bookmark or 0)
        while True:
            rows = self._ask("GET", f"comments?after={after}")
            if not rows:
                return
            after += len(rows)
            yield Page(tuple(_comment(row) for row in rows), str(after))

    def search(self, watch: Watch, bookmark: str | None) -> Iterator[Page]:
        after = int(bookmark or 0)
        while True:
            rows = self._ask("GET", f"hits?after={after}")
            if not rows:
                return
            after += len(rows)
            found = (_comment(row) for row in rows)
            yield Page(tuple(one for one in found if watch.finds(one.text, one.language)), str(after))

    def look(self, native_ids: Sequence[str]) -> Looked:
        gone = self._ask("GET", f"gone?ids={','.join(native_ids)}")
        return Looked(gone=frozenset(gone))

    def post(self, reply: Outgoing) -> Posted:
        try:
            answer = self._ask("POST", "replies", {"key": reply.key, "to": list(reply.to), "text": reply.text})
        except OSError as error:
            raise AnswerLost("no answer") from error
        return Posted(answer["id"], self.opening.clock())

    def find(self, reply: Outgoing) -> Posted | None:
        found = self._ask("GET", f"replies?key={reply.key}")
        return Posted(found["id"], self.opening.clock()) if found else None

    def check(self) -> Checked:
        return Checked()

    def _ask(self, method: str, path: str, value: Any = None) -> Any:
        host, _, name = os.environ["BOARD"].partition("/")
        body = b"" if value is None else json.dumps(value).encode()
        connection = HTTPConnection(host, timeout=10)
        try:
            connection.putrequest(method, f"/{name}/{path}")
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body[: len(body) // 2] or None)
            if body:
                step("half of the request has left")
                connection.send(body[len(body) // 2 :])
            select.select([connection.sock], [], [], 10)  # an answer is there: so the server has done it
            step("the server has answered, nobody has read it")
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        step("the answer was read")
        return answer


def _comment(row: dict[str, str]) -> Incoming:
    return Incoming(
        native_id=row["id"],
        author=Author(row["author"], None),
        text=row["text"],
        written_at=datetime.fromisoformat(row["written_at"]),
        thread=Thread(row["thread"]),
        language="it",
    )


def know_boards() -> None:
    """Let the registry have the board, as if it had come with caretool; Mastodon is imported for all children."""
    assert mastodon.MastodonSettings
    connectors: Any = registry._CONNECTORS
    connectors["board"] = lambda: registry.Connector(
        BoardSettings, lambda account, opening: Board(opening)  # type: ignore[arg-type]
    )  # fmt: skip
    connectors["fire"] = lambda: registry.Connector(BoardSettings, _open_under_fire)


def _open_under_fire(account: Account, opening: Opening) -> Platform:
    """One of the platforms of `tests.fire.dialects`, which stands in another process. FIRE names it."""
    from tests.fire.kills import open_there

    return open_there(os.environ["FIRE"], opening, lambda name: step(name))


def _watch_requests() -> None:
    """A step before each request of a connector leaves, and when it was answered but nobody has read the answer."""
    handle = httpx.HTTPTransport.handle_request

    def stepping(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        step("before a request leaves")
        response = handle(transport, request)
        step("the server has answered, nobody has read it")
        return response

    httpx.HTTPTransport.handle_request = stepping  # type: ignore[method-assign]


def _prepare(job: dict[str, Any], steps: int) -> None:
    """Make the child what the job wants it to be."""
    global step
    os.environ.update(job["environment"])
    if job["die_at"] is not None:
        step = Steps(steps, job["die_at"])
        _watch_sql()
        _watch_requests()
        file_replies.os = _SteppingFiles()  # type: ignore[attr-defined]
        open_platform = registry.open_platform

        def stepping(account: Account, opening: Opening) -> Platform:
            platform = open_platform(account, opening)
            if isinstance(platform, Hides):
                return Guarding(platform)
            return Searching(platform) if isinstance(platform, Searches) else Stepping(platform)

        registry.open_platform = stepping
    file._PAGE = 2  # type: ignore[misc]
    fetching._TOGETHER = 1  # how many are there is chance, and so would be the number of steps
    if job["wait"] is not None:
        database._WAIT_SECONDS = job["wait"]  # type: ignore[misc]
    if job["powerless"] and os.geteuid() == 0:  # root writes whatever the permissions say
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    if job["largest_file"] is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["largest_file"], job["largest_file"]))


def _run(words: Sequence[str]) -> int:
    sys.argv = ["caretool", *words]
    try:
        main.main()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        traceback.print_exc()
        return 70
    return 0


def _stand_alone(out: int, err: int) -> None:
    """Let the three streams be as they are in a program that is started with nothing to read and these to write to."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, handle, name, mode in ((0, nothing, "stdin", "r"), (1, out, "stdout", "w"), (2, err, "stderr", "w")):
        os.dup2(handle, number)
        setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    os.close(nothing)


def _child(job: dict[str, Any], out: int, err: int, steps: int) -> None:
    _stand_alone(out, err)
    code = 71
    try:
        _prepare(job, steps)
        code = _run(job["words"])
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _forked(job: dict[str, Any]) -> dict[str, Any]:
    """Run one job in a child; how it ended, what it said, its steps."""
    assert threading.active_count() == 1
    pipes = {name: os.pipe() for name in ("stdout", "stderr", "steps")}
    child = os.fork()
    if child == 0:
        _child(job, *(write for _, write in pipes.values()))
    said = dict.fromkeys(pipes, b"")
    with selectors.DefaultSelector() as readable:
        for name, (read, write) in pipes.items():
            os.close(write)
            readable.register(read, selectors.EVENT_READ, name)
        while readable.get_map():
            for key, _ in readable.select():
                if data := os.read(key.fd, 65536):
                    said[key.data] += data
                else:
                    readable.unregister(key.fd)
                    os.close(key.fd)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"code": code, **{name: text.decode(errors="replace") for name, text in said.items()}}


def _warm(folder: Path) -> None:
    """Import what the commands import, by running them here once, on a desk of its own."""
    from tests.desk.crashing import Job, lay_desk, rows
    from tests.desk.stage import CALLBACK, PICKUP

    lay_desk(folder)
    kept = os.environ.copy()
    streams = sys.stdin, sys.stdout, sys.stderr
    before = [os.dup(number) for number in range(3)]
    nothing = os.open(os.devnull, os.O_WRONLY)
    _stand_alone(nothing, nothing)
    os.environ.update(Job(folder).environment())
    work: list[tuple[str, ...]] = [("fetch", "page"), ("inbox",), ("promise", "list"), ("policy", "check")]
    for words in work:
        assert _run(["-C", str(folder), *words]) == 0
        _stand_alone(nothing, nothing)
    (answered,) = rows(folder, "SELECT id FROM comment WHERE native_id = 'c1'")[0]
    tomorrow = "{{ person.name }}, sono Dario, mi scuso: la richiamo domani."
    work = [("reply", answered, "--text", text, "--yes", "--dry-run") for text in (CALLBACK, PICKUP)]
    for words in (*work, ("reply", answered, "--text", tomorrow, "--yes", "--later"), ("send",)):
        assert _run(["-C", str(folder), *words]) == 0
        _stand_alone(nothing, nothing)
    os.close(nothing)
    for number, handle in enumerate(before):
        os.dup2(handle, number)
        os.close(handle)
    sys.stdin, sys.stdout, sys.stderr = streams
    os.environ.clear()
    os.environ.update(kept)
    gc.collect()
    gc.freeze()  # what a child never looks at need not be copied for it


def serve() -> None:
    """Take jobs until stdin ends."""
    know_boards()
    _warm(Path(sys.argv[1]))
    for line in sys.stdin:
        answer = json.dumps(_forked(json.loads(line)))
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
