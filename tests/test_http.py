"""What connectors stand on: an answer wholly read or one sentence; a token at home; nothing written twice."""

from __future__ import annotations

import gzip
import os
import socket
import threading
import traceback
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
import stamina
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.dialect import Dialect, Said, Verdict, basic
from caretool.domain.budget import Bucket, Meter
from caretool.errors import AnswerLost, CaretoolError, PlatformBusy, PlatformFailed, StoreProblem, TokenRefused
from caretool.http import Answer, Client, NotTaken, Refused, retry_after

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOME = "https://social.example"
TOKEN = "s3cr3t-t0ken-4711"
READS = 3

Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Retries without their pauses, and no proxy of this machine."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("SSL_CERT")]:
        monkeypatch.delenv(name)
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


class Server:
    """A fake: answers with what it was given, the last again and again, and remembers the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def asked(self) -> list[str]:
        return [str(request.url) for request in self.requests]


def client(handler: Handler, base_url: str = HOME, token: str | None = TOKEN, **more: Any) -> Client:
    return Client(
        base_url,
        name="fediverse",
        clock=lambda: NOW,
        token=None if token is None else lambda: token,
        transport=httpx.MockTransport(handler),
        **more,
    )


def said(status: int, words: object = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=words if words is not None else {}, headers=headers)


def streamed(*chunks: bytes, status: int = 200, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, content=iter(chunks), headers=named)


def one_line(error: BaseException) -> str:
    """The error's sentence, which names the account and holds no token, as its whole traceback does not."""
    text = str(error)
    assert text.startswith("fediverse: ")
    assert text.isprintable()
    assert len(text) < 500
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    inside = [line for line in whole.format() if "test_http.py" not in line]
    assert TOKEN not in "".join(inside) + repr(error) + text
    return text


def failing(do: Callable[[], object], kind: type[CaretoolError]) -> Any:
    with pytest.raises(CaretoolError) as caught:
        do()
    assert type(caught.value) is kind, caught.value
    one_line(caught.value)
    return caught.value


# Reading


def test_making_a_client_asks_nothing() -> None:
    def never() -> str:
        raise AssertionError

    made = Client("https://nowhere.invalid", name="fediverse", clock=never, token=never)  # type: ignore[arg-type]
    made.close()
    assert repr(made) == "Client('fediverse', 'nowhere.invalid')"


def test_an_answer_is_read_wholly() -> None:
    server = Server(httpx.Response(200, json={"id": "1"}, headers={"X-RateLimit-Remaining": "7"}))
    answer = client(server).get("/api/v1/x", {"limit": 40, "types[]": ["mention", "poll"]})
    assert answer.json() == {"id": "1"}
    assert (answer.status, answer.headers["x-ratelimit-remaining"]) == (200, "7")
    assert answer.url == server.asked[0] == f"{HOME}/api/v1/x?limit=40&types%5B%5D=mention&types%5B%5D=poll"
    assert server.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert server.requests[0].headers["User-Agent"].startswith("caretool")
    assert server.requests[0].headers["Accept-Encoding"] == "gzip"


def test_a_base_with_a_path_keeps_it() -> None:
    server = Server(said(200))
    client(server, f"{HOME}/community/").get("/api/x")
    assert server.asked == [f"{HOME}/community/api/x"]


@pytest.mark.parametrize("params", [None, {}])
def test_no_parameters_leave_the_query_of_an_address_alone(params: Mapping[str, str] | None) -> None:
    server = Server(said(200))
    client(server).get(f"{HOME}/api/x?max_id=5&limit=40", params)
    assert server.asked == [f"{HOME}/api/x?max_id=5&limit=40"]


def test_parameters_join_the_query_that_is_there() -> None:
    server = Server(said(200))
    client(server).get("/api/x?max_id=5", {"limit": 40})
    assert server.asked == [f"{HOME}/api/x?max_id=5&limit=40"]


def test_without_a_token_none_is_sent() -> None:
    server = Server(said(200))
    client(server, token=None).get("/api/v1/instance")
    assert "Authorization" not in server.requests[0].headers


def test_the_token_is_asked_for_once_and_again_after_a_refusal() -> None:
    tokens = iter(["first-token", "second-token"])
    server = Server(said(200), said(200), said(401), said(200))
    account = Client(
        HOME, name="fediverse", clock=lambda: NOW, token=lambda: next(tokens), transport=httpx.MockTransport(server)
    )
    account.get("/a")
    account.get("/b")
    failing(lambda: account.get("/c"), NotTaken)
    account.get("/d")
    assert [request.headers["Authorization"][7:] for request in server.requests] == ["first-token"] * 3 + [
        "second-token"
    ]


def test_a_read_is_tried_again_until_it_succeeds() -> None:
    server = Server(said(502), httpx.ReadTimeout("slow"), said(200, [1]))
    assert client(server).get("/x").json() == [1]
    assert len(server.requests) == READS


READ_TROUBLE = [
    (httpx.ConnectError("[Errno 111] Connection refused"), "cannot be reached (Connection refused)"),
    (httpx.ConnectTimeout("x"), "cannot be reached (it took too long)"),
    (httpx.ReadTimeout("x"), "did not answer for 30 seconds"),
    (httpx.ReadError("x"), "gave no complete answer"),
    (httpx.RemoteProtocolError(f"\x1b[31m{TOKEN}"), "gave no complete answer"),
    (httpx.ProxyError("407 Proxy"), "cannot be reached (407 Proxy)"),
    (UnicodeError("label too long"), "gave no complete answer"),
    (said(500), "failed (500)"),
    (httpx.Response(502, text="\x1b[31mbad\u202e\ngateway"), "failed (502, [31mbad gateway)"),
    (said(408), "failed (408)"),
]


@pytest.mark.parametrize(("trouble", "words"), READ_TROUBLE)
def test_a_read_that_goes_on_failing_ends_in_one_line(trouble: httpx.Response | Exception, words: str) -> None:
    server = Server(trouble)
    error = failing(lambda: client(server).get("/x"), PlatformFailed)
    assert f"social.example {words}" in str(error)
    assert str(error).endswith(("try again later", "try again later; if it stays so, correct url"))
    assert len(server.requests) == READS


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"error": "Record not found"}, "Record not found"),
        ({"error": "invalid_grant", "error_description": "The token is old"}, "The token is old"),
        ({"error": {"message": "Unsupported", "code": 100}}, "Unsupported"),
        ({"errors": [{"message": "first"}, {"message": "second"}]}, "first"),
        ({"error": f"no {TOKEN} here\x1b]0;x\x07\nok"}, "no *** here]0;x ok"),
        ({"error": f"{TOKEN[:5]}\u200b{TOKEN[5:]}"}, "***"),
        ({"error": "long " * 1000}, "long " * 39 + "long…"),
        ({"error": "x" * 30 + TOKEN * 500}, "x" * 30 + "***" * 56 + "*…"),
        ([], ""),
        (7, ""),
    ],
)
@pytest.mark.parametrize("status", [403, 404, 410, 422])
def test_a_refusal_carries_its_status_and_the_servers_words(status: int, words: object, expected: str) -> None:
    server = Server(httpx.Response(status, json=words))
    for do in (lambda: client(server).get("/x"), lambda: client(server).post("/x", json={})):
        error = failing(do, Refused)
        assert (error.status, error.said) == (status, expected)
        assert f"refused /x ({status}" in str(error)
    assert len(server.requests) == 2


def test_a_web_page_is_not_repeated() -> None:
    server = Server(httpx.Response(404, html="<html><script>alert(1)</script>"))
    assert failing(lambda: client(server).get("/x"), Refused).said == ""


def test_a_refused_token_says_what_to_do() -> None:
    server = Server(said(401, {"error": f"The access token {TOKEN} is invalid"}))
    for do in (lambda: client(server).get("/x"), lambda: client(server).post("/x")):
        error = failing(do, NotTaken)
        assert "(401, The access token *** is invalid): make a new one" in str(error)
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_says_when(status: int) -> None:
    server = Server(said(status, **{"Retry-After": "90"}))
    error = failing(lambda: client(server).get("/x"), PlatformBusy)
    assert error.seconds == 90
    assert str(error).endswith("try again in 90 seconds")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_few_seconds_are_waited_for(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waited.append)
    with stamina.set_testing(False):
        server = Server(said(status, **{"Retry-After": "4"}), said(status, **{"Retry-After": "0"}), said(200))
        assert client(server).get("/x").status == 200
    assert waited == [4.0, 0.5]


def test_a_server_that_is_slow_for_no_stated_time_is_left_alone() -> None:
    server = Server(said(429))
    assert failing(lambda: client(server).get("/x"), PlatformBusy).seconds is None
    assert len(server.requests) == 1


def test_the_seconds_of_a_429_are_read_in_the_platforms_own_way() -> None:
    def reset(said: Said) -> Verdict:
        then = datetime.fromisoformat(said.headers["x-ratelimit-reset"])
        return Verdict("busy", (then - said.now).total_seconds())

    headers = {"X-RateLimit-Reset": "2026-11-23T12:05:00.123Z"}
    account = client(Server(said(429, **headers)), dialect=Dialect(verdict=reset))
    for do in (lambda: account.get("/x"), lambda: account.post("/x", json={})):
        assert failing(do, PlatformBusy).seconds == pytest.approx(300.123)


def test_retries_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Without a logging set up, a warning ends on stderr."""
    client(Server(said(502), said(200))).get("/x")
    assert caplog.records == []


# Bodies


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"a": ', b"[" * 100_000, b"\xff\xfe\xff", b"1" * 5000])
def test_what_is_no_json_is_one_line(body: bytes) -> None:
    page = httpx.Response(200, content=body, headers={"content-type": "text/html; \x1b[31m"})
    account = client(lambda _: page)
    error = failing(lambda: account.get("/x").json(), PlatformFailed)
    assert "answered with a web page" in str(error)
    assert "it may have been done or not" in str(failing(lambda: account.post("/x").json(), AnswerLost))


def test_a_gzipped_answer_is_unpacked() -> None:
    packed = gzip.compress(b'{"a": "' + b"x" * 100_000 + b'"}')
    chunks = [packed[at : at + 7] for at in range(0, len(packed), 7)]
    answer = client(lambda _: streamed(*chunks, content_encoding="gzip")).get("/x")
    assert len(answer.json()["a"]) == 100_000


@pytest.mark.parametrize(
    "body", [b"[1\xff", gzip.compress(b"[1, 2]" * 99, mtime=0)[:-12]], ids=["no gzip", "half a gzip"]
)
def test_what_was_badly_packed_is_asked_for_again(body: bytes) -> None:
    server = Server(*(streamed(body, content_encoding="gzip") for _ in range(READS)))
    error = failing(lambda: client(server).get("/x"), PlatformFailed)
    assert "bytes that cannot be unpacked" in str(error)
    assert len(server.requests) == READS


def test_an_empty_gzipped_answer_is_empty() -> None:
    assert client(lambda _: streamed(content_encoding="gzip")).delete("/x").body == b""


def test_a_gigabyte_ends_in_one_line_without_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caretool.http.client.LARGEST", 3 * 1024 * 1024)
    handed_out = 0

    def endless() -> Iterator[bytes]:
        nonlocal handed_out
        while True:
            handed_out += 1
            yield b"x" * 1024 * 1024

    account = client(lambda _: httpx.Response(200, content=endless()))
    assert "more than 3 MB" in str(failing(lambda: account.get("/x"), PlatformFailed))
    assert handed_out == 4
    assert "more than 3 MB" in str(failing(lambda: account.post("/x"), AnswerLost))


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip", "br", "deflate"])
def test_a_bomb_does_not_go_off(coding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caretool.http.client.LARGEST", 1024 * 1024)
    bomb = gzip.compress(b"\0" * 50 * 1024 * 1024)
    account = client(lambda _: streamed(bomb, content_encoding=coding))
    tracemalloc.start()
    try:
        error = failing(lambda: account.get("/x"), PlatformFailed)
        assert tracemalloc.get_traced_memory()[1] < 10 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert ("more than 1 MB" if coding == "gzip" else "in a way nobody asked for") in str(error)


# Where the token may go

ELSEWHERE = [
    "https://evil.example/x",
    "http://social.example/x",
    "https://social.example:8443/x",
    "https://social.example.evil.example/x",
    "https://social.example@evil.example/x",
    "https://me:pw@social.example/x",
    "HTTPS://EVIL.example/x",
    "ftp://social.example/x",
]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_the_token_travels_to_no_other_origin(address: str) -> None:
    server = Server(said(200))
    host = httpx.URL(address).host
    for do in (
        lambda: client(server).get(address),
        lambda: client(server).post(address),
        lambda: client(server).delete(address),
    ):
        assert f"is not {host}" in str(failing(do, PlatformFailed))
    assert server.requests == []


@pytest.mark.parametrize("address", ["//evil.example/x", "/\\evil.example/x", "///evil.example/x"])
def test_a_path_never_becomes_a_host(address: str) -> None:
    server = Server(said(200))
    client(server).get(address)
    assert server.requests[0].url.host == "social.example"


@pytest.mark.parametrize("address", [f"https://social.example:443/x?{'y' * 70_000}", "/a\x00b", "https://[bad/x"])
def test_what_is_no_address_is_one_line(address: str) -> None:
    server = Server(said(200))
    failing(lambda: client(server).get(address), PlatformFailed)
    assert server.requests == []


@pytest.mark.parametrize(
    "base", ["social.example", "ftp://social.example", "https://me:pw@social.example", "", "https://", f"{HOME}:x"]
)
def test_a_base_that_is_no_address_fails_when_it_is_used(base: str) -> None:
    error = failing(lambda: client(Server(said(200)), base).get("/x"), PlatformFailed)
    assert "url is no web address" in str(error)
    assert "pw" not in str(error)


@pytest.mark.parametrize("address", [*ELSEWHERE, "//evil.example/x"])
def test_a_redirect_to_another_origin_is_refused(address: str) -> None:
    server = Server(httpx.Response(302, headers={"location": address}))
    error = failing(lambda: client(server).get("/x"), PlatformFailed)
    assert "sends us on to" in str(error)
    assert len(server.requests) == 1


def test_a_read_follows_redirects_on_its_own_origin() -> None:
    server = Server(
        httpx.Response(301, headers={"location": "/y?page=2"}),
        httpx.Response(307, headers={"location": f"{HOME}:443/z"}),
        said(200, [1]),
    )
    answer = client(server).get("/x", {"a": "1"})
    assert (answer.json(), answer.url) == ([1], f"{HOME}/z")
    assert server.asked == [f"{HOME}/x?a=1", f"{HOME}/y?page=2", f"{HOME}/z"]
    assert server.requests[2].headers["Authorization"] == f"Bearer {TOKEN}"


def test_redirects_in_a_circle_end() -> None:
    server = Server(httpx.Response(302, headers={"location": "/x"}))
    failing(lambda: client(server).get("/x"), PlatformFailed)
    assert len(server.requests) == 6


@pytest.mark.parametrize("status", [300, 302, 304])
def test_a_redirect_to_nowhere_is_one_line(status: int) -> None:
    failing(lambda: client(Server(httpx.Response(status))).get("/x"), PlatformFailed)


def test_links_are_those_of_our_own_host() -> None:
    header = (
        f'<{HOME}/x?max_id=1>; rel="next", </x?min_id=9>; rel="PREV first", <https://cdn.example/y>; rel="help", '
        '<http://[bad>; rel="bad", <https://a:b@social.example/z>; rel="user", nonsense'
    )
    answer = client(Server(httpx.Response(200, headers={"link": header}))).get("/x")
    own = {"next": f"{HOME}/x?max_id=1", "prev": f"{HOME}/x?min_id=9", "first": f"{HOME}/x?min_id=9"}
    assert {rel: url for rel, url in answer.links.items() if rel in own} == own
    assert all(url.startswith(f"{HOME}/") for url in answer.links.values())
    assert not {"help", "bad", "user"} & set(answer.links)


def test_a_server_that_does_not_know_its_own_scheme_is_put_right() -> None:
    answer = client(
        Server(httpx.Response(200, headers={"link": '<http://social.example:4000/x?p=2>; rel="next"'}))
    ).get("/x")
    assert answer.links == {"next": f"{HOME}/x?p=2"}


def test_a_next_page_at_another_host_is_not_passed_over_in_silence() -> None:
    answer = client(Server(httpx.Response(200, headers={"link": '<https://evil.example/x>; rel="next"'}))).get("/x")
    assert "evil.example" in str(failing(lambda: answer.links, PlatformFailed))


def test_without_a_link_header_there_are_no_links() -> None:
    assert client(Server(said(200))).get("/x").links == {}


@pytest.mark.parametrize("token", ["two\nlines-of-it", "accènto-token", "a blank in it", "", "\x00null-token"])
def test_a_token_that_cannot_be_one_is_said_so(token: str) -> None:
    server = Server(said(200))
    for do in (lambda: client(server, token=token).get("/x"), lambda: client(server, token=token).post("/x")):
        error = failing(do, TokenRefused)
        assert "the token is empty, or holds a blank" in str(error)
        assert not token or token not in str(error)
    assert server.requests == []


# Writing


def test_a_write_carries_what_it_was_given() -> None:
    server = Server(said(200, {"id": "9"}))
    account = client(server)
    assert account.post("/s", json={"status": "ciao"}, headers={"Idempotency-Key": "k1"}).json() == {"id": "9"}
    account.post("/f", form={"a": "b c"})
    account.delete("/s/9")
    first, second, third = server.requests
    assert (first.content, first.headers["idempotency-key"]) == (b'{"status":"ciao"}', "k1")
    assert (second.content, second.headers["content-type"]) == (b"a=b+c", "application/x-www-form-urlencoded")
    assert (third.method, third.content) == ("DELETE", b"")


WRITES: list[tuple[httpx.Response | Exception, type[CaretoolError]]] = [
    (httpx.ConnectError("refused"), PlatformBusy),
    (httpx.ConnectTimeout("x"), PlatformBusy),
    (httpx.PoolTimeout("x"), PlatformBusy),
    (httpx.ProxyError("x"), PlatformBusy),
    (said(429), PlatformBusy),
    (said(401), NotTaken),
    (said(400), Refused),
    (said(403), Refused),
    (said(409), Refused),
    (said(422), Refused),
    (httpx.Response(301, headers={"location": "/y"}), PlatformFailed),
    (httpx.Response(307, headers={"location": "/y"}), PlatformFailed),
    (httpx.Response(308, headers={"location": "https://evil.example/y"}), PlatformFailed),
    (httpx.Response(302, headers={"location": "/y"}), AnswerLost),
    (httpx.Response(303, headers={"location": "/y"}), AnswerLost),
    (httpx.Response(304), AnswerLost),
    (said(408), AnswerLost),
    (said(499), AnswerLost),
    (said(500), AnswerLost),
    (said(503, **{"Retry-After": "1"}), AnswerLost),
    (httpx.ReadTimeout("x"), AnswerLost),
    (httpx.WriteTimeout("x"), AnswerLost),
    (httpx.ReadError("x"), AnswerLost),
    (httpx.WriteError("x"), AnswerLost),
    (httpx.CloseError("x"), AnswerLost),
    (httpx.LocalProtocolError("x"), AnswerLost),
    (httpx.RemoteProtocolError(TOKEN), AnswerLost),
    (httpx.DecodingError("x"), AnswerLost),
    (OSError("x"), AnswerLost),
    (UnicodeError("x"), AnswerLost),
]


@pytest.mark.parametrize(("trouble", "kind"), WRITES)
def test_a_write_is_never_repeated_and_only_what_is_certain_is_said(
    trouble: httpx.Response | Exception, kind: type[CaretoolError]
) -> None:
    for do in (lambda account: account.post("/x", json={}), lambda account: account.delete("/x")):
        server = Server(trouble)
        error = failing(lambda do=do, server=server: do(client(server)), kind)  # type: ignore[misc]
        assert (kind is AnswerLost) == str(error).endswith("it may have been done or not")
        assert len(server.requests) == 1


def test_a_written_answer_that_cannot_be_unpacked_is_lost() -> None:
    account = client(lambda _: streamed(b"nonsense", content_encoding="gzip"))
    failing(lambda: account.post("/x"), AnswerLost)


@pytest.mark.parametrize("content", [{"json": {"a": float("nan")}}, {"json": {"a": "\ud800"}}, {"json": object()}])
def test_what_cannot_be_written_was_not_sent(content: dict[str, Any]) -> None:
    server = Server(said(200))
    assert "nothing was sent" in str(failing(lambda: client(server).post("/x", **content), PlatformFailed))
    assert server.requests == []


@pytest.mark.parametrize("proxy", ["socks5://me:hidden-pw@127.0.0.1:9", "ftp://me:hidden-pw@127.0.0.1"])
def test_a_proxy_that_cannot_be_used_is_one_line(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    account = Client(HOME, name="fediverse", clock=lambda: NOW, token=lambda: TOKEN)
    error = failing(lambda: account.post("/x"), PlatformFailed)
    assert "ALL_PROXY" in str(error)
    assert "hidden-pw" not in str(error)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_a_token_that_is_not_encrypted_goes_through_no_proxy(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire(WHOLE) as home, Wire(WHOLE) as proxy:
        monkeypatch.setenv(variable, proxy.url.replace("127.0.0.1", "localhost"))
        assert over_sockets(home.url).get("/x").json() == [1]
        assert (home.served, proxy.served) == (1, 0)


# Over sockets


class Wire:
    """A server on this machine that reads each request and plays the next piece; ends with the test."""

    def __init__(self, *pieces: bytes | None) -> None:
        self.pieces = list(pieces)
        self.served = 0
        self.done = threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.settimeout(0.02)
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self) -> Wire:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join(5)
        self.listening.close()

    def serve(self) -> None:
        for piece in self.pieces:
            connection = self.accepted()
            if connection is None:
                return
            with connection, suppress(OSError):
                connection.settimeout(5)
                request = b"unread"
                while request and b"\r\n\r\n" not in request and not request.startswith(TLS):
                    request = connection.recv(65536)
                self.served += 1
                if piece is None:
                    self.done.wait(5)
                else:
                    connection.sendall(piece)

    def accepted(self) -> socket.socket | None:
        while not self.done.is_set():
            with suppress(TimeoutError):
                return self.listening.accept()[0]
        return None


class Dripping(Wire):
    """Never done: after its beginning a byte at a time."""

    def __init__(self, beginning: bytes) -> None:
        super().__init__(beginning)

    def serve(self) -> None:
        connection = self.accepted()
        if connection is None:
            return
        with connection, suppress(OSError):
            connection.recv(65536)
            self.served += 1
            connection.sendall(self.pieces[0] or b"")
            while not self.done.wait(0.01):
                connection.sendall(b"a")


def over_sockets(url: str, patience: float = 5.0) -> Client:
    return Client(url, name="fediverse", clock=lambda: NOW, token=lambda: TOKEN, patience=patience)


HALF = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"id": '
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[1, 2"
WHOLE = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\n[1]"
TLS = b"\x16"
NO_HTTP = b"SSH-2.0-OpenSSH_9.2 \x1b[31m\r\n\r\n"


@pytest.mark.parametrize("piece", [HALF, CHUNKED, b"", b"HTTP/1.1 200 OK\r\ncont", NO_HTTP])
def test_half_an_answer_over_a_socket(piece: bytes) -> None:
    with Wire(piece, piece, WHOLE) as wire:
        assert over_sockets(wire.url).get("/x").json() == [1]
    with Wire(*[piece] * READS) as wire:
        assert "gave no complete answer" in str(failing(lambda: over_sockets(wire.url).get("/x"), PlatformFailed))
        assert wire.served == READS
    with Wire(piece, WHOLE) as wire:
        failing(lambda: over_sockets(wire.url).post("/x", json={}), AnswerLost)
        assert wire.served == 1


def test_a_server_that_says_nothing_is_given_up() -> None:
    with Wire(None) as wire, stamina.set_testing(True, attempts=1):
        error = failing(lambda: over_sockets(wire.url, 0.1).get("/x"), PlatformFailed)
        assert "did not answer for 0.1 seconds" in str(error)
    with Wire(None) as wire:
        failing(lambda: over_sockets(wire.url, 0.1).delete("/x"), AnswerLost)


@pytest.mark.parametrize("beginning", [b"HTTP/1.1 200 OK\r\nx-a: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_sends_a_byte_now_and_then_is_given_up(beginning: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caretool.http.client._WHOLE", 0.2)
    with Dripping(beginning) as wire, stamina.set_testing(True, attempts=1):
        account = over_sockets(wire.url, 0.5)
        assert "answer" in str(failing(lambda: account.get("/x"), PlatformFailed))
    with Dripping(beginning) as wire:
        failing(lambda: over_sockets(wire.url, 0.5).post("/x"), AnswerLost)
        assert wire.served == 1
    with Wire(WHOLE) as wire:
        account = over_sockets(wire.url, 0.5)
        assert [account.get("/x").json()] == [[1]]


def test_where_nobody_listens_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    assert "cannot be reached" in str(failing(lambda: over_sockets(url).get("/x"), PlatformFailed))
    error = failing(lambda: over_sockets(url).post("/x"), PlatformBusy)
    assert "nothing was sent" in str(error)


def test_a_server_without_tls_gets_nothing() -> None:
    with Wire(NO_HTTP) as wire:
        failing(lambda: over_sockets(wire.url.replace("http:", "https:")).post("/x"), PlatformBusy)


def test_a_client_made_here_works_in_a_thread() -> None:
    answers: list[Answer] = []
    with Wire(WHOLE) as wire:
        account = over_sockets(wire.url)
        thread = threading.Thread(target=lambda: answers.append(account.get("/x")))
        thread.start()
        thread.join(5)
    account.close()
    assert [answer.json() for answer in answers] == [[1]]


# Retry-After


def test_retry_after_is_seconds_or_a_date() -> None:
    assert retry_after({"retry-after": "120"}, NOW) == 120
    assert retry_after({"retry-after": format_datetime(NOW + timedelta(minutes=2), usegmt=True)}, NOW) == 120
    assert retry_after({"retry-after": format_datetime(NOW - timedelta(minutes=2), usegmt=True)}, NOW) == 0
    assert retry_after({}, NOW) is None


@pytest.mark.parametrize("words", ["soon", "-5", "1e9", "9" * 5000, "Mon, 99 Nov 2026", "١٢", "0.5"])
def test_a_retry_after_of_nonsense_says_nothing(words: str) -> None:
    assert retry_after({"retry-after": words}, NOW) is None


@settings(max_examples=200)
@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ [-+A-Z0-9]+", fullmatch=True))
def test_whatever_retry_after_says_is_seconds_or_nothing(words: str) -> None:
    seconds = retry_after({"retry-after": words}, NOW)
    assert seconds is None or seconds >= 0


# Tokens that are renewed, budgets, dialects


def renewing(handler: Handler, **more: Any) -> Client:
    """Its token is `old-token-1`, and can be renewed once."""
    tokens = ["old-token-1", "new-token-2"]

    def renew(refused: str) -> str | None:
        assert tokens.pop(0) == refused
        return tokens[0] if tokens else None

    made = client(handler, token=None, renew=renew, **more)
    made._token = lambda: tokens[0]
    return made


@pytest.mark.parametrize("do", ["get", "post", "put", "delete"])
def test_a_token_that_ended_is_renewed_and_the_request_made_again(do: str) -> None:
    server = Server(said(401), said(200))
    assert getattr(renewing(server), do)("/x").status == 200
    assert [request.headers["authorization"] for request in server.requests] == [
        "Bearer old-token-1",
        "Bearer new-token-2",
    ]


def test_a_token_is_renewed_once_a_request() -> None:
    server = Server(said(401))
    failing(lambda: renewing(server).post("/x"), NotTaken)
    assert len(server.requests) == 2


def test_a_platform_may_say_in_its_own_way_that_a_token_ended() -> None:
    dialect = Dialect(verdict=lambda said: Verdict("expired") if said.body["error"] == "ExpiredToken" else None)
    server = Server(said(400, {"error": "ExpiredToken"}), said(200))
    assert renewing(server, dialect=dialect).post("/x").status == 200


def test_a_refusal_tells_the_platforms_own_word_for_it() -> None:
    dialect = Dialect(verdict=lambda said: Verdict("refused", code=said.body["code"]))
    server = Server(said(409, {"code": "comment_duplicate"}))
    assert failing(lambda: client(server, dialect=dialect).post("/x"), Refused).code == "comment_duplicate"


def test_a_write_that_a_dialect_calls_trouble_may_have_been_done() -> None:
    server = Server(said(400, {"code": 1}))
    dialect = Dialect(verdict=lambda said: Verdict("failed"))
    failing(lambda: client(server, dialect=dialect).post("/x"), AnswerLost)
    assert len(server.requests) == 1
    failing(lambda: client(server, dialect=dialect).get("/x"), PlatformFailed)
    assert len(server.requests) == 1 + 3  # whatever its status is


class Purse:
    """A budget of so many units; what was taken and told."""

    def __init__(self, left: float) -> None:
        self.left_over = left
        self.meters: list[Meter] = []

    def spend(self, scope: str, bucket: Bucket, units: float, now: datetime, *, fetching: bool) -> Meter | None:
        if self.left_over - units < (5 if fetching else 0):
            return Meter(bucket.name, self.left_over, NOW + timedelta(seconds=600))
        self.left_over -= units
        return None

    def told(self, scope: str, meters: Sequence[Meter], now: datetime) -> None:
        self.meters += meters

    def left(self, scope: str, bucket: Bucket, now: datetime) -> Meter | None:
        return None


def test_what_is_not_there_is_not_asked_for_and_said_so() -> None:
    server, purse = Server(said(200)), Purse(8)
    account = client(server, budget=purse)
    for _ in range(3):
        account.get("/x", fetching=True)
    error = failing(lambda: account.get("/x", fetching=True), PlatformBusy)
    assert error.seconds == 600
    assert str(error) == "fediverse: what may still be asked is kept for replies for 10 minutes: nothing was sent"
    for _ in range(5):
        account.post("/x")
    failing(lambda: account.post("/x"), PlatformBusy)
    assert len(server.requests) == 8


def test_whoever_shares_a_budget_rests_when_one_is_asked_to() -> None:
    purse = Purse(8)
    failing(lambda: client(Server(said(429, **{"Retry-After": "90"})), budget=purse).get("/x"), PlatformBusy)
    assert purse.meters == [Meter("", 0, NOW + timedelta(seconds=90))]


def test_a_platforms_meters_are_read_from_every_answer() -> None:
    meter = Meter("", 7, NOW + timedelta(minutes=5), 300)
    purse = Purse(8)
    dialect = Dialect(meters=lambda headers, bucket, now: [meter] if headers.get("x-left") == "7" else [])
    for status in (200, 404):
        with suppress(Refused):
            client(Server(said(status, **{"X-Left": "7"})), budget=purse, dialect=dialect).get("/x")
    assert purse.meters == [meter, meter]


def test_what_the_headers_say_is_said_of_what_the_request_took_from() -> None:
    purse = Purse(8)
    dialect = Dialect(
        price=lambda method, path: (Bucket(f"{method} {path}"), 1),
        meters=lambda headers, bucket, now: [Meter(bucket.name, 7, now)],
    )
    account = client(Server(said(200)), budget=purse, dialect=dialect)
    account.get("/x")
    account.post("/y")
    assert [meter.bucket for meter in purse.meters] == ["GET /x", "POST /y"]


class Broken(Purse):
    """A budget whose disk is full, from the beginning or once it was asked."""

    def __init__(self, *, at_once: bool) -> None:
        super().__init__(8)
        self._at_once = at_once

    def spend(self, scope: str, bucket: Bucket, units: float, now: datetime, *, fetching: bool) -> Meter | None:
        if self._at_once:
            raise StoreProblem("budgets.db: the disk is full")
        return None

    def told(self, scope: str, meters: Sequence[Meter], now: datetime) -> None:
        raise StoreProblem("budgets.db: the disk is full")


def test_what_cannot_be_counted_was_not_sent_and_may_be_sent_another_time() -> None:
    server = Server(said(200))
    with pytest.raises(PlatformBusy, match=r"full \(nothing was sent\)"):
        client(server, budget=Broken(at_once=True)).post("/x")
    assert server.requests == []


@pytest.mark.parametrize("status", [200, 429])
def test_an_answer_stands_though_it_cannot_be_counted(status: int) -> None:
    server = Server(said(status, **{"Retry-After": "90"}))
    with suppress(PlatformBusy):
        client(server, budget=Broken(at_once=False)).post("/x")
    assert len(server.requests) == 1


def test_trouble_with_a_token_sends_nothing_and_keeps_what_was_to_be_sent() -> None:
    def unkept(*refused: str) -> str:
        raise CaretoolError("its token cannot be written")

    server = Server(said(401))
    for tokens in ({"token": unkept}, {"token": lambda: "s3cr3t-t0ken", "renew": unkept}):
        account = Client(
            "https://x.example", name="x", clock=lambda: NOW, transport=httpx.MockTransport(server), **tokens
        )
        with pytest.raises(PlatformBusy, match="cannot be written"):
            account.post("/x")
    assert len(server.requests) == 1  # the one that was refused


@pytest.mark.parametrize("status", [400, 401, 429, 503])
def test_a_server_that_repeats_what_it_was_told_in_confidence_is_not_repeated(status: int) -> None:
    server = Server(said(status, {"error_description": "no good: refresh-token-4711, client-secret-4711"}))
    form = {"refresh_token": "refresh-token-4711", "client_secret": "client-secret-4711", "grant_type": "no good:"}
    for body in ({"form": form}, {"json": form}):
        with pytest.raises(CaretoolError) as failure:
            client(server).post("/token", **body)
        assert "no good: ***, ***" in str(failure.value)
    with pytest.raises(CaretoolError) as failure:
        client(server).get("/token", {"access_token": "refresh-token-4711", "input_token": "client-secret-4711"})
    assert "no good: ***, ***" in str(failure.value)


def test_nothing_new_is_an_answer_to_a_condition_only() -> None:
    answer = client(Server(httpx.Response(304))).get("/feed", headers={"If-None-Match": '"1"'})
    assert (answer.status, answer.body) == (304, b"")


def test_a_password_is_shown_at_home_only_in_a_basic_header() -> None:
    server = Server(said(200))
    client(server, dialect=Dialect(authorize=basic("dario"))).get("/x")
    assert server.requests[0].headers["authorization"] == "Basic ZGFyaW86czNjcjN0LXQwa2VuLTQ3MTE="


@pytest.mark.parametrize("path", ["/api/v1/statuses/..", "../x", "/api/./v1", "..?a=b", "/a/../../b", "."])
def test_a_path_that_steps_back_is_asked_for_by_nobody(path: str) -> None:
    server = Server(said(200))
    for ask in (lambda: client(server).get(path), lambda: client(server).delete(path)):
        assert "is no address: nothing was sent" in str(failing(ask, PlatformFailed))
    assert server.asked == []


def test_points_that_are_no_step_are_part_of_a_path() -> None:
    server = Server(said(200))
    client(server).get("/a..b/.well-known/...?next=/../x")
    assert len(server.asked) == 1
