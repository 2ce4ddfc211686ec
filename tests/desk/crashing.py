"""caretool in real processes that are killed at any step, on a disk that is full, where nothing may be written.

A `Forge` is a process of its own (forked.py) with everything imported; each run is a forked child of it on a workspace
on the disk. What is on the other side of the sockets, a `BoardServer`, lives here and counts what it was sent.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import apsw

from caretool.domain.chain import Link, Walk
from tests.desk.stage import LATE, MONDAY, lay_shop
from tests.platforms.fake_mastodon import TOKEN

ACCOUNTS = """\
[accounts.page]
platform = "file"
comments = "comments.jsonl"
replies = "replies.jsonl"
handle = "bottegablu"

[accounts.wall]
platform = "board"

[agents.dario]
name = "Dario"
role = "manager"
[agents.tom]
name = "Tom"
role = "trainee"

[owners.desk]
[owners.logistics]
"""


def row(native_id: str, text: str = LATE, **more: Any) -> dict[str, Any]:
    """One comment of an export, or of a board."""
    written_at = (MONDAY - timedelta(hours=1)).isoformat()
    return {"id": native_id, "author": f"author.{native_id}", "text": text, "thread": "post", "language": "it",
            "written_at": written_at, **more}  # fmt: skip


def write_comments(folder: Path, *rows: dict[str, Any]) -> None:
    """What the page's export holds."""
    lines = "".join(json.dumps(one) + "\n" for one in rows)
    (folder / "comments.jsonl").write_text(lines, encoding="utf-8")


def lay_desk(folder: Path) -> Path:
    """The shop with a page of files and a wall on a board; nothing fetched."""
    lay_shop(folder, ACCOUNTS)
    write_comments(folder, row("c1"), row("c2"), row("c3"))
    return folder


@dataclass(frozen=True)
class Job:
    """How `caretool` is run: when, where the wall's board stands and what can be relied on there; at which step it is
    killed; how long it waits for a lock, in seconds; how large a file may become, in bytes; whether it runs as somebody
    whom permissions stop; `more` of its environment."""

    folder: Path
    now: datetime = MONDAY
    board: str = "127.0.0.1:9/nowhere"
    limits: str = "lists"
    agent: str = "dario"
    die_at: int | None = None
    wait: float | None = None
    largest_file: int | None = None
    powerless: bool = False
    more: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """What the program sees of it."""
        return {
            "CARETOOL_NOW": self.now.isoformat(),
            "CARETOOL_AGENT": self.agent,
            "BOARD": self.board,
            "BOARD_LIMITS": self.limits,
            "CARETOOL_MASTODON_TOKEN": TOKEN,
            **self.more,
        }


@dataclass(frozen=True)
class Ran:
    """How a run ended: its exit code (-9: killed), what it said, the names of its steps."""

    code: int
    stdout: str
    stderr: str
    steps: tuple[str, ...]

    @property
    def killed(self) -> bool:
        """Whether it was killed before its end."""
        return self.code == -signal.SIGKILL


class Forge:
    """Runs `caretool` in forked children of one warmed process."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.desk.forked", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**environment, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def run(self, job: Job, *words: str) -> Ran:
        """Run `caretool words…` to its end, or until it is killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        told = {
            "words": ["-C", str(job.folder), *words],
            "environment": job.environment(),
            "die_at": job.die_at,
            "wait": job.wait,
            "largest_file": job.largest_file,
            "powerless": job.powerless,
        }
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        ran = json.loads(self._process.stdout.readline())
        return Ran(ran["code"], ran["stdout"], ran["stderr"], tuple(ran["steps"].splitlines()))

    def done(self, job: Job, *words: str) -> Ran:
        """A run that has to succeed."""
        ran = self.run(job, *words)
        assert ran.code == 0, f"caretool {' '.join(words)}: exit {ran.code}\n{ran.stdout}{ran.stderr}"
        return ran


@dataclass
class Wall:
    """What one name on a board server holds: comments, what a search finds beside them, which of them are gone, what
    was posted (only whole requests), whether its keys protect."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    hits: list[dict[str, Any]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    posts: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0
    protects: bool = False
    hidden: bool = False

    def take(self, post: dict[str, Any]) -> str:
        """Post a reply; its id."""
        self.requests += 1
        known = [one["key"] for one in self.posts]
        if not (self.protects and post["key"] in known):
            self.posts.append(post)
        return f"our-{post['key']}"

    def listed(self, key: str) -> dict[str, str] | None:
        """One of our posts, as the listing shows it."""
        there = not self.hidden and any(one["key"] == key for one in self.posts)
        return {"id": f"our-{key}"} if there else None


class _Handler(BaseHTTPRequestHandler):
    server: BoardServer

    def do_GET(self) -> None:
        wall, what, query = self._asked()
        if what in ("comments", "hits"):
            after = int(query["after"])
            self._answer(getattr(wall, what)[after : after + 2])
        elif what == "gone":
            self._answer(wall.gone)
        else:
            self._answer(wall.listed(query["key"]))

    def do_POST(self) -> None:
        wall, _, _ = self._asked()
        wanted = int(self.headers["Content-Length"])
        body = self.rfile.read(wanted)
        if len(body) == wanted:  # half a request is none
            self._answer({"id": wall.take(json.loads(body))})

    def _asked(self) -> tuple[Wall, str, dict[str, str]]:
        url = urlsplit(self.path)
        _, name, what = url.path.split("/")
        return self.server.walls[name], what, {key: values[0] for key, values in parse_qs(url.query).items()}

    def _answer(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class BoardServer(ThreadingHTTPServer):
    """Boards by name on 127.0.0.1, over real sockets."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.walls: dict[str, Wall] = {}
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked may have been killed."""

    def wall(self, name: str, *comments: dict[str, Any], protects: bool = False) -> str:
        """A new wall; where it stands."""
        self.walls[name] = Wall(list(comments), protects=protects)
        return f"127.0.0.1:{self.server_port}/{name}"

    def close(self) -> None:
        """Stop."""
        self.shutdown()
        self.server_close()


def rows(folder: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """What stands in a workspace's tables, for whoever opens the file next."""
    with closing(apsw.Connection(str(folder / "caretool.db"))) as connection:
        return list(connection.execute(sql, values))


def page_posts(folder: Path) -> list[dict[str, Any]]:
    """The whole lines of the page's replies."""
    path = folder / "replies.jsonl"
    found: list[dict[str, Any]] = []
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            found.append(json.loads(line))
        except ValueError:  # torn by the kill
            continue
    return found


def troubles(folder: Path) -> Iterator[str]:
    """Everything in a workspace that does not go together, in words; nothing: all is well."""
    checks = {
        "a comment is there twice": "SELECT native_id FROM comment GROUP BY account, native_id HAVING count(*) > 1",
        "a comment was lost on the way": "SELECT number FROM comment WHERE number > (SELECT count(*) FROM comment)",
        "the database is damaged": "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
        "a row points nowhere": "SELECT * FROM pragma_foreign_key_check",
        "a group counts wrongly": """SELECT g.id FROM comment_group g WHERE g.size <>
            (SELECT count(*) FROM comment c WHERE c.grouped = g.id AND c.state = 'waiting')""",
        "who waits and was read is in no group": """SELECT c.id FROM comment c LEFT JOIN comment_group g
            ON g.id = c.grouped AND g.alive = 1 WHERE c.state = 'waiting' AND c.unread = 0 AND g.id IS NULL""",
        "a reply has no promise": """SELECT id, state FROM reply WHERE state IN ('approved', 'sending', 'unsure',
            'posted') AND id NOT IN (SELECT reply FROM promise WHERE reply IS NOT NULL)""",
        "a promise has no reply": """SELECT p.id FROM promise p JOIN reply r ON r.id = p.reply
            WHERE p.state IN ('logged', 'running') AND r.state NOT IN ('approved', 'sending', 'unsure', 'posted')""",
        "a promise does not run with its reply": """SELECT p.id, p.state, r.state FROM promise p JOIN reply r
            ON r.id = p.reply WHERE (r.state IN ('posted', 'unsure') AND p.state NOT IN ('running', 'moved'))
            OR (r.state = 'approved' AND p.state <> 'logged')
            OR (r.state = 'sending' AND p.state NOT IN ('logged', 'running'))""",
        "a code is held by what does not stand": """SELECT w.id, w.state, r.state FROM code c JOIN reward w
            ON w.id = c.reward JOIN reply r ON r.id = w.reply
            WHERE w.state <> 'given' OR r.state IN ('failed', 'rejected') OR instr(r.text, c.code) = 0""",
        "a coupon was given without a code": """SELECT id FROM reward WHERE state = 'given'
            AND kind IN (SELECT kind FROM code) AND id NOT IN (SELECT reward FROM code WHERE reward IS NOT NULL)""",
        "a reply that failed shows a code": """SELECT r.id FROM reply r JOIN code c ON instr(r.text, c.code) > 0
            WHERE r.state IN ('failed', 'awaiting', 'rejected')""",
        "a reward is not in the log": """SELECT id FROM reward
            WHERE id NOT IN (SELECT subject FROM log WHERE action = 'reward-given')""",
        "something was done without evidence": """SELECT id FROM moderation
            WHERE id NOT IN (SELECT moderation FROM evidence)""",
        "what was done is not in the log": """SELECT id FROM moderation
            WHERE id NOT IN (SELECT subject FROM log WHERE action = 'moderation-begun')""",
        "a reply answers nobody": "SELECT id FROM reply WHERE id NOT IN (SELECT reply FROM reply_comment)",
        "queued, but no reply is on its way": """SELECT c.id FROM comment c WHERE c.state = 'queued' AND NOT EXISTS
            (SELECT 1 FROM reply_comment rc JOIN reply r ON r.id = rc.reply WHERE rc.comment = c.id
             AND r.state IN ('approved', 'sending', 'unsure'))""",
        "a reply is on its way, its comment not queued": """SELECT c.id, c.state FROM comment c
            JOIN reply_comment rc ON rc.comment = c.id JOIN reply r ON r.id = rc.reply
            WHERE r.state IN ('approved', 'sending', 'unsure') AND c.state NOT IN ('queued', 'gone', 'answered')""",
        "an approval is not in the log": """SELECT id FROM reply WHERE state IN ('approved', 'sending', 'unsure',
            'posted') AND id NOT IN (SELECT subject FROM log WHERE action = 'reply-approved')""",
        "a promise is not in the log": """SELECT id FROM promise WHERE id NOT IN
            (SELECT subject FROM log WHERE action IN ('promise-logged', 'promise-move-logged'))
            AND id NOT IN (SELECT moved_to FROM promise WHERE moved_to IS NOT NULL)""",
    }
    with closing(apsw.Connection(str(folder / "caretool.db"))) as connection:
        for what, sql in checks.items():
            found = list(connection.execute(sql))
            if found:
                yield f"{what}: {found}"
        walk = Walk()
        lines = "SELECT number, at, agent, action, subject, codes, hash FROM log ORDER BY number"
        for row in connection.execute(lines):
            yield from (f"line {broken.number} of the log {broken.what}" for broken in walk.step(Link(*row)))
