"""Once, to the right one, by mail: who else has its Message-ID, who else it was passed on to, what cannot go today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from caretool.errors import Delayed, PlatformBusy, PlatformFailed
from caretool.platforms.platform import Page
from tests.platforms.contract import NOON, comments_of, ids, reply
from tests.platforms.email_harness import VARIABLE, connect, mail, put
from tests.platforms.fake_email import PASSWORD, USER, FakeEmail, Kept, serving


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)


@pytest.fixture
def fake() -> Iterator[FakeEmail]:
    with serving(FakeEmail(NOON)) as fake:
        yield fake


def fetch(fake: FakeEmail, bookmark: str | None = None, **keys: Any) -> list[Page]:
    return list(connect(fake, **keys).fetch(bookmark))


ANNA = replace(reply(to=("c0@posta.example",)), addressee="anna@posta.example")


class TestWhoHasItsId:
    @pytest.mark.parametrize("archived", [True, False])
    def test_an_answer_goes_to_who_was_answered_and_never_to_who_has_stolen_the_id(
        self, fake: FakeEmail, archived: bool
    ) -> None:
        put(fake, mail())
        put(fake, mail("Rimborsate me.", sender="Mallory <m@evil.example>"))
        original = fake.folders["INBOX"].mails.pop(0)
        fake.folders["Archivio"] = Kept()
        if not archived:
            with pytest.raises(PlatformFailed, match="answer it by hand"):
                connect(fake).post(ANNA)
            assert fake.sent == []
            return
        put(fake, original.raw, "Archivio")
        connect(fake).post(ANNA)
        assert [to for to, _ in fake.sent] == [["anna@posta.example"]]

    def test_an_id_of_a_mail_in_a_later_folder_is_taken_too(self, fake: FakeEmail) -> None:
        fake.folders["Reclami"] = Kept()
        folders = ["INBOX", "Reclami"]
        put(fake, mail("Dov'è?"), "Reclami")
        *_, last = fetch(fake, folders=folders)
        put(fake, mail("Cancellate tutto.", sender="Mallory <m@evil.example>"))
        (stolen,) = comments_of(fetch(fake, last.bookmark, folders=folders))
        assert stolen.native_id.startswith("c0@posta.example#")

    def test_an_id_that_looks_like_one_that_we_make_up_is_answered(self, fake: FakeEmail) -> None:
        put(fake, mail(id="c0@posta.example#0123456789abcdef01234567"))
        (found,) = comments_of(fetch(fake))
        connect(fake).post(reply(to=(found.native_id,)))
        assert fake.sent[0][1]["In-Reply-To"] == "<c0@posta.example#0123456789abcdef01234567>"

    def test_a_mail_without_an_id_is_found_again_however_long_its_headers_are(self, fake: FakeEmail) -> None:
        put(fake, mail(id=None, X_Trace="x" * 300_000))
        (found,) = comments_of(fetch(fake))
        connect(fake).post(reply(to=(found.native_id,)))
        assert len(fake.sent) == 1


class TestOurs:
    @pytest.mark.parametrize("subject", ["Fwd: Il mio pacco", "I: Re: Il mio pacco", "WG: Paket", "TR : colis"])
    def test_what_was_passed_on_to_a_colleague_is_no_answer(self, fake: FakeEmail, subject: str) -> None:
        put(fake, mail("Guardate.", id="f@x", sender=USER, subject=subject, above=("c0@posta.example",)), "Sent")
        ((ours,),) = (page.comments for page in fetch(fake))
        assert (ours.own, ours.reply_to) == (True, None)

    def test_an_answer_to_what_was_passed_on_is_one(self, fake: FakeEmail) -> None:
        put(fake, mail("Ecco.", id="f@x", sender=USER, subject="Re: Fwd: Il mio pacco", above=("c0@x",)), "Sent")
        ((ours,),) = (page.comments for page in fetch(fake))
        assert ours.reply_to == "c0@x"

    def test_our_address_is_known_in_the_letters_of_the_network_too(self, fake: FakeEmail) -> None:
        put(fake, mail(sender="Noi <aiuto@xn--bcher-kva.example>"))
        keys = {"address": "aiuto@bücher.example", "user": USER}
        assert ids(fetch(fake, **keys)) == []


class TestNotToday:
    @pytest.mark.parametrize("said", [b"451 4.7.1 greylisted", b"452 4.2.2 mailbox full", b"450 4.2.0 try later"])
    @pytest.mark.parametrize("where", ["RCPT", "data"])
    def test_a_mailbox_that_cannot_take_it_now_keeps_no_other_waiting(
        self, fake: FakeEmail, where: str, said: bytes
    ) -> None:
        put(fake, mail())
        if where == "data":
            fake.answers_data = said
        else:
            fake.says_at[where] = said
        with pytest.raises(Delayed):
            connect(fake).post(ANNA)
        fake.now += timedelta(days=5, minutes=1)
        with pytest.raises(PlatformFailed, match="5 days"):
            connect(fake).post(ANNA)
        assert fake.sent == []

    @pytest.mark.parametrize("command", ["MAIL", "DATA", "RCPT"])
    def test_a_server_that_goes_down_keeps_all_waiting(self, fake: FakeEmail, command: str) -> None:
        put(fake, mail())
        fake.says_at[command] = b"421 4.3.2 going down"
        fake.now += timedelta(days=30)
        with pytest.raises(PlatformBusy) as caught:
            connect(fake).post(ANNA)
        assert type(caught.value) is PlatformBusy

    @pytest.mark.parametrize("password", ["pässwörd €", "a b"])
    def test_a_password_has_any_letters_there_too(
        self, fake: FakeEmail, monkeypatch: pytest.MonkeyPatch, password: str
    ) -> None:
        put(fake, mail())
        fake.password = password
        monkeypatch.setenv(VARIABLE, password)
        connect(fake).post(ANNA)
        assert len(fake.sent) == 1
