"""Mail, by SMTP: one connection a message, encrypted unless it stays on this machine."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from caretool.domain.harmless import one_line
from caretool.domain.policy import Mail
from caretool.errors import CaretoolError, TokenRefused
from caretool.notifiers.notifier import Message
from caretool.secrets import Secret

_PATIENCE = 20.0
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
                connection.send_message(mail, self.server.sender, [self.mailbox])
            finally:
                # Once the server has taken the mail, nothing that goes wrong in leaving may have it sent again.
                with suppress(smtplib.SMTPException, OSError):
                    connection.quit()
                connection.close()
        except smtplib.SMTPAuthenticationError as refused:
            raise TokenRefused(
                f"{self._where} does not take user and password ({refused.smtp_code}): look at [mail]."
            ) from None
        except (smtplib.SMTPException, OSError, UnicodeError) as problem:
            raise CaretoolError(f"{self._where}: {_told(problem)}; {self.shown} was not told.") from None

    @property
    def _where(self) -> str:
        return f"The mail server {self.server.server}:{self.server.port}"

    def _written(self, message: Message) -> EmailMessage:
        mail = EmailMessage(_POLICY)
        domain = self.server.sender.rpartition("@")[2]
        mail["From"] = Address(one_line(self.sender, 80), addr_spec=self.server.sender)
        mail["To"] = Address(addr_spec=self.mailbox)
        mail["Subject"] = one_line(message.subject, 200)
        mail["Date"] = format_datetime(message.at)
        mail["Message-ID"] = f"<{message.key}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        mail.add_alternative(message.html, subtype="html")
        return mail

    def _connected(self) -> smtplib.SMTP:
        # Its own name for us would have smtplib ask the resolver, for as long as that likes.
        name = self.server.sender.rpartition("@")[2].encode("idna").decode()
        server, port = self.server.server, self.server.port
        if self.server.tls == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(server, port, name, timeout=self.patience, context=context)
        return smtplib.SMTP(server, port, name, timeout=self.patience)

    def _greeted(self, connection: smtplib.SMTP, password: str | None) -> None:
        if self.server.tls == "starttls":
            connection.starttls(context=ssl.create_default_context())
        if password is not None and self.server.user is not None:
            connection.login(self.server.user, password)


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
