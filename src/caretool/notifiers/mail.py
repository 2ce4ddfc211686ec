"""Mail, by SMTP: one connection a message, encrypted unless it stays on this machine."""

from __future__ import annotations

import base64
import re
import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, BinaryIO, cast

from caretool.domain.harmless import one_line
from caretool.domain.policy import Mail
from caretool.errors import CaretoolError, TokenRefused
from caretool.notifiers.notifier import Message
from caretool.secrets import Secret

_PATIENCE, _WHOLE = 20.0, 120.0  # seconds: without a byte, for all of it
_MOST_SAID = 1024 * 1024  # bytes of answers; an ordinary talk takes a few hundred
# Folded over lines, a name in quotes is not always read as it was written: one without signs needs none.
_NOT_IN_A_NAME = re.compile(r"[^\w .'&+-]+")
# What any server takes, also those that want no more than ASCII in lines of 78.
_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Somebody's mailbox, reached through the server of accounts.toml. `sender` is the name the mail comes from,
    `shown` what errors call the mailbox."""

    server: Mail
    mailbox: str
    sender: str
    shown: str
    patience: float = _PATIENCE
    whole: float = _WHOLE

    def tell(self, message: Message) -> None:
        """Mail it. Where the server leaves without a word after the whole mail, it may have arrived: told again under
        the same Message-ID, which mail programs show once."""
        password = None
        if self.server.password is not None:
            password = Secret.model_validate(dict(self.server.password)).reveal("mail.password")
        mail = self._written(message)
        try:
            connection = self._connected()
            try:
                self._greeted(connection, password)
                connection.send_message(mail, mail["From"].addresses[0].addr_spec, [mail["To"].addresses[0].addr_spec])
            finally:
                # Once the server has taken the mail, nothing that goes wrong in leaving may have it sent again.
                with suppress(smtplib.SMTPException, OSError, ValueError):
                    connection.quit()
                connection.close()
        except smtplib.SMTPAuthenticationError as refused:
            raise TokenRefused(
                f"{self._where} does not take user and password ({refused.smtp_code}): look at [mail]."
            ) from None
        except (smtplib.SMTPException, OSError, ValueError) as problem:
            told = _without(password, _told(problem))
            raise CaretoolError(f"{self._where}: {told}; {self.shown} was not told.") from None

    @property
    def _where(self) -> str:
        return f"The mail server {self.server.server}:{self.server.port}"

    def _written(self, message: Message) -> EmailMessage:
        mail = EmailMessage(_POLICY)
        mail["From"] = _address(self.server.sender, "from in [mail]", one_line(self.sender, 80))
        mail["To"] = _address(self.mailbox, self.shown)
        mail["Subject"] = one_line(message.subject, 200)
        mail["Date"] = format_datetime(message.at)
        mail["Message-ID"] = f"<{message.key}@{_domain(self.server.sender)}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(_encodable(message.text))
        mail.add_alternative(_encodable(message.html), subtype="html")
        return mail

    def _connected(self) -> smtplib.SMTP:
        # Its own name for us would have smtplib ask the resolver, for as long as that likes.
        name = _domain(self.server.sender)
        server, port = self.server.server, self.server.port
        if self.server.tls == "tls":
            context = ssl.create_default_context()
            return _EncryptedTalk(self.whole, server, port, name, timeout=self.patience, context=context)
        return _Talk(self.whole, server, port, name, timeout=self.patience)

    def _greeted(self, connection: smtplib.SMTP, password: str | None) -> None:
        if self.server.tls == "starttls":
            connection.starttls(context=ssl.create_default_context())
        if password is not None and self.server.user is not None:
            connection.login(self.server.user, password)


class _Talk(smtplib.SMTP):
    """A talk that ends after `whole` seconds, and in which the server says no more than `_MOST_SAID` bytes: smtplib
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

    def close(self) -> None:
        """Let go of it."""
        self._end.cancel()
        super().close()

    def _hang_up(self) -> None:
        """From another thread: whoever waits for a byte hears that none will come."""
        if self.sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class _EncryptedTalk(_Talk, smtplib.SMTP_SSL):
    """The same, encrypted from its first byte."""


class _Measured:
    """What a server says, line by line, as smtplib reads it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _MOST_SAID

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


def _address(mailbox: str, shown: str, name: str = "") -> Address:
    """As it stands in a header. Raises CaretoolError for what only servers beyond the ordinary take (an accent before
    the @)."""
    try:
        spec = f"{mailbox.rpartition('@')[0]}@{_domain(mailbox)}"
        return Address(_NOT_IN_A_NAME.sub(" ", name).strip(), addr_spec=spec)
    except (ValueError, MessageError, IndexError):
        raise CaretoolError(f"{shown} is no address that every mail server takes: nobody was told there.") from None


def _domain(mailbox: str) -> str:
    """In the letters of the network (`xn--…`). Raises UnicodeError."""
    return mailbox.rpartition("@")[2].encode("idna").decode()


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _without(password: str | None, told: str) -> str:
    """A server knows the password, and could repeat it, as it is or as it came."""
    for secret in (password, base64.b64encode(password.encode()).decode()) if password else ():
        told = told.replace(secret, "***")
    return told


def _told(problem: Exception) -> str:
    """In one sentence what went wrong; of the server's own words the first, as harmless data."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        [(code, words)] = problem.recipients.values()
        return f"the address is refused ({code} {_words(words)})"
    if isinstance(problem, smtplib.SMTPServerDisconnected):
        return "it broke off or took too long, so that nobody knows whether the mail was taken"
    if isinstance(problem, smtplib.SMTPResponseException):
        return f"it answers {problem.smtp_code} {_words(problem.smtp_error)}"
    if isinstance(problem, smtplib.SMTPNotSupportedError):
        return f"{_words(str(problem)).rstrip('.')} (see tls, user and password in [mail])"
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({_words(problem.verify_message)})"
    if isinstance(problem, TimeoutError):
        return "no answer in time"
    return _words(problem.strerror or str(problem)) if isinstance(problem, OSError) else _words(str(problem))


def _words(said: bytes | str) -> str:
    return one_line(said.decode("utf-8", "replace") if isinstance(said, bytes) else said, 160)
