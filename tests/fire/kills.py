"""Desks whose processes are killed (SIGKILL) between any two steps, on the platforms of `dialects` over a real socket.

The platform stands in the parent; a forked child (tests/desk/forked.py) speaks to it through its harness, whose wire
leads here.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from caretool.domain.comment import Author, Incoming, Thread
from caretool.platforms.platform import Opening, Platform
from tests.desk.crashing import Forge, Job, rows, troubles
from tests.desk.stage import MONDAY, lay_shop
from tests.fire.dialects import DIALECTS, Place, Served, Wired, tell_time

ACCOUNTS = """\
[accounts.place]
platform = "fire"

[agents.dario]
name = "Dario"
role = "manager"

[owners.desk]
[owners.logistics]
"""
_ANSWER = "{{ person.name }}, sono {{ agent.name }}, mi scuso: le rispondo qui {{ promises.reply.when }}."
_HOST = "X-Fire-URL"
_COMMENTS = 3


class _Handler(BaseHTTPRequestHandler):
    server: FireServer

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            return  # half a request is none
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", _HOST.lower())}
        _, name, _ = self.path.split("/", 2)
        request = httpx.Request(self.command, self.headers[_HOST], headers=headers, content=body)
        with self.server.lock:
            response = self.server.places[name].wire(request)
        self.send_response(response.status_code)
        for key, value in response.headers.multi_items():
            if key.lower() not in ("content-length", "transfer-encoding", "content-encoding"):
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(response.content)))
        self.end_headers()
        self.wfile.write(response.content)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class FireServer(ThreadingHTTPServer):
    """Places by name on 127.0.0.1."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.places: dict[str, Wired] = {}
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked may have been killed."""

    def close(self) -> None:
        """Stop."""
        self.shutdown()
        self.server_close()


def open_there(where: str, opening: Opening, step: Any) -> Platform:
    """In a child: a connection to the place at `dialect host:port/name names`, with a step around each request; to one
    that speaks no HTTP, its address stands in the place of names."""
    dialect, address, names = where.split(maxsplit=2)
    there = DIALECTS[dialect].there
    if there is not None:
        return there(json.loads(names), opening, step)
    host, _, name = address.partition("/")

    def forward(request: httpx.Request) -> httpx.Response:
        connection = HTTPConnection(host, timeout=20)
        try:
            step("before a request leaves")
            headers = {key: value for key, value in request.headers.items() if key.lower() != "host"}
            body = request.content
            connection.request(request.method, f"/{name}/", body, {**headers, _HOST: str(request.url)})
            answer = connection.getresponse()
            step("the server has answered, nobody has read it")
            return httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read())
        finally:
            connection.close()

    place: Any = DIALECTS[dialect].make()
    tell_time(place, opening.clock())
    for ours, theirs in json.loads(names):
        place.names.call(ours, theirs)
    place.vault = opening.vault
    place.wire.handle = forward
    platform: Platform = place.open()
    return platform


@dataclass
class Killed:
    """What came of one desk: how often it was killed, replies by state, what must not be."""

    dialect: str
    seed: int
    kills: int = 0
    replies: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def kill(forge: Forge, server: FireServer, folder: Path, dialect: str, seed: int) -> Killed:
    """A desk that fetches, answers and sends, killed once in each."""
    lay_shop(folder, ACCOUNTS)
    place, name = DIALECTS[dialect].make(), f"{dialect}{seed}"
    tell_time(place, MONDAY)
    server.places[name] = place
    killed = Killed(dialect, seed)
    chance = random.Random(seed)
    written = {f"c{number}": f"Il pacco {number} non è ancora arrivato, quando arriva?" for number in range(_COMMENTS)}
    place.receive([_comment(number, *one) for number, one in enumerate(written.items())])
    names = json.dumps(list(place.names.both()) if hasattr(place, "names") else getattr(place, "address", []))
    where = f"{dialect} 127.0.0.1:{server.server_port}/{name} {names}"
    job = Job(folder, more={"FIRE": where, **DIALECTS[dialect].secrets})

    def run(*words: str, die: bool = False) -> None:
        ran = forge.run(replace(job, die_at=chance.randint(1, 160)) if die else job, *words)
        killed.kills += ran.killed
        if ran.code not in (0, 1, 6, -9):
            killed.wrong.append(f"caretool {' '.join(words)}: exit {ran.code}: {ran.stderr[-400:]}")

    run("fetch", die=True)
    run("fetch")
    for number in range(2):
        found = rows(folder, "SELECT id FROM comment WHERE native_id = ?", f"c{number}")
        if found:
            run("reply", found[0][0], "--text", f"{_ANSWER} Nota {number}.", "--yes", "--later", die=number == 1)
    run("send", die=True)
    for _ in range(4):
        job = replace(job, now=job.now + timedelta(seconds=61))
        tell_time(place, job.now)
        run("send")
    run("fetch")
    _count(folder, place, written, killed)
    del server.places[name]
    if isinstance(place, Served):
        place.close()
    return killed


def _comment(number: int, native_id: str, text: str) -> Incoming:
    at = MONDAY - timedelta(minutes=30 - number)
    return Incoming(native_id, Author(f"person{number}"), text, at, thread=Thread("post1"), language="it")


def _count(folder: Path, place: Place, written: dict[str, str], killed: Killed) -> None:
    stored = Counter(row[0] for row in rows(folder, "SELECT native_id FROM comment WHERE own = 0"))
    killed.wrong += [f"{one} is stored {stored[one]} times" for one in written if stored[one] != 1]
    public = Counter(place.replies())
    right: dict[str, Sequence[int]] = {"posted": (1,), "failed": (0,), "unsure": (0, 1)}
    tells = place.open().limits.listing_trustworthy
    for text, state in rows(folder, "SELECT text, state FROM reply"):
        killed.replies[state] += 1
        if public[text] not in right.get(state, ()) or (state == "unsure" and tells):
            killed.wrong.append(f"a reply is {state} and stands there {public[text]} times: {text!r}")
    ours = {row[0] for row in rows(folder, "SELECT text FROM reply")}
    killed.wrong += [f"{text!r} stands there and is nobody's" for text in public if text not in ours]
    killed.wrong += troubles(folder)
