"""Mail, by SMTP: one connection a message, encrypted unless it stays on this machine."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from caretool import smtp
from caretool.domain.harmless import one_line
from caretool.domain.policy import Mail
from caretool.errors import CaretoolError, TokenRefused
from caretool.notifiers.notifier import Message
from caretool.secrets import Secret

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
    patience: float = smtp.PATIENCE
    whole: float = smtp.WHOLE

    def tell(self, message: Message) -> None:
        """Mail it. Where the server leaves without a word after the whole mail, it may have arrived: told again under
        the same Message-ID, which mail programs show once."""
        password = None
        if self.server.password is not None:
            password = Secret.model_validate(dict(self.server.password)).reveal("mail.password")
        mail = self._written(message)
        try:
            talk = self._opened()
            try:
                if password is not None and self.server.user is not None:
                    talk.login(self.server.user, password)
                talk.send_message(mail, mail["From"].addresses[0].addr_spec, [mail["To"].addresses[0].addr_spec])
            finally:
                # Once the server has taken the mail, nothing that goes wrong in leaving may have it sent again.
                talk.leave()
        except smtplib.SMTPAuthenticationError as refused:
            raise TokenRefused(
                f"{self._where} does not take user and password ({refused.smtp_code}): look at [mail]."
            ) from None
        except (smtplib.SMTPException, OSError, ValueError) as problem:
            told = smtp.without(password, smtp.told(problem, "tls, user and password in [mail]"))
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
        mail["Message-ID"] = f"<{message.key}@{smtp.domain(self.server.sender)}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(_encodable(message.text))
        mail.add_alternative(_encodable(message.html), subtype="html")
        return mail

    def _opened(self) -> smtp.Talk:
        server, name = self.server, smtp.domain(self.server.sender)
        return smtp.opened(server.server, server.port, server.tls, name, patience=self.patience, whole=self.whole)


def _address(mailbox: str, shown: str, name: str = "") -> Address:
    """As it stands in a header. Raises CaretoolError for what only servers beyond the ordinary take (an accent before
    the @)."""
    try:
        return smtp.address(mailbox, name)
    except ValueError:
        raise CaretoolError(f"{shown} is no address that every mail server takes: nobody was told there.") from None


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
