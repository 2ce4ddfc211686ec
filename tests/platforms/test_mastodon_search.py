"""What is a Mastodon server's own about searching it, beside what every connector keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import httpx
import pytest
import stamina

from caretool.domain.comment import Thread
from caretool.domain.watch import Watch
from caretool.errors import PlatformFailed, TokenRefused
from caretool.platforms.platform import Page
from tests.platforms.contract import NOON, comments_of, ids
from tests.platforms.fake_mastodon import TOKEN, FakeMastodon, Software
from tests.platforms.mastodon_harness import VARIABLE, Now, connect

WORDS = Watch("parcels", ("parcel",))
TAG = Watch("shop", ("#BottegaBlu",))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(VARIABLE, TOKEN)
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture(params=get_args(Software))
def fake(request: pytest.FixtureRequest) -> FakeMastodon:
    return FakeMastodon(software=request.param, clock=Now())


def search(fake: FakeMastodon, watch: Watch = WORDS, bookmark: str | None = None) -> list[Page]:
    return list(connect(fake).search(watch, bookmark))


def asked(fake: FakeMastodon) -> list[str]:
    """The searches since this was asked last."""
    paths = [request.url.path for request in fake.requests if "verify" not in request.url.path]
    fake.requests.clear()
    return [path for path in paths if "search" in path or "/tag/" in path]


class TestHashtags:
    def test_they_need_no_search_engine(self, fake: FakeMastodon) -> None:
        fake.write("anna", "My parcel from #bottegablu is here.", id="c0", tells_us=False)
        fake.write("bruno", "#bottegablubis", tells_us=False)
        pages = search(fake, TAG)
        assert ids(pages) == ["c0"]
        assert asked(fake)[0] == "/api/v1/timelines/tag/BottegaBlu"
        assert ids(search(fake, TAG, pages[-1].bookmark)) == []

    def test_every_page_is_read(self, fake: FakeMastodon) -> None:
        for number in range(95):
            fake.write("anna", f"#bottegablu {number}", at=NOON - timedelta(minutes=number), tells_us=False)
        assert len(set(ids(search(fake, TAG)))) == 95

    def test_pages_that_lead_in_a_circle_are_a_failure(self, fake: FakeMastodon) -> None:
        status = fake.shown(fake.statuses[fake.write("anna", "#bottegablu", tells_us=False)])
        link = {"Link": '<https://social.example/x?max_id=7>; rel="next"'}
        fake.odd["GET /api/v1/timelines/tag/BottegaBlu"] = httpx.Response(200, json=[status], headers=link)
        with pytest.raises(PlatformFailed, match="circle"):
            search(fake, TAG)


class TestFound:
    def test_what_is_found_stands_for_itself_or_under_what_it_answers(self, fake: FakeMastodon) -> None:
        post = fake.write("anna", "My parcel!", tells_us=False)
        answer = fake.write("bruno", "Which parcel?", reply_to=post, at=NOON + timedelta(minutes=1), tells_us=False)
        first, second = comments_of(search(fake))
        assert (first.native_id, first.form, first.thread and first.thread.text) == (post, "post", "My parcel!")
        assert (second.native_id, second.reply_to, second.thread) == (answer, post, Thread(post))

    def test_what_was_not_written_for_everybody_is_left_out(self, fake: FakeMastodon) -> None:
        for number, visibility in enumerate(("public", "unlisted", "private", "direct")):
            fake.write("anna", "@bottegablu my parcel", visibility=visibility, id=f"c{number}")
        assert sorted(ids(search(fake))) == ["c0", "c1"]

    def test_the_first_search_goes_back_as_far_as_the_account_and_the_next_as_far_as_the_first(
        self, fake: FakeMastodon
    ) -> None:
        now = fake.clock
        assert isinstance(now, Now)
        fake.write("anna", "parcel", id="old", at=NOON - timedelta(days=8), tells_us=False)
        watch = replace(WORDS, words=("lamp", "parcel"))
        *pages, last = search(fake, watch)
        assert ids([*pages, last]) == []
        fake.write("anna", "parcel", id="parcel", at=NOON + timedelta(hours=1), tells_us=False)
        fake.write("anna", "lamp", id="lamp", at=NOON + timedelta(hours=1), tells_us=False)
        now.moment += timedelta(days=20)
        assert sorted(ids(search(fake, watch, last.bookmark))) == ["lamp", "parcel"]

    def test_what_a_server_hears_of_late_is_found_all_the_same(self, fake: FakeMastodon) -> None:
        fake.write("anna", "parcel", id="first", at=NOON - timedelta(minutes=30), tells_us=False)
        fake.write("anna", "parcel", id="last", at=NOON, tells_us=False)
        *_, page = search(fake)
        fake.write("anna@far.example", "parcel", id="late", at=NOON - timedelta(minutes=5), tells_us=False)
        assert ids(search(fake, WORDS, page.bookmark)) == ["late"]

    def test_where_nothing_is_new_one_request_a_word_tells(self, fake: FakeMastodon) -> None:
        for number in range(50):
            fake.write("anna", "parcel", at=NOON - timedelta(hours=number), tells_us=False)
        *_, last = search(fake)
        asked(fake)
        assert ids(search(fake, WORDS, last.bookmark)) == []
        assert len(asked(fake)) == 1

    def test_what_the_server_hides_from_us_ends_no_search(self, fake: FakeMastodon) -> None:
        fake.muted.add(fake.person("muted").id)
        for number in range(60):
            who = "muted" if number % 2 else "anna"
            fake.write(who, f"parcel {number}", at=NOON - timedelta(minutes=number), tells_us=False)
        assert len(set(ids(search(fake)))) == 30

    def test_words_are_words_and_no_instruction_to_the_search(self, fake: FakeMastodon) -> None:
        fake.write("anna", "all of it from:me", id="c0", tells_us=False)
        fake.write("bottegablu", "my parcel", tells_us=False)
        assert ids(search(fake, Watch("odd", ('from:me"',)))) == ["c0"]

    def test_a_status_that_makes_no_sense_is_told_and_the_others_come(self, fake: FakeMastodon) -> None:
        status = fake.shown(fake.statuses[fake.write("anna", "parcel", id="c0", tells_us=False)])
        found = [status, {"id": "odd"}, {**status, "id": "undated", "created_at": "soon"}]
        fake.odd["GET /api/v2/search"] = httpx.Response(200, json={"statuses": found})
        pages = search(fake)
        assert ids(pages) == ["c0"]
        assert [skipped.where for page in pages for skipped in page.skipped] == ["status odd", "status undated"]


class TestTrouble:
    def test_a_server_that_knows_no_next_page_has_one(self, fake: FakeMastodon) -> None:
        status = fake.shown(fake.statuses[fake.write("anna", "parcel", id="c0", tells_us=False)])
        fake.odd["GET /api/v2/search"] = httpx.Response(200, json={"statuses": [status]})
        assert ids(search(fake)) == ["c0"]

    @pytest.mark.parametrize("answer", [[], {}, {"statuses": None}, {"error": "x"}])
    def test_an_answer_that_is_none_is_never_taken_for_nothing(self, fake: FakeMastodon, answer: object) -> None:
        fake.odd["GET /api/v2/search"] = httpx.Response(200, json=answer)
        with pytest.raises(PlatformFailed):
            search(fake)

    def test_a_token_that_may_not_search_is_told_the_scope(self, fake: FakeMastodon) -> None:
        fake.tokens[TOKEN] = (fake.us, ("read:accounts", "read:notifications", "read:statuses"))
        with pytest.raises(TokenRefused, match="read:search"):
            search(fake)

    def test_a_fetch_before_tells_who_we_are(self, fake: FakeMastodon) -> None:
        platform = connect(fake)
        list(platform.fetch(None))
        fake.requests.clear()
        list(platform.search(WORDS, None))
        assert {request.url.path for request in fake.requests} == {"/api/v2/search"}
