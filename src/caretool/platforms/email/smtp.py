"""An answer, as a mail: written, and handed to a server by SMTP (RFC 5321), in steps, so that it is known until when
nothing can have gone out."""

from __future__ import annotations

import base64
import re
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime
from typing import Any, cast

from caretool import smtp
from caretool.domain.mailbox import is_mailbox
from caretool.domain.policy import Tls
from caretool.errors import AnswerLost, CaretoolError, Delayed, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.email.login import Login, mechanism, sasl
from caretool.platforms.email.mail import Mail, bare


class _Ids(UnstructuredHeader):
    """Ids of mails, one a line: a long one would be encoded otherwise, and known by nobody."""

    def fold(self, *, policy: Policy) -> str:
        """As it is sent."""
        return f"{self.name}: " + f"{policy.linesep} ".join(str(self).split()) + policy.linesep  # type: ignore[attr-defined]


_HEADERS = HeaderRegistry()
for _name in ("in-reply-to", "references"):
    _HEADERS.map_to_type(_name, cast(Any, _Ids))
# What any server takes, also those that want no more than ASCII in lines of 78.
_POLICY = SMTP.clone(cte_type="7bit", header_factory=_HEADERS)
_MOST_REFERENCES = 20
_DOT = re.compile(rb"^\.", re.MULTILINE)
_KEY = re.compile(r"[\w.-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed in, and how the connection is protected."""

    host: str
    port: int
    tls: Tls
    patience: float = smtp.PATIENCE
    whole: float = smtp.WHOLE


def message_id(key: str, sender: str) -> str:
    """What a reply is known by everywhere, made of its own key."""
    known = key if _KEY.fullmatch(key) else key.encode().hex()
    return f"{known}@{smtp.domain(sender)}"


def written(text: str, key: str, sender: Address, answered: Mail, at: datetime) -> EmailMessage:
    """The answer to a mail, to where that wants it. Raises PlatformFailed where that is no address."""
    mail = EmailMessage(_POLICY)
    mail["To"] = _recipient(answered.reply_to)
    mail["From"] = sender
    mail["Subject"] = f"Re: {bare(answered.subject)[:200]}".strip()
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message_id(key, sender.addr_spec)}>"
    if answered.id is not None:
        above = [one for one in answered.references if one != answered.id]
        if len(above) >= _MOST_REFERENCES:
            above = [above[0], *above[2 - _MOST_REFERENCES :]]
        mail["In-Reply-To"] = f"<{answered.id}>"
        mail["References"] = " ".join(f"<{one}>" for one in (*above, answered.id))
    mail.set_content(text.encode("utf-8", "replace").decode())
    return mail


def _recipient(mailbox: str) -> Address:
    with suppress(ValueError):
        if is_mailbox(mailbox):
            return smtp.address(mailbox)
    raise PlatformFailed(f"{smtp.words(mailbox)!r} is no address that a mail can be sent to")


class Submission:
    """A server that takes mails, logged in. Whose account it is, `name` says."""

    def __init__(self, name: str, talk: smtp.Talk, login: Login) -> None:
        self._name = name
        self._talk = talk
        self._login = login

    def send(self, mail: EmailMessage) -> None:
        """Hand it in, once. Raises TokenRefused and PlatformBusy where nothing went out, Delayed where this mail cannot
        go now, PlatformFailed where it never will, AnswerLost where nobody knows."""
        name, talk, login = self._name, self._talk, self._login
        body = _DOT.sub(b"..", mail.as_bytes())
        with _refused(name, login):
            _agreed(talk.mail(mail["From"].addresses[0].addr_spec))
        with _refused(name, login, Delayed):
            _agreed(talk.rcpt(mail["To"].addresses[0].addr_spec))
        with _refused(name, login):
            _agreed(talk.docmd("DATA"), 354)
            # The end is kept back: until it is there, no server may take the mail (4.1.1.4).
            talk.send(body if body.endswith(b"\r\n") else body + b"\r\n")
        try:
            talk.send(b".\r\n")
            code, said = talk.getreply()
        except (smtplib.SMTPException, OSError, ValueError) as problem:
            raise AnswerLost(
                f"{name}: the mail server was given the whole mail, and then {_lost(problem, login)}"
            ) from None
        if not 400 <= code < 600 and not 200 <= code < 300:
            raise AnswerLost(f"{name}: the mail server was given the whole mail, and answered nonsense ({code})")
        with _refused(name, login, Delayed):
            _agreed((code, said))


@contextmanager
def talking(name: str, server: Server, login: Login) -> Iterator[Submission]:
    """A talk with the server, logged in, until the block ends. Raises TokenRefused, PlatformBusy."""
    with _unreached(name, login):
        own = smtp.domain(login.user) if "@" in login.user else "localhost"
        talk = smtp.opened(server.host, server.port, server.tls, own, patience=server.patience, whole=server.whole)
    try:
        with _unreached(name, login):
            if login.by_token:
                _say_token(talk, server, login)
            else:
                talk.login(login.user, login.secret)
        yield Submission(name, talk, login)
    finally:
        talk.leave()


def _say_token(talk: smtp.Talk, server: Server, login: Login) -> None:
    """Not in the command itself: only a short one may be there (RFC 4954, 4)."""
    talk.ehlo_or_helo_if_needed()
    how = mechanism(talk.esmtp_features.get("auth", "").split())
    if how is None:
        raise smtplib.SMTPNotSupportedError("It takes no access tokens: it offers neither XOAUTH2 nor OAUTHBEARER")
    code, said = talk.docmd("AUTH", how)
    for answer in sasl(how, login, server.host, server.port):
        if code == 334:
            code, said = talk.docmd(base64.b64encode(answer).decode())
    if 400 <= code < 600:
        raise smtplib.SMTPAuthenticationError(code, said)
    if code != 235:
        raise smtplib.SMTPException("It answers a login with nonsense")


@contextmanager
def _unreached(name: str, login: Login) -> Iterator[None]:
    """What goes wrong before the mail is spoken of is not the mail's fault: it can be sent another time."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as refused:
        said = login.left_out(f"{refused.smtp_code} {smtp.words(refused.smtp_error)}")
        if 400 <= refused.smtp_code < 500:
            raise PlatformBusy(f"{name}: the mail server is busy ({said}); nothing was sent") from None
        raise TokenRefused(f"{name}: the mail server does not take {login.what} ({said})") from None
    except (smtplib.SMTPException, OSError, ValueError) as problem:
        told = login.left_out(smtp.told(problem, "smtp, smtp_port and smtp_tls"))
        if isinstance(problem, smtplib.SMTPServerDisconnected):
            told = "it broke off or took too long"
        raise PlatformBusy(f"{name}: the mail server cannot be reached ({told}); nothing was sent") from None


@contextmanager
def _refused(name: str, login: Login, later: type[PlatformBusy] = PlatformBusy) -> Iterator[None]:
    """What the server says to the mail before it has taken it. `later` is what a 4xx means, save a 421, with which it
    closes for everybody."""
    try:
        yield
    except CaretoolError:
        raise
    except smtplib.SMTPResponseException as refused:
        said = login.left_out(f"{refused.smtp_code} {smtp.words(refused.smtp_error)}")
        if refused.smtp_code in (530, 534, 535, 538):
            raise TokenRefused(f"{name}: the mail server wants another login ({said})") from None
        if 500 <= refused.smtp_code < 600:
            raise PlatformFailed(f"{name}: the mail server refuses the mail ({said})") from None
        busy = later if 400 <= refused.smtp_code < 500 and refused.smtp_code != 421 else PlatformBusy
        raise busy(f"{name}: the mail server cannot take the mail now ({said}); nothing was sent") from None
    except (smtplib.SMTPException, OSError, ValueError) as problem:
        raise PlatformBusy(f"{name}: the mail server {_lost(problem, login)}; nothing was sent") from None


def _agreed(answer: tuple[int, bytes], code: int | None = None) -> None:
    if not (answer[0] == code if code else 200 <= answer[0] < 300):
        raise smtplib.SMTPResponseException(*answer)


def _lost(problem: Exception, login: Login) -> str:
    if isinstance(problem, smtplib.SMTPServerDisconnected):
        return "broke off or took too long"
    return f"was not heard of any more ({login.left_out(smtp.unheard(problem))})"
