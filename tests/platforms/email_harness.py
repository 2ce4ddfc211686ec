"""The fake mailbox as the contract suite sees it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from caretool.domain.comment import Incoming
from caretool.domain.duration import Duration
from caretool.domain.policy import Account
from caretool.platforms.email.connector import EmailPlatform, EmailSettings, open_account
from caretool.platforms.platform import Opening
from caretool.secrets import Secret
from tests.platforms.contract import NOON, Ability, Trouble
from tests.platforms.fake_email import USER, FakeEmail, Stored

VARIABLE = "CARETOOL_MAILBOX_PASSWORD"
POST = "post1"


def connect(fake: FakeEmail, **keys: Any) -> EmailPlatform:
    """A connection to the fake on its sockets."""
    where = {"imap": "127.0.0.1", "imap_tls": "none", "imap_port": fake.imap_port}
    out = {"smtp_tls": "none", "smtp_port": fake.smtp_port}
    settings = EmailSettings(**{"address": USER, "password": Secret(env=VARIABLE), **where, **out, **keys})
    account = Account("mail", "email", settings, since=Duration.parse("7 days"))
    return open_account(account, Opening(Path(), ZoneInfo("Europe/Rome"), lambda: fake.now))


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
        self.abilities: frozenset[Ability] = frozenset({"network", "own"})

    def receive(self, comments: Sequence[Incoming]) -> None:
        for comment in comments:
            at = comment.written_at or NOON
            sender = f"{comment.author.name} <{comment.author.handle}@posta.example>"
            raw = mail(comment.text, id=comment.native_id, sender=sender, at=at, above=(POST,))
            put(self.fake, raw, at=max(NOON, at) + timedelta(hours=1))

    def open(self, length: int | None = None) -> EmailPlatform:
        return connect(self.fake, max_length=length or 10_000)

    def unreachable(self) -> EmailPlatform:
        return connect(self.fake, max_length=10_000, imap_port=9, smtp_port=9)

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
