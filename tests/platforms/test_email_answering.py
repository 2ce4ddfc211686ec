"""Answers by mail: where they go, what goes wrong on the way, how we log in."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from caretool.errors import AnswerLost, CaretoolError, Delayed, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.email.connector import EmailSettings
from caretool.platforms.platform import Page
from tests.notifiers import server as aiosmtpd
from tests.platforms.contract import NOON, comments_of, ids, reply
from tests.platforms.email_harness import VARIABLE, connect, mail, put
from tests.platforms.fake_email import PASSWORD, USER, FakeEmail, serving


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)


@pytest.fixture
def fake() -> Iterator[FakeEmail]:
    with serving(FakeEmail(NOON)) as fake:
        yield fake


def fetch(fake: FakeEmail, **keys: Any) -> list[Page]:
    return list(connect(fake, **keys).fetch(None))


class TestAnswering:
    def test_it_goes_where_the_mail_wants_it_and_names_what_it_answers(self, fake: FakeEmail) -> None:
        long = "x" * 120 + "@mail.example"
        put(fake, mail(id=long, subject="Re: R: Il pacco è rotto", above=("p@x", "q@x"), Reply_To="b@posta.example"))
        posted = connect(fake, name="Bottega Blu").post(reply(to=(long,)))
        ((to, sent),) = fake.sent
        assert to == ["b@posta.example"]
        assert (sent["To"], sent["From"]) == ("b@posta.example", f"Bottega Blu <{USER}>")
        assert sent["Subject"] == "Re: Il pacco è rotto"
        assert sent["In-Reply-To"] == f"<{long}>"
        assert sent["References"].split() == ["<p@x>", "<q@x>", f"<{long}>"]
        assert fake.folders["Sent"].mails[0].raw.count(f"<{long}>\r\n".encode()) == 2
        assert sent["Message-ID"] == "<k1@bottegablu.example>"
        assert sent["Auto-Submitted"] is None
        assert posted.native_id == "k1@bottegablu.example"
        assert (posted.url, posted.posted_at) == ("mid:k1@bottegablu.example", NOON)

    def test_no_word_of_a_stranger_becomes_a_header_or_ends_the_mail(self, fake: FakeEmail) -> None:
        put(fake, mail(subject="=?utf-8?q?x=0D=0ABcc:_everybody@shop.example?="))
        text = "Ecco:\n.\n..\nMAIL FROM:<x>\n\nfine"
        connect(fake).post(reply(text=text, to=("c0@posta.example",)))
        ((to, sent),) = fake.sent
        assert (to, sent["Bcc"]) == (["anna@posta.example"], None)
        assert sent["Subject"] == "Re: x Bcc: everybody@shop.example"
        assert fake.replies() == [text]

    @pytest.mark.parametrize("address", ["però@posta.example", "a@b..c", '"a b"@posta.example', "a@[127.0.0.1]"])
    def test_an_address_that_is_none_gets_no_mail(self, fake: FakeEmail, address: str) -> None:
        put(fake, mail(sender=f"<{address}>"))
        found = comments_of(fetch(fake))
        if found:
            with pytest.raises(PlatformFailed, match="no address"):
                connect(fake).post(reply(to=(found[0].native_id,)))
        assert fake.sent == []

    def test_a_mail_that_a_colleague_put_elsewhere_is_answered_and_one_that_is_gone_is_not(
        self, fake: FakeEmail
    ) -> None:
        fake.folders["Archivio"] = fake.folders["INBOX"]
        fake.folders["INBOX"] = type(fake.folders["INBOX"])()
        put(fake, mail(), "Archivio")
        put(fake, mail(id=None), "Archivio")
        nameless = comments_of(fetch(fake, folders=["Archivio"]))[1].native_id
        connect(fake).post(reply("k1", to=("c0@posta.example",)))
        connect(fake).post(reply("k2", to=(nameless,)))
        assert fake.sent[1][1]["In-Reply-To"] is None
        fake.folders["Archivio"].mails.clear()
        for native_id in ("c0@posta.example", nameless, "file 17", ""):
            with pytest.raises(PlatformFailed, match="answer it by hand"):
                connect(fake).post(reply("k3", to=(native_id,)))
        assert len(fake.sent) == 2

    def test_several_are_answered_one_by_one(self, fake: FakeEmail) -> None:
        put(fake, mail())
        with pytest.raises(PlatformFailed):
            connect(fake).post(reply(to=("c0@posta.example", "c1@posta.example")))

    @pytest.mark.parametrize(
        ("command", "said", "error"),
        [
            ("EHLO", b"554 5.7.1 you are blocked", PlatformBusy),
            ("AUTH", b"454 4.7.0 later", PlatformBusy),
            ("AUTH", b"535 5.7.8 no", TokenRefused),
            ("MAIL", b"530 5.7.0 log in", TokenRefused),
            ("MAIL", b"421 4.3.2 going down", PlatformBusy),
            ("MAIL", b"550 5.7.1 not your address", PlatformFailed),
            ("RCPT", b"451 4.7.1 try again later", Delayed),
            ("RCPT", b"550 5.1.1 no such mailbox \x1b[31mhere", PlatformFailed),
            ("DATA", b"452 4.3.1 full", PlatformBusy),
            ("DATA", b"554 5.5.1 no", PlatformFailed),
            ("DATA", b"250 what", PlatformBusy),
            ("RCPT", b"nonsense", PlatformBusy),
        ],
    )
    def test_what_is_refused_before_the_mail_is_spoken_did_not_go_out(
        self, fake: FakeEmail, command: str, said: bytes, error: type[CaretoolError]
    ) -> None:
        put(fake, mail())
        fake.says_at[command] = said
        with pytest.raises(error) as caught:
            connect(fake).post(reply(to=("c0@posta.example",)))
        assert str(caught.value).isprintable()
        assert type(caught.value) is error

    @pytest.mark.parametrize(
        ("said", "error"),
        [
            (b"554 5.7.1 looks like spam", PlatformFailed),
            (b"451 4.7.1 try again later", Delayed),
            (b"421 4.3.2 going down", PlatformBusy),
            (b"354 what", AnswerLost),
            (b"999 what", AnswerLost),
            (b"", AnswerLost),
        ],
    )
    def test_what_is_said_to_the_whole_mail_counts(
        self, fake: FakeEmail, said: bytes, error: type[CaretoolError]
    ) -> None:
        put(fake, mail())
        fake.answers_data = said
        with pytest.raises(error) as caught:
            connect(fake).post(reply(to=("c0@posta.example",)))
        assert type(caught.value) is error
        assert fake.folders["Sent"].mails == []

    @pytest.mark.parametrize("command", ["EHLO", "AUTH", "MAIL", "RCPT", "DATA"])
    def test_a_connection_that_breaks_before_the_mail_is_spoken_lost_nothing(
        self, fake: FakeEmail, command: str
    ) -> None:
        put(fake, mail())
        fake.breaks_at = command
        with pytest.raises(PlatformBusy, match="nothing was sent"):
            connect(fake).post(reply(to=("c0@posta.example",)))

    def test_a_mailbox_that_cannot_be_read_sends_nothing_and_fails_no_reply(self, fake: FakeEmail) -> None:
        put(fake, mail())
        for trouble in ("drop", "half", "fail"):
            fake.reading = trouble  # type: ignore[assignment]
            with pytest.raises(PlatformBusy):
                connect(fake).post(reply(to=("c0@posta.example",)))
        assert fake.sent == []


class TestWhatWeSent:
    @pytest.mark.parametrize(("files_itself", "keep_sent", "copies"), [(0, 1, 1), (1, 1, 1), (1, 0, 1), (0, 0, 0)])
    def test_one_copy_is_filed(self, fake: FakeEmail, files_itself: int, keep_sent: int, copies: int) -> None:
        put(fake, mail())
        fake.files_itself = bool(files_itself)
        connect(fake, keep_sent=bool(keep_sent)).post(reply(to=("c0@posta.example",)))
        assert len(fake.folders["Sent"].mails) == copies
        assert all(stored.flags == {"\\Seen"} for stored in fake.folders["Sent"].mails)
        assert len(fake.sent) == 1

    def test_a_copy_that_cannot_be_filed_does_not_make_it_unsent(self, fake: FakeEmail) -> None:
        put(fake, mail())
        fake.no_append = True
        assert connect(fake).post(reply(to=("c0@posta.example",))).native_id == "k1@bottegablu.example"

    def test_a_lost_one_that_somebody_answered_is_found(self, fake: FakeEmail) -> None:
        put(fake, mail())
        fake.writing = "drop"
        outgoing = reply(to=("c0@posta.example",))
        with pytest.raises(AnswerLost):
            connect(fake).post(outgoing)
        assert connect(fake).find(outgoing) is None
        put(fake, mail(id="c1@x", above=("c0@posta.example", "k1@bottegablu.example")))
        found = connect(fake).find(outgoing)
        assert found is not None
        assert found.native_id == "k1@bottegablu.example"
        assert connect(fake).find(replace(outgoing, key="k")) is None


class TestLoggingIn:
    def test_a_wrong_password_is_told_and_repeated_nowhere(
        self, fake: FakeEmail, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(fake, mail())
        monkeypatch.setenv("CARETOOL_WRONG", "wrong horse")
        wrong = {"env": "CARETOOL_WRONG"}
        for keys in ({"password": wrong}, {"smtp_password": wrong}):
            with pytest.raises(TokenRefused) as caught:
                connect(fake, **keys).post(reply(to=("c0@posta.example",)))
            assert "user and password" in str(caught.value)
            assert "wrong horse" not in "".join(traceback.format_exception(caught.value))
            with pytest.raises(TokenRefused):
                connect(fake, **keys).check()
        assert fake.sent == []

    def test_a_password_that_is_not_there_is_told_by_its_key(
        self, fake: FakeEmail, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(VARIABLE)
        with pytest.raises(TokenRefused, match=f"accounts.mail.password: the environment variable {VARIABLE}"):
            fetch(fake)

    @pytest.mark.parametrize("password", ["pässwörd €", 'a"b\\c', "a b"])
    def test_a_password_has_any_letters(self, fake: FakeEmail, monkeypatch: pytest.MonkeyPatch, password: str) -> None:
        put(fake, mail())
        fake.password = password
        monkeypatch.setenv(VARIABLE, password)
        assert len(ids(fetch(fake))) == 1
        fake.password = "another"
        with pytest.raises(TokenRefused):
            fetch(fake)

    def test_a_password_of_two_lines_is_no_second_command(
        self, fake: FakeEmail, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, "a\r\nx LOGOUT")
        with pytest.raises(TokenRefused, match="one line"):
            fetch(fake)

    def test_an_encrypted_mailbox_needs_a_certificate_that_is_trusted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(FakeEmail(NOON), tls=True) as fake:
            put(fake, mail())
            keys = {"imap": "localhost", "imap_tls": "tls"}
            with pytest.raises(PlatformFailed, match="its certificate is not trusted"):
                fetch(fake, **keys)
            monkeypatch.setenv("SSL_CERT_FILE", str(aiosmtpd.CERTIFICATE))
            assert len(ids(fetch(fake, **keys))) == 1

    def test_a_mailbox_that_offers_no_encryption_hears_no_password(self, fake: FakeEmail) -> None:
        with pytest.raises(PlatformFailed, match="TLS not supported"):
            fetch(fake, imap_tls="starttls")
        assert not any("LOGIN" in command for command in fake.commands)

    @pytest.mark.parametrize("tls", [False, True])
    def test_another_server_takes_an_answer_too(
        self, fake: FakeEmail, monkeypatch: pytest.MonkeyPatch, tls: bool
    ) -> None:
        put(fake, mail())
        monkeypatch.setenv("SSL_CERT_FILE", str(aiosmtpd.CERTIFICATE))
        with aiosmtpd.serving(tls=tls) as server:
            how = {"smtp": "localhost", "smtp_port": server.port, "smtp_tls": "starttls" if tls else "none"}
            connect(fake, **how).post(reply(text="Però\n.\nsì", to=("c0@posta.example",)))
        (sent,) = server.mails
        assert sent.get_content().splitlines() == ["Però", ".", "sì"]
        assert server.users == [USER]


class TestSettings:
    @pytest.mark.parametrize(
        "keys",
        [
            {"address": "aiuto"}, {"address": "a@b\r\nBcc: x@y"}, {"address": "però@shop.example"},
            {"imap": "imap.example:993"}, {"imap_tls": "none"}, {"smtp_tls": "none"},
            {"smtp": "smtp.example", "smtp_tls": "none", "imap": "localhost"}, {"imap_port": 0}, {"folders": []},
            {"folders": ["a\nb"]}, {"largest": 10}, {"password": "secret"}, {"name": "a\nb"}, {"user": ""},
        ],
    )  # fmt: skip
    def test_what_makes_no_sense_or_is_not_safe_does_not_load(self, keys: dict[str, Any]) -> None:
        sound = {"address": USER, "imap": "imap.example", "password": {"env": "X"}}
        assert EmailSettings.model_validate(sound)
        with pytest.raises(ValidationError):
            EmailSettings.model_validate({**sound, **keys})
