from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from caretool.domain.comment import Incoming
from caretool.errors import AnswerLost, PlatformBusy, PlatformFailed
from caretool.platforms.platform import Page
from tests.platforms.contract import (
    NOON,
    ExpiresContract,
    Harness,
    NetworkContract,
    NetworkHarness,
    OwnContract,
    PlatformContract,
    comment,
    comments_of,
    ids,
    reply,
)
from tests.platforms.email_harness import VARIABLE, EmailHarness, connect, mail, put
from tests.platforms.fake_email import PASSWORD, USER, FakeEmail, serving


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)


class Contract(PlatformContract, NetworkContract, OwnContract, ExpiresContract):
    """What is another way here: an author is an address, and no server says for how long it is busy."""

    files_itself = False

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        with serving(FakeEmail(NOON, files_itself=self.files_itself)) as fake:
            yield EmailHarness(fake)

    def test_who_wrote_what_where_comes_with_it(self, harness: Harness) -> None:
        harness.receive([comment(0)])
        (received,) = comments_of(list(harness.open().fetch(None)))
        assert (received.author.handle, received.author.name) == ("person0@posta.example", "Person 0")
        assert received.text == "Where is my parcel, number 0?"
        assert received.thread is not None
        assert received.thread.native_id == "post1"

    def test_a_busy_platform_says_for_how_long(self, harness: NetworkHarness) -> None:
        harness.receive([comment(0)])
        harness.goes_wrong("busy", writing=True)
        with pytest.raises(PlatformBusy):
            harness.open().post(reply())
        harness.goes_wrong("busy", writing=False)
        for ask in (lambda: list(harness.open().fetch(None)), lambda: harness.open().post(reply())):
            with pytest.raises(PlatformBusy):
                ask()
        assert harness.replies() == []


class TestContractWhereTheServerFilesWhatItSends(Contract):
    files_itself = True


class TestContractWhereWeFileWhatWeSend(Contract):
    def test_a_reply_whose_answer_was_lost_is_not_sent_again_by_itself_and_is_found(
        self, harness: NetworkHarness
    ) -> None:
        """It is not: a copy is filed after the answer. So nothing is ever concluded from there being none."""
        harness.receive([comment(0)])
        harness.goes_wrong("drop", writing=True)
        with pytest.raises(AnswerLost):
            harness.open().post(reply())
        assert harness.requests(writing=True) == 1
        assert harness.open().find(reply()) is None
        assert not harness.open().limits.listing_trustworthy


@pytest.fixture
def fake() -> Iterator[FakeEmail]:
    with serving(FakeEmail(NOON)) as fake:
        yield fake


def fetch(fake: FakeEmail, bookmark: str | None = None, **keys: Any) -> list[Page]:
    return list(connect(fake, **keys).fetch(bookmark))


def only(fake: FakeEmail, **keys: Any) -> Incoming:
    """The one comment there is."""
    (found,) = comments_of(fetch(fake, **keys))
    return found


def remarks(pages: list[Page]) -> list[str]:
    return [remark for page in pages for remark in page.remarks]


class TestReading:
    def test_nothing_is_marked_as_seen(self, fake: FakeEmail) -> None:
        put(fake, mail())
        assert len(ids(fetch(fake))) == 1
        connect(fake).post(reply(to=("c0@posta.example",)))
        assert fake.folders["INBOX"].mails[0].flags == set()

    def test_everything_a_mail_says_is_read(self, fake: FakeEmail) -> None:
        put(
            fake,
            mail("Dov'è?\n\n-- \nAnna", subject="Re: Il pacco", above=("p@x", "q@x"), at=NOON - timedelta(hours=1)),
        )
        found = only(fake)
        assert (found.text, found.form, found.private, found.reply_to) == ("Dov'è?", "email", True, "q@x")
        assert found.thread is not None
        assert (found.thread.native_id, found.thread.text) == ("p@x", "Il pacco")
        assert found.written_at == NOON - timedelta(hours=1)

    def test_a_mailbox_that_was_numbered_anew_is_read_again_and_says_the_same(self, fake: FakeEmail) -> None:
        for number in range(3):
            put(fake, mail(id=None if number == 1 else f"c{number}@x", subject=str(number)))
        before = fetch(fake)
        inbox = fake.folders["INBOX"]
        inbox.validity = 2
        for stored in inbox.mails:
            stored.uid += 100
        after = fetch(fake, before[-1].bookmark)
        assert ids(after) == ids(before)
        assert remarks(after) == ["The server has numbered INBOX anew: it is read again."]
        assert fetch(fake, after[-1].bookmark) == []

    def test_what_came_from_no_person_is_passed_over_and_counted(self, fake: FakeEmail) -> None:
        put(fake, mail(id="a@x", Auto_Submitted="auto-replied"))
        put(fake, mail(id="b@x", List_Id="<sconti.example>"))
        put(fake, mail(id="c@x", sender=USER))
        put(fake, mail(id="d@x"))
        assert remarks(fetch(fake)) == ["INBOX: 3 mails were passed over (sent by programs, to lists, or by us)."]
        assert ids(fetch(fake)) == ["d@x"]
        assert ids(fetch(fake, lists=True)) == ["b@x", "d@x"]

    def test_what_cannot_be_read_is_named_and_stops_nothing(self, fake: FakeEmail) -> None:
        put(fake, b"nonsense")
        put(fake, mail(id="c1@x"))
        (page,) = fetch(fake)
        assert ids([page]) == ["c1@x"]
        assert [(one.where, one.why) for one in page.skipped] == [("INBOX UID 1", "it does not say who wrote it")]

    def test_of_a_large_mail_the_beginning_is_read_and_said_so(self, fake: FakeEmail) -> None:
        body = "--b\nContent-Type: text/plain\n\nVedi foto.\n--b\nContent-Type: image/jpeg\n\n" + "xxxx\n" * 400_000
        put(fake, mail(body, Content_Type='multipart/mixed; boundary="b"'))
        put(fake, mail(id="c1@x"))
        pages = fetch(fake, largest=1_000_000)
        assert [found.text for found in comments_of(pages)] == ["Vedi foto.", "Dov'è il mio pacco?"]
        assert remarks(pages) == ["INBOX UID 1 has 2.4 MB: only its beginning was read."]

    def test_several_folders_are_read_and_a_mail_that_lies_in_two_is_one(self, fake: FakeEmail) -> None:
        fake.folders["Reclami"] = type(fake.folders["INBOX"])()
        put(fake, mail(id="a@x"))
        put(fake, mail(id="a@x"), "Reclami")
        put(fake, mail(id="b@x"), "Reclami")
        assert ids(fetch(fake, folders=["INBOX", "Reclami"])) == ["a@x", "a@x", "b@x"]

    def test_a_folder_that_is_not_there_is_told(self, fake: FakeEmail) -> None:
        put(fake, mail())
        with pytest.raises(PlatformFailed, match="no folder 'Aiuto'"):
            fetch(fake, folders=["INBOX", "Aiuto"])
        pages = fetch(fake, sent="Inviati")
        assert ids(pages) == ["c0@posta.example"]
        assert "no folder 'Inviati'" in remarks(pages)[-1]
        assert connect(fake, sent="Inviati").check().remarks == (
            "There is no folder 'Inviati' of what we sent: write sent = 'Sent'.",
        )

    def test_what_we_sent_long_ago_is_not_read(self, fake: FakeEmail) -> None:
        put(fake, mail(id="old@x", sender=USER), "Sent", at=NOON - timedelta(days=30))
        put(fake, mail(id="new@x", sender=USER), "Sent")
        assert [one.native_id for page in fetch(fake) for one in page.comments] == ["new@x"]


class TestPaging:
    def test_mails_that_go_or_come_while_pages_are_read_cost_none_of_the_others(self, fake: FakeEmail) -> None:
        for number in range(130):
            put(fake, mail(id=f"c{number}@x", subject=str(number)))
        pages = connect(fake).fetch(None)
        found = ids([next(pages)])
        del fake.folders["INBOX"].mails[10:30]
        put(fake, mail(id="c130@x"))
        found += ids([next(pages)])
        del fake.folders["INBOX"].mails[:5]
        found += ids(list(pages))
        assert found == [f"c{number}@x" for number in range(131)]

    def test_a_few_new_mails_in_a_large_mailbox_are_found_in_a_few_steps(self, fake: FakeEmail) -> None:
        for number in range(3000):
            put(fake, mail(id=f"c{number}@x"))
        bookmark = '{"read": {"INBOX": [1, 2990]}}'
        fake.commands.clear()
        assert len(ids(fetch(fake, bookmark))) == 10
        assert len(fake.commands) < 30

    def test_a_page_that_its_server_numbers_wrongly_is_a_failure_and_no_circle(
        self, fake: FakeEmail, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(fake, mail(id="a@x"))
        put(fake, mail(id="b@x")).uid = 1
        with pytest.raises(PlatformFailed, match="renumbered"):
            fetch(fake)

    @pytest.mark.parametrize("said", [b"NO [SERVERBUG] Internal error", b"NO what", b"BAD what"])
    def test_a_server_that_does_not_hand_a_mail_over_fails_the_fetch_and_loses_nothing(
        self, fake: FakeEmail, said: bytes
    ) -> None:
        put(fake, mail())
        fake.bodies_refused = said
        with pytest.raises(PlatformFailed):
            fetch(fake)
        fake.bodies_refused = b"NO [EXPUNGEISSUED] Some of the requested messages no longer exist."
        assert ids(fetch(fake)) == []


class TestStolenIds:
    """A Message-ID is what its sender says it is."""

    def test_a_mail_with_somebody_elses_id_is_a_mail_of_its_own_and_can_be_answered(self, fake: FakeEmail) -> None:
        put(fake, mail("Dov'è?"))
        *_, last = fetch(fake)
        put(fake, mail("Cancellate tutto.", sender="Mallory <m@evil.example>"))
        put(fake, mail("Dov'è?"))
        stolen, again = comments_of(fetch(fake, last.bookmark))
        assert again.native_id == "c0@posta.example"
        assert stolen.native_id.startswith("c0@posta.example#")
        connect(fake).post(reply("k1", to=(stolen.native_id,)))
        connect(fake).post(reply("k2", to=(again.native_id,)))
        assert [to for to, _ in fake.sent] == [["m@evil.example"], ["anna@posta.example"]]
        fake.folders["INBOX"].validity = 2
        assert ids(fetch(fake)) == ["c0@posta.example", stolen.native_id, "c0@posta.example"]

    def test_nobody_writes_over_what_we_sent(self, fake: FakeEmail) -> None:
        put(fake, mail("Le rimborsiamo tutto.", id="ours@bottegablu.example", sender=USER), "Sent")
        put(fake, mail("Ci rimborsate il doppio.", id="ours@bottegablu.example"))
        assert only(fake).native_id.startswith("ours@bottegablu.example#")
