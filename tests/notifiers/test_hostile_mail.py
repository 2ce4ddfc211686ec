"""Mail servers that talk nonsense, or without an end: one sentence, bounded time and memory, and no password told."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool import smtp
from caretool.domain.policy import Mail, Tls
from caretool.errors import CaretoolError
from caretool.notifiers.mail import Mailbox
from tests.notifiers.server import CERTIFICATE
from tests.notifiers.test_mail import MESSAGE, VARIABLE

PASSWORD = "correct horse battery"
HELLO = b"220 here\r\n"
Talk = Callable[[socket.socket], None]


@contextmanager
def talking(talk: Talk) -> Iterator[int]:
    """A server that talks so with whoever comes first; its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(5)

    def serve() -> None:
        with suppress(OSError):
            connection = listening.accept()[0]
            connection.settimeout(5)
            with connection, suppress(OSError):
                talk(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()
        thread.join()


def says(*answers: bytes) -> Talk:
    """Says the first at once, and one more after each line it hears; then leaves."""

    def talk(connection: socket.socket) -> None:
        for answer in answers:
            connection.sendall(answer)
            connection.recv(65536)

    return talk


def without_end(beginning: bytes, again: bytes, sent: list[int]) -> Talk:
    """Talks on and on, and counts how many bytes were taken from it."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(beginning)
        while True:
            sent.append(connection.send(again))

    return talk


def failing(port: int, *, whole: float = 5, user: str | None = None, tls: Tls = "none") -> str:
    """What is told of the trouble: one harmless line that says who was not told."""
    password = {"env": VARIABLE} if user else None
    server = Mail("127.0.0.1", port, "desk@bottegablu.example", user, password, tls)
    to = "magazzino@bottegablu.example"
    with pytest.raises(CaretoolError) as caught:
        Mailbox(server, to, "Bottega Blu", shown=to, patience=1, whole=whole).tell(MESSAGE)
    told = str(caught.value)
    assert told.startswith(f"The mail server 127.0.0.1:{port}")
    assert told.isprintable()
    assert len(told) < 400
    return told


NONSENSE = [
    b"",
    b"\r\n",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x16\x03\x01\x02\x00\x01",
    b"220\r\n" * 3,
    b"\xff\xfe\x00\x1b[31m\r\n",
    b"999 what\r\n",
    b"-20 what\r\n",
    "٢٢٠ here\r\n".encode(),
    b"220-a\r\n221 b\r\n",
    b"2200 here\r\n",
    b"550 \x1b]0;owned\x07 \xe2\x80\xae go away\r\n",
]


@pytest.mark.parametrize("greeting", NONSENSE)
def test_a_greeting_that_is_nonsense_is_one_sentence(greeting: bytes) -> None:
    with talking(says(greeting)) as port:
        assert failing(port).endswith("magazzino@bottegablu.example was not told.")


@pytest.mark.parametrize("answer", NONSENSE)
@pytest.mark.parametrize("step", range(1, 5))
def test_nonsense_at_any_step_is_one_sentence(step: int, answer: bytes) -> None:
    good = [HELLO, b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"]
    with talking(says(*good[:step], answer)) as port:
        failing(port)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=40).map(lambda line: line + b"\r\n"), min_size=1, max_size=4))
def test_whatever_a_server_says_is_one_sentence(answers: list[bytes]) -> None:
    with talking(says(HELLO, *answers)) as port:
        failing(port)


@pytest.mark.parametrize(
    ("beginning", "again"),
    [(b"220", b"x" * 65536), (b"", b"220-x\r\n" * 9999), (HELLO, b"250-x\r\n" * 9999), (HELLO + b"250-", b"y" * 65536)],
    ids=["a line", "lines", "abilities", "one ability"],
)
def test_an_answer_without_an_end_is_given_up(beginning: bytes, again: bytes) -> None:
    sent: list[int] = []
    with talking(without_end(beginning, again, sent)) as port:
        failing(port)
    assert sum(sent) < 12 * smtp.MOST_SAID  # some of it waits in the system


@pytest.mark.parametrize("beginning", [b"220", HELLO, HELLO + b"250-"])
def test_a_byte_now_and_then_is_given_up(beginning: bytes) -> None:
    done = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(beginning)
        while not done.wait(0.01):
            connection.sendall(b"x")

    with talking(drip) as port:
        told = failing(port, whole=0.2)
        done.set()
    assert "broke off or took too long" in told


def test_a_server_that_repeats_the_password_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    packed = base64.b64encode(PASSWORD.encode())
    logged_in = (HELLO, b"250-here\r\n250 AUTH LOGIN\r\n", b"334 UGFzc3dvcmQ6\r\n", b"235 welcome\r\n")
    for secret in (PASSWORD.encode(), packed):
        with talking(says(*logged_in, b"550 I know " + secret + b"\r\n")) as port:
            told = failing(port, user="desk")
        assert "***" in told
        assert PASSWORD not in told
        assert packed.decode() not in told


def test_what_is_said_before_the_encryption_is_not_heard_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A man in the middle adds answers to the one that begins it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    heard: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        connection.sendall(HELLO)
        connection.recv(65536)
        connection.sendall(b"250-here\r\n250 STARTTLS\r\n")
        connection.recv(65536)
        connection.sendall(b"220 go\r\n")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        with context.wrap_socket(connection, server_side=True) as inside:
            heard.append(inside.recv(65536))
            inside.sendall(b"502 no\r\n")
            heard.append(inside.recv(65536))
            inside.sendall(b"502 no\r\n")

    with talking(talk) as port:
        assert "it answers 502 no" in failing(port, tls="starttls")
    assert heard[0].startswith(b"ehlo")


def test_a_server_that_takes_starttls_and_goes_on_in_plain_text_hears_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    heard: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        for answer in (HELLO, b"250-here\r\n250-STARTTLS\r\n250 AUTH LOGIN\r\n", b"220 go\r\n250 ok\r\n250 ok\r\n"):
            connection.sendall(answer)
            heard.append(connection.recv(65536))

    with talking(talk) as port:
        failing(port, tls="starttls")
    assert [line.split()[0].lower() for line in heard[:2]] == [b"ehlo", b"starttls"]
    assert heard[2].startswith(b"\x16\x03")


def test_an_ordinary_answer_is_far_from_the_bound() -> None:
    assert 100 * len(b"250-SIZE 52428800\r\n") < smtp.MOST_SAID
