"""What is done about what others write on Bluesky: nothing of a record that somebody else wrote is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from caretool.errors import PlatformFailed
from caretool.http import Refused
from caretool.platforms.platform import Offence
from tests.platforms.bluesky_harness import VARIABLE, Now, connect
from tests.platforms.contract import NOON
from tests.platforms.fake_bluesky import BLOCK, GATE, LIKE, PASSWORD, POST, US, FakeBluesky


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)


@pytest.fixture
def fake() -> FakeBluesky:
    return FakeBluesky(clock=Now())


@pytest.fixture
def root(fake: FakeBluesky) -> str:
    return fake.write(US, "Le console", at=NOON - timedelta(hours=1))


def spam(fake: FakeBluesky, to: str | None, who: str = "anna") -> str:
    return fake.write(fake.person(f"{who}.test"), "BUY", at=NOON, to=to)


def about(native_id: str, ground: str = "spam") -> Offence:
    return Offence(native_id, "anna.test", ground, "a1")


def gate_of(root: str) -> str:
    return root.replace(POST, GATE)


class TestHiding:
    def test_who_may_reply_and_what_else_is_hidden_stays(self, fake: FakeBluesky, root: str) -> None:
        uri = spam(fake, root)
        gates: list[dict[str, Any]] = [{}, {"allow": []}, {"allow": [{"$type": f"{GATE}#followerRule"}]}]
        for allow in gates:
            before = {"$type": GATE, "post": root, "createdAt": "2026-01-01T00:00:00Z", "theirs": 4, **allow}
            fake.records[gate_of(root)] = {**before, "hiddenReplies": ["at://did:plc:x/app.bsky.feed.post/x"]}
            connect(fake).hide(about(uri))
            hidden = ["at://did:plc:x/app.bsky.feed.post/x", uri]
            assert fake.records[gate_of(root)] == {**before, "hiddenReplies": hidden}
            connect(fake).unhide(about(uri))
            assert fake.records[gate_of(root)] == {**before, "hiddenReplies": hidden[:1]}

    def test_a_new_gate_lets_everybody_reply(self, fake: FakeBluesky, root: str) -> None:
        deep = spam(fake, spam(fake, root), "bruno")
        connect(fake).hide(about(deep))
        gate = fake.records[gate_of(root)]
        assert (gate["post"], gate["hiddenReplies"], "allow" in gate) == (root, [deep], False)

    def test_what_a_colleague_hides_at_the_same_time_stays_hidden(self, fake: FakeBluesky, root: str) -> None:
        uri, theirs = spam(fake, root), spam(fake, root, "bruno")
        raced: list[int] = []

        def handle(request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("putRecord") and len(raced) < 2:
                raced.append(1)
                hidden = fake.records.get(gate_of(root), {}).get("hiddenReplies", [])
                fake.records[gate_of(root)] = {
                    "$type": GATE,
                    "post": root,
                    "hiddenReplies": [*hidden, f"{theirs}{len(hidden)}"],
                }
            return fake.handle(request)

        connect(fake, handle).hide(about(uri))
        assert fake.records[gate_of(root)]["hiddenReplies"] == [f"{theirs}0", f"{theirs}1", uri]

    def test_one_that_is_changed_again_and_again_is_given_up(self, fake: FakeBluesky, root: str) -> None:
        def handle(request: httpx.Request) -> httpx.Response:
            swapped = httpx.Response(400, json={"error": "InvalidSwap", "message": "Record was at x"})
            return swapped if request.url.path.endswith("putRecord") else fake.handle(request)

        with pytest.raises(Refused):
            connect(fake, handle).hide(about(spam(fake, root)))

    def test_a_thread_hides_three_hundred(self, fake: FakeBluesky, root: str) -> None:
        fake.records[gate_of(root)] = {"$type": GATE, "post": root, "hiddenReplies": [f"at://x{n}" for n in range(300)]}
        with pytest.raises(PlatformFailed, match="300"):
            connect(fake).hide(about(spam(fake, root)))

    def test_only_in_a_thread_of_ours(self, fake: FakeBluesky, root: str) -> None:
        theirs = fake.write(fake.person("carla.test"), "My thread", at=NOON)
        for uri in (theirs, spam(fake, theirs), root, fake.write(US, "ours", to=root), "c0", "at://x/y/z"):
            with pytest.raises(PlatformFailed, match="nothing was done"):
                connect(fake).hide(about(uri))
        assert fake.of(US, GATE) == {}

    def test_what_a_block_hides_from_us_is_hidden_from_all(self, fake: FakeBluesky, root: str) -> None:
        uri = spam(fake, root)
        connect(fake).ban(about(uri))
        connect(fake).hide(about(uri))
        assert fake.hidden() == {uri}


class TestLikesAndBlocks:
    def test_a_like_given_elsewhere_is_not_doubled_and_is_taken_back(self, fake: FakeBluesky, root: str) -> None:
        uri = spam(fake, root)
        fake.records[f"at://{US}/{LIKE}/3aaaaaaaaaaaa"] = {"$type": LIKE, "subject": {"uri": uri, "cid": "x"}}
        connect(fake).like(uri)
        assert len(fake.of(US, LIKE)) == 1
        connect(fake).unlike(uri)
        assert fake.of(US, LIKE) == {}

    def test_a_like_that_is_not_shown_yet_is_there_once_and_is_taken_back(self, fake: FakeBluesky, root: str) -> None:
        uri = spam(fake, root)

        def lagging(request: httpx.Request) -> httpx.Response:
            response = fake.handle(request)
            if not request.url.path.endswith("getPosts"):
                return response
            posts: list[dict[str, Any]] = response.json()["posts"]
            return httpx.Response(200, json={"posts": [{**post, "viewer": {}} for post in posts]})

        for _ in range(2):
            connect(fake, lagging).like(uri)
            fake.clock.moment += timedelta(hours=1)  # type: ignore[attr-defined]
        assert len(fake.of(US, LIKE)) == 1
        connect(fake, lagging).unlike(uri)
        assert fake.of(US, LIKE) == {}

    def test_a_block_made_elsewhere_is_not_doubled_and_is_taken_off(self, fake: FakeBluesky, root: str) -> None:
        uri = spam(fake, root)
        fake.records[f"at://{US}/{BLOCK}/3aaaaaaaaaaaa"] = {"$type": BLOCK, "subject": "did:plc:anna"}
        connect(fake).ban(about(uri))
        assert len(fake.of(US, BLOCK)) == 1
        connect(fake).unban(about(uri))
        assert fake.of(US, BLOCK) == {}

    def test_who_took_another_name_is_the_one_who_wrote_it(self, fake: FakeBluesky, root: str) -> None:
        uri = spam(fake, root)
        fake.handles["did:plc:anna"] = "somebody-else.test"
        fake.handles["did:plc:innocent"] = "anna.test"
        connect(fake).ban(about(uri))
        connect(fake).mute(about(uri))
        assert fake.muted == {one["subject"] for one in fake.of(US, BLOCK).values()} == {"did:plc:anna"}

    def test_nothing_is_ever_done_against_ourselves(self, fake: FakeBluesky, root: str) -> None:
        platform = connect(fake)
        for do in (platform.mute, platform.unmute, platform.ban, platform.unban, platform.report):
            with pytest.raises(PlatformFailed, match="our own"):
                do(about(root))


def test_a_report_says_on_what_ground(fake: FakeBluesky, root: str) -> None:
    uri = spam(fake, root)
    connect(fake).report(about(uri))
    connect(fake).report(about(uri, "abuse"))
    kinds = [report["reasonType"].partition("#")[2] for report in fake.reports]
    assert kinds == ["reasonSpam", "reasonOther"]
    assert [report["reason"].split(".")[0] for report in fake.reports] == ["Ground: spam", "Ground: abuse"]
    assert all(report["subject"]["uri"] == uri for report in fake.reports)
