"""Servers that mean harm, over real sockets: one line of ours, bounded memory and time, the token at home."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool import bodies
from caretool.errors import AnswerLost, CaretoolError, PlatformBusy, PlatformFailed
from caretool.http import Client
from tests.hostile.server import CERTIFICATES, Hostile, Script, says, without_end

TOKEN = "s3cr3t-t0ken-4711"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
OK = HEAD + b"content-length: 3\r\nconnection: close\r\n\r\n[1]"
MB = 1024 * 1024
_MADE: list[Client] = []
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("SSL_CERT")]:
        monkeypatch.delenv(name)
    with stamina.set_testing(True, attempts=2, cap=True):
        yield
    while _MADE:
        _MADE.pop().close()


def client(url: str, patience: float = 2.0, token: str | None = TOKEN) -> Client:
    hand_over = None if token is None else lambda: token
    made = Client(url, name="fediverse", clock=lambda: datetime.now(UTC), token=hand_over, patience=patience)
    _MADE.append(made)
    return made


def outcome(do: Callable[[], object]) -> CaretoolError | None:
    """The error it ended in, which is one of ours, on one line, without the token."""
    try:
        do()
    except CaretoolError as error:
        text = str(error)
        assert text.startswith("fediverse: ")
        assert text.isprintable()
        assert len(text) < 500
        assert TOKEN not in text
        return error
    return None


def failing(do: Callable[[], object], kind: type[CaretoolError] = PlatformFailed) -> str:
    error = outcome(do)
    assert type(error) is kind, error
    return str(error)


# Without an end


def _bomb() -> Callable[[], bytes]:
    """Zeros, a million in a thousand bytes, for ever."""
    packing = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return lambda: packing.compress(b"\0" * MB) + packing.flush(zlib.Z_SYNC_FLUSH)


def _each(make: Callable[[], Script]) -> Script:
    """A script made anew for each connection."""
    return lambda connection: make()(connection)


ENDLESS: dict[str, tuple[Script, str]] = {
    "a gigabyte": (
        without_end(HEAD + b"content-length: 1073741824\r\n\r\n", lambda: b"x" * MB), "more than 20 MB"
    ),
    "no length": (without_end(HEAD + b"\r\n", lambda: b"x" * MB), "more than 20 MB"),
    "chunks": (
        without_end(HEAD + b"transfer-encoding: chunked\r\n\r\n", lambda: b"100000\r\n" + b"x" * MB + b"\r\n"),
        "more than 20 MB",
    ),
    "a bomb": (
        _each(lambda: without_end(HEAD + b"content-encoding: gzip\r\n\r\n", _bomb())), "more than 20 MB"
    ),
    "a header": (without_end(HEAD + b"x-a: ", lambda: b"x" * MB), "gave no complete answer"),
    "headers": (without_end(HEAD, lambda: b"x-a: b\r\n" * 9999), "gave no complete answer"),
    "a first line": (without_end(b"HTTP/1.1 200 ", lambda: b"x" * MB), "gave no complete answer"),
    "an error": (without_end(b"HTTP/1.1 500 No\r\n\r\n", lambda: b"x" * MB), "failed (500)"),
    "a redirect": (
        without_end(b"HTTP/1.1 302 No\r\nlocation: /x\r\n\r\n", lambda: b"x" * MB), "from page to page without an end"
    ),
    "many values": (says(HEAD + b"\r\n[" + b"[]," * 6_000_000 + b"[]]"), "more values than anybody asked for"),
    "deep": (says(HEAD + b"\r\n" + b"[" * 900_000), "no JSON"),
}  # fmt: skip


def test_no_answer_without_an_end_fills_the_memory() -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(Hostile(script)) for script, _ in ENDLESS.values()]
        words = [sys.executable, "-m", "tests.hostile.peak", *(server.url for server in servers)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=100)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    for (name, (_, expected)), (said, _) in zip(ENDLESS.items(), told, strict=True):
        assert said.startswith("PlatformFailed: fediverse: 127.0.0.1:"), (name, said)
        assert expected in said, (name, said)
    assert sum(grown for _, grown in told) < 120, told
    assert done.stderr == b""


def test_the_most_values_there_may_be_are_a_hundred_megabytes() -> None:
    assert sys.getsizeof([]) * bodies.MOST_VALUES < 100 * MB


@pytest.mark.parametrize("piece", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
def test_a_server_that_is_always_about_to_answer_is_given_up(piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caretool.http.client._WHOLE", 0.3)
    with Hostile(without_end(b"", lambda: piece * 100)) as server:
        failing(lambda: client(server.url).get("/x"))
        failing(lambda: client(server.url).post("/x"), AnswerLost)


def test_a_handshake_that_drips_is_given_up() -> None:
    done = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"\x16\x03\x03\x40\x00")
        while not done.wait(0.02):
            connection.sendall(b"x")

    with Hostile(drip) as server:
        account = client(server.url.replace("http:", "https:"), 0.3)
        assert "cannot be reached" in failing(lambda: account.get("/x"))
        assert "nothing was sent" in failing(lambda: account.post("/x"), PlatformBusy)
        done.set()
    assert not any(TOKEN.encode() in heard for heard in server.heard)


# Nonsense

ODD: dict[str, bytes] = {
    "less than was sent": HEAD + b"content-length: 3\r\n\r\n[1]HTTP/1.1 200 OK\r\n\r\nmore",
    "two lengths": HEAD + b"content-length: 3\r\ncontent-length: 9\r\n\r\n[1]",
    "a negative length": HEAD + b"content-length: -3\r\n\r\n[1]",
    "a length of letters": HEAD + b"content-length: many\r\n\r\n[1]",
    "a length beyond all": HEAD + b"content-length: " + b"9" * 400 + b"\r\n\r\n[1]",
    "both lengths": HEAD + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
    "another way": HEAD + b"transfer-encoding: gzip, chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
    "a chunk beyond all": HEAD + b"transfer-encoding: chunked\r\n\r\n" + b"F" * 30 + b"\r\n[1]",
    "a chunk of letters": HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n[1]\r\n",
    "a negative chunk": HEAD + b"transfer-encoding: chunked\r\n\r\n-3\r\n[1]\r\n",
    "a header without an end": HEAD + b"x-a\r\n\r\n[1]",
    "a header of bytes": HEAD + b"x-\x00\xff: \x01\r\n\r\n[1]",
    "a folded header": HEAD + b"x-a: b\r\n c\r\n\r\n[1]",
    "an empty name": HEAD + b": b\r\n\r\n[1]",
    "no version": b"OK\r\n\r\n[1]",
    "old": b"[1]",
    "version 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "another version": b"HTTP/9.9 200 OK\r\n\r\n[1]",
    "status 0": b"HTTP/1.1 000 No\r\n\r\n[1]",
    "status 999": b"HTTP/1.1 999 No\r\n\r\n[1]",
    "status 20": b"HTTP/1.1 20 No\r\n\r\n[1]",
    "switching": b"HTTP/1.1 101 Switching\r\nupgrade: evil\r\nconnection: upgrade\r\n\r\n[1]",
    "no content": b"HTTP/1.1 204 None\r\ncontent-length: 3\r\n\r\n[1]",
    "not modified": b"HTTP/1.1 304 No\r\n\r\n",
    "a token for a reason": b"HTTP/1.1 500 " + TOKEN.encode() + b"\r\ncontent-length: 0\r\n\r\n",
    "a token in words": b"HTTP/1.1 422 No\r\nconnection: close\r\n\r\n{\"error\": \"" + TOKEN.encode() + b"\"}",
    "a token in plain words": b"HTTP/1.1 422 No\r\ncontent-type: text/plain\r\n\r\nyours is " + TOKEN.encode(),
    "a token in a place": b"HTTP/1.1 302 No\r\nlocation: http://" + TOKEN.encode() + b".example/\r\n\r\n",
    "a login page": b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html><form>password",
    "NaN": HEAD + b"\r\n{\"id\": NaN}",
    "beyond NaN": HEAD + b"\r\n[-Infinity]",
    "a long number": HEAD + b"\r\n[" + b"9" * 5000 + b"]",
    "not utf-8": HEAD + b"\r\n\"\xe8\xff\"",
    "zstd": HEAD + b"content-encoding: zstd\r\n\r\n\x28\xb5\x2f\xfd",
    "br": HEAD + b"content-encoding: br\r\n\r\n\x0b\x01\x80[1]\x03",
    "deflate": HEAD + b"content-encoding: deflate\r\n\r\n" + zlib.compress(b"[1]"),
    "gzip twice": HEAD + b"content-encoding: gzip, gzip\r\n\r\n" + zlib.compress(b"[1]", wbits=31),
    "gzip that is none": HEAD + b"content-encoding: gzip\r\n\r\n[1]",
}  # fmt: skip


@pytest.mark.parametrize("piece", ODD.values(), ids=ODD)
def test_nonsense_is_an_answer_or_one_line_of_ours(piece: bytes) -> None:
    with Hostile(says(piece)) as server:
        outcome(lambda: client(server.url).get("/x").json())
        for do in (lambda: client(server.url).post("/x", json={}).json(), lambda: client(server.url).delete("/x")):
            error = outcome(do)
            assert error is None or isinstance(error, AnswerLost | PlatformFailed | PlatformBusy)


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", HEAD + b"\r\n", HEAD]))
def test_any_bytes_are_an_answer_or_one_line_of_ours(tail: bytes, head: bytes) -> None:
    with Hostile(says(head + tail)) as server, stamina.set_testing(True, attempts=1):
        outcome(lambda: client(server.url).get("/x").json())
        outcome(lambda: client(server.url).post("/x", json={}).json())


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ('["è"]'.encode("utf-8-sig"), ["è"]),
        ('["è"]'.encode("utf-16"), ["è"]),
        (b'{"id": "1", "id": "2"}', {"id": "2"}),
        (b'["\\ud800"]', ["\ud800"]),
        (b"[1e999]", [float("inf")]),
    ],
)
def test_what_is_odd_and_still_json_is_read_as_python_does(body: bytes, read: Any) -> None:
    with Hostile(says(HEAD + b"x: y; charset=koi8-r\r\n\r\n" + body)) as server:
        assert client(server.url).get("/x").json() == read


@pytest.mark.parametrize("name", ["NaN", "beyond NaN", "a long number", "not utf-8", "gzip twice", "br", "zstd"])
def test_what_no_platform_means_is_not_read(name: str) -> None:
    with Hostile(says(ODD[name])) as server:
        failing(lambda: client(server.url).get("/x").json())


# Where the token may go


def test_a_redirect_to_another_port_of_the_same_machine_reaches_nobody() -> None:
    with Hostile(says(OK)) as other:
        for status in (301, 302, 303, 307, 308):
            moved = f"HTTP/1.1 {status} Go\r\nlocation: {other.url}/x\r\ncontent-length: 0\r\n\r\n".encode()
            with Hostile(says(moved)) as server:
                failing(lambda url=server.url: client(url).get("/x"))  # type: ignore[misc]
                assert outcome(lambda url=server.url: client(url).post("/x", json={})) is not None  # type: ignore[misc]
                assert len(server.heard) == 2
    assert other.came == 0


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30) | st.from_regex(r"(https?:)?[/\\]{0,3}[a-z0-9@.:%\[\]]{0,12}[/\\]?x", fullmatch=True))
def test_wherever_a_server_sends_us_only_it_is_asked(where: str) -> None:
    asked: list[httpx.URL] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        written = where.encode("utf-8", "replace")
        odd = {b"location": written, b"link": b"<" + written + b'>; rel="next"'}
        return httpx.Response(302 if len(asked) == 1 else 200, headers=odd, content=b"[1]")

    account = Client(
        "https://social.example", name="fediverse", clock=lambda: datetime.now(UTC), token=lambda: TOKEN,
        transport=httpx.MockTransport(handler),
    )  # fmt: skip

    def ask() -> None:
        answer = account.get("/x")
        if "next" in answer.links:
            account.get(answer.links["next"])

    outcome(ask)
    ours = ("https", "social.example", None, b"")
    assert all((url.scheme, url.host, url.port, url.userinfo) == ours for url in asked)


def test_a_cookie_is_not_brought_back() -> None:
    answer = HEAD + b"set-cookie: id=4711; Max-Age=99999\r\ncontent-length: 3\r\nconnection: close\r\n\r\n[1]"
    with Hostile(says(answer)) as server:
        account = client(server.url)
        for _ in range(2):
            account.get("/x")
    assert len(server.heard) == 2
    assert all(b"cookie" not in heard.lower() for heard in server.heard)


def test_a_password_for_the_host_in_netrc_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login me password hidden-pw\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    with Hostile(says(OK)) as server:
        client(server.url, token=None).get("/x")
    assert b"authorization" not in server.heard[0].lower()


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 403 No\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nplain text", b"", b"nonsense\r\n\r\n"]
)
def test_a_proxy_hears_where_we_go_and_not_the_token(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with Hostile(says(answer)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        account = client("https://social.invalid")
        failing(lambda: account.get("/x"))
        # Whether one that breaks off has passed it on nobody can know.
        assert isinstance(outcome(lambda: account.post("/x")), PlatformBusy | AnswerLost)
    assert proxy.heard[0].startswith(b"CONNECT social.invalid:443 ")
    assert not any(TOKEN.encode() in heard for heard in proxy.heard)


# Certificates


def trusting(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / f"{name}.pem"))


def test_a_certificate_that_is_in_order_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    trusting(monkeypatch, "here")
    with Hostile(says(OK), certificate="here") as server:
        assert client(server.url).get("/x").json() == [1]
    assert TOKEN.encode() in server.heard[0]


@pytest.mark.parametrize(
    ("certificate", "trusted", "why"),
    [
        ("here", None, "self-signed certificate"),
        ("elsewhere", "elsewhere", "IP address mismatch"),
        ("expired", "expired", "certificate has expired"),
    ],
)
def test_a_certificate_that_is_not_in_order_gets_nothing(
    certificate: str, trusted: str | None, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trusted is not None:
        trusting(monkeypatch, trusted)
    with Hostile(says(OK), certificate=certificate) as server:
        assert f"has a certificate that is not trusted ({why}" in failing(lambda: client(server.url).get("/x"))
        assert "nothing was sent" in failing(lambda: client(server.url).post("/x"), PlatformBusy)
    assert server.heard == []


def test_a_certificate_for_another_name_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    trusting(monkeypatch, "elsewhere")
    with Hostile(says(OK), certificate="elsewhere") as server:
        told = failing(lambda: client(server.url.replace("127.0.0.1", "localhost")).get("/x"))
    assert "has a certificate that is not trusted (Hostname mismatch" in told
    assert server.heard == []


def test_plain_words_where_encryption_is_expected_get_nothing() -> None:
    with Hostile(says(OK)) as server:
        failing(lambda: client(server.url.replace("http:", "https:")).get("/x"))
    assert not any(TOKEN.encode() in heard for heard in server.heard)


def test_encryption_where_plain_words_are_expected_is_one_line() -> None:
    with Hostile(says(OK), certificate="here") as server:
        failing(lambda: client(server.url.replace("https:", "http:")).get("/x"))
