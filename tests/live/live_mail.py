"""The e-mail connector against Dovecot and aiosmtpd: `python -m tests.live mail`."""

from __future__ import annotations

import imaplib
import os
import smtplib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import httpx
import pytest

from caretool.domain.comment import Incoming
from caretool.domain.duration import Duration
from caretool.domain.policy import Account
from caretool.domain.vault import Forgetful, Vault
from caretool.errors import PlatformFailed, TokenRefused
from caretool.platforms.email.connector import EmailPlatform, EmailSettings, open_account
from caretool.platforms.platform import Opening
from caretool.secrets import Secret
from tests.live.mail_tokens import CLIENT, FIRST
from tests.live.server_mail import USERS
from tests.notifiers.server import CERTIFICATE
from tests.platforms.contract import (
    NOON,
    Ability,
    ExpiresContract,
    Harness,
    OwnContract,
    PlatformContract,
    comment,
    comments_of,
    ids,
    reply,
)
from tests.platforms.email_harness import VARIABLE, mail

OURS, ANNA = USERS
PORTS = {
    name: int(os.environ[f"CARETOOL_LIVE_MAIL_{name.upper()}"]) for name in ("imap", "imaps", "smtp", "lmtp", "tokens")
}


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, USERS[OURS])
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))


@contextmanager
def logged_in(user: str, folder: str | None = "INBOX") -> Iterator[imaplib.IMAP4]:
    """A mail program of `user`."""
    client = imaplib.IMAP4("127.0.0.1", PORTS["imap"])
    client.login(user, USERS[user])
    if folder:
        client.select(folder)
    try:
        yield client
    finally:
        client.logout()


def emptied() -> None:
    """Both mailboxes, and our folder of what was sent."""
    for user in USERS:
        for folder in ("INBOX", "Sent"):
            with logged_in(user, folder) as client:
                if client.search(None, "ALL")[1] != [b""]:
                    client.store("1:*", "+FLAGS", "\\Deleted")
                    client.expunge()
        with logged_in(user, None) as client, suppress(imaplib.IMAP4.error):
            client.delete("Reclami")


def mails_of(user: str, folder: str = "INBOX") -> list[EmailMessage]:
    with logged_in(user, folder) as client:
        answer = client.fetch("1:*", "(BODY.PEEK[])")[1] if client.search(None, "ALL")[1] != [b""] else []
    return [
        cast(EmailMessage, message_from_bytes(one[1], policy=policy.default))
        for one in answer
        if isinstance(one, tuple)
    ]


def put(raw: bytes, folder: str = "INBOX", at: datetime = NOON) -> None:
    with logged_in(OURS, None) as client:
        typ, said = client.append(folder, "", at, raw)  # type: ignore[arg-type]
        assert typ == "OK", said


def delivered(raw: bytes, to: str = OURS) -> None:
    """As mail comes from elsewhere."""
    with smtplib.LMTP("127.0.0.1", PORTS["lmtp"]) as dovecot:
        dovecot.sendmail(ANNA, [to], raw)


def connect(vault: Vault | None = None, **keys: Any) -> EmailPlatform:
    where = {"imap": "localhost", "imap_port": PORTS["imaps"]}
    out = {"smtp_tls": "none", "smtp_port": PORTS["smtp"]}
    way = {} if "oauth" in keys else {"password": Secret(env=VARIABLE)}
    settings = EmailSettings(**{"address": OURS, **way, **where, **out, **keys})
    account = Account("mail", "email", settings, since=Duration.parse("7 days"))
    opening = Opening(Path(), ZoneInfo("Europe/Rome"), lambda: NOON, vault=vault or Forgetful())
    return open_account(account, opening)


@dataclass
class LiveHarness:
    """Customers write in the conversation `post1`; who gets an answer is Anna."""

    page_size = 40
    abilities: frozenset[Ability] = frozenset({"own", "expires"})

    def ends(self) -> None:
        """A password does not say."""

    def receive(self, comments: Sequence[Incoming]) -> None:
        for one in comments:
            at = one.written_at or NOON
            sender = f"{one.author.name} <{one.author.handle}@posta.example>"
            raw = mail(one.text, id=one.native_id, sender=sender, at=at, above=("post1",))
            put(raw.replace(b"From:", b"Reply-To: " + ANNA.encode() + b"\r\nFrom:", 1), at=at + timedelta(hours=1))

    def open(self, length: int | None = None) -> EmailPlatform:
        return connect(max_length=length)

    def unreachable(self) -> EmailPlatform:
        return connect(imap_port=9, smtp_port=9)

    def replies(self) -> list[str]:
        return [one.get_content().replace("\r\n", "\n").removesuffix("\n") for one in mails_of(ANNA)]

    def answer_elsewhere(self, native_id: str, text: str) -> str:
        put(mail(text, id="byhand@bottegablu.example", sender=OURS, above=("post1", native_id)), "Sent")
        return "byhand@bottegablu.example"


@pytest.fixture(autouse=True)
def _empty() -> None:
    emptied()


class TestContract(PlatformContract, OwnContract, ExpiresContract):
    @pytest.fixture
    def harness(self) -> Harness:
        return LiveHarness()

    def test_who_wrote_what_where_comes_with_it(self, harness: Harness) -> None:
        harness.receive([comment(0)])
        (received,) = comments_of(list(harness.open().fetch(None)))
        assert (received.author.handle, received.text) == (ANNA, "Where is my parcel, number 0?")

    def test_comments_come_oldest_first_with_aware_times(self, harness: Harness) -> None:
        """The suite's noon may lie ahead: Dovecot lets no mail come later than now, and none was written after."""
        then = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
        written = {number: then + timedelta(minutes=number) for number in (3, 1, 2)}
        harness.receive([replace(comment(number), written_at=at) for number, at in written.items()])
        comments = comments_of(list(harness.open().fetch(None)))
        assert [one.native_id for one in comments] == ["c1", "c2", "c3"]
        assert [one.written_at for one in comments] == [written[number] for number in (1, 2, 3)]


def test_a_mail_arrives_is_answered_and_the_customer_answers_again() -> None:
    now = datetime.now(UTC)
    delivered(
        mail(
            "Mai arrivato! 📦", id="c0@posta.example", sender=f"Anna Però <{ANNA}>", at=now, subject="Pacco – è perso?"
        )
    )
    (first,) = comments_of(list(connect().fetch(None)))
    assert (first.text, first.author.name, first.form) == ("Mai arrivato! 📦", "Anna Però", "email")
    posted = connect(name="Bottega Blu").post(reply(to=("c0@posta.example",), text="Buongiorno,\n.\nè partito."))
    (got,) = mails_of(ANNA)
    assert (got["Subject"], got["In-Reply-To"]) == ("Re: Pacco – è perso?", "<c0@posta.example>")
    assert got["Message-ID"] == f"<{posted.native_id}>"
    (kept,) = mails_of(OURS, "Sent")
    assert kept["Message-ID"] == got["Message-ID"]
    delivered(mail("Grazie!", id="c1@posta.example", sender=ANNA, at=now, above=("c0@posta.example", posted.native_id)))
    pages = list(connect().fetch(None))
    again = comments_of(pages)[-1]
    assert (again.text, again.reply_to) == ("Grazie!", posted.native_id)
    assert again.thread is not None
    assert again.thread.native_id == "c0@posta.example"
    assert [one.native_id for page in pages for one in page.comments if one.own] == [posted.native_id]


def test_nothing_is_marked_as_seen() -> None:
    put(mail())
    list(connect().fetch(None))
    connect().post(reply(to=("c0@posta.example",), text="x"))
    with logged_in(OURS) as client:
        assert client.search(None, "UNSEEN")[1] == [b"1"]


def test_a_folder_that_was_made_anew_is_read_again() -> None:
    with logged_in(OURS, None) as client:
        client.create("Reclami")
    put(mail(id=None), "Reclami")
    before = list(connect(folders=["Reclami"]).fetch(None))
    with logged_in(OURS, None) as client:
        client.delete("Reclami")
        client.create("Reclami")
    put(mail(id="other@posta.example"), "Reclami")
    put(mail(id=None), "Reclami")
    after = list(connect(folders=["Reclami"]).fetch(before[-1].bookmark))
    assert ids(after) == ["other@posta.example", *ids(before)]
    assert "numbered Reclami anew" in after[0].remarks[0]


def test_mails_that_go_or_come_while_pages_are_read_cost_none_of_the_others() -> None:
    for number in range(100):
        put(mail(id=f"c{number}@x", subject=str(number)))
    pages = connect().fetch(None)
    found = ids([next(pages)])
    with logged_in(OURS) as client:
        client.store("5:25,60", "+FLAGS", "\\Deleted")
        client.expunge()
    put(mail(id="c100@x"))
    found += ids(list(pages))
    assert found == [f"c{number}@x" for number in range(101) if number != 59]


def test_a_stolen_id_and_a_mail_without_one_are_answered_where_they_came_from() -> None:
    put(mail("Dov'è?", id="c0@x", sender="Bruno <bruno@posta.example>"))
    put(mail("Annullate.", id="c0@x", sender=ANNA))
    put(mail("Senza.", id=None, sender=ANNA))
    first, stolen, nameless = comments_of(list(connect().fetch(None)))
    assert (first.native_id, stolen.native_id.startswith("c0@x#"), nameless.native_id[0]) == ("c0@x", True, "#")
    connect().post(reply("k1", "uno", to=(stolen.native_id,)))
    connect().post(reply("k2", "due", to=(nameless.native_id,)))
    assert [one["In-Reply-To"] for one in mails_of(ANNA)] == ["<c0@x>", None]
    with pytest.raises(PlatformFailed, match="no such mailbox"):
        connect().post(reply("k3", "tre", to=("c0@x",)))


@pytest.mark.parametrize("tls", ["tls", "starttls", "none"])
def test_each_way_to_log_in_and_a_wrong_password(tls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"imap_tls": tls, "imap_port": PORTS["imaps" if tls == "tls" else "imap"]}
    assert connect(**keys).check().remarks == ()
    assert "sent = 'Sent'" in connect(sent="Inviati", **keys).check().remarks[0]
    assert connect(folders=["Boh"], **keys).check().missing == ("folder Boh",)
    monkeypatch.setenv(VARIABLE, "wrong horse")
    for ask in (lambda: list(connect(**keys).fetch(None)), connect(**keys).check):
        with pytest.raises(TokenRefused, match="does not take user and password"):
            ask()


@pytest.mark.parametrize("tls", ["tls", "starttls", "none"])
def test_an_access_token_opens_both_servers_and_is_renewed_once_where_it_is_refused(
    tls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = f"http://127.0.0.1:{PORTS['tokens']}"
    monkeypatch.setenv(VARIABLE, FIRST)
    oauth = {"client_id": CLIENT, "token_url": f"{where}/token", "token": {"env": VARIABLE}}
    keys = {"oauth": oauth, "imap_tls": tls, "imap_port": PORTS["imaps" if tls == "tls" else "imap"]}
    put(mail(sender=ANNA))
    vault = Forgetful()
    connect(vault, **keys).post(reply("k1", to=("c0@posta.example",)))
    first = vault.read()
    httpx.post(f"{where}/forget")
    assert ids(list(connect(vault, **keys).fetch(None))) == ["c0@posta.example"]
    assert vault.read() != first
    httpx.post(f"{where}/forget")
    connect(vault, **keys).post(reply("k2", to=("c0@posta.example",)))
    assert [one["Message-ID"] for one in mails_of(ANNA)] == ["<k1@bottegablu.example>", "<k2@bottegablu.example>"]
    with pytest.raises(TokenRefused, match=r"the mailbox does not take our access token"):
        connect(vault, user=ANNA, **keys).check()
    with pytest.raises(TokenRefused, match=r"the mail server does not take our access token"):
        connect(vault, smtp_user=ANNA, **keys).check()
    monkeypatch.setenv(VARIABLE, "another")
    with pytest.raises(TokenRefused, match="invalid_grant"):
        connect(vault, **keys).check()
