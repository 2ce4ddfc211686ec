"""Talks with mail servers by SMTP, bounded in time and in what is listened to; what went wrong in one harmless line."""

from __future__ import annotations

import base64
import re
import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from email.errors import MessageError
from email.headerregistry import Address
from typing import Any, BinaryIO, cast

from caretool.domain.harmless import one_line
from caretool.domain.policy import Tls

PATIENCE, WHOLE = 20.0, 120.0  # seconds: without a byte, for all of it
MOST_SAID = 1024 * 1024  # bytes of answers; an ordinary talk takes a few hundred
# Folded over lines, a name in quotes is not always read as it was written: one without signs needs none.
_NOT_IN_A_NAME = re.compile(r"[^\w .'&+-]+")


class Talk(smtplib.SMTP):
    """A talk that ends after `whole` seconds, and in which the server says no more than `MOST_SAID` bytes: smtplib
    would listen for ever, its patience beginning anew with each byte."""

    def __init__(self, whole: float, *where: Any, **how: Any) -> None:
        self._end = threading.Timer(whole, self._hang_up)
        self._end.daemon = True
        self._end.start()
        try:
            super().__init__(*where, **how)
        except BaseException:
            self._end.cancel()
            raise

    def getreply(self) -> tuple[int, bytes]:
        """The next answer. Raises as smtplib does."""
        if self.file is None and self.sock is not None:
            self.file = _Measured(cast("BinaryIO", self.sock.makefile("rb")))
        return super().getreply()

    def login(self, user: str, password: str, **how: Any) -> tuple[int, bytes]:
        """Log in. smtplib knows no letters beyond ASCII, with which it would also say some of them aloud; PLAIN takes
        UTF-8 (RFC 4616). Raises as smtplib does."""
        if user.isascii() and password.isascii():
            return super().login(user, password, **how)
        self.ehlo_or_helo_if_needed()
        if "PLAIN" not in self.esmtp_features.get("auth", "").upper().split():
            raise smtplib.SMTPNotSupportedError("It takes no user and password beyond ASCII")
        answer = self.docmd("AUTH", "PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()).decode())
        if answer[0] not in (235, 503):
            raise smtplib.SMTPAuthenticationError(*answer)
        return answer

    def close(self) -> None:
        """Let go of it."""
        self._end.cancel()
        super().close()

    def leave(self) -> None:
        """Say good-bye; nothing that goes wrong in leaving counts."""
        with suppress(smtplib.SMTPException, OSError, ValueError):
            self.quit()
        self.close()

    def _hang_up(self) -> None:
        """From another thread: whoever waits for a byte hears that none will come."""
        hang_up(self.sock)


class _EncryptedTalk(Talk, smtplib.SMTP_SSL):
    """The same, encrypted from its first byte."""


class _Measured:
    """What a server says, line by line, as smtplib reads it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = MOST_SAID

    def readline(self, longest: int) -> bytes:
        """A line; OSError where there were too many."""
        line = self._file.readline(longest)
        self._left -= len(line)
        if self._left < 0:
            raise OSError("it says too much")
        return line

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


def opened(server: str, port: int, tls: Tls, name: str, *, patience: float = PATIENCE, whole: float = WHOLE) -> Talk:
    """A talk, encrypted as `tls` says. `name` is what we call ourselves: to find one of its own, smtplib would ask the
    resolver, for as long as that likes. Raises SMTPException, OSError, ValueError."""
    if tls == "tls":
        context = ssl.create_default_context()
        return _EncryptedTalk(whole, server, port, name, timeout=patience, context=context)
    talk = Talk(whole, server, port, name, timeout=patience)
    if tls == "starttls":
        try:
            talk.starttls(context=ssl.create_default_context())
        except BaseException:
            talk.leave()
            raise
    return talk


def hang_up(line: Any) -> None:
    """End a socket under whoever listens to it."""
    if line is not None:
        with suppress(OSError):
            socket.socket.shutdown(line, socket.SHUT_RDWR)


def address(mailbox: str, name: str = "") -> Address:
    """As it stands in a header. Raises ValueError for what only servers beyond the ordinary take (an accent before the
    @)."""
    try:
        spec = f"{mailbox.rpartition('@')[0]}@{domain(mailbox)}"
        return Address(_NOT_IN_A_NAME.sub(" ", name).strip(), addr_spec=spec)
    except (MessageError, IndexError) as problem:
        raise ValueError(str(problem)) from None


def domain(mailbox: str) -> str:
    """In the letters of the network (`xn--…`). Raises UnicodeError."""
    return mailbox.rpartition("@")[2].encode("idna").decode()


def without(password: str | None, told: str) -> str:
    """A server knows the password, and could repeat it, as it is or as it came."""
    for secret in (password, base64.b64encode(password.encode()).decode()) if password else ():
        told = told.replace(secret, "***")
    return told


def told(problem: Exception, keys: str) -> str:
    """In one sentence what went wrong; of the server's own words the first, as harmless data. `keys` are those of the
    settings to look at."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        [(code, said)] = problem.recipients.values()
        return f"the address is refused ({code} {words(said)})"
    if isinstance(problem, smtplib.SMTPServerDisconnected):
        return "it broke off or took too long, so that nobody knows whether the mail was taken"
    if isinstance(problem, smtplib.SMTPResponseException):
        return f"it answers {problem.smtp_code} {words(problem.smtp_error)}"
    if isinstance(problem, smtplib.SMTPNotSupportedError):
        return f"{words(str(problem)).rstrip('.')} (see {keys})"
    return unheard(problem)


def unheard(problem: Exception) -> str:
    """In one sentence why nothing was heard of a server."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({words(problem.verify_message)})"
    if isinstance(problem, TimeoutError):
        return "no answer in time"
    if isinstance(problem, (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)):
        return "it broke off or took too long"
    return words(problem.strerror or str(problem)) if isinstance(problem, OSError) else words(str(problem))


def words(said: bytes | str) -> str:
    """A server's own, on one line."""
    return one_line(said.decode("utf-8", "replace") if isinstance(said, bytes) else said, 160)
