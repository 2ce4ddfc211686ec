"""Mailboxes that talk nonsense, or without an end: one line, bounded time and memory, and no password told."""

from __future__ import annotations

import base64
import socket
import threading
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.errors import CaretoolError, PlatformFailed, TokenRefused
from caretool.platforms.email import imap as email_imap
from caretool.platforms.email import smtp as email_smtp
from caretool.platforms.email.imap import Server, opened
from caretool.platforms.email.login import Login, sasl
from tests.notifiers.test_hostile_mail import NONSENSE, Talk, talking, without_end

PASSWORD = "correct horse battery"
HELLO = b"* OK ready\r\n"
CAN = b"* CAPABILITY IMAP4rev1\r\n%s OK done\r\n"
_MOST = 20_000


def answers(*said: bytes) -> Talk:
    """Says the first at once, and one more to each command, whose tag stands for `%s`."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(said[0])
        for answer in said[1:]:
            tag = connection.recv(65536).split(b" ")[0]
            connection.sendall(answer.replace(b"%s", tag))

    return talk


def asking(port: int, *, whole: float = 5) -> None:
    """Everything that is ever asked of a mailbox."""
    with opened("mail", Server("127.0.0.1", port, "none"), Login("anna", PASSWORD), patience=1, whole=whole) as box:
        box.folder("INBOX")
        box.rows(1, 3)
        box.mails([email_imap.Row(1, 1, 100, None)], _MOST)
        box.mail(1, _MOST)
        box.having("Message-ID", "<a>")
        box.names()


def failing(port: int, *, whole: float = 5) -> str:
    """What is told of the trouble."""
    with pytest.raises(CaretoolError) as caught:
        asking(port, whole=whole)
    told = str(caught.value)
    assert told.isprintable()
    assert len(told) < 400
    assert PASSWORD not in told
    return told


@pytest.mark.parametrize("said", NONSENSE)
@pytest.mark.parametrize("step", range(4))
def test_nonsense_at_any_step_is_one_line(step: int, said: bytes) -> None:
    good = [HELLO, CAN, b"%s OK in\r\n", b"* 3 EXISTS\r\n%s OK done\r\n"]
    with talking(answers(*good[:step], said)) as port:
        failing(port)


_ATOMS = st.sampled_from(
    [b"* ", b"%s ", b"OK ", b"NO ", b"BAD ", b"BYE ", b"FETCH ", b"1 ", b"(UID 1 ", b"BODY[]<0> ", b"{5}\r\n",
     b"{0}\r\n", b"hello", b")", b"\r\n", b"SEARCH ", b"99999999999999999999 ", b'LIST () "/" ', b'"', b"EXISTS",
     b"[UIDVALIDITY x]", b"RFC822.SIZE 5 ", b"\xff", b"[ALERT] ", b"+ "]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(_ATOMS, max_size=12).map(b"".join), min_size=1, max_size=5), st.integers(0, 6))
def test_whatever_a_mailbox_says_is_one_line_or_understood(said: list[bytes], step: int) -> None:
    good = [HELLO, CAN, b"%s OK in\r\n", b"* 3 EXISTS\r\n%s OK done\r\n", b"%s OK\r\n", b"%s OK done\r\n"]
    with talking(answers(*good[:step], *(one + b"\r\n%s OK done\r\n" for one in said))) as port:
        try:
            asking(port)
        except CaretoolError as problem:
            assert str(problem).isprintable()  # noqa: PT017 - it may as well be understood


@pytest.mark.parametrize(
    ("beginning", "again"),
    [(b"* OK ", b"x" * 65536), (HELLO, b"* x\r\n" * 9999), (HELLO + b"* 1 FETCH (BODY[] {3000000}\r\n", b"y" * 65536)],
    ids=["a line", "lines", "a literal"],
)
def test_an_answer_without_an_end_is_given_up(beginning: bytes, again: bytes) -> None:
    sent: list[int] = []
    with talking(without_end(beginning, again, sent)) as port:
        failing(port)
    assert sum(sent) < 40 * email_imap._MOST_SAID  # one line may be as long as imap-tools lets it


def test_a_literal_that_is_said_to_be_huge_is_not_waited_for() -> None:
    bodies = b"* 1 FETCH (UID 1 BODY[]<0> {9999999999}\r\n"
    with talking(
        answers(HELLO, CAN, b"%s OK in\r\n", b"* 3 EXISTS\r\n%s OK done\r\n", b"%s OK done\r\n", bodies)
    ) as port:
        assert "it says too much" in failing(port)


@pytest.mark.parametrize("beginning", [b"", HELLO, HELLO + b"* CAP"])
def test_a_byte_now_and_then_is_given_up(beginning: bytes) -> None:
    done = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(beginning)
        with suppress(OSError):
            while not done.wait(0.01):
                connection.sendall(b"x")

    with talking(drip) as port:
        told = failing(port, whole=0.2)
        done.set()
    assert "broke off or took too long" in told


def test_a_mailbox_that_repeats_the_password_is_not_quoted() -> None:
    for secret in (PASSWORD.encode(), base64.b64encode(PASSWORD.encode())):
        with (
            talking(answers(HELLO, CAN, b"%s NO I know " + secret + b"\r\n")) as port,
            pytest.raises(TokenRefused) as told,
        ):
            asking(port)
        assert "***" in str(told.value)
        assert secret.decode() not in str(told.value)


def _line(connection: socket.socket) -> None:
    """Hear all of a line, or that nobody is there any more."""
    heard = connection.recv(65536)
    while heard and not heard.endswith(b"\r\n"):
        heard = connection.recv(65536)


@pytest.mark.parametrize("shown", [slice(None), slice(0, 300), slice(120, 420)], ids=["all", "beginning", "middle"])
@pytest.mark.parametrize("by", ["imap", "smtp"])
@pytest.mark.parametrize("encoded", [True, False])
def test_a_server_that_repeats_an_access_token_is_not_quoted(by: str, shown: slice, encoded: bool) -> None:
    token = "ya29." + "vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg-_" * 40
    login = Login("anna@posta.example", token, by_token=True)
    said = base64.b64encode(sasl("XOAUTH2", login, "", 0)[0]) if encoded else token.encode()

    def talk(connection: socket.socket) -> None:
        connection.sendall(HELLO if by == "imap" else b"220 ready\r\n")
        tag = connection.recv(65536).split(b" ")[0]
        connection.sendall(
            CAN.replace(b"\r\n%s", b" AUTH=XOAUTH2\r\n" + tag) if by == "imap" else b"250-ready\r\n250 AUTH XOAUTH2\r\n"
        )
        tag = connection.recv(65536).split(b" ")[0]
        connection.sendall(b"+ \r\n" if by == "imap" else b"334 \r\n")
        _line(connection)
        connection.sendall((tag + b" NO " if by == "imap" else b"535 ") + b"unknown: " + said[shown] + b"\r\n")
        connection.recv(65536)

    with talking(talk) as port:
        at_imap = opened("mail", Server("127.0.0.1", port, "none"), login, patience=5)
        at_smtp = email_smtp.talking("mail", email_smtp.Server("127.0.0.1", port, "none", patience=5), login)
        with pytest.raises(TokenRefused, match=r"does not take our access token \(.*\*\*\*") as told:
            (at_imap if by == "imap" else at_smtp).__enter__()
    known = said.decode()
    assert not [at for at in range(len(known) - 24) if known[at : at + 24] in str(told.value)]


def test_a_mailbox_that_lets_us_in_before_the_encryption_hears_nothing_more() -> None:
    with talking(answers(b"* PREAUTH welcome\r\n", CAN)) as port:
        where = opened("mail", Server("127.0.0.1", port, "starttls"), Login("anna", PASSWORD), patience=1)
        with pytest.raises(PlatformFailed), where:
            pass
