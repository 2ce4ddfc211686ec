"""The fake YouTube as the contract suite sees it."""

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
from caretool.platforms.youtube.connector import YouTubePlatform, YouTubeSettings, open_account
from caretool.platforms.youtube.quota import next_midnight
from caretool.secrets import Secret
from tests.platforms.contract import NOON, Ability, Trouble
from tests.platforms.fake_youtube import CLIENT, OTHER, US, FakeYouTube
from tests.platforms.wire import READS, Wire

TOKEN, SECRET_OF_CLIENT = "CARETOOL_YOUTUBE_TOKEN", "CARETOOL_YOUTUBE_CLIENT_SECRET"


class YouTubeHarness:
    """`post1` is a video of ours: what is received stands under it. What is overheard stands under somebody else's."""

    page_size = 100
    found_at_once = 100
    oldest_first = False
    abilities: frozenset[Ability] = frozenset(
        {"network", "changes", "own", "retracts", "hides", "deletes", "expires", "searches"}
    )

    def __init__(self, budget: Budget | None = None) -> None:
        self.now = NOON
        self.fake = FakeYouTube(clock=lambda: self.now)
        self.fake.videos["post1"] = (US, "Le console sono in negozio", "", NOON - timedelta(hours=1))
        self.fake.videos["video2"] = (OTHER, "What a day", "", NOON - timedelta(hours=1))
        self.fake.names[OTHER] = "Somebody Else"
        self.wire = Wire(
            self.fake.handle,
            self.fake.busy_response,
            self.fake.refused_response,
            reads=lambda request: request.method in READS or request.url.host.startswith("oauth2"),
        )
        self.budget: Budget = budget or Unlimited()
        self.vault = Forgetful()

    def open(self, length: int | None = None, *, facts: str | None = None, **keys: Any) -> YouTubePlatform:
        keys |= {} if length is None else {"max_length": length}
        return self._open(httpx.MockTransport(self.wire), facts, keys)

    def unreachable(self) -> YouTubePlatform:
        def refuse(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("nobody there", request=request)

        return self._open(httpx.MockTransport(refuse), None, {})

    def _open(self, transport: httpx.BaseTransport, facts: str | None, keys: dict[str, Any]) -> YouTubePlatform:
        settings = YouTubeSettings(
            client_id=CLIENT,
            client_secret=Secret(env=SECRET_OF_CLIENT),
            token=Secret(env=TOKEN),
            **{"search_channels": (OTHER,)} | keys,
        )
        account = Account("channel", "youtube", settings, since=Duration.parse("7 days"))
        opening = Opening(Path(), ZoneInfo("Europe/Rome"), lambda: self.now, facts, self.vault, self.budget)
        return open_account(account, opening, lambda *where, **how: Client(*where, transport=transport, **how))

    def receive(self, comments: Sequence[Incoming]) -> None:
        for comment in comments:
            who = comment.author.handle
            self.fake.write(who, comment.text, id=comment.native_id, at=comment.written_at, video="post1")

    def overhear(self, comments: Sequence[Incoming]) -> None:
        for comment in comments:
            who = US if comment.own else comment.author.handle
            self.fake.write(
                who, comment.text, id=comment.native_id, at=comment.written_at, video="video2", channel=OTHER
            )

    def replies(self) -> list[str]:
        return [one.text for one in self.fake.comments.values() if one.by == US and not one.gone]

    def goes_wrong(self, trouble: Trouble, *, writing: bool) -> None:
        if trouble == "refuse":
            self.fake.revoke()
            self.vault = Forgetful()
            return
        if trouble == "busy":  # for 42 seconds: until the day ends where the quota is counted
            self.now = next_midnight(self.now) - timedelta(seconds=42)
        self.wire.goes_wrong(trouble, writing=writing)

    def requests(self, *, writing: bool | None = None) -> int:
        return self.wire.made(writing=writing)

    def edit(self, native_id: str, text: str) -> None:
        self.fake.edit(native_id, text)

    def delete(self, native_id: str) -> None:
        self.fake.delete(native_id)

    def answer_elsewhere(self, native_id: str, text: str) -> str:
        return self.fake.write(US, text, parent=native_id)

    def hidden(self) -> set[str]:
        return {one.id for one in self.fake.comments.values() if one.status == "heldForReview"}

    def deleted(self) -> set[str]:
        return {one.id for one in self.fake.comments.values() if one.status == "rejected"}

    def muted(self) -> set[str]:
        raise AssertionError("nobody can")

    banned = muted

    def reported(self) -> list[str]:
        raise AssertionError("nobody can")

    def ends(self) -> datetime | None:
        seconds = self.fake.refresh_ends_in
        return None if seconds is None else self.now + timedelta(seconds=seconds)
