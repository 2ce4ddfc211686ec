"""The fake homeserver as the contract suite sees it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from caretool.domain.budget import Unlimited
from caretool.domain.comment import Incoming
from caretool.domain.duration import Duration
from caretool.domain.policy import Account
from caretool.domain.vault import Forgetful, Vault
from caretool.http import Client
from caretool.platforms.matrix.connector import MatrixPlatform, MatrixSettings, open_account
from caretool.platforms.platform import Opening, Page, Platform
from caretool.secrets import Secret
from tests.platforms.contract import NOON, Ability, Trouble
from tests.platforms.fake_matrix import HOST, REACTION, US, FakeMatrix
from tests.platforms.renamed import Names, renamed
from tests.platforms.wire import Wire

VARIABLE = "CARETOOL_MATRIX_TOKEN"
ROOM = f"!support:{HOST}"


class Now:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        return self.moment


def connect(
    fake: FakeMatrix,
    handle: Callable[[httpx.Request], httpx.Response] | None = None,
    *,
    facts: str | None = None,
    vault: Vault | None = None,
    since: str | None = "7 days",
    **keys: Any,
) -> MatrixPlatform:
    """A connection to the fake; `handle` stands between."""

    def client(*where: Any, **how: Any) -> Client:
        return Client(*where, transport=httpx.MockTransport(handle or fake.handle), **how)

    settings = MatrixSettings(**{"url": fake.url, "token": Secret(env=VARIABLE), **keys})
    account = Account("matrix", "matrix", settings, since=None if since is None else Duration.parse(since))
    zone = ZoneInfo("Europe/Rome")
    opening = Opening(Path(), zone, fake.clock, facts, vault=vault or Forgetful(), budget=Unlimited())
    return open_account(account, opening, client)


def fetched(fake: FakeMatrix, bookmark: str | None = None, **how: Any) -> list[Page]:
    return list(connect(fake, **how).fetch(bookmark))


def comments(pages: list[Page]) -> list[Incoming]:
    return [one for page in pages for one in page.comments]


def texts(pages: list[Page]) -> list[str]:
    return [one.text for one in comments(pages)]


def remarks(pages: list[Page]) -> list[str]:
    return [remark for page in pages for remark in page.remarks]


def instead(fake: FakeMatrix, of: str, answer: Callable[[httpx.Request], httpx.Response]) -> Any:
    """The fake, but for what is asked where `of` is in the path."""
    return lambda request: answer(request) if of in request.url.path else fake.handle(request)


class MatrixHarness:
    """`post1` is a public room: what is received is written in it."""

    page_size = 50
    oldest_first = False
    abilities: frozenset[Ability] = frozenset(
        {"network", "changes", "own", "counts", "retracts", "deletes", "bans", "reports", "likes"}
    )

    def __init__(self) -> None:
        self.now = Now()
        self.fake = FakeMatrix(self.now)
        self.names = Names()
        self.wire = Wire(self.fake.handle, self._busy, self.fake.refused_response)
        self.fake.room(ROOM, **{"m.room.name": {"name": "Support"}})
        self.names.call("post1", ROOM)

    def _busy(self) -> httpx.Response:
        self.fake.busy_until = self.now() + timedelta(seconds=42)
        return self.fake.busy_response()

    def receive(self, comments: Sequence[Incoming]) -> None:
        for one in comments:
            user = f"@{one.author.handle}:{HOST}"
            if one.author.name is not None:
                self.fake.names[user] = one.author.name
            self.now.moment = max(self.now(), one.written_at or NOON)
            made = self.fake.write(user, one.text, ROOM, at=one.written_at)
            self.names.call(one.native_id, f"{ROOM}/{made}")
            self.names.call(one.author.handle, user.removeprefix("@"))

    def open(self, length: int | None = None) -> Platform:
        return self._named(connect(self.fake, self.wire, **({} if length is None else {"max_length": length})))

    def unreachable(self) -> Platform:
        def nothing(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("no such place", request=request)

        return self._named(connect(self.fake, nothing))

    def _named(self, platform: MatrixPlatform) -> Platform:
        named: Platform = renamed(platform, self.names)
        return named

    def replies(self) -> list[str]:
        return [str(one["content"]["body"]) for one in self.fake.of(US)]

    def goes_wrong(self, trouble: Trouble, *, writing: bool) -> None:
        self.wire.goes_wrong(trouble, writing=writing)

    def requests(self, *, writing: bool | None = None) -> int:
        return self.wire.made(writing=writing)

    def edit(self, native_id: str, text: str) -> None:
        self.fake.edit(self._event(native_id), text)

    def delete(self, native_id: str) -> None:
        self.fake.redact(self._event(native_id))

    def answer_elsewhere(self, native_id: str, text: str) -> str:
        answers = {"m.in_reply_to": {"event_id": self._event(native_id)}}
        return f"{ROOM}/{self.fake.write(US, text, ROOM, **{'m.relates_to': answers})}"

    def counted(self, text: str) -> int:
        return len(json.dumps({"body": text}, ensure_ascii=False).encode()) - len(json.dumps({"body": ""}).encode())

    def hidden(self) -> set[str]:
        raise AssertionError("nobody can")

    muted = hidden

    def deleted(self) -> set[str]:
        gone = [one["event_id"] for one in self.fake.events if "redacted_because" in one]
        return {self.names.ours(f"{ROOM}/{one}") for one in gone}

    def banned(self) -> set[str]:
        members = self.fake.rooms[ROOM].members
        return {self.names.ours(user.removeprefix("@")) for user, how in members.items() if how == "ban"}

    def reported(self) -> list[str]:
        return [self.names.ours(f"{ROOM}/{event}") for event, _ in self.fake.reports]

    def liked(self) -> set[str]:
        about = [one["content"]["m.relates_to"]["event_id"] for one in self.fake.of(US, REACTION)]
        return {self.names.ours(f"{ROOM}/{one}") for one in about}

    def _event(self, native_id: str) -> str:
        return self.names.theirs(native_id).rpartition("/")[2]
