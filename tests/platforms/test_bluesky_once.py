"""A reply on Bluesky: where it goes, what is in it, and that it is there once whatever happens on the way."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from caretool.domain.vault import Forgetful
from caretool.errors import AnswerLost, CaretoolError, PlatformBusy, PlatformFailed
from caretool.http import Refused
from caretool.platforms.bluesky import record as bluesky_record
from caretool.platforms.bluesky.record import facets, tid
from caretool.platforms.lengths import graphemes, graphemes_and_bytes
from caretool.store.budgets import Budgets
from tests.platforms.bluesky_harness import VARIABLE, Now, connect
from tests.platforms.contract import NOON, reply
from tests.platforms.fake_bluesky import GATE, PASSWORD, POST, US, FakeBluesky, cid_of
from tests.platforms.wire import Wire

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(days=19_000), timedelta(days=80_000)).map(lambda age: EPOCH + age)


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)


@pytest.fixture
def fake() -> FakeBluesky:
    return FakeBluesky(clock=Now())


def asked(fake: FakeBluesky, who: str = "anna", to: str | None = None, **how: Any) -> str:
    to = to or fake.write(US, "Le console sono in negozio.", at=NOON - timedelta(hours=1))
    return fake.write(fake.person(f"{who}.test"), "Dov'è il mio pacco?", at=NOON, to=to, **how)


def answers(fake: FakeBluesky) -> dict[str, dict[str, Any]]:
    return {uri: one for uri, one in fake.of(US, POST).items() if "reply" in one}


class TestKeys:
    @given(MOMENTS, st.text(max_size=12))
    def test_a_key_is_one_of_the_protocol_and_its_time_is_in_the_hour_before(self, at: datetime, seed: str) -> None:
        key = tid(at, seed)
        assert key == tid(at, seed)
        assert len(key) == 13
        assert key[0] in "234567abcdefghij"
        assert set(key) <= set("234567abcdefghijklmnopqrstuvwxyz")
        assert (
            bluesky_record.since(at - timedelta(hours=1)) < key < bluesky_record.since(at + timedelta(microseconds=1))
        )

    @given(MOMENTS, MOMENTS)
    def test_keys_stand_in_the_order_of_their_times(self, one: datetime, other: datetime) -> None:
        assert (bluesky_record.since(one) < bluesky_record.since(other)) == (one < other)

    def test_a_thousand_replies_of_one_moment_have_a_thousand_keys(self) -> None:
        assert len({tid(NOON, f"k{number}") for number in range(1000)}) == 1000


class TestText:
    @given(st.text(max_size=400))
    @example("è" * 300)
    @example("👨‍👩‍👧‍👦" * 120)
    @example("\ud800")
    def test_one_measure_holds_both_limits(self, text: str) -> None:
        fits = graphemes(text) <= 300 and len(text.encode("utf-8", "replace")) <= 3000
        assert (graphemes_and_bytes(text) <= 300) == fits

    @given(st.lists(st.sampled_from(
        ["@anna.test", "@nobody.test", "https://a.it/aiuto(1)", "#pacco", "è", "📦", " ", ", ", "(", ").", "\n", "@"]
    ), max_size=12))  # fmt: skip
    def test_what_a_facet_points_at_is_what_it_says(self, parts: list[str]) -> None:
        text = "".join(parts)
        found = facets(text, {"anna.test": "did:plc:anna"}.get)
        end = 0
        for facet in found:
            start, stop = facet["index"]["byteStart"], facet["index"]["byteEnd"]
            assert end <= start < stop
            end = stop
            words = text.encode()[start:stop].decode()
            (feature,) = facet["features"]
            expected = {"did": "@anna.test", "uri": feature.get("uri"), "tag": "#" + feature.get("tag", "")}
            assert words == expected[next(key for key in ("did", "uri", "tag") if key in feature)]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("Ciao @anna.test, ecco", ["@anna.test"]),
            ("«@anna.test»: sì", ["@anna.test"]),
            ("scriva a desk@anna.test", []),
            ("@nobody.test e @anna", []),
            ("vedi https://a.it/x?y=1.", ["https://a.it/x?y=1"]),
            ("(https://a.it/x)", ["https://a.it/x"]),
            ("https://a.it/x_(y)", ["https://a.it/x_(y)"]),
            ("https://a.it/@anna.test", ["https://a.it/@anna.test"]),
            ("#pacco #2026 è#no", ["#pacco"]),
            ("http:// ", []),
        ],
    )
    def test_who_what_and_which_hashtag(self, text: str, words: list[str]) -> None:
        found = facets(text, {"anna.test": "did:plc:anna"}.get)
        assert [text.encode()[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode() for f in found] == words


class TestWhere:
    def test_an_answer_deep_in_a_thread_stays_in_it(self, fake: FakeBluesky) -> None:
        root = fake.write(US, "Le console", at=NOON - timedelta(hours=1))
        deep = asked(fake, to=asked(fake, "bruno", to=root))
        connect(fake).post(reply(to=(deep,)))
        (record,) = answers(fake).values()
        assert record["reply"]["root"] == {"uri": root, "cid": cid_of(fake.records[root])}
        assert record["reply"]["parent"] == {"uri": deep, "cid": cid_of(fake.records[deep])}

    def test_one_answer_for_many_stands_under_the_thread_and_tells_each(self, fake: FakeBluesky) -> None:
        root = fake.write(US, "Le console", at=NOON - timedelta(hours=1))
        anna, bruno = asked(fake, to=root), asked(fake, "bruno", to=root)
        text = "Buongiorno è qui @anna.test e @bruno.test (@nobody.test no): https://bottegablu.it/aiuto"
        connect(fake).post(replace(reply(text=text, to=(anna, bruno)), thread=root))
        (record,) = answers(fake).values()
        assert record["reply"]["parent"]["uri"] == root
        told = [feature["did"] for facet in record["facets"] for feature in facet["features"] if "did" in feature]
        assert told == ["did:plc:anna", "did:plc:bruno"]

    def test_one_answer_for_many_goes_below_a_comment_where_the_thread_is_gone(self, fake: FakeBluesky) -> None:
        root = fake.write(US, "Le console", at=NOON - timedelta(hours=1))
        anna, bruno = asked(fake, to=root), asked(fake, "bruno", to=root)
        fake.delete(root)
        fake.delete(anna)
        connect(fake).post(replace(reply(to=(anna, bruno)), thread=root))
        (record,) = answers(fake).values()
        assert (record["reply"]["parent"]["uri"], record["reply"]["root"]["uri"]) == (bruno, root)

    def test_what_takes_no_reply_fails_for_good_and_says_why(self, fake: FakeBluesky) -> None:
        stranger = fake.write(fake.person("carla.test"), "Only my friends", at=NOON)
        fake.records[stranger.replace(POST, GATE)] = {"$type": GATE, "allow": []}
        with pytest.raises(PlatformFailed, match="takes no reply from us"):
            connect(fake).post(reply(to=(stranger,)))
        gone = asked(fake)
        fake.unshown.add(gone)
        with pytest.raises(PlatformFailed, match="gone, or hidden from us"):
            connect(fake).post(reply(to=(gone,)))
        with pytest.raises(PlatformFailed, match="no private replies"):
            connect(fake).post(replace(reply(to=(asked(fake),)), private=True))
        assert answers(fake) == {}

    def test_trouble_before_anything_was_sent_leaves_the_reply_as_it_is(self, fake: FakeBluesky) -> None:
        uri = asked(fake)
        for trouble in ("getPosts", "getSession", "resolveHandle"):

            def handle(request: httpx.Request, trouble: str = trouble) -> httpx.Response:
                return httpx.Response(200, content=b"<") if request.url.path.endswith(trouble) else fake.handle(request)

            with pytest.raises(PlatformBusy, match="nothing was sent"):
                connect(fake, handle).post(reply(text="Ciao @dora.test", to=(uri,)))
        assert answers(fake) == {}


class TestOnce:
    def test_a_reply_that_leaves_again_is_there_once(self, fake: FakeBluesky) -> None:
        uri = asked(fake)
        posted = [connect(fake).post(reply(to=(uri,))) for _ in range(3)]
        assert len(set(posted)) == len(answers(fake)) == 1

    def test_so_it_is_where_what_it_answers_was_edited_meanwhile(self, fake: FakeBluesky) -> None:
        uri = asked(fake)
        first = connect(fake).post(reply(to=(uri,)))
        (before,) = answers(fake).values()
        fake.records[uri] = {**fake.records[uri], "text": "È arrivato, grazie."}
        assert connect(fake).post(reply(to=(uri,))) == first
        assert list(answers(fake).values()) == [before]

    def test_what_stands_there_is_never_written_over(self, fake: FakeBluesky) -> None:
        uri = asked(fake)
        there = connect(fake).post(reply(to=(uri,)))
        fake.records[there.native_id]["text"] = "Something else"
        with pytest.raises(PlatformFailed, match="another post of ours"):
            connect(fake).post(reply(to=(uri,)))
        assert connect(fake).find(reply(to=(uri,))) is None
        assert fake.records[there.native_id]["text"] == "Something else"

    def test_another_reply_of_ours_is_not_taken_for_it(self, fake: FakeBluesky) -> None:
        uri = asked(fake)
        there = connect(fake).post(reply(to=(uri,)))
        assert connect(fake).find(replace(reply(to=(uri,)), not_these=frozenset({there.native_id}))) is None
        assert connect(fake).find(reply(to=(asked(fake),))) is None

    def test_where_it_cannot_be_seen_whether_it_is_ours_the_answer_is_lost(self, fake: FakeBluesky) -> None:
        uri = asked(fake)
        connect(fake).post(reply(to=(uri,)))
        fake.records[uri]["text"] = "edited"

        def handle(request: httpx.Request) -> httpx.Response:
            nonsense = request.url.path.endswith("getRecord")
            return httpx.Response(200, content=b"<") if nonsense else fake.handle(request)

        with pytest.raises(AnswerLost):
            connect(fake, handle).post(reply(to=(uri,)))

    @pytest.mark.parametrize("body", [b"{}", b"[]", b'{"uri": "at://did:plc:other/app.bsky.feed.post/x"}', b"", b"4"])
    def test_an_answer_that_makes_no_sense_is_none(self, fake: FakeBluesky, body: bytes) -> None:
        def handle(request: httpx.Request) -> httpx.Response:
            put = request.url.path.endswith("putRecord")
            return httpx.Response(200, content=body) if put else fake.handle(request)

        with pytest.raises(AnswerLost):
            connect(fake, handle).post(reply(to=(asked(fake),)))

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(
            st.tuples(st.sampled_from(["refuse", "busy", "half", "drop", "fail", "before", "fine"]), st.booleans()),
            max_size=8,
        ),
        st.integers(1, 4),
    )
    def test_under_fire_it_is_there_once_and_found_or_not_there(
        self, troubles: list[tuple[Any, bool]], count: int
    ) -> None:
        """Replies of one moment leave again and again, each time in another way; what they answer is edited."""
        fake, vault = FakeBluesky(clock=Now()), Forgetful()
        uris = [asked(fake, f"person{number}") for number in range(count)]
        wire = Wire(fake.handle, fake.busy_response, fake.refused_response)
        told: set[str] = set()
        for turn, (trouble, edits) in enumerate(troubles):
            number = turn % count
            outgoing = reply(f"k{number}", f"Risposta {number}", to=(uris[number],))
            if edits:
                fake.records[uris[number]]["text"] = f"edited {turn}"

            def handle(request: httpx.Request, trouble: str = trouble) -> httpx.Response:
                if trouble == "before" and request.url.path.endswith("putRecord"):
                    raise httpx.ReadTimeout("lost on the way there", request=request)
                return wire(request)

            platform = connect(fake, handle, vault=vault)
            if trouble not in ("before", "fine"):
                platform.look(uris)  # what comes before the reply leaves goes well
                wire.goes_wrong(trouble, writing=True)
            with suppress(CaretoolError):
                told.add(platform.post(outgoing).native_id)
            found = connect(fake, vault=vault).find(outgoing)
            assert (found is not None) == any(one["text"] == outgoing.text for one in answers(fake).values())
        texts = [one["text"] for one in answers(fake).values()]
        assert len(texts) == len(set(texts))
        assert told <= answers(fake).keys()

    def test_our_own_reply_only_is_taken_back(self, fake: FakeBluesky) -> None:
        theirs = asked(fake)
        for native_id in (theirs, "c0", f"at://{US}/{POST}", ""):
            with pytest.raises(PlatformFailed, match="nothing was deleted"):
                connect(fake).retract(native_id)
        assert theirs in fake.records

    def test_a_refusal_of_the_server_is_one(self, fake: FakeBluesky) -> None:
        def handle(request: httpx.Request) -> httpx.Response:
            refusal = httpx.Response(400, json={"error": "InvalidRequest", "message": "Invalid record"})
            return refusal if request.url.path.endswith("putRecord") else fake.handle(request)

        with pytest.raises(Refused) as refused:
            connect(fake, handle).post(reply(to=(asked(fake),)))
        assert refused.value.code == "InvalidRequest"


class TestBudget:
    def test_writes_have_a_budget_of_their_own(self, fake: FakeBluesky, tmp_path: Path) -> None:
        budget, uri = Budgets(tmp_path), asked(fake)
        platform = connect(fake, budget=budget)
        assert platform.limits.replies_left == 2500
        fake.points = 7
        platform.post(reply(to=(uri,)))
        assert platform.limits.replies_left == 2
        for number in range(2):
            connect(fake, budget=budget).post(reply(f"n{number}", to=(uri,)))
        with pytest.raises(PlatformBusy, match="nothing was sent"):
            connect(fake, budget=budget).post(reply("one more", to=(uri,)))
        assert len(answers(fake)) == 3
        assert list(connect(fake, budget=budget).fetch(None))

    def test_an_hour_is_counted_where_the_server_says_nothing_of_it(self, fake: FakeBluesky, tmp_path: Path) -> None:
        def silent(request: httpx.Request) -> httpx.Response:
            response = fake.handle(request)
            return httpx.Response(response.status_code, content=response.content)

        budget, uri = Budgets(tmp_path), asked(fake)
        platform = connect(fake, silent, budget=budget, points_per_hour=5)
        for number in range(2):
            platform.post(reply(f"k{number}", to=(uri,)))
        with pytest.raises(PlatformBusy) as busy:
            platform.post(reply("k2", to=(uri,)))
        assert busy.value.seconds == 3600
