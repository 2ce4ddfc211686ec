"""The contract against a real Bluesky network: `python -m pytest tests/live/live_bluesky.py`.

`CARETOOL_LIVE_BLUESKY` names the server where one runs already (http://127.0.0.1:2583); else one is started.
Left out: reports (nobody moderates there), and the suite's searches (that network's search is a stand-in of its own).
"""

from __future__ import annotations

import itertools
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from caretool.domain.comment import Incoming
from caretool.domain.duration import Duration
from caretool.domain.policy import Account
from caretool.domain.vault import Forgetful
from caretool.domain.watch import Watch
from caretool.errors import PlatformFailed, TokenRefused
from caretool.http import Client
from caretool.platforms.bluesky.connector import BlueskyPlatform, BlueskySettings, open_account
from caretool.platforms.platform import Bans, Hides, Opening, Platform
from caretool.secrets import Secret
from tests.live.server_bluesky import Bluesky
from tests.platforms import contract
from tests.platforms.contract import NOON, Ability, Trouble, comment, offence, reply
from tests.platforms.fake_bluesky import BLOCK, GATE, LIKE, POST, stamp
from tests.platforms.renamed import Names, renamed
from tests.platforms.wire import READS, Wire

VARIABLE = "CARETOOL_BLUESKY_TOKEN"
_PASSWORD = "nobody-knows-it"
_LEFT_OUT = frozenset({"search", "report"})
_PATIENCE = 60.0


class People:
    """Who has an account on the server; made when first needed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=f"{url}/xrpc/", timeout=30, trust_env=False)
        self.transport = httpx.HTTPTransport()
        self._known: dict[str, dict[str, Any]] = {}

    def account(self, handle: str) -> dict[str, Any]:
        if handle not in self._known:
            body = {"handle": handle, "email": f"{handle}@shop.example", "password": _PASSWORD}
            made = self.http.post("com.atproto.server.createAccount", json=body)
            if made.status_code != 200:
                made = self.http.post(
                    "com.atproto.server.createSession", json={"identifier": handle, "password": _PASSWORD}
                )
            self._known[handle] = made.raise_for_status().json()
        return self._known[handle]

    def call(self, handle: str, nsid: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.account(handle)['accessJwt']}"}
        answer = self.http.post(nsid, json=body, headers=headers).raise_for_status()
        return answer.json() if answer.content else None

    def get(self, handle: str, nsid: str, **params: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.account(handle)['accessJwt']}"}
        return self.http.get(nsid, params=params, headers=headers).raise_for_status().json()

    def write(self, handle: str, text: str, at: datetime, to: Any = None, **more: Any) -> dict[str, str]:
        """A post; its address and version."""
        record = {"$type": POST, "text": text, "createdAt": stamp(at), **more}
        if to is not None:
            record["reply"] = {"root": to, "parent": to}
        body = {"repo": self.account(handle)["did"], "collection": POST, "record": record}
        made = self.call(handle, "com.atproto.repo.createRecord", body)
        return {"uri": made["uri"], "cid": made["cid"]}

    def records(self, handle: str, collection: str) -> list[dict[str, Any]]:
        did = self.account(handle)["did"]
        found = self.get(handle, "com.atproto.repo.listRecords", repo=did, collection=collection, limit=100)
        return [{**one["value"], "uri": one["uri"]} for one in found["records"]]

    def until(self, what: Callable[[], bool]) -> None:
        """Wait until the network shows it."""
        end = time.monotonic() + _PATIENCE
        while not what():
            assert time.monotonic() < end, "the network does not show it"
            time.sleep(0.05)

    def shown(self, handle: str, uris: Sequence[str]) -> bool:
        chunks = itertools.batched(uris, 25) if hasattr(itertools, "batched") else _batched(uris)
        return all(
            len(self.get(handle, "app.bsky.feed.getPosts", uris=list(some))["posts"]) == len(some) for some in chunks
        )


def _batched(uris: Sequence[str]) -> Iterator[Sequence[str]]:
    return (uris[start : start + 25] for start in range(0, len(uris), 25))


class LiveHarness:
    """A shop of its own for each test. The suite's noon is some hours ago, for the network dates nothing later than
    now."""

    page_size = 100
    oldest_first = False
    abilities: frozenset[Ability] = frozenset(
        {"network", "changes", "own", "counts", "retracts", "hides", "mutes", "bans", "likes"}
    )

    def __init__(self, people: People) -> None:
        self.people = people
        self.us = f"shop-{uuid.uuid4().hex[:8]}.test"
        self.noon = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=12)
        self.names = Names(self._key, self._when)
        self.root: dict[str, str] | None = None
        self.told: list[str] = []
        self.vault = Forgetful()
        self.opened: list[Client] = []
        self.busy_until = 0.0
        self.wire = Wire(
            self._handed,
            self._busy,
            lambda: httpx.Response(401, json={"error": "AccountTakedown", "message": "Account has been taken down"}),
            reads=lambda request: request.method in READS or "server." in request.url.path,
        )
        self.people.account(self.us)
        made = people.call(self.us, "com.atproto.server.createAppPassword", {"name": "caretool"})
        os.environ[VARIABLE] = made["password"]

    def _handed(self, request: httpx.Request) -> httpx.Response:
        if time.monotonic() < self.busy_until:
            return self._busy()
        response = self.people.transport.handle_request(request)
        response.read()
        response.close()
        return response

    def _busy(self) -> httpx.Response:
        """It cannot be had from the server on purpose: in its own shape, as it was seen with its limits on."""
        self.busy_until = time.monotonic() + 2
        headers = {"RateLimit-Limit": "3000", "RateLimit-Remaining": "0", "RateLimit-Policy": "3000;w=300"}
        reset = {"RateLimit-Reset": str(int(time.time()) + 43)}
        return httpx.Response(429, headers={**headers, **reset}, json={"error": "RateLimitExceeded"})

    def _key(self, uri: str) -> str | None:
        return uri.rpartition("/")[2] if uri.startswith("at://") else None

    def _when(self, at: datetime) -> datetime:
        if at == NOON or abs(at - datetime.now(UTC)) < timedelta(minutes=10):
            return NOON
        return at - self.noon + NOON

    def receive(self, comments: Sequence[Incoming]) -> None:
        if self.root is None:
            self.root = self.people.write(self.us, "Le console sono in negozio.", self.noon - timedelta(hours=1))
            self.names.call("post1", self.root["uri"])
            self.people.until(lambda: self.people.shown(self.us, [str(self.root and self.root["uri"])]))
        for one in comments:
            handle = f"{one.author.handle}.test"
            assert one.written_at is not None
            at = one.written_at - NOON + self.noon
            made = self.people.write(handle, one.text, at, self.root)
            self.names.call(one.native_id, made["uri"])
            self.names.call(one.author.handle, handle)
            self.told.append(made["uri"])
        self.people.until(self._all_told)

    def _all_told(self) -> bool:
        seen: set[str] = set()
        cursor: dict[str, str] = {}
        while True:
            answer = self.people.get(self.us, "app.bsky.notification.listNotifications", limit=100, **cursor)
            seen |= {one["uri"] for one in answer["notifications"]}
            if not answer.get("cursor"):
                return seen >= set(self.told)
            cursor = {"cursor": answer["cursor"]}

    def open(self, length: int | None = None) -> Platform:
        return self._named(self.connection(length=length))

    def unreachable(self) -> Platform:
        return self._named(self.connection("http://127.0.0.1:9"))

    def _named(self, platform: BlueskyPlatform) -> Platform:
        named: Platform = renamed(platform, self.names, _LEFT_OUT)
        return named

    def connection(self, url: str | None = None, length: int | None = None) -> BlueskyPlatform:
        """Under the network's own names."""
        url = url or self.people.url
        here = url == self.people.url

        def client(*where: Any, **how: Any) -> Client:
            made = Client(*where, transport=httpx.MockTransport(self.wire) if here else None, **how)
            self.opened.append(made)
            return made

        keys: dict[str, Any] = {} if length is None else {"max_length": length}
        settings = BlueskySettings(url=url, handle=self.us, token=Secret(env=VARIABLE), **keys)
        account = Account("bluesky", "bluesky", settings, since=Duration.parse("7 days"))
        vault = self.vault if here else Forgetful()
        opening = Opening(Path(), ZoneInfo("Europe/Rome"), lambda: datetime.now(UTC), vault=vault)
        return open_account(account, opening, client)

    def replies(self) -> list[str]:
        return [one["text"] for one in self.people.records(self.us, POST) if "reply" in one]

    def goes_wrong(self, trouble: Trouble, *, writing: bool) -> None:
        self.wire.goes_wrong(trouble, writing=writing)

    def requests(self, *, writing: bool | None = None) -> int:
        return self.wire.made(writing=writing)

    def edit(self, native_id: str, text: str) -> None:
        uri, handle, where = self._place(native_id)
        record = self.people.get(handle, "com.atproto.repo.getRecord", **where)["value"]
        made = self.people.call(handle, "com.atproto.repo.putRecord", {**where, "record": {**record, "text": text}})

        def changed() -> bool:
            posts = self.people.get(self.us, "app.bsky.feed.getPosts", uris=[uri])["posts"]
            return bool(posts) and posts[0]["cid"] == made["cid"]

        self.people.until(changed)

    def delete(self, native_id: str) -> None:
        uri, handle, where = self._place(native_id)
        self.people.call(handle, "com.atproto.repo.deleteRecord", where)
        self.told.remove(uri)
        self.people.until(lambda: not self.people.get(self.us, "app.bsky.feed.getPosts", uris=[uri])["posts"])

    def _place(self, native_id: str) -> tuple[str, str, dict[str, str]]:
        uri = self.names.theirs(native_id)
        did, collection, rkey = uri.removeprefix("at://").split("/")
        handle = f"person{native_id.removeprefix('c')}.test"
        return uri, handle, {"repo": did, "collection": collection, "rkey": rkey}

    def answer_elsewhere(self, native_id: str, text: str) -> str:
        uri = self.names.theirs(native_id)
        parent = self.people.get(self.us, "app.bsky.feed.getPosts", uris=[uri])["posts"][0]
        ref = {"uri": parent["uri"], "cid": parent["cid"]}
        made = self.people.write(self.us, text, datetime.now(UTC), ref)
        return self.names.ours(made["uri"])

    def counted(self, text: str) -> int:
        """As the server says when it is too long."""
        did = self.people.account(self.us)["did"]
        record = {"$type": POST, "text": text + "x" * 400, "createdAt": stamp(NOON)}
        body = {"repo": did, "collection": POST, "record": record}
        headers = {"Authorization": f"Bearer {self.people.account(self.us)['accessJwt']}"}
        said = self.people.http.post("com.atproto.repo.createRecord", json=body, headers=headers).json()["message"]
        graphemes = int(said.partition("got ")[2].partition(")")[0]) - 400
        return max(graphemes, -(-len(text.encode()) // 10))

    def hidden(self) -> set[str]:
        gates = self.people.records(self.us, GATE)
        return {self.names.ours(uri) for gate in gates for uri in gate.get("hiddenReplies", [])}

    def deleted(self) -> set[str]:
        raise AssertionError("nobody can")

    def muted(self) -> set[str]:
        return {self.names.ours(one["handle"]) for one in self.people.get(self.us, "app.bsky.graph.getMutes")["mutes"]}

    def banned(self) -> set[str]:
        blocked = {one["subject"] for one in self.people.records(self.us, BLOCK)}
        known = {self.people.account(f"person{n}.test")["did"]: f"person{n}" for n in range(2)}
        return {known[did] for did in blocked}

    def reported(self) -> list[str]:
        raise AssertionError("nobody moderates")

    def liked(self) -> set[str]:
        return {self.names.ours(one["subject"]["uri"]) for one in self.people.records(self.us, LIKE)}


@pytest.fixture(scope="module")
def people() -> Iterator[People]:
    running = os.environ.get("CARETOOL_LIVE_BLUESKY")
    server = None if running else Bluesky()
    url = running or (server.start()["url"] if server else "")
    made = People(url)
    made.call("canary2.test", "com.atproto.server.createAppPassword", {"name": uuid.uuid4().hex[:8]})
    yield made
    made.http.close()
    made.transport.close()
    if server is not None:
        server.stop()


@pytest.fixture
def harness(people: People) -> Iterator[LiveHarness]:
    made = LiveHarness(people)
    yield made
    for client in made.opened:
        client.close()


class TestContract(
    contract.PlatformContract,
    contract.NetworkContract,
    contract.ChangesContract,
    contract.OwnContract,
    contract.CountsContract,
    contract.RetractsContract,
    contract.HidesContract,
    contract.MutesContract,
    contract.BansContract,
    contract.LikesContract,
):
    pass


class TestInEarnest:
    def test_a_reply_that_leaves_again_is_there_once_though_what_it_answers_was_edited(
        self, harness: LiveHarness
    ) -> None:
        harness.receive([comment(0)])
        first = harness.open().post(reply())
        harness.edit("c0", "It is here, thank you.")
        assert harness.open().post(reply()) == first
        assert harness.replies() == [reply().text]

    def test_a_request_that_is_carried_out_twice_posts_once(self, harness: LiveHarness) -> None:
        harness.receive([comment(0)])
        harness.open().post(reply())
        put = next(one for one in harness.wire.requests if one.url.path.endswith("putRecord"))
        answers = [harness.wire.handle(put) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert harness.replies() == [reply().text]

    def test_a_session_that_the_server_does_not_know_is_renewed_and_the_reply_leaves_once(
        self, harness: LiveHarness
    ) -> None:
        harness.receive([comment(0)])
        list(harness.open().fetch(None))
        kept = json.loads(harness.vault.read() or "")
        harness.vault.write(json.dumps({**kept, "access": "not-a-session"}))
        harness.open().post(reply())
        harness.vault.write(json.dumps({**kept, "access": "no-session", "refresh": "nor-this"}))
        assert harness.open().find(reply()) is not None
        asked = [one.url.path.rpartition(".")[2] for one in harness.wire.requests]
        assert (asked.count("createSession"), asked.count("refreshSession")) == (2, 2)
        assert harness.replies() == [reply().text]

    def test_a_wrong_app_password_is_refused(self, harness: LiveHarness, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "aaaa-bbbb-cccc-dddd")
        with pytest.raises(TokenRefused, match="Invalid identifier or password"):
            list(harness.open().fetch(None))

    def test_one_answer_for_two_tells_both(self, harness: LiveHarness) -> None:
        harness.receive([comment(0), comment(1)])
        text = "Buongiorno è qui @person0.test e @person1.test: https://bottegablu.example/aiuto #pacco"
        posted = harness.open().post(reply(text=text, to=("c0", "c1")))
        uri = harness.names.theirs(posted.native_id)

        def told(handle: str) -> bool:
            notes = harness.people.get(handle, "app.bsky.notification.listNotifications")["notifications"]
            return any(one["uri"] == uri and one["reason"] == "mention" for one in notes)

        harness.people.until(lambda: told("person0.test") and told("person1.test"))

    def test_who_may_reply_stays_as_it_was_when_something_is_hidden(self, harness: LiveHarness) -> None:
        harness.receive([comment(0)])
        did, key = harness.people.account(harness.us)["did"], harness.names.theirs("post1").rpartition("/")[2]
        gate = {"$type": GATE, "post": harness.names.theirs("post1"), "createdAt": stamp(NOON), "allow": []}
        where = {"repo": did, "collection": GATE, "rkey": key}
        harness.people.call(harness.us, "com.atproto.repo.putRecord", {**where, "record": gate})
        platform = harness.open()
        assert isinstance(platform, Hides)
        platform.hide(offence())
        (kept,) = harness.people.records(harness.us, GATE)
        assert (kept["allow"], harness.hidden()) == ([], {"c0"})

    def test_what_a_block_hides_is_not_gone_and_is_not_answered(self, harness: LiveHarness) -> None:
        harness.receive([comment(0)])
        platform = harness.open()
        assert isinstance(platform, Bans)
        platform.ban(offence())
        uri = harness.names.theirs("c0")
        harness.people.until(lambda: not harness.people.get(harness.us, "app.bsky.feed.getPosts", uris=[uri])["posts"])
        assert platform.look(["c0"]).gone == frozenset()
        with pytest.raises(PlatformFailed, match="hidden from us"):
            platform.post(reply())

    def test_what_is_said_to_nobody_is_found(self, harness: LiveHarness) -> None:
        word = f"lampada{uuid.uuid4().hex[:8]}"
        made = harness.people.write("person0.test", f"Una {word} rotta", harness.noon)
        harness.people.until(lambda: harness.people.shown(harness.us, [made["uri"]]))
        searching = renamed(harness.connection(), harness.names)
        pages = list(searching.search(Watch("lamps", (word,)), None))
        assert [one.text for page in pages for one in page.comments] == [f"Una {word} rotta"]
        assert [page.comments for page in searching.search(Watch("lamps", (word,)), pages[-1].bookmark)] == []
