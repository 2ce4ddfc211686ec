"""The fake X as the contract suite sees it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from caretool.domain.budget import Budget, Unlimited
from caretool.domain.comment import Incoming
from caretool.domain.duration import Duration
from caretool.domain.policy import Account
from caretool.domain.vault import Forgetful
from caretool.http import Client
from caretool.platforms.platform import Opening
from caretool.platforms.x.connector import XPlatform, XSettings, open_account
from caretool.platforms.x.server import TOKENS
from caretool.secrets import Secret
from tests.platforms.contract import NOON, Ability, Trouble
from tests.platforms.fake_x import CLIENT, FIRST, OURS, FakeX
from tests.platforms.renamed import Names, renamed
from tests.platforms.wire import Wire

TOKEN, SECRET_OF_CLIENT = "CARETOOL_X_TOKEN", "CARETOOL_X_CLIENT_SECRET"


class XHarness:
    """`post1` is ours: what is received replies to it. What is overheard stands by itself."""

    page_size = 100
    found_at_once = 100
    oldest_first = False
    abilities: frozenset[Ability] = frozenset({"network", "changes", "own", "retracts", "hides", "mutes", "searches"})

    def __init__(self, budget: Budget | None = None, **fake: Any) -> None:
        self.now = NOON
        self.fake = FakeX(lambda: self.now, **fake)
        self.names = Names()
        self.wire = Wire(self.fake.handle, self.fake.busy_response, self.fake.refused_response)
        self.vault = Forgetful()
        self.budget: Budget = budget or Unlimited()

    def open(self, length: int | None = None) -> Any:
        self.fake.longest = length or 280
        return renamed(self.connect(**({} if length is None else {"max_length": length})), self.names)

    def connect(self, *, facts: str | None = None, since: str | None = "7 days", **keys: Any) -> XPlatform:
        """With X's own ids."""
        return self._open(httpx.MockTransport(self._sent), facts, since, keys)

    def _sent(self, request: httpx.Request) -> httpx.Response:
        """A renewal is no read that may be repeated, and no write of ours: it has its own tests."""
        return self.wire.handle(request) if request.url.path == TOKENS else self.wire(request)

    def new_token(self) -> None:
        """A person makes the first one anew: X takes each renewed one once."""
        self.fake.refresh = FIRST

    def unreachable(self) -> Any:
        def refuse(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("nobody there", request=request)

        return renamed(self._open(httpx.MockTransport(refuse), None, "7 days", {}), self.names)

    def _open(
        self, transport: httpx.BaseTransport, facts: str | None, since: str | None, keys: dict[str, Any]
    ) -> XPlatform:
        if self.fake.secret is not None:
            keys |= {"client_secret": Secret(env=SECRET_OF_CLIENT)}
        settings = XSettings(client_id=CLIENT, token=Secret(env=TOKEN), **keys)
        account = Account("x", "x", settings, since=None if since is None else Duration.parse(since))
        opening = Opening(Path(), ZoneInfo("Europe/Rome"), lambda: self.now, facts, self.vault, self.budget)
        return open_account(account, opening, lambda *where, **how: Client(*where, transport=transport, **how))

    def receive(self, comments: Sequence[Incoming]) -> None:
        if self.names.theirs("post1") == "post1":
            at = NOON - timedelta(hours=1)
            self.names.call("post1", self.fake.write(OURS, "Le console sono in negozio.", at=at))
        for comment in comments:
            self._write(comment, comment.author.handle, self.names.theirs("post1"))

    def overhear(self, comments: Sequence[Incoming]) -> None:
        for comment in comments:
            self._write(comment, OURS if comment.own else comment.author.handle, None)

    def _write(self, comment: Incoming, handle: str, parent: str | None) -> None:
        self.fake.user(handle, comment.author.name)
        written = self.fake.write(
            handle, comment.text, at=comment.written_at, reply_to=parent, lang=comment.language or "und"
        )
        self.names.call(comment.native_id, written)

    def replies(self) -> list[str]:
        return [post.sent for post in self.fake.ours() if post.parent is not None]

    def goes_wrong(self, trouble: Trouble, *, writing: bool) -> None:
        self.fake.revoked = trouble == "refuse"
        if trouble != "refuse":  # a renewed token would do, where it is not revoked
            self.wire.goes_wrong(trouble, writing=writing)

    def requests(self, *, writing: bool | None = None) -> int:
        return self.wire.made(writing=writing)

    def edit(self, native_id: str, text: str) -> None:
        self.now += timedelta(minutes=1)
        self.fake.edit(self.names.theirs(native_id), text)

    def delete(self, native_id: str) -> None:
        self.fake.delete(self.names.theirs(native_id))

    def answer_elsewhere(self, native_id: str, text: str) -> str:
        return self.fake.write(OURS, text, reply_to=self.names.theirs(native_id))

    def hidden(self) -> set[str]:
        return {self.names.ours(post.id) for post in self.fake.posts.values() if post.hidden}

    def muted(self) -> set[str]:
        return {self.fake.users[one]["username"] for one in self.fake.muted}

    def banned(self) -> set[str]:
        raise AssertionError("nobody can")

    deleted = banned

    def reported(self) -> list[str]:
        raise AssertionError("nobody can")

    def ends(self) -> datetime | None:
        raise AssertionError("X does not say")
