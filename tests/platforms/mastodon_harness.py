"""The fake Mastodon as the contract suite sees it, by function or over a socket."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from caretool.domain.comment import Incoming
from caretool.domain.duration import Duration
from caretool.domain.policy import Account
from caretool.http import Client
from caretool.platforms.mastodon.connector import MastodonPlatform, MastodonSettings, open_account
from caretool.platforms.platform import Opening
from caretool.secrets import Secret
from tests.platforms import fake_mastodon_text as wording
from tests.platforms.contract import NOON, Ability, Trouble
from tests.platforms.fake_mastodon import FakeMastodon, Software
from tests.platforms.wire import Wire

VARIABLE = "CARETOOL_MASTODON_TOKEN"


class Now:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        return self.moment


def connect(
    fake: FakeMastodon,
    *,
    url: str | None = None,
    facts: str | None = None,
    opened: list[Client] | None = None,
    handle: Callable[[httpx.Request], httpx.Response] | None = None,
    **keys: Any,
) -> MastodonPlatform:
    """A connection to the fake: by function (`handle` stands between), or to its `url` on a socket, which is then among
    the `opened`."""

    def client(*where: Any, **how: Any) -> Client:
        made = Client(*where, transport=None if url else httpx.MockTransport(handle or fake.handle), **how)
        if opened is not None:
            opened.append(made)
        return made

    settings = MastodonSettings(url=url or "https://social.example", token=Secret(env=VARIABLE), **keys)
    account = Account("fediverse", "mastodon", settings, since=Duration.parse("7 days"))
    opening = Opening(Path(), ZoneInfo("Europe/Rome"), fake.clock, facts)
    return open_account(account, opening, client)


class MastodonHarness:
    """`post1` is ours; what is received replies to it."""

    page_size = 80
    found_at_once = 40

    def __init__(self, software: Software = "mastodon") -> None:
        self.now = Now()
        self.fake = FakeMastodon(software=software, clock=self.now)
        self.wire = Wire(self.fake.handle, self.fake.busy_response, self.fake.refused_response)
        self.url: str | None = None
        self.opened: list[Client] = []
        self.abilities: frozenset[Ability] = frozenset(
            {"network", "changes", "own", "private", "retracts", "mutes", "bans", "reports", "searches", "likes"}
        )
        if software == "mastodon":
            # The others count otherwise, or do not say: the connector is on the safe side with them.
            self.abilities |= {"counts"}

    def receive(self, comments: Sequence[Incoming]) -> None:
        if "post1" not in self.fake.statuses:
            at = NOON - timedelta(hours=1)
            self.fake.write("bottegablu", "Le console sono in negozio.", id="post1", at=at, tells_us=False)
        for comment in comments:
            self.fake.person(comment.author.handle, comment.author.name)
            self.fake.write(
                comment.author.handle,
                comment.text,
                id=comment.native_id,
                at=comment.written_at,
                reply_to="post1",
                visibility="direct" if comment.private else "public",
            )

    def overhear(self, comments: Sequence[Incoming]) -> None:
        for comment in comments:
            who = "bottegablu" if comment.own else comment.author.handle
            self.fake.person(who, comment.author.name)
            self.fake.write(
                who,
                comment.text,
                id=comment.native_id,
                at=comment.written_at,
                tells_us=False,
                language=comment.language,
            )

    def open(self, length: int | None = None) -> MastodonPlatform:
        return connect(self.fake, url=self.url, opened=self.opened, max_length=length, handle=self.wire)

    def unreachable(self) -> MastodonPlatform:
        return connect(self.fake, url="http://127.0.0.1:9", opened=self.opened)

    def close(self) -> None:
        """Let go of what is open."""
        for client in self.opened:
            client.close()

    def replies(self) -> list[str]:
        return [status.text for status in self.fake.posted() if status.id != "post1"]

    def goes_wrong(self, trouble: Trouble, *, writing: bool) -> None:
        self.fake.faults.clear()
        # A read is tried several times.
        self.fake.fault(trouble, "POST" if writing else "GET", times=1 if writing else 10)

    def requests(self, *, writing: bool | None = None) -> int:
        return sum(writing is None or (request.method != "GET") == writing for request in self.fake.requests)

    def edit(self, native_id: str, text: str) -> None:
        self.fake.edit(native_id, text)

    def delete(self, native_id: str) -> None:
        self.fake.delete(native_id)

    def answer_elsewhere(self, native_id: str, text: str) -> str:
        return self.fake.write("bottegablu", text, reply_to=native_id, tells_us=False)

    def is_private(self, native_id: str) -> bool:
        return self.fake.statuses[native_id].visibility == "direct"

    def hidden(self) -> set[str]:
        raise AssertionError("nobody can")

    deleted = hidden

    def muted(self) -> set[str]:
        return {self.fake.people[one].acct for one in self.fake.muted}

    def banned(self) -> set[str]:
        return {self.fake.people[one].acct for one in self.fake.blocked}

    def liked(self) -> set[str]:
        return self.fake.liked

    def reported(self) -> list[str]:
        return [status_id for report in self.fake.reports for status_id in report["status_ids"]]

    def counted(self, text: str) -> int:
        return wording.length(text, "", self.fake.software)
