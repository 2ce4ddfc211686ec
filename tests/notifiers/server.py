"""A real SMTP server on loopback that keeps what it is given, and misbehaves when it is told to."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

# A certificate for localhost, and its key: of no use anywhere else.
CERTIFICATE = Path(__file__).parent / "localhost.pem"
PASSWORD = "correct horse battery"

Mood = Literal["kind", "refuses the address", "busy", "refuses the mail", "drops it", "sleeps", "goes after it"]


@dataclass
class Server:
    """What came in, and how the server treats what comes. `at_data`: run when a mail arrives, before it is answered."""

    port: int = 0
    mood: Mood = "kind"
    mails: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    asleep: threading.Event = field(default_factory=threading.Event)
    pause: float = 0.0

    async def handle_RCPT(self, _: SMTP, __: Any, envelope: Any, address: str, ___: Any) -> str:  # noqa: N802
        """The recipient."""
        if self.mood == "refuses the address":
            return "550 5.1.1 no such mailbox \x1b[31mhere"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _: Any, envelope: Any) -> str:  # noqa: N802
        """The mail."""
        if self.mood == "busy":
            return "451 4.7.1 try again later"
        if self.mood == "refuses the mail":
            return "554 5.7.1 looks like spam"
        if self.mood == "sleeps":
            self.asleep.set()
            await asyncio.sleep(3)
        if self.pause:
            await asyncio.sleep(self.pause)
        self.mails.append(cast(EmailMessage, message_from_bytes(envelope.content, policy=policy.default)))
        self.to.append(list(envelope.rcpt_tos))
        if self.mood == "drops it":
            cast(asyncio.Transport, server.transport).abort()
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, _: Any, __: Any) -> str:  # noqa: N802
        """The end."""
        return "421 no" if self.mood == "goes after it" else "221 Bye"

    def authenticate(self, _: SMTP, __: Any, ___: Any, ____: str, data: LoginPassword) -> AuthResult:
        """User and password."""
        self.users.append(data.login.decode())
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    def subjects(self) -> list[str]:
        """Of each mail, in the order of arrival."""
        return [mail["Subject"] for mail in self.mails]


class _Anywhere(Controller):
    """Listens on whatever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def serving(*, tls: bool = False) -> Iterator[Server]:
    """A server that listens until the block ends."""
    server = Server()
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
    controller = _Anywhere(
        server,
        hostname="127.0.0.1",
        port=0,
        tls_context=context,
        auth_require_tls=tls,
        authenticator=server.authenticate,
        ident="test",
    )
    controller.start()
    try:
        server.port = controller.port
        yield server
    finally:
        controller.stop()
