"""What the wordpress connector reads, in WordPress's own ways (docs/platforms/wordpress.md)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import stamina
from pydantic import ValidationError

from caretool.domain.comment import Incoming
from caretool.errors import PlatformFailed, TokenRefused
from caretool.platforms.platform import Looked, Page
from caretool.platforms.wordpress import fetch
from caretool.platforms.wordpress.connector import WordPressSettings
from caretool.secrets import Secret
from tests.platforms.contract import NOON, reply
from tests.platforms.fake_wordpress import ME, PASSWORD, POST, SITE, WordPressError
from tests.platforms.wordpress_harness import VARIABLE, WordPressHarness

MINUTE = timedelta(minutes=1)
FIRST, LAST = "0001-01-01T00:00:00", "9999-12-31T23:59:59"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture
def harness() -> WordPressHarness:
    return WordPressHarness()


def comments(pages: list[Page]) -> list[Incoming]:
    return [one for page in pages for one in page.comments]


def numbers(pages: list[Page]) -> list[int]:
    return [int(one.native_id) for one in comments(pages)]


def fetched(harness: WordPressHarness, bookmark: str | None = None, **keys: Any) -> list[Page]:
    return list(harness.connection(**keys).fetch(bookmark))


class TestWhoWrote:
    def test_a_guest_is_the_same_by_the_same_address_which_goes_nowhere(self, harness: WordPressHarness) -> None:
        harness.fake.write("uno", name="Anna", email="Anna@posta.example")
        harness.fake.write("due", name="Anna R.", email="anna@posta.example ")
        harness.fake.write("tre", name="Anna", email="anna@altra.example")
        first, second, third = comments(fetched(harness))
        assert first.author.handle == second.author.handle != third.author.handle
        assert (first.author.name, second.author.name) == ("Anna", "Anna R.")
        assert first.author.handle.startswith("guest-")
        assert "posta" not in repr(first)
        assert "192.0.2" not in repr(first)

    def test_the_same_guest_on_another_site_is_somebody_else(self, harness: WordPressHarness) -> None:
        harness.fake.write("uno", name="Anna", email="anna@posta.example")
        (here,) = comments(fetched(harness))
        (there,) = comments(fetched(harness, url="https://other.example"))
        assert here.author.handle != there.author.handle

    def test_guests_without_an_address_are_each_somebody_else(self, harness: WordPressHarness) -> None:
        first, second = harness.fake.write("uno", name="Anna"), harness.fake.write("due", name="Anna")
        handles = [one.author.handle for one in comments(fetched(harness))]
        assert handles == [f"unknown-{first}", f"unknown-{second}"]

    def test_addresses_of_machines_are_not_asked_for(self, harness: WordPressHarness) -> None:
        harness.fake.write("uno")
        fetched(harness)
        asked = [one.url.params["_fields"] for one in harness.wire.requests if "_fields" in one.url.params]
        assert asked
        assert not any("ip" in fields.split(",") or "user_agent" in fields for fields in asked)

    def test_a_name_is_read_as_it_was_typed(self, harness: WordPressHarness) -> None:
        harness.fake.write("uno", name="Rossi &amp; Figli &lt;3", user=31)
        (one,) = comments(fetched(harness))
        assert (one.author.handle, one.author.name) == ("user-31", "Rossi & Figli <3")

    def test_colleagues_count_as_ours(self, harness: WordPressHarness) -> None:
        harness.fake.write("uno", user=ME)
        harness.fake.write("due", user=3)
        harness.fake.write("tre", user=30)
        assert [one.own for one in comments(fetched(harness))] == [True, False, False]
        assert [one.own for one in comments(fetched(harness, staff=[3]))] == [True, True, False]


class TestWhatIsSaid:
    @pytest.mark.parametrize(
        ("stored", "read"),
        [
            ("a &lt; b &amp; <b>c</b> :)", "a < b & c :)"),
            ("uno\r\ndue\n\ntre", "uno\ndue\n\ntre"),
            ('"tra" -- virgolette...', '"tra" -- virgolette...'),
            ("<script>alert(1)</script>ciao", "ciao"),
            ("I <3 you", "I <3 you"),
            ("&#x1f4e6; pacco", "📦 pacco"),
            ('vedi <a href="https://x.example">qui</a>', "vedi qui"),
        ],
    )
    def test_its_words_are_those_that_were_typed(self, harness: WordPressHarness, stored: str, read: str) -> None:
        harness.fake.write(stored)
        assert [one.text for one in comments(fetched(harness))] == [read]

    def test_its_thread_is_the_post_by_its_title(self, harness: WordPressHarness) -> None:
        harness.fake.posts[POST]["title"]["rendered"] = "Offerte &#8220;d&#8217;autunno&#8221; &amp; altro"
        harness.fake.write("uno")
        (one,) = comments(fetched(harness))
        assert one.thread is not None
        assert (one.thread.native_id, one.thread.text) == (str(POST), "Offerte “d’autunno” & altro")
        assert one.thread.url == f"{SITE}/{POST}/"
        assert one.url == f"{SITE}/{POST}/#comment-{one.native_id}"

    def test_what_it_answers_comes_with_it(self, harness: WordPressHarness) -> None:
        first = harness.fake.write("uno")
        harness.fake.write("due", parent=first)
        assert [one.reply_to for one in comments(fetched(harness))] == [None, str(first)]

    def test_times_are_those_of_greenwich(self, harness: WordPressHarness) -> None:
        harness.fake.write("uno", at=NOON)
        (one,) = comments(fetched(harness))
        assert one.written_at == NOON

    @pytest.mark.parametrize(
        "published", [datetime(2026, 11, 20, 9, tzinfo=UTC), datetime(2026, 10, 20, 9, tzinfo=UTC)]
    )
    def test_a_post_that_will_be_closed_says_until_when(self, harness: WordPressHarness, published: datetime) -> None:
        harness.fake.publish(POST, "Offerte", published)
        harness.fake.write("uno")
        harness.fake.write("due", user=ME)
        assert [one.closes_at for one in comments(fetched(harness))] == [None, None]
        told = [one.closes_at for one in comments(fetched(harness, closes_after_days=14))]
        late = published + timedelta(days=14)
        assert told[0] is not None
        assert late - timedelta(hours=2) <= told[0] <= late
        assert told[1] is None

    def test_a_page_is_never_closed_for_its_age(self, harness: WordPressHarness) -> None:
        harness.fake.publish(POST, "Chi siamo", NOON, type="page")
        harness.fake.write("uno")
        assert [one.closes_at for one in comments(fetched(harness, closes_after_days=14))] == [None]


class TestWhatIsHeldBack:
    def test_what_waits_for_a_moderator_is_private_until_it_is_approved(self, harness: WordPressHarness) -> None:
        number = harness.fake.write("uno", status="hold")
        pages = fetched(harness)
        assert [one.private for one in comments(pages)] == [True]
        harness.fake.comments[number].status = "approved"
        assert [one.private for one in comments(fetched(harness, pages[-1].bookmark))] == [False]

    def test_where_an_answer_approves_it_is_as_public_as_any(self, harness: WordPressHarness) -> None:
        harness.fake.write("uno", status="hold")
        assert [one.private for one in comments(fetched(harness, approve_on_reply=True))] == [False]

    def test_spam_and_trash_are_not_fetched(self, harness: WordPressHarness) -> None:
        for status in ("spam", "trash", "post-trashed"):
            harness.fake.write("uno", status=status)
        assert numbers(fetched(harness)) == []

    def test_spam_comes_where_it_is_wanted_and_is_private_whatever_is_said(self, harness: WordPressHarness) -> None:
        harness.fake.write("uno", status="spam")
        found = comments(fetched(harness, spam=True, approve_on_reply=True))
        assert [one.private for one in found] == [True]

    def test_what_becomes_spam_is_gone_or_stays_where_spam_is_wanted(self, harness: WordPressHarness) -> None:
        number = harness.fake.write("uno")
        plain, wanted = fetched(harness), fetched(harness, spam=True)
        harness.fake.comments[number].status = "spam"
        assert [one for page in fetched(harness, plain[-1].bookmark) for one in page.deleted] == [str(number)]
        later = fetched(harness, wanted[-1].bookmark, spam=True)
        assert [one for page in later for one in page.deleted] == []
        assert {one.private for one in comments(later)} == {True}
        assert comments(fetched(harness, later[-1].bookmark, spam=True)) == []
        assert harness.connection().look([str(number)]).gone == {str(number)}
        assert harness.connection(spam=True).look([str(number)]).gone == frozenset()

    def test_what_comes_out_of_the_spam_folder_of_late_is_new(self, harness: WordPressHarness) -> None:
        number = harness.fake.write("uno", at=NOON - timedelta(hours=40), status="spam")
        harness.fake.write("due", at=NOON)
        pages = fetched(harness)
        harness.fake.comments[number].status = "approved"
        assert numbers(fetched(harness, pages[-1].bookmark)) == [number]

    def test_what_is_in_the_trash_is_gone(self, harness: WordPressHarness) -> None:
        number = harness.fake.write("uno")
        pages = fetched(harness)
        harness.fake.comments[number].status = "trash"
        assert harness.connection().look([str(number)]).gone == {str(number)}
        assert [one for page in fetched(harness, pages[-1].bookmark) for one in page.deleted] == [str(number)]


class TestPages:
    def write(self, harness: WordPressHarness, count: int, at: datetime = NOON) -> list[int]:
        return [harness.fake.write(f"numero {number}", at=at + number * MINUTE) for number in range(count)]

    def test_what_goes_while_pages_are_read_costs_none_of_the_others(self, harness: WordPressHarness) -> None:
        written = self.write(harness, 350)
        pages = harness.connection().fetch(None)
        first = next(pages)
        for number in (*written[5:25], written[99], written[100]):
            harness.fake.delete(number)
        assert numbers([first, *pages]) == [one for one in written if one != written[100]]

    def test_what_comes_while_pages_are_read_is_read(self, harness: WordPressHarness) -> None:
        written = self.write(harness, 150)
        pages = harness.connection().fetch(None)
        first = next(pages)
        written.append(harness.fake.write("ancora", at=NOON + 200 * MINUTE))
        assert numbers([first, *pages]) == written

    def test_comments_of_one_second_are_all_read(self, harness: WordPressHarness) -> None:
        written = [harness.fake.write(f"{number}", at=NOON) for number in range(250)]
        pages = fetched(harness)
        assert numbers(pages) == written
        written.append(harness.fake.write("ancora", at=NOON))
        assert numbers(fetched(harness, pages[-1].bookmark)) == written[-1:]

    def test_without_a_header_that_counts_them_all_are_read(self, harness: WordPressHarness) -> None:
        harness.fake.totals = False
        written = self.write(harness, 250)
        assert numbers(fetched(harness)) == written

    def test_in_the_hour_that_comes_twice_nothing_is_lost(self, harness: WordPressHarness) -> None:
        harness.now = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 2:45, for the first time
        harness.fake.write("uno")
        pages = fetched(harness, overlap_hours=3)
        harness.now = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 2:10
        number = harness.fake.write("due")
        assert numbers(fetched(harness, pages[-1].bookmark, overlap_hours=3)) == [number]

    def test_nor_is_it_on_a_site_that_is_busy_in_that_hour(
        self, harness: WordPressHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fetch, "_REMEMBERED", 2)
        harness.now = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)
        for minutes in (5, 0):
            harness.fake.write(f"{minutes}", at=harness.now - minutes * MINUTE)
        pages = fetched(harness)
        harness.now = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
        number = harness.fake.write("due")
        assert numbers(fetched(harness, pages[-1].bookmark)) == [number]

    @pytest.mark.parametrize("zone", ["Pacific/Honolulu", "Pacific/Kiritimati"])
    def test_a_site_far_away_from_greenwich_is_read_from_where_it_was_left(self, zone: str) -> None:
        harness = WordPressHarness()
        harness.fake.zone = ZoneInfo(zone)
        harness.fake.write("uno")
        pages = fetched(harness, overlap_hours=3)
        number = harness.fake.write("due", at=NOON + MINUTE)
        harness.now = NOON + 2 * MINUTE
        assert numbers(fetched(harness, pages[-1].bookmark, overlap_hours=3)) == [number]

    def test_a_site_that_moves_to_another_time_zone_loses_nothing(self, harness: WordPressHarness) -> None:
        harness.fake.write("uno")
        pages = fetched(harness)
        number = harness.fake.write("due", at=NOON + MINUTE)
        there = harness.fake._local
        harness.fake._local = lambda at: (  # type: ignore[method-assign]
            there(at) if at <= NOON + MINUTE and at > NOON - timedelta(days=1) else there(at) + timedelta(hours=8)
        )
        harness.now = NOON + 2 * MINUTE
        assert number in numbers(fetched(harness, pages[-1].bookmark))

    def test_an_account_without_since_asks_for_all_and_never_for_1970(self, harness: WordPressHarness) -> None:
        number = harness.fake.write("uno", at=datetime(1999, 1, 1, tzinfo=UTC))
        pages = fetched(harness, since=None)
        assert numbers(pages) == [number]
        assert numbers(fetched(harness, pages[-1].bookmark, since=None)) == []
        harness.fake.write("due", at=datetime(1970, 1, 1, 1, tzinfo=UTC))
        fetched(harness, '{"lists":{"all":{"at":18000,"seen":{}}}}', overlap_hours=3)

    def test_what_is_dated_in_the_future_holds_nothing_up(self, harness: WordPressHarness) -> None:
        harness.fake.write("uno", at=NOON + timedelta(days=900))
        pages = fetched(harness)
        number = harness.fake.write("due", at=NOON + MINUTE)
        harness.now = NOON + 2 * MINUTE
        assert numbers(fetched(harness, pages[-1].bookmark)) == [number]

    def test_a_site_that_is_silent_for_long_loses_nothing_at_the_end_of_it(self, harness: WordPressHarness) -> None:
        *_, last = fetched(harness)
        number = harness.fake.write("uno", at=NOON + MINUTE)
        harness.now = NOON + timedelta(days=300)
        assert numbers(fetched(harness, last.bookmark)) == [number]

    def test_a_busy_site_is_read_once_and_the_bookmark_stays_small(
        self, harness: WordPressHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fetch, "_REMEMBERED", 50)
        written = self.write(harness, 250)
        pages = fetched(harness)
        assert numbers(pages) == written
        assert max(len(json.loads(page.bookmark)["lists"]["all"]["seen"]) for page in pages) == 50
        assert numbers(fetched(harness, pages[-1].bookmark)) == []
        written.append(harness.fake.write("ancora", at=NOON + 300 * MINUTE))
        assert numbers(fetched(harness, pages[-1].bookmark)) == written[-1:]

    def test_a_list_that_says_nothing_new_for_ever_ends(self, harness: WordPressHarness) -> None:
        self.write(harness, 100)
        answer = harness.fake.handle

        def endless(request: httpx.Request) -> httpx.Response:
            response = answer(
                httpx.Request(request.method, request.url.copy_set_param("offset", "0"), headers=request.headers)
            )
            response.headers["x-wp-total"] = "999999999999"
            return response

        harness.wire.handle = endless
        assert len(numbers(fetched(harness))) == 100

    def test_a_list_that_is_never_the_same_is_given_up(self, harness: WordPressHarness) -> None:
        self.write(harness, 5)
        answer, later = harness.fake.handle, iter(range(10_000))

        def moving(request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/comments"):
                for one in harness.fake.comments.values():
                    one.at += timedelta(days=1)
                next(later)
                request = httpx.Request("GET", request.url.copy_set_param("offset", "0"), headers=request.headers)
            response = answer(request)
            response.headers["x-wp-total"] = "999999999999"
            return response

        harness.wire.handle = moving
        with pytest.raises(PlatformFailed, match="changes faster"):
            fetched(harness)
        assert next(later) < 1000


class TestOddAnswers:
    @pytest.mark.parametrize(
        "broken",
        [
            {"id": "x"}, {"id": 0}, {"id": True}, {"id": -4}, {"content": None}, {"content": {"raw": 4}},
            {"status": None}, {"status": 4},
        ],
    )  # fmt: skip
    def test_what_cannot_be_read_is_named_and_keeps_no_other_back(
        self, harness: WordPressHarness, broken: dict[str, object]
    ) -> None:
        harness.fake.write("uno")
        number = harness.fake.write("due", at=NOON + MINUTE)
        self.spoil(harness, lambda items: [items[0] | broken, *items[1:]])
        pages = fetched(harness)
        assert numbers(pages) == [number]
        assert len([one for page in pages for one in page.skipped]) == 1

    @pytest.mark.parametrize(
        "odd",
        [
            {"post": "x"}, {"post": 0}, {"parent": []}, {"author": "me"}, {"author_name": 4}, {"author_email": None},
            {"date_gmt": "0000-00-00T00:00:00"}, {"date_gmt": 4}, {"date": "x"}, {"link": {}}, {"_embedded": []},
            {"_embedded": {"up": [{"code": "rest_post_invalid_id", "data": {"status": 404}}]}},
            {"_embedded": {"up": [{"title": 4, "type": "post", "date": LAST}]}, "date": FIRST},
            {"_embedded": {"up": [{"title": {"rendered": " "}, "type": "post", "date": FIRST}]}},
        ],
    )  # fmt: skip
    def test_what_lacks_something_is_read_without_it(self, harness: WordPressHarness, odd: dict[str, object]) -> None:
        number = harness.fake.write("uno", name="Anna")
        self.spoil(harness, lambda items: [items[0] | odd])
        assert numbers(fetched(harness, closes_after_days=14)) == [number]

    @pytest.mark.parametrize("answer", [{}, 4, "x", {"code": 4}])
    def test_an_answer_that_is_no_list_is_a_failure_in_one_line(
        self, harness: WordPressHarness, answer: object
    ) -> None:
        harness.fake.write("uno")
        self.spoil(harness, lambda items: answer)
        with pytest.raises(PlatformFailed, match="no list of comments") as failure:
            fetched(harness)
        assert len(str(failure.value).splitlines()) == 1

    def test_a_list_of_anything_is_named_thing_by_thing(self, harness: WordPressHarness) -> None:
        harness.fake.write("uno")
        self.spoil(harness, lambda items: [4, None, "x", []])
        assert [len(page.skipped) for page in fetched(harness)] == [4]

    def test_something_else_than_was_asked_for_says_nothing_of_what_is_gone(self, harness: WordPressHarness) -> None:
        asked, other = harness.fake.write("uno"), harness.fake.write("due")
        self.spoil(harness, lambda items: [{**items[0], "id": other}])
        with pytest.raises(PlatformFailed, match="something else"):
            harness.connection().look([str(asked)])

    @pytest.mark.parametrize("native_id", ["", "c0", "../users/1", "1,2", "0", "٣", "1" * 40, "-1"])
    def test_what_is_no_number_is_never_asked_for(self, harness: WordPressHarness, native_id: str) -> None:
        platform = harness.connection()
        platform.check()
        before = harness.requests()
        for ask in (lambda: platform.look([native_id]), lambda: platform.retract(native_id)):
            with pytest.raises(PlatformFailed, match="is no id"):
                ask()
        assert harness.requests() == before

    def test_nothing_is_asked_for_nothing(self, harness: WordPressHarness) -> None:
        assert harness.connection().look([]) == Looked()
        assert harness.requests() == 0

    def test_more_than_a_hundred_are_looked_at_in_several_requests(self, harness: WordPressHarness) -> None:
        written = [str(harness.fake.write(f"{number}")) for number in range(230)]
        looked = harness.connection().look([*written, "77777"])
        assert (looked.gone, len(looked.edited)) == ({"77777"}, 230)

    @staticmethod
    def spoil(harness: WordPressHarness, how: Callable[[list[dict[str, object]]], object]) -> None:
        answer = harness.fake.handle

        def spoilt(request: httpx.Request) -> httpx.Response:
            response = answer(request)
            items = json.loads(response.content)
            if not request.url.path.endswith("/comments") or not items:
                return response
            return httpx.Response(response.status_code, json=how(items))

        harness.wire.handle = spoilt


class TestWhoWeAre:
    def test_a_password_is_taken_with_its_blanks(
        self, harness: WordPressHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for shown in (PASSWORD, PASSWORD.replace(" ", ""), f" {PASSWORD}\n"):
            monkeypatch.setenv(VARIABLE, shown)
            assert harness.connection().check().missing == ()

    def test_a_wrong_password_is_nobodys_and_is_told(
        self, harness: WordPressHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        facts = harness.connection().check().facts
        monkeypatch.setenv(VARIABLE, "abcd efgh")
        for known in (None, facts):
            platform = harness.connection(facts=known)
            for ask in (lambda: list(platform.fetch(None)), platform.check, lambda: platform.post(reply(to=("1",)))):  # noqa: B023
                with pytest.raises(TokenRefused) as refused:
                    ask()
                assert "efgh" not in str(refused.value)
        with pytest.raises(TokenRefused, match="Authorization header"):
            harness.connection().check()

    def test_a_password_that_is_not_there_is_no_matter_of_the_site(
        self, harness: WordPressHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(VARIABLE)
        with pytest.raises(TokenRefused) as refused:
            harness.connection().check()
        assert "is not set" in str(refused.value)
        assert "Authorization" not in str(refused.value)

    def test_a_user_who_may_not_moderate_is_told_which_role_may(self, harness: WordPressHarness) -> None:
        harness.fake.moderates = False
        number = harness.fake.write("uno")
        platform = harness.connection()
        assert platform.check().missing == ("moderate_comments",)
        for ask in (lambda: list(platform.fetch(None)), lambda: platform.post(reply(to=(str(number),)))):
            with pytest.raises(TokenRefused, match="desk may not moderate comments there: give it the role Editor"):
                ask()

    def test_a_user_who_may_do_everything_is_remarked_on(self, harness: WordPressHarness) -> None:
        assert harness.connection().check().remarks == ()
        harness.fake.rules = True
        (remark,) = harness.connection().check().remarks
        assert "Editor" in remark

    def test_who_we_are_is_asked_for_once_and_anew_for_another_user_or_site(self, harness: WordPressHarness) -> None:
        harness.fake.write("uno")
        (page,) = fetched(harness)
        assert page.facts is not None

        def asked(**keys: Any) -> int:
            before = len(harness.wire.requests)
            list(harness.connection(facts=page.facts, **keys).fetch(page.bookmark))
            return sum(one.url.path.endswith("/me") for one in harness.wire.requests[before:])

        assert asked() == 0
        assert asked(url="https://other.example") == 1
        with pytest.raises(TokenRefused):
            asked(user="other")

    @pytest.mark.parametrize(
        "facts", ["", "[]", '{"id": 4}', '{"pretty": "no"}', '{"id": "2"}', "null", '{"other": 1}']
    )
    def test_facts_that_another_platform_left_are_none(self, harness: WordPressHarness, facts: str) -> None:
        number = harness.fake.write("uno", user=ME)
        (page,) = fetched(harness, facts=facts)
        assert [(one.native_id, one.own) for one in page.comments] == [(str(number), True)]
        assert page.facts is not None

    def test_without_pretty_addresses_all_goes_by_rest_route_and_is_remembered(self, harness: WordPressHarness) -> None:
        harness.fake.pretty = False
        number = str(harness.fake.write("uno"))
        (page,) = fetched(harness)
        before = len(harness.wire.requests)
        platform = harness.connection(facts=page.facts)
        posted = platform.post(reply(to=(number,)))
        platform.retract(posted.native_id)
        asked = harness.wire.requests[before:]
        assert {one.url.path for one in asked} == {"/"}
        assert "rest_route=%2Fwp%2Fv2%2Fcomments" in str(asked[0].url)
        assert harness.replies() == []

    def test_a_site_in_a_folder_is_asked_there(self, harness: WordPressHarness) -> None:
        harness.fake.folder = "/blog"
        number = harness.fake.write("uno")
        assert numbers(fetched(harness, url=f"{SITE}/blog/")) == [number]

    def test_what_is_no_wordpress_is_told_in_one_line(self, harness: WordPressHarness) -> None:
        harness.wire.handle = lambda request: httpx.Response(
            404 if "wp-json" in request.url.path else 200, headers={"content-type": "text/html"}, text="<p>Ciao"
        )
        with pytest.raises(PlatformFailed, match="web page"):
            fetched(harness)
        harness.wire.handle = lambda request: httpx.Response(200, json={"id": "?"})
        with pytest.raises(PlatformFailed, match="is url right"):
            fetched(harness)
        harness.wire.handle = lambda request: WordPressError("rest_no_route", 404).response
        with pytest.raises(PlatformFailed, match="404"):
            fetched(harness)

    @pytest.mark.parametrize(
        "url",
        ["blog.example", "http://blog.example", "https://u:p@blog.example", "https://b.example/?p=1", "https://[", ""],
    )
    def test_what_is_no_sites_address_is_refused(self, url: str) -> None:
        with pytest.raises(ValidationError):
            WordPressSettings(url=url, user="desk", token=Secret(env=VARIABLE))

    @pytest.mark.parametrize("url", ["https://blog.example/shop/", "http://127.0.0.1:8096", "http://localhost/"])
    def test_a_sites_address_is(self, url: str) -> None:
        assert WordPressSettings(url=url, user="desk", token=Secret(env=VARIABLE)).url == url.rstrip("/")

    @pytest.mark.parametrize("user", ["", "a:b", "a\nb"])
    def test_a_user_with_a_colon_is_none(self, user: str) -> None:
        with pytest.raises(ValidationError):
            WordPressSettings(url=SITE, user=user, token=Secret(env=VARIABLE))
