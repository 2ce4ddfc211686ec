"""The `email` platform: a mailbox, read by IMAP, and answered by SMTP.

docs/platforms/email.md is its page. RFC 3501 (IMAP4rev1), 5321 (SMTP), 5322 (mails), 3834 (what programs send).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from caretool import smtp
from caretool.domain.host import on_this_machine
from caretool.domain.limits import Limits
from caretool.domain.mailbox import is_mailbox
from caretool.domain.policy import Account, Tls
from caretool.errors import CaretoolError, Delayed, PlatformBusy, PlatformFailed, TokenRefused
from caretool.http import Client
from caretool.platforms.email import imap as email_imap
from caretool.platforms.email import smtp as email_smtp
from caretool.platforms.email.fetch import Bookmark, Fetch, Reading
from caretool.platforms.email.imap import Box
from caretool.platforms.email.login import OAuth, Proof, Way, renewable
from caretool.platforms.email.mail import BEGINNING, Mail, NoMail, is_id, named, read_mail
from caretool.platforms.platform import Checked, Clock, Looked, Opening, Outgoing, Page, Posted
from caretool.platforms.renewing import Renewable
from caretool.secrets import Secret

ABOUT = "a mailbox: mails are read by IMAP and answered by SMTP"
GUIDE = """\
Make an app password for the mailbox where its provider has them, or a token where it takes no passwords.
Gmail: Google account > Security > 2-Step Verification > App passwords; folder "[Gmail]/Sent Mail".
Fastmail, iCloud, Yahoo: Settings > Security > App passwords.
Your own server: a mailbox of its own for the desk, with a long password.
Keep the password where you keep secrets: password.env=CARETOOL_MAILBOX_PASSWORD, for one.
Microsoft 365 takes no passwords for IMAP, Gmail need not: there the mailbox is opened by OAuth. Register
an app (Entra: public client flows allowed; Google: a "Desktop app", its consent screen published), give it
access to the mailbox in a browser, and "refresh_token" in the answer is the token: oauth.client_id,
oauth.token_url, oauth.token.env. At Microsoft an admin must allow Authenticated SMTP for the mailbox. The
requests, step by step, stand on the page named below.
Note the names of its IMAP and its SMTP server; the provider's help lists them.
"""

_HOST = re.compile(r"[\w.-]{1,253}|[0-9a-f:]{2,45}", re.ASCII | re.IGNORECASE)
_IMAP_PORTS: dict[Tls, int] = {"tls": 993, "starttls": 143, "none": 143}
_SMTP_PORTS: dict[Tls, int] = {"tls": 465, "starttls": 587, "none": 25}
_MOST_TWINS = 50
# RFC 5321, 4.5.4.1: for how long a mail is tried again.
_GIVES_UP = timedelta(days=5)


def _host(name: str) -> str:
    if not _HOST.fullmatch(name):
        raise ValueError("must be the name of a server: imap.shop.example, its port beside it")
    return name


def _mailbox(address: str) -> str:
    if not is_mailbox(address):
        raise ValueError("must be a mail address: aiuto@shop.example")
    smtp.address(address)
    return address


def _one_line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must be one line of text")
    return text


Host = Annotated[str, AfterValidator(_host)]
Line = Annotated[str, AfterValidator(_one_line)]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]


class EmailSettings(BaseModel):
    """The keys of an account with `platform = "email"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    default_since: ClassVar[str | None] = "7 days"
    one_of: ClassVar[tuple[str, ...]] = ("password", "oauth")

    address: Annotated[str, AfterValidator(_mailbox)] = Field(description="Our address: answers come from it.")
    name: Line | None = Field(default=None, description="The name that answers come from, beside the address.")
    imap: Host = Field(description="The server on which the mailbox is read: imap.shop.example.")
    imap_port: Port | None = Field(default=None, description="Its port; 993 if left out, 143 without `tls`.")
    imap_tls: Tls = Field(default="tls", description="How the connection is protected; none only on this machine.")
    user: Line | None = Field(default=None, description="Who we are there; the address if left out.")
    password: Secret | None = Field(
        default=None, description="Where the password is kept, never the password itself; this or `oauth`."
    )
    oauth: OAuth | None = Field(
        default=None, description="How access tokens are had (OAuth 2.0), in the place of a password."
    )
    smtp: Host | None = Field(
        default=None, description="The server that takes our answers; that of `imap` if left out."
    )
    smtp_port: Port | None = Field(
        default=None, description="Its port; 587 if left out, 465 with `tls`, 25 with `none`."
    )
    smtp_tls: Tls = Field(
        default="starttls", description="How that connection is protected; none only on this machine."
    )
    smtp_user: Line | None = Field(default=None, description="Who we are there; `user` if left out.")
    smtp_password: Secret | None = Field(
        default=None, description="Where that password is kept; `password` or `oauth` if left out."
    )
    folders: tuple[Line, ...] = Field(default=("INBOX",), min_length=1, description="The folders that are read.")
    sent: Line = Field(
        default="Sent", description="The folder of what we sent: answers are filed and looked for there."
    )
    keep_sent: bool = Field(
        default=True, strict=True, description="Whether answers are put into `sent` where the server does not do so."
    )
    lists: bool = Field(
        default=False, strict=True, description="Whether mail that came through a list is read: our address is one."
    )
    largest: int = Field(
        default=5_000_000, ge=1000, le=20_000_000, strict=True,
        description="Of a mail with more bytes than this only the beginning is read.",
    )  # fmt: skip
    max_length: int | None = Field(
        default=None, ge=1, strict=True, description="The longest answer, in characters; left out: no limit."
    )

    @model_validator(mode="after")
    def _stays_private(self) -> Self:
        for tls, host in ((self.imap_tls, self.imap), (self.smtp_tls, self.smtp or self.imap)):
            if tls == "none" and not on_this_machine(host):
                raise ValueError('"none" would send password and mails in the clear: only for a server on this machine')
        return self

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        _ = self.way
        return self

    @property
    def way(self) -> Secret | OAuth:
        """What the mailbox is opened by."""
        ways = [way for way in (self.password, self.oauth) if way is not None]
        if len(ways) != 1:
            raise ValueError("is opened by a password or by OAuth: write password or the table oauth, one of them")
        return ways[0]


class EmailPlatform:
    """One mailbox, opened by `proof`. `since` is how far back a first fetch reads what we sent ourselves."""

    def __init__(
        self,
        account: str,
        settings: EmailSettings,
        clock: Clock,
        proof: Proof,
        *,
        since: timedelta | None = None,
    ) -> None:
        self._account = account
        self._settings = settings
        self._address = smtp.address(settings.address).addr_spec
        self._clock = clock
        self._proof = proof
        self._since = since

    @property
    def expires_at(self) -> datetime | None:
        """When the token ends, where its provider says so."""
        return self._proof.expires_at if isinstance(self._proof, Renewable) else None

    @property
    def limits(self) -> Limits:
        """A mail speaks to one person, in private. That no copy of it lies in `sent` does not say that it was not
        sent: the copy is made after."""
        return Limits(length=self._settings.max_length, together="no", private_replies=True)

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        """New mails, folder by folder, then what we sent ourselves."""
        with self._mailbox() as box:
            yield from Fetch(box, self._reading(), Bookmark.parse(bookmark)).pages()

    def look(self, native_ids: Sequence[str]) -> Looked:
        """Nothing is asked: what was mailed cannot be taken back or changed."""
        return Looked()

    def post(self, reply: Outgoing) -> Posted:
        """Answer the one mail. Raises AnswerLost only where the server was given all of it and did not answer."""
        limits = self.limits
        if limits.length is not None and limits.measure(reply.text) > limits.length:
            raise PlatformFailed(f"{self._account} takes {limits.length} characters; this has {len(reply.text)}")
        if len(reply.to) != 1:
            raise PlatformFailed(f"{self._account}: a mail answers one mail")
        at = self._clock().replace(microsecond=0)
        try:
            with self._mailbox() as box:
                answered = self._answered(box, reply.to[0], reply.addressee)
        except (TokenRefused, PlatformBusy):
            raise
        except PlatformFailed as problem:
            raise PlatformBusy(f"{problem} (nothing was sent)") from problem
        if answered is None:
            raise PlatformFailed(f"{self._account}: {reply.to[0]} is not in the mailbox any more: answer it by hand")
        sender = smtp.address(self._settings.address, self._settings.name or "")
        mail = email_smtp.written(reply.text, reply.key, sender, answered, at)
        try:
            with self._submission() as submission:
                submission.send(mail)
        except Delayed as problem:
            if at - reply.created_at > _GIVES_UP:
                raise PlatformFailed(f"{problem} for {_GIVES_UP.days} days: answer it by hand") from None
            raise
        posted = self._posted(reply.key, at)
        if self._settings.keep_sent:
            # It went out: that no copy of it is kept is no reason to say otherwise.
            with suppress(CaretoolError):
                self._file(posted.native_id, mail.as_bytes(), at)
        return posted

    def find(self, reply: Outgoing) -> Posted | None:
        """By its Message-ID, in `sent` and the other folders, or in what somebody answered to it."""
        wanted = self._posted(reply.key, reply.created_at)
        with self._mailbox() as box:
            for name in dict.fromkeys((self._settings.sent, *self._settings.folders)):
                if box.folder(name) is None:
                    continue
                for uid in box.having("Message-ID", f"<{wanted.native_id}>"):
                    mail = self._header(box, uid)
                    if mail is not None and mail.id == wanted.native_id:
                        return self._posted(reply.key, mail.written_at or reply.created_at)
                # Nobody but who got it knows its Message-ID.
                if any(box.having(header, wanted.native_id) for header in ("In-Reply-To", "References")):
                    return wanted
        return None

    def check(self) -> Checked:
        """Both servers are logged in to, and each folder is opened."""
        settings = self._settings
        with self._mailbox() as box:
            missing = [name for name in settings.folders if box.folder(name) is None]
            names = dict(box.names())
            has_sent = box.folder(settings.sent) is not None
        remarks = []
        if not has_sent:
            known = next((name for name, flags in names.items() if "\\sent" in flags), None)
            hint = f": write sent = {known!r}" if known else ""
            remarks.append(f"There is no folder {settings.sent!r} of what we sent{hint}.")
        with self._submission():
            pass
        return Checked(
            handle=settings.address,
            name=settings.name,
            missing=tuple(f"folder {name}" for name in missing),
            expires_at=self.expires_at,
            remarks=tuple(remarks),
        )

    def _reading(self) -> Reading:
        settings = self._settings
        since = None if self._since is None else self._clock() - self._since
        return Reading(
            self._account,
            self._address,
            tuple(dict.fromkeys(settings.folders)),
            settings.sent,
            settings.largest,
            settings.lists,
            since,
        )

    @contextmanager
    def _mailbox(self) -> Iterator[Box]:
        settings = self._settings
        port = settings.imap_port or _IMAP_PORTS[settings.imap_tls]
        server = email_imap.Server(settings.imap, port, settings.imap_tls)
        with ExitStack() as open_now:
            way = self._way(settings.user, None)
            yield way.entered(lambda login: open_now.enter_context(email_imap.opened(self._account, server, login)))

    @contextmanager
    def _submission(self) -> Iterator[email_smtp.Submission]:
        settings = self._settings
        port = settings.smtp_port or _SMTP_PORTS[settings.smtp_tls]
        server = email_smtp.Server(settings.smtp or settings.imap, port, settings.smtp_tls)
        with ExitStack() as open_now:
            way = self._way(settings.smtp_user or settings.user, settings.smtp_password)
            yield way.entered(lambda login: open_now.enter_context(email_smtp.talking(self._account, server, login)))

    def _way(self, user: str | None, smtp_password: Secret | None) -> Way:
        """In as `user`, the address if there is none: as the mailbox is opened, save where SMTP has a password of its
        own."""
        own = smtp_password and partial(smtp_password.reveal, f"accounts.{self._account}.smtp_password")
        return Way(user or self._settings.address, own or self._proof)

    def _answered(self, box: Box, native_id: str, author: str | None) -> Mail | None:
        """The mail with this id that `author` wrote (another may have stolen the id): where it was read, or wherever
        else somebody has put it."""
        searched = list(self._settings.folders)
        for name in searched:
            found = self._in_folder(box, name, native_id, author)
            if found is not None:
                return found
        others = (name for name, _ in box.names() if name not in searched)
        return next((mail for name in others if (mail := self._in_folder(box, name, native_id, author))), None)

    def _in_folder(self, box: Box, name: str, native_id: str, author: str | None) -> Mail | None:
        if box.folder(name) is None:
            return None
        wanted, digest = named(native_id)
        if wanted is not None and not is_id(wanted):
            return None
        uids = box.having("Message-ID", f"<{wanted}>") if wanted else box.without("Message-ID")
        for uid in uids[:_MOST_TWINS] if wanted else uids[-_MOST_TWINS:]:
            mail = self._header(box, uid)
            if mail is None or mail.id != wanted or digest not in (None, mail.digest):
                continue
            if author in (None, mail.author.handle):
                return mail
        return None

    def _header(self, box: Box, uid: int) -> Mail | None:
        raw = box.mail(uid, BEGINNING, part="HEADER")
        return None if raw is None else self._read(raw)

    def _read(self, raw: bytes) -> Mail | None:
        try:
            return read_mail(raw, None, self._address)
        except NoMail:
            return None

    def _file(self, native_id: str, mail: bytes, at: datetime) -> None:
        """Keep a copy in `sent`, where the server has not put one itself."""
        with self._mailbox() as box:
            if box.folder(self._settings.sent) is not None and not box.having("Message-ID", f"<{native_id}>"):
                box.file(self._settings.sent, mail, at)

    def _posted(self, key: str, at: datetime) -> Posted:
        native_id = email_smtp.message_id(key, self._settings.address)
        return Posted(native_id, at, f"mid:{native_id}")  # RFC 2392


def open_account(account: Account, opening: Opening, connect: Callable[..., Client] = Client) -> EmailPlatform:
    """The account, nothing asked of it. `account.settings` is an `EmailSettings`."""
    settings: EmailSettings = account.settings
    way = settings.way
    proof: Proof
    if isinstance(way, OAuth):
        proof = renewable(account.name, way, opening, connect)
    else:
        proof = partial(way.reveal, f"accounts.{account.name}.password")
    return EmailPlatform(account.name, settings, opening.clock, proof, since=account.reach)
