from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import httpx
import pytest
import stamina
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from caretool.domain.comment import Author, Incoming, Thread
from caretool.errors import AnswerLost, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.mastodon.connector import MastodonSettings
from caretool.platforms.mastodon.length import Counted, CountedAtMost
from caretool.platforms.platform import Outgoing, Page
from tests.platforms import fake_mastodon_text as wording
from tests.platforms.contract import (
    NOON,
    BansContract,
    ChangesContract,
    CountsContract,
    Harness,
    LikesContract,
    MutesContract,
    NetworkContract,
    OwnContract,
    PlatformContract,
    PrivateContract,
    ReportsContract,
    RetractsContract,
    SearchesContract,
    comments_of,
    ids,
)
from tests.platforms.fake_mastodon import TOKEN, FakeMastodon, Software
from tests.platforms.fake_mastodon_practice import serve
from tests.platforms.mastodon_harness import VARIABLE, MastodonHarness, Now, connect


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(VARIABLE, TOKEN)
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


class Guarded(RetractsContract, MutesContract, BansContract, ReportsContract, SearchesContract, LikesContract):
    """What can be found there, and done against what is written there, our own and others'."""


class TestContract(
    PlatformContract, NetworkContract, ChangesContract, OwnContract, PrivateContract, CountsContract, Guarded
):
    @pytest.fixture
    def harness(self) -> Harness:
        return MastodonHarness()


class TestContractOfItsKin(PlatformContract, NetworkContract, ChangesContract, OwnContract, PrivateContract, Guarded):
    @pytest.fixture(params=["gotosocial", "pleroma"])
    def harness(self, request: pytest.FixtureRequest) -> Harness:
        return MastodonHarness(request.param)


class TestContractOverASocket(NetworkContract, ChangesContract, Guarded):
    @pytest.fixture
    def harness(self) -> Iterator[MastodonHarness]:
        harness = MastodonHarness()
        with serve(harness.fake) as harness.url, closing(harness):
            yield harness


@pytest.fixture(params=get_args(Software))
def fake(request: pytest.FixtureRequest) -> FakeMastodon:
    """Each of the softwares at noon."""
    return FakeMastodon(software=request.param, clock=Now())


def facts_of(fake: FakeMastodon) -> str | None:
    return connect(fake).check().facts


def fetch(fake: FakeMastodon, bookmark: str | None = None) -> list[Page]:
    return list(connect(fake).fetch(bookmark))


def only(fake: FakeMastodon) -> Incoming:
    """The one comment there is."""
    (comment,) = comments_of(fetch(fake))
    return comment


class TestReading:
    def test_everything_a_status_says_is_read(self, fake: FakeMastodon) -> None:
        fake.person("anna@posta.example", "Anna Rossi", followers=120)
        post = fake.write("bottegablu", "Le console sono qui: https://bottegablu.it/console", tells_us=False)
        status_id = fake.write(
            "anna@posta.example",
            "@bottegablu dov'è\nil mio pacco?\n\n<b>mai</b> & poi mai",
            reply_to=post,
            warning="ritardi",
            visibility="unlisted",
            language="it",
            likes=3,
            media=("https://posta.example/1.jpg",),
        )
        comment = only(fake)
        assert comment == Incoming(
            native_id=status_id,
            author=Author("anna@posta.example", "Anna Rossi", 120),
            text="@bottegablu dov'è\nil mio pacco?\n\n<b>mai</b> & poi mai",
            written_at=NOON,
            reply_to=post,
            thread=Thread(
                post,
                "Le console sono qui: https://bottegablu.it/console",
                f"https://social.example/@bottegablu/{post}",
            ),
            url=f"https://social.example/@anna@posta.example/{status_id}",
            form="mention",
            likes=3,
            language="it",
            attachments=("https://posta.example/1.jpg",),
            warning="ritardi",
        )

    @pytest.mark.parametrize("visibility", ["public", "unlisted", "private", "local"])
    def test_only_a_direct_one_is_private(self, fake: FakeMastodon, visibility: str) -> None:
        fake.write("anna", "dove?", visibility=visibility)
        assert (only(fake).private, only(fake).form) == (False, "mention")
        fake.write("bruno", "dove?", visibility="direct")
        direct = comments_of(fetch(fake))[-1]
        assert (direct.private, direct.form) == (True, "message")

    def test_a_status_that_replies_to_none_opens_its_conversation(self, fake: FakeMastodon) -> None:
        status_id = fake.write("anna", "dove?")
        thread = only(fake).thread
        assert thread is not None
        assert (thread.native_id, thread.text) == (status_id, "dove?")

    def test_a_conversation_is_known_by_its_first_status_and_asked_for_once(self, fake: FakeMastodon) -> None:
        top = fake.write("carla", "Chi ha la console?", tells_us=False)
        below = fake.write("dino", "Io no", reply_to=top, tells_us=False)
        first = fake.write("anna", "@bottegablu la avete?", reply_to=below)
        for person in ("bruno", "elio", "fabia"):
            fake.write(person, "@bottegablu anche qui?", reply_to=below)
        fake.write("gina", "@bottegablu e qui?", reply_to=first)
        comments = comments_of(fetch(fake))
        assert {comment.thread and comment.thread.native_id for comment in comments} == {top}
        assert sum(request.url.path.endswith("/context") for request in fake.requests) == 1

    def test_a_conversation_whose_first_status_is_not_for_us_is_that_of_the_one_below(self, fake: FakeMastodon) -> None:
        top = fake.write("carla", "Chi ha la console?", visibility="private", tells_us=False)
        fake.write("anna", "@bottegablu la avete?", reply_to=top)
        fake.write("bruno", "@bottegablu e qui?", reply_to=top)
        assert [comment.thread for comment in comments_of(fetch(fake))] == [Thread(top), Thread(top)]

    def test_a_conversation_that_cannot_be_read_keeps_no_comment_back(self, fake: FakeMastodon) -> None:
        tops = [fake.write("carla", "Chi ha la console?", tells_us=False) for _ in range(5)]
        written = [fake.write("anna", "@bottegablu la avete?", reply_to=top) for top in tops]
        for status_id in written:
            path = f"/api/v1/statuses/{status_id}/context"
            fake.odd[f"GET {path}"] = httpx.Response(500, json={"error": "Something went wrong"})
        pages = fetch(fake)
        assert [comment.thread for comment in comments_of(pages)] == [Thread(top) for top in tops]
        remarks = [remark for page in pages for remark in page.remarks]
        assert [written[number] in remark for number, remark in enumerate(remarks)] == [True] * 3
        asked = [request for request in fake.requests if request.url.path.endswith("/context")]
        assert {request.url.path.split("/")[4] for request in asked} == set(written[:3])

    def test_a_busy_server_is_not_asked_around(self, fake: FakeMastodon) -> None:
        top = fake.write("carla", "Chi ha la console?", tells_us=False)
        status_id = fake.write("anna", "@bottegablu la avete?", reply_to=top)
        fake.odd[f"GET /api/v1/statuses/{status_id}/context"] = httpx.Response(429, json={})
        with pytest.raises(PlatformBusy):
            fetch(fake)

    def test_what_is_beyond_all_measure_is_cut_or_left_out(self, fake: FakeMastodon) -> None:
        sound = fake.shown(fake.statuses[fake.write("bruno", "dove?", tells_us=False)])
        odd = {"favourites_count": 10**30, "created_at": "0001-01-01T00:00:00+14:00"}
        fake.notify(raw={"status": {**sound, **odd}})
        comment = only(fake)
        assert (comment.likes, comment.written_at) == (2**63 - 1, None)

    def test_nonsense_is_skipped_and_the_rest_is_read(self, fake: FakeMastodon) -> None:
        fake.write("anna", "prima")
        sound = fake.shown(fake.statuses[fake.write("bruno", "dopo", tells_us=False)])
        odd: list[Any] = [
            {"status": None},
            {"status": "a status"},
            {"status": {**sound, "account": None}},
            {"status": {**sound, "account": {"id": "1"}}},
            {"status": {**sound, "id": None}},
            {"status": {**sound, "content": None}},
            {"status": {**sound, "visibility": 4}},
        ]
        numbers = [fake.notify(raw=raw) for raw in odd]
        fake.notify(raw="not even a notification")
        fake.write("carla", "ultima")
        pages = fetch(fake)
        assert [comment.text for comment in comments_of(pages)] == ["prima", "ultima"]
        skipped = [one for page in pages for one in page.skipped]
        assert [one.where for one in skipped] == [f"notification {n}" for n in numbers] + ["notification ?"]
        assert all(one.why and one.why == one.why.strip() for one in skipped)

    def test_what_is_odd_beside_the_words_is_left_out(self, fake: FakeMastodon) -> None:
        sound = fake.shown(fake.statuses[fake.write("bruno", "dove?", tells_us=False)])
        odd = {"favourites_count": "many", "media_attachments": [None, {"url": 4}], "language": 7, "url": None}
        odd |= {"created_at": "yesterday", "spoiler_text": None, "edited_at": False}
        fake.notify(raw={"status": {**sound, **odd, "account": {**sound["account"], "followers_count": -1}}})
        comment = only(fake)
        assert (comment.text, comment.likes, comment.attachments, comment.written_at) == ("dove?", None, (), None)
        assert (comment.author.followers, comment.warning) == (None, None)

    def test_what_is_no_mention_is_no_comment(self, fake: FakeMastodon) -> None:
        status = fake.shown(fake.statuses[fake.write("anna", "dove?", tells_us=False)])
        fake.notify(raw={"type": "favourite", "status": status})
        assert ids(fetch(fake)) == []

    def test_whoever_the_server_hides_as_unknown_is_read(self) -> None:
        fake = FakeMastodon(clock=Now())
        fake.write("stranger", "dove?", filtered=True)
        assert only(fake).author.handle == "stranger"


class TestFetching:
    def test_what_is_learned_of_the_server_comes_once(self, fake: FakeMastodon) -> None:
        fake.longest = 700
        fake.write("anna", "dove?")
        (facts,) = [page.facts for page in fetch(fake) if page.facts]
        assert [page.facts for page in connect(fake, facts=facts).fetch(None) if page.facts] == []
        assert connect(fake, facts=facts).limits.length == 700
        fake.longest = 800
        assert [page.facts for page in connect(fake, facts=facts).fetch(None) if page.facts] != []

    def test_an_empty_account_tells_what_was_learned(self, fake: FakeMastodon) -> None:
        (page,) = fetch(fake)
        assert page.comments == ()
        assert page.facts is not None
        assert list(connect(fake, facts=page.facts).fetch(page.bookmark)) == []

    def test_a_late_status_of_another_server_is_not_missed(self, fake: FakeMastodon) -> None:
        fake.write("anna", "dove?")
        (page,) = fetch(fake)
        late = fake.write("bruno@posta.example", "prima di lei", at=NOON - timedelta(days=2))
        assert ids(fetch(fake, page.bookmark)) == [late]

    def test_a_mention_that_another_has_overtaken_is_not_missed(self, fake: FakeMastodon) -> None:
        first, second = fake.write("anna", "uno"), fake.write("bruno", "due")
        reveal = fake.hold_back(fake.notifications[0].id)
        *_, last = fetch(fake)
        assert ids(fetch(fake, last.bookmark)) == []
        reveal()
        pages = fetch(fake, last.bookmark)
        assert ids(pages) == [first]
        third = fake.write("carla", "tre")
        assert ids(fetch(fake, pages[-1].bookmark)) == [third]
        assert second not in ids(pages)

    def test_one_is_overtaken_by_many_and_found_among_them(self, fake: FakeMastodon) -> None:
        for number in range(90):
            fake.write("anna", f"{number}")
        late = fake.notifications[85]
        reveal = fake.hold_back(late.id)
        *_, last = fetch(fake)
        reveal()
        pages = fetch(fake, last.bookmark)
        assert ids(pages) == [late.status]
        assert ids(fetch(fake, pages[-1].bookmark)) == []

    def test_what_was_read_long_ago_does_not_come_anew_when_later_ones_are_deleted(self, fake: FakeMastodon) -> None:
        written = [fake.write("anna", f"{number}") for number in range(90)]
        *_, last = fetch(fake)
        for status_id in written[60:65]:
            fake.delete(status_id)
        pages = fetch(fake, last.bookmark)
        assert ids(pages) == []
        assert {gone for page in pages for gone in page.deleted} == set(written[60:65])
        new = fake.write("anna", "nuovo")
        pages = fetch(fake, pages[-1].bookmark)
        assert ids(pages) == [new]
        assert [page.deleted for page in pages if page.deleted] == []

    def test_pages_that_lead_in_a_circle_end(self, fake: FakeMastodon) -> None:
        status_id = fake.write("anna", "dove?")
        shown, turns = fake.shown(fake.statuses[status_id]), itertools.count()

        def around(request: httpx.Request) -> httpx.Response:
            if not request.url.path.endswith(("/notifications", f"/accounts/{fake.us}/statuses")):
                return fake.handle(request)
            place, base = next(turns) % 2, request.url.copy_with(query=None)
            links = f'<{base}?min_id={place}>; rel="prev", <{base}?max_id={place}>; rel="next"'
            item = {"id": "1", "type": "mention", "status": shown} if "notifications" in str(base) else shown
            return httpx.Response(200, json=[item], headers={"link": links})

        platform = connect(fake, handle=around)
        with pytest.raises(PlatformFailed, match="circle"):
            list(platform.fetch(None))
        with pytest.raises(PlatformFailed, match="circle"):
            platform.find(Outgoing("k1", "Buongiorno.", (status_id,), None, False, NOON))

    @pytest.mark.parametrize("path", ["/notifications", "/accounts/1000/statuses"])
    def test_a_list_that_is_none_fails_the_fetch(self, fake: FakeMastodon, path: str) -> None:
        fake.write("anna", "dove?")
        fake.odd[f"GET /api/v1{path}"] = httpx.Response(200, json={"error": "temporarily unavailable"})
        with pytest.raises(PlatformFailed, match="no list"):
            fetch(fake)

    def test_a_first_fetch_reads_all_mentions_and_what_we_wrote_since_then(self, fake: FakeMastodon) -> None:
        old = NOON - timedelta(days=30)
        first = fake.write("anna", "dove?", at=old)
        for number in range(90):
            fake.write("bottegablu", f"{number}", at=old, tells_us=False)
        answer = fake.write("bottegablu", "qui", reply_to=first, at=NOON, tells_us=False)
        pages = fetch(fake)
        assert ids(pages) == [first]
        ours = [one.native_id for page in pages for one in page.comments if one.own]
        assert ours[-1] == answer
        assert len(ours) == 40

    def test_the_conversations_of_what_is_long_over_are_not_asked_for(self, fake: FakeMastodon) -> None:
        top = fake.write("carla", "Chi ha la console?", tells_us=False, at=NOON - timedelta(days=31))
        fake.write("anna", "@bottegablu la avete?", reply_to=top, at=NOON - timedelta(days=30))
        assert only(fake).thread == Thread(top)
        assert not any(request.url.path.endswith("/context") for request in fake.requests)

    def test_a_mention_that_falls_out_of_the_latest_page_is_not_gone(self, fake: FakeMastodon) -> None:
        fake.write("anna", "dove?")
        *_, last = fetch(fake)
        for number in range(85):
            fake.write(f"person{number}", "anche io")
        pages = fetch(fake, last.bookmark)
        assert len(ids(pages)) == 85
        assert [page.deleted for page in pages if page.deleted] == []

    @pytest.mark.parametrize("missing", ["read:notifications", "read:statuses", "read:accounts"])
    def test_a_right_that_lacks_is_named(self, missing: str) -> None:
        fake = FakeMastodon(clock=Now())
        scopes = {"read:accounts", "read:notifications", "read:statuses", "write:statuses"} - {missing}
        fake.tokens[TOKEN] = (fake.us, tuple(scopes))
        fake.write("anna", "dove?")
        with pytest.raises(TokenRefused, match=r"fediverse: .* make one with the scopes .*write:statuses"):
            fetch(fake)

    @given(st.data())
    @settings(max_examples=40, deadline=None)
    def test_every_mention_comes_once_however_a_fetch_is_cut_and_what_is_written_meanwhile(
        self, data: st.DataObject
    ) -> None:
        fake = FakeMastodon(data.draw(st.sampled_from(get_args(Software))), clock=Now(), allowed=100_000)
        written = 0

        def more(most: int) -> None:
            nonlocal written
            for _ in range(data.draw(st.integers(0, most))):
                fake.write("anna", f"{written}")
                written += 1

        bookmark: str | None = None
        seen: list[str] = []
        more(170)
        for _ in range(data.draw(st.integers(1, 4))):
            for page in connect(fake).fetch(bookmark):
                seen += [comment.text for comment in page.comments if not comment.own]
                bookmark = page.bookmark
                more(90)
                if data.draw(st.integers(0, 2)) == 0:
                    break
        for page in connect(fake).fetch(bookmark):
            seen += [comment.text for comment in page.comments if not comment.own]
        assert seen == [f"{number}" for number in range(written)]


class TestLength:
    links = st.sampled_from(
        ["https://a.it", "http://bottegablu.it/aiuto/", "https://x.travel/y", "https://a.it:80/b", "gemini://a.it/x",
         "https://foo.invalid/abcdefghijklmnopqrstuvwxyz", "https://localhost/abcdefghijklmnopqrstuvwxyz",
         "https://it.wikipedia.org/wiki/Blu_(colore)", "https://a.it/x?y=1&z=(2)#q.", "https://münchen.de/x",
         "ftp://a.it/x", "https://a..it/abcdefghijklmnopqrstuvwxyz", "https://-a.it/abcdefghijklmnopqrstuvwxyz"]
    )  # fmt: skip
    people = st.sampled_from(
        [
            "@anna",
            "@anna@posta.example",
            "@a.b-c@posta.example.",
            "@anna@posta",
            "@@anna@posta.example",
            "@an.@posta.it",
        ]
    )
    bits = st.text(
        st.sampled_from("aZ0è 　\n\t@/:.,;?!&#=()[]<>'\"«»-_~+%$*|^`{}\\＠👩‍é\u0301\u200d\u202e"), max_size=4
    )
    texts = st.lists(st.one_of(links, people, bits, st.text(max_size=3)), max_size=8).map("".join)

    @given(texts)
    @settings(max_examples=200, deadline=None)
    def test_it_is_never_less_than_the_server_counts(self, text: str) -> None:
        assert Counted(23)(text) >= wording.length(text, "", "mastodon")
        for software in get_args(Software):
            assert CountedAtMost(23)(text) >= wording.length(text, "", software)

    @pytest.mark.parametrize(
        ("text", "length"),
        [
            ("https://bottegablu.it/" + "a" * 90, 23),
            ("Vedi https://bottegablu.it/aiuto.", 5 + 23 + 1),
            ("(https://bottegablu.it/aiuto)", 25),
            ("https://bottegablu.invalid/" + "a" * 30, 57 + 2),
            ("ciao @anna@posta.example!", 11),
            ("👨‍👩‍👧‍👦", 1),
        ],
    )
    def test_what_is_surely_a_link_or_somebody_elsewhere_counts_less(self, text: str, length: int) -> None:
        assert Counted(23)(text) == length

    def test_before_the_first_fetch_the_longest_way_to_count_holds(self) -> None:
        limits = connect(FakeMastodon()).limits
        assert (limits.length, limits.measure("https://bottegablu.it/" + "a" * 90)) == (500, 112)

    def test_a_content_warning_counts(self) -> None:
        fake = FakeMastodon(clock=Now())
        status_id = fake.write("anna", "dove?", warning="sangue")
        platform = connect(fake, facts=facts_of(fake))
        room = platform.limits.beside("sangue").length
        assert room == 494
        outgoing = Outgoing("k1", "è" * 495, (status_id,), None, False, NOON, warning="sangue")
        asked = len(fake.requests)
        with pytest.raises(PlatformFailed, match="takes 500 characters; this has 501"):
            platform.post(outgoing)
        assert len(fake.requests) == asked
        platform.post(replace(outgoing, text="è" * 494))
        (posted,) = fake.posted()
        assert posted.warning == "sangue"


class TestPosting:
    def shop(self, fake: FakeMastodon, *visibilities: str) -> tuple[str, list[str]]:
        post = fake.write("bottegablu", "Le console sono qui.", tells_us=False)
        written = [
            fake.write(f"person{number}", "dove?", visibility=visibility, reply_to=post)
            for number, visibility in enumerate(visibilities)
        ]
        return post, written

    @pytest.mark.parametrize(
        ("answered", "answer"),
        [
            (("public",), "public"),
            (("unlisted",), "unlisted"),
            (("private",), "private"),
            (("public", "unlisted"), "unlisted"),
            (("private", "public", "unlisted"), "private"),
            (("public", "local"), "direct"),
        ],
    )
    def test_a_reply_is_as_narrow_as_the_narrowest_it_answers(
        self, fake: FakeMastodon, answered: tuple[str, ...], answer: str
    ) -> None:
        post, written = self.shop(fake, *answered)
        connect(fake).post(Outgoing("k1", "Buongiorno a tutti.", tuple(written), post, False, NOON))
        assert [status.visibility for status in fake.posted() if status.id != post] == [answer]

    def test_one_is_answered_where_they_wrote_and_many_at_the_head_of_their_conversation(
        self, fake: FakeMastodon
    ) -> None:
        post, written = self.shop(fake, "public", "public")
        platform = connect(fake)
        platform.post(Outgoing("k1", "Buongiorno.", (written[1],), post, False, NOON))
        platform.post(Outgoing("k2", "Buongiorno a tutti.", tuple(written), post, False, NOON))
        assert [status.parent for status in fake.posted() if status.id != post] == [written[1], post]

    def test_many_whose_conversation_lost_its_head_are_answered_below(self, fake: FakeMastodon) -> None:
        post, written = self.shop(fake, "public", "public", "public")
        fake.delete(post)
        fake.delete(written[0])
        outgoing = Outgoing("k1", "Buongiorno a tutti.", tuple(written), post, False, NOON)
        posted = connect(fake).post(outgoing)
        assert [status.parent for status in fake.posted()] == [written[1]]
        assert connect(fake).find(outgoing) == posted

    def test_the_key_goes_with_it_and_keeps_it_from_being_posted_twice(self) -> None:
        fake = FakeMastodon(clock=(now := Now()))
        post, (status_id,) = self.shop(fake, "public")
        platform = connect(fake, facts=facts_of(fake))
        outgoing = Outgoing("k1", "Buongiorno.", (status_id,), post, False, NOON)
        first = platform.post(outgoing)
        now.moment += platform.limits.key_protects
        assert platform.post(outgoing) == first
        assert len(fake.posted()) == 2
        now.moment += timedelta(hours=1)
        assert platform.post(outgoing) != first

    def test_its_kin_promise_nothing_so_nothing_is_relied_on(self, fake: FakeMastodon) -> None:
        limits = connect(fake, facts=facts_of(fake)).limits
        relied = (limits.key_protects > timedelta(0), limits.listing_trustworthy)
        assert relied == ((True, True) if fake.software == "mastodon" else (False, False))
        unknown = connect(fake).limits
        assert (unknown.key_protects, unknown.listing_trustworthy) == (timedelta(0), False)

    def test_an_answer_that_shows_no_status_leaves_the_reply_unsure(self) -> None:
        fake = FakeMastodon("gotosocial", clock=Now())
        post, (status_id,) = self.shop(fake, "public")
        outgoing = Outgoing("k1", "Buongiorno.", (status_id,), post, False, NOON)
        posted = connect(fake).post(outgoing)
        with pytest.raises(AnswerLost):
            connect(fake).post(outgoing)
        assert connect(fake).find(outgoing) == posted

    def test_a_server_that_takes_less_than_it_said_refuses_for_good(self, fake: FakeMastodon) -> None:
        post, (status_id,) = self.shop(fake, "public")
        platform = connect(fake, max_length=900)
        with pytest.raises(PlatformFailed, match="limit of 500 exceeded"):
            platform.post(Outgoing("k1", "è" * 600, (status_id,), post, False, NOON))

    def test_a_token_that_may_not_write_is_told_which_right_it_lacks(self) -> None:
        fake = FakeMastodon(clock=Now())
        post, (status_id,) = self.shop(fake, "public")
        fake.tokens[TOKEN] = (fake.us, ("read",))
        with pytest.raises(TokenRefused, match="write:statuses"):
            connect(fake).post(Outgoing("k1", "Buongiorno.", (status_id,), post, False, NOON))

    def test_a_reply_is_found_as_the_server_shows_it(self, fake: FakeMastodon) -> None:
        fake.person("bruno@posta.example")
        post, (status_id,) = self.shop(fake, "public")
        text = (
            "@person0 @bruno@posta.example @nobody@nowhere.example buongiorno <a> & b:\n\n"
            "  vedi https://www.bottegablu.it/aiuto/spedizioni/console?ordine=4711&x=2 e #aiuto 👨‍👩‍👧"
        )
        outgoing = Outgoing("k1", text, (status_id,), post, False, NOON)
        posted = connect(fake).post(outgoing)
        assert connect(fake).find(outgoing) == posted
        assert connect(fake).find(replace(outgoing, to=(post,), thread=None)) is None

    def test_the_same_words_said_long_before_are_another_reply(self, fake: FakeMastodon) -> None:
        post, (status_id,) = self.shop(fake, "public")
        fake.write("bottegablu", "Buongiorno.", reply_to=status_id, at=NOON - timedelta(days=2), tells_us=False)
        assert connect(fake).find(Outgoing("k1", "Buongiorno.", (status_id,), post, False, NOON)) is None

    def test_the_same_words_in_another_reply_of_ours_are_not_this_one(self, fake: FakeMastodon) -> None:
        post, (status_id,) = self.shop(fake, "public")
        outgoing = Outgoing("k1", "Buongiorno.", (status_id,), post, False, NOON)
        first = connect(fake).post(outgoing)
        other = replace(outgoing, key="k2", not_these=frozenset({first.native_id}))
        assert connect(fake).find(other) is None
        second = connect(fake).post(other)
        assert connect(fake).find(other) == second

    @pytest.mark.parametrize("hours", [1, 23])
    def test_a_reply_is_found_on_a_server_whose_clock_is_behind_ours(self, fake: FakeMastodon, hours: int) -> None:
        post, (status_id,) = self.shop(fake, "public")
        outgoing = Outgoing("k1", "Buongiorno.", (status_id,), post, False, NOON + timedelta(hours=hours))
        posted = connect(fake).post(outgoing)
        assert connect(fake).find(outgoing) == posted

    def test_a_reply_whose_parent_is_gone_is_found(self, fake: FakeMastodon) -> None:
        post, (status_id,) = self.shop(fake, "public")
        outgoing = Outgoing("k1", "Buongiorno.", (status_id,), post, False, NOON)
        posted = connect(fake).post(outgoing)
        fake.delete(status_id)
        assert connect(fake).find(outgoing) == posted

    def test_what_we_wrote_and_cannot_read_may_be_the_reply(self, fake: FakeMastodon) -> None:
        post, (status_id,) = self.shop(fake, "public")
        outgoing = Outgoing("k1", "Buongiorno.", (status_id,), post, False, NOON)
        listing = f"GET /api/v1/accounts/{fake.us}/statuses"
        sound = fake.shown(fake.statuses[post])
        fake.odd[listing] = httpx.Response(200, json=[{**sound, "content": None}])
        with pytest.raises(PlatformFailed, match="cannot be read"):
            connect(fake).find(outgoing)
        old = {"created_at": "2020-01-01T00:00:00Z"}
        fake.odd[listing] = httpx.Response(200, json=[{**sound, **old, "content": None}])
        assert connect(fake).find(outgoing) is None
        posted = fake.shown(fake.statuses[connect(fake).post(outgoing).native_id])
        fake.odd[listing] = httpx.Response(200, json=[{**sound, "content": None}, posted])
        assert connect(fake).find(outgoing) is not None
        fake.odd[listing] = httpx.Response(200, json={"error": "temporarily unavailable"})
        with pytest.raises(PlatformFailed, match="no list"):
            connect(fake).find(outgoing)

    def test_a_server_in_trouble_before_anything_was_sent_leaves_the_reply_as_it_is(self, fake: FakeMastodon) -> None:
        post, (status_id,) = self.shop(fake, "public")
        platform, outgoing = connect(fake), Outgoing("k1", "Buongiorno.", (status_id,), post, False, NOON)
        fake.fault("fail", "GET", "/api/v1/statuses", times=3)
        with pytest.raises(PlatformBusy, match="nothing was sent"):
            platform.post(outgoing)
        assert len(fake.posted()) == 1
        fake.delete(status_id)
        with pytest.raises(PlatformFailed, match="is gone"):
            platform.post(outgoing)

    def test_a_reply_is_found_behind_much_that_we_wrote_since(self, fake: FakeMastodon) -> None:
        post, (status_id,) = self.shop(fake, "direct")
        outgoing = Outgoing("k1", "Buongiorno.", (status_id,), post, True, NOON)
        posted = connect(fake).post(outgoing)
        for number in range(95):
            fake.write("bottegablu", f"{number}", tells_us=False)
        assert connect(fake).find(outgoing) == posted

    def test_a_retracted_reply_is_gone_and_may_be_retracted_again(self, fake: FakeMastodon) -> None:
        post, (status_id,) = self.shop(fake, "public")
        platform = connect(fake)
        posted = platform.post(Outgoing("k1", "Buongiorno.", (status_id,), post, False, NOON))
        platform.retract(posted.native_id)
        assert [status.id for status in fake.posted()] == [post]
        platform.retract(posted.native_id)

    @pytest.mark.parametrize("visibility", ["public", "direct"])
    def test_a_reply_of_another_account_is_not_taken_for_gone(self, fake: FakeMastodon, visibility: str) -> None:
        post, (status_id,) = self.shop(fake, visibility)
        platform = connect(fake, facts=facts_of(fake))
        posted = platform.post(Outgoing("k1", "Buongiorno.", (status_id,), post, visibility == "direct", NOON))
        fake.tokens[TOKEN] = (fake.person("altra").id, ("read", "write"))
        with pytest.raises(PlatformFailed, match="another account"):
            platform.retract(posted.native_id)

    def test_a_reply_that_is_still_to_be_seen_is_not_gone(self, fake: FakeMastodon) -> None:
        post, (status_id,) = self.shop(fake, "public")
        platform = connect(fake)
        posted = platform.post(Outgoing("k1", "Buongiorno.", (status_id,), post, False, NOON))
        fake.odd[f"DELETE /api/v1/statuses/{posted.native_id}"] = httpx.Response(404, json={})
        with pytest.raises(PlatformFailed, match="still there"):
            platform.retract(posted.native_id)


class TestLooking:
    def test_many_are_asked_for_at_once_where_the_server_can(self) -> None:
        fake = FakeMastodon(clock=Now())
        written = [fake.write("anna", f"{number}") for number in range(45)]
        platform = connect(fake, facts=facts_of(fake))
        asked = len(fake.requests)
        fake.delete(written[7])
        looked = platform.look(written)
        assert (looked.gone, len(looked.edited)) == ({written[7]}, 44)
        assert len(fake.requests) - asked == 3 + 1

    def test_what_we_are_no_longer_let_see_is_gone(self, fake: FakeMastodon) -> None:
        status_id = fake.write("anna", "dove?", visibility="private")
        fake.statuses[status_id].mentions.clear()
        assert connect(fake).look([status_id]).gone == {status_id}

    def test_no_more_is_asked_one_by_one_than_the_server_lets_us(self) -> None:
        fake = FakeMastodon("gotosocial", clock=Now())
        written = [fake.write("anna", f"{number}") for number in range(320)]
        fake.delete(written[3])
        platform = connect(fake, facts=facts_of(fake))
        looked = platform.look(written)
        assert looked.gone == {written[3]}
        assert 270 < len(looked.edited) < 300
        assert platform.look(written[:1]).edited
        fake.window = None
        with pytest.raises(PlatformBusy, match="one by one"):
            platform.post(Outgoing("k1", "Buongiorno a tutti.", tuple(written), None, False, NOON))
        assert fake.posted() == []

    def test_latest_mentions_that_are_not_asked_for_are_not_gone(self) -> None:
        fake = FakeMastodon("gotosocial", clock=Now())
        for number in range(60):
            fake.write("anna", f"{number}")
        *_, last = fetch(fake)
        fake.odd["GET /api/v1/notifications"] = httpx.Response(200, json=[])
        fake.allowed = 45
        fake.window = None
        assert [page.deleted for page in connect(fake).fetch(last.bookmark) if page.deleted] == []

    def test_a_server_in_trouble_says_nothing_of_what_is_gone(self, fake: FakeMastodon) -> None:
        status_id = fake.write("anna", "dove?")
        fake.fault("fail", "GET", times=10)
        with pytest.raises(PlatformFailed):
            connect(fake).look([status_id])


class TestChecking:
    def test_a_server_that_does_not_say_who_we_are_is_asked_nothing_more(self, fake: FakeMastodon) -> None:
        def handle(request: httpx.Request) -> httpx.Response:
            nameless = request.url.path.endswith("verify_credentials")
            return httpx.Response(200, json={"id": None}) if nameless else fake.handle(request)

        with pytest.raises(PlatformFailed, match="does not say who we are"):
            connect(fake, handle=handle).check()

    def test_it_says_who_we_are_and_what_is_left(self) -> None:
        fake = FakeMastodon(clock=Now())
        checked = connect(fake).check()
        assert (checked.handle, checked.name, checked.software) == ("bottegablu", "Bottega Blu", "Mastodon 4.5.2")
        assert (checked.scopes, checked.missing) == (("read", "write"), ())
        assert checked.requests_left == 299
        assert checked.left_until == NOON + timedelta(minutes=5)
        assert len(checked.remarks) == 1

    def test_its_kin_are_told_apart(self, fake: FakeMastodon) -> None:
        names = {"mastodon": "Mastodon", "gotosocial": "GoToSocial", "pleroma": "Pleroma"}
        checked = connect(fake).check()
        assert (checked.software or "").startswith(names[fake.software])
        assert checked.left_until == NOON + timedelta(minutes=5)

    @pytest.mark.parametrize(
        ("version", "relied"),
        [
            ("4.5.2", True),
            ("4.4.0rc1", True),
            ("4.4.0-beta.2", True),
            ("4.5.0-nightly.2025-07-10-security", True),
            ("4.3.0-alpha.3+glitch", True),
            ("4.2.10+hometown-1.1.1", True),
            ("4.0.0 (not true; really snac/2.60)", False),
            ("4.2.1 (compatible; Iceshrimp 2023.12)", False),
            ("3.5.3+0.19.1-git-1a2b3c4", False),
            ("4.2.0 like Mastodon", False),
            ("4.2.0-snac", False),
            ("4", False),
            ("", False),
        ],
    )
    def test_only_what_is_surely_mastodon_is_relied_on_as_mastodon(self, version: str, relied: bool) -> None:
        fake = FakeMastodon(clock=Now(), version=version or " ")
        limits = connect(fake, facts=facts_of(fake)).limits
        assert (limits.key_protects > timedelta(0), limits.listing_trustworthy) == (relied, relied)

    def test_a_number_of_requests_without_end_is_none(self, fake: FakeMastodon) -> None:
        def boast(request: httpx.Request) -> httpx.Response:
            answer = fake.handle(request)
            answer.headers["X-RateLimit-Remaining"] = "9" * 5000
            return answer

        assert connect(fake, handle=boast).check().requests_left is None

    def test_rights_that_lack_are_named(self) -> None:
        fake = FakeMastodon(clock=Now())
        fake.tokens[TOKEN] = (fake.us, ("read:accounts", "read:statuses"))
        checked = connect(fake).check()
        assert checked.missing == ("read:notifications", "write:statuses")
        assert checked.remarks == (
            "To mute, block, report or like somebody it would need write:mutes write:blocks write:reports "
            "write:favourites, too.",
            "To search for words of the policy's [[watch]] it would need read:search, too.",
        )


class TestSettings:
    @pytest.mark.parametrize(
        ("url", "kept"),
        [
            ("https://social.example", "https://social.example"),
            (" https://social.example/ ", "https://social.example"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://localhost:3000/", "http://localhost:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
        ],
    )
    def test_a_server_is_named_by_its_address(self, url: str, kept: str) -> None:
        assert MastodonSettings(url=url, token={"env": VARIABLE}).url == kept

    @pytest.mark.parametrize(
        "url",
        ["social.example", "http://social.example", "https://social.example/@us", "https://u:p@social.example",
         "https://social.example?x=1", "ftp://social.example", "https://", "https://[", "http://127.0.0.1.evil.example"],
    )  # fmt: skip
    def test_what_is_no_server_does_not_load(self, url: str) -> None:
        with pytest.raises(ValidationError, match="must be"):
            MastodonSettings(url=url, token={"env": VARIABLE})

    def test_a_token_in_the_file_does_not_load(self) -> None:
        with pytest.raises(ValidationError, match="a secret does not belong into this file"):
            MastodonSettings(url="https://social.example", token="abc")

    def test_a_token_that_is_nowhere_is_asked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(VARIABLE)
        with pytest.raises(TokenRefused, match=r"accounts\.fediverse\.token: .*CARETOOL_MASTODON_TOKEN is not set"):
            fetch(FakeMastodon())

    def test_limits_come_from_what_was_learned_without_asking(self) -> None:
        fake = FakeMastodon(longest=5000)
        facts = facts_of(fake)
        asked = len(fake.requests)
        limits = connect(fake, facts=facts).limits
        assert (limits.length, limits.together, limits.mention_needed, limits.private_replies) == (
            5000, "mentions", True, True
        )  # fmt: skip
        assert limits == replace(limits)
        assert connect(fake, facts=facts, max_length=300).limits.length == 300
        assert len(fake.requests) == asked

    @pytest.mark.parametrize("facts", ["", "{", "[]", '{"longest": "x"}', '{"sha256": 4}', "null"])
    def test_facts_of_another_platform_are_none(self, facts: str) -> None:
        assert connect(FakeMastodon(), facts=facts).limits == connect(FakeMastodon()).limits
