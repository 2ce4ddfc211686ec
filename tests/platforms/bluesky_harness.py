"""The fake Bluesky as the contract suite sees it: its addresses under the suite's names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from caretool.domain.budget import Budget, Unlimited
from caretool.domain.comment import Incoming
from caretool.domain.duration import Duration
from caretool.domain.policy import Account
from caretool.domain.vault import Forgetful, Vault
from caretool.http import Client
from caretool.platforms.bluesky.connector import BlueskyPlatform, BlueskySettings, open_account
from caretool.platforms.platform import Opening, Platform
from caretool.secrets import Secret
from tests.platforms.contract import NOON, Ability, Trouble
from tests.platforms.fake_bluesky import LIKE, OUR_HANDLE, POST, US, FakeBluesky, graphemes
from tests.platforms.renamed import Names, renamed
from tests.platforms.wire import READS, Wire

VARIABLE = "CARETOOL_BLUESKY_TOKEN"
_SESSIONS = ("createSession", "refreshSession")


class Now:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        return self.moment


def connect(
    fake: FakeBluesky,
    handle: Callable[[httpx.Request], httpx.Response] | None = None,
    *,
    vault: Vault | None = None,
    budget: Budget | None = None,
    facts: str | None = None,
    opened: list[Client] | None = None,
    **keys: Any,
) -> BlueskyPlatform:
    """A connection to the fake; `handle` stands between."""

    def client(*where: Any, **how: Any) -> Client:
        made = Client(*where, transport=httpx.MockTransport(handle or fake.handle), **how)
        if opened is not None:
            opened.append(made)
        return made

    settings = BlueskySettings(**{"url": fake.url, "handle": OUR_HANDLE, "token": Secret(env=VARIABLE), **keys})
    account = Account("bluesky", "bluesky", settings, since=Duration.parse("7 days"))
    zone = ZoneInfo("Europe/Rome")
    opening = Opening(Path(), zone, fake.clock, facts, vault=vault or Forgetful(), budget=budget or Unlimited())
    return open_account(account, opening, client)


def _key(uri: str) -> str | None:
    return uri.rpartition("/")[2] if uri.startswith("at://") else None


class BlueskyHarness:
    """`post1` is ours; what is received replies to it."""

    page_size = 100
    found_at_once = 100
    oldest_first = False
    abilities: frozenset[Ability] = frozenset(
        {"network", "changes", "own", "counts", "retracts", "hides", "mutes", "bans", "reports", "likes", "searches"}
    )

    def __init__(self) -> None:
        self.now = Now()
        self.fake = FakeBluesky(clock=self.now)
        self.names = Names(_key)
        self.vault = Forgetful()
        self.wire = Wire(
            self.fake.handle,
            self._busy,
            self.fake.refused_response,
            reads=lambda request: request.method in READS or request.url.path.endswith(_SESSIONS),
        )

    def _busy(self) -> httpx.Response:
        self.fake.busy_until = self.now() + timedelta(seconds=42)
        return self.fake.busy_response()

    def receive(self, comments: Sequence[Incoming]) -> None:
        root = f"at://{US}/{POST}/post1"
        if root not in self.fake.records:
            self.fake.write(US, "Le console sono in negozio.", rkey="post1", at=NOON - timedelta(hours=1))
            self.names.call("post1", root)
        self._write(comments, root)

    def overhear(self, comments: Sequence[Incoming]) -> None:
        self._write(comments, None)

    def _write(self, comments: Sequence[Incoming], to: str | None) -> None:
        for one in comments:
            did = US if one.own else self.fake.person(f"{one.author.handle}.test", one.author.name)
            langs: dict[str, Any] = {"langs": [one.language]} if one.language else {}
            uri = self.fake.write(did, one.text, rkey=one.native_id, at=one.written_at, to=to, **langs)
            self.names.call(one.native_id, uri)
            self.names.call(one.author.handle, f"{one.author.handle}.test")

    def open(self, length: int | None = None) -> Platform:
        keys: dict[str, Any] = {} if length is None else {"max_length": length}
        return self._named(connect(self.fake, self.wire, vault=self.vault, **keys))

    def unreachable(self) -> Platform:
        def nothing(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("no such place", request=request)

        return self._named(connect(self.fake, nothing))

    def _named(self, platform: BlueskyPlatform) -> Platform:
        named: Platform = renamed(platform, self.names)
        return named

    def replies(self) -> list[str]:
        ours = self.fake.of(US, POST)
        return [record["text"] for record in ours.values() if "reply" in record]

    def goes_wrong(self, trouble: Trouble, *, writing: bool) -> None:
        self.wire.goes_wrong(trouble, writing=writing)

    def requests(self, *, writing: bool | None = None) -> int:
        return self.wire.made(writing=writing)

    def edit(self, native_id: str, text: str) -> None:
        uri = self.names.theirs(native_id)
        self.fake.records[uri] = {**self.fake.records[uri], "text": text}

    def delete(self, native_id: str) -> None:
        self.fake.delete(self.names.theirs(native_id))

    def answer_elsewhere(self, native_id: str, text: str) -> str:
        return self.names.ours(self.fake.write(US, text, to=self.names.theirs(native_id)))

    def counted(self, text: str) -> int:
        return max(graphemes(text), -(-len(text.encode()) // 10))

    def hidden(self) -> set[str]:
        return set(map(self.names.ours, self.fake.hidden()))

    def deleted(self) -> set[str]:
        raise AssertionError("nobody can")

    def muted(self) -> set[str]:
        return {self.names.ours(self.fake.handles[did]) for did in self.fake.muted}

    def banned(self) -> set[str]:
        return {self.names.ours(self.fake.handles[did]) for did in self.fake.blocked()}

    def reported(self) -> list[str]:
        return [self.names.ours(report["subject"]["uri"]) for report in self.fake.reports]

    def liked(self) -> set[str]:
        return {self.names.ours(like["subject"]["uri"]) for like in self.fake.of(US, LIKE).values()}
