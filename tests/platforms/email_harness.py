"""The fake mailbox as the contract suite sees it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from caretool.domain.comment import Incoming
from caretool.domain.duration import Duration
from caretool.domain.policy import Account
from caretool.domain.vault import Forgetful, Vault
from caretool.http import Client
from caretool.platforms.email.connector import EmailPlatform, EmailSettings, open_account
from caretool.platforms.platform import Opening
from caretool.secrets import Secret
from tests.platforms import fake_email_tokens as tokens
from tests.platforms.contract import NOON, Ability, Trouble
from tests.platforms.fake_email import USER, FakeEmail, Stored

VARIABLE, TOKEN = "CARETOOL_MAILBOX_PASSWORD", "CARETOOL_MAILBOX_TOKEN"
POST = "post1"


def connect(fake: FakeEmail, vault: Vault | None = None, **keys: Any) -> EmailPlatform:
    """A connection to the fake on its sockets: by a token where it takes no password."""
    where = {"imap": "127.0.0.1", "imap_tls": "none", "imap_port": fake.imap_port}
    out = {"smtp_tls": "none", "smtp_port": fake.smtp_port}
    way: dict[str, Any] = {"password": Secret(env=VARIABLE)}
    if fake.tokens is not None:
        way = {"oauth": {"client_id": tokens.CLIENT, "token_url": tokens.URL, "token": {"env": TOKEN}}}
    settings = EmailSettings(**{"address": USER, **way, **where, **out, **keys})
    account = Account("mail", "email", settings, since=Duration.parse("7 days"))
    opening = Opening(Path(), ZoneInfo("Europe/Rome"), lambda: fake.now, vault=vault or Forgetful())
    endpoint = httpx.MockTransport(fake.tokens.handle) if fake.tokens is not None else None
    return open_account(account, opening, lambda *where, **how: Client(*where, transport=endpoint, **how))


def mail(
    text: str = "Dov'è il mio pacco?",
    *,
    id: str | None = "c0@posta.example",
    sender: str = "Anna Rossi <anna@posta.example>",
    subject: str = "Il mio pacco",
    at: datetime = NOON,
    above: Sequence[str] = (),
    **headers: str,
) -> bytes:
    """A mail as it arrives. `above` are the ids of what it answers, oldest first; `Auto_Submitted="…"` is a header."""
    lines = [f"From: {sender}", f"To: {USER}", f"Subject: {subject}", f"Date: {format_datetime(at)}"]
    if id is not None:
        lines.append(f"Message-ID: <{id}>")
    if above:
        lines += [f"In-Reply-To: <{above[-1]}>", "References: " + "\r\n ".join(f"<{one}>" for one in above)]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if "Content_Type" not in headers:
        lines.append("Content-Type: text/plain; charset=utf-8")
    return "\r\n".join([*lines, "", text.replace("\n", "\r\n"), ""]).encode("utf-8", "surrogateescape")


def put(fake: FakeEmail, raw: bytes, folder: str = "INBOX", *, at: datetime | None = None) -> Stored:
    """Let a mail lie in a folder."""
    return fake.folders[folder].add(raw, at or fake.now)


class EmailHarness:
    """Customers write in the conversation `post1`."""

    page_size = 40

    def __init__(self, fake: FakeEmail) -> None:
        self.fake = fake
        self.vault = Forgetful()
        self.abilities: frozenset[Ability] = frozenset({"network", "own", "expires"})

    def receive(self, comments: Sequence[Incoming]) -> None:
        for comment in comments:
            at = comment.written_at or NOON
            sender = f"{comment.author.name} <{comment.author.handle}@posta.example>"
            raw = mail(comment.text, id=comment.native_id, sender=sender, at=at, above=(POST,))
            put(self.fake, raw, at=max(NOON, at) + timedelta(hours=1))

    def open(self, length: int | None = None) -> EmailPlatform:
        return connect(self.fake, self.vault, max_length=length or 10_000)

    def unreachable(self) -> EmailPlatform:
        return connect(self.fake, self.vault, max_length=10_000, imap_port=9, smtp_port=9)

    def ends(self) -> datetime | None:
        lasts = self.fake.tokens.refresh_ends_in if self.fake.tokens is not None else None
        return None if lasts is None else self.fake.now + timedelta(seconds=lasts)

    def replies(self) -> list[str]:
        return self.fake.replies()

    def goes_wrong(self, trouble: Trouble, *, writing: bool) -> None:
        self.fake.reading, self.fake.writing = (None, trouble) if writing else (trouble, None)

    def requests(self, *, writing: bool | None = None) -> int:
        if writing is None:
            return len(self.fake.commands)
        return self.fake.writes() if writing else len(self.fake.commands) - self.fake.writes()

    def answer_elsewhere(self, native_id: str, text: str) -> str:
        raw = mail(text, id="byhand@bottegablu.example", sender=f"Dario <{USER}>", above=(POST, native_id))
        put(self.fake, raw, "Sent")
        return "byhand@bottegablu.example"
