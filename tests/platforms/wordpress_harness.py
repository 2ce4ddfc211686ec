"""The fake WordPress as the contract suite sees it: its numbers under the suite's names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from caretool.domain.comment import Incoming
from caretool.domain.duration import Duration
from caretool.domain.policy import Account
from caretool.http import Client
from caretool.platforms.platform import Opening, Platform
from caretool.platforms.wordpress.connector import WordPressPlatform, WordPressSettings, open_account
from caretool.secrets import Secret
from tests.platforms.contract import NOON, Ability, Trouble
from tests.platforms.fake_wordpress import FIRST_OWN, ME, POST, SITE, USER, FakeWordPress, typed
from tests.platforms.renamed import Names, renamed
from tests.platforms.wire import Wire

VARIABLE = "CARETOOL_WORDPRESS_TOKEN"
_FIRST, _PERSONS = 1000, 10
_COMMENT, _PERSON = re.compile(r"c(\d+)"), re.compile(r"person(\d+)")
_USER = re.compile(r"user-(\d+)")


class Numbers(Names):
    """`c0` is number 1000, `person0` the user 10, `post1` the post there is: any process knows it."""

    def theirs(self, ours: str) -> str:
        if found := _COMMENT.fullmatch(ours):
            return str(_FIRST + int(found[1]))
        if found := _PERSON.fullmatch(ours):
            return f"user-{_PERSONS + int(found[1])}"
        return str(POST) if ours == "post1" else ours

    def ours(self, theirs: str) -> str:
        if re.fullmatch(r"[0-9]{1,9}", theirs) and _FIRST <= int(theirs) < FIRST_OWN:
            return f"c{int(theirs) - _FIRST}"
        if found := _USER.fullmatch(theirs):
            return f"person{int(found[1]) - _PERSONS}"
        return "post1" if theirs == str(POST) else theirs


class WordPressHarness:
    """What is received stands under `post1`."""

    page_size = 100
    abilities: frozenset[Ability] = frozenset({"network", "changes", "own", "counts", "retracts", "hides", "deletes"})

    def __init__(self) -> None:
        self.now = NOON
        self.fake = FakeWordPress(lambda: self.now)
        self.wire = Wire(self.fake.handle, self.fake.busy_response, self.fake.refused_response)
        self.names = Numbers()

    def open(self, length: int | None = None) -> Platform:
        named: Platform = renamed(self.connection(**({} if length is None else {"max_length": length})), self.names)
        return named

    def unreachable(self) -> Platform:
        def refuse(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("nobody there", request=request)

        named: Platform = renamed(self.connection(transport=httpx.MockTransport(refuse)), self.names)
        return named

    def connection(
        self,
        *,
        facts: str | None = None,
        since: str | None = "7 days",
        transport: httpx.BaseTransport | None = None,
        **keys: Any,
    ) -> WordPressPlatform:
        """Under WordPress's own numbers."""
        settings = WordPressSettings(**{"url": SITE, "user": USER, "token": Secret(env=VARIABLE)} | keys)
        account = Account("blog", "wordpress", settings, since=None if since is None else Duration.parse(since))
        opening = Opening(Path(), ZoneInfo("Europe/Rome"), lambda: self.now, facts)
        through = transport or httpx.MockTransport(self.wire)
        return open_account(account, opening, lambda *where, **how: Client(*where, transport=through, **how))

    def receive(self, comments: Sequence[Incoming]) -> None:
        for one in comments:
            number = int(self.names.theirs(one.author.handle).removeprefix("user-"))
            self.fake.write(
                typed(one.text),
                id=int(self.names.theirs(one.native_id)),
                at=one.written_at,
                user=number,
                name=one.author.name or one.author.handle,
                status="hold" if one.private else "approved",
            )

    def replies(self) -> list[str]:
        ours = [one for one in self.fake.comments.values() if one.user == ME and one.status != "trash"]
        return [one.text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") for one in ours]

    def goes_wrong(self, trouble: Trouble, *, writing: bool) -> None:
        if trouble == "busy":  # then it is, for whatever is asked
            self.wire.handle = lambda request: self.fake.busy_response()
        self.wire.goes_wrong(trouble, writing=writing)

    def requests(self, *, writing: bool | None = None) -> int:
        return self.wire.made(writing=writing)

    def edit(self, native_id: str, text: str) -> None:
        self.fake.comments[int(self.names.theirs(native_id))].text = typed(text)

    def delete(self, native_id: str) -> None:
        self.fake.delete(int(self.names.theirs(native_id)))

    def answer_elsewhere(self, native_id: str, text: str) -> str:
        return str(self.fake.write(typed(text), user=ME, parent=int(self.names.theirs(native_id))))

    def counted(self, text: str) -> int:
        return len(typed(text).encode())

    def hidden(self) -> set[str]:
        return self._called("hold")

    def deleted(self) -> set[str]:
        return self._called("trash")

    def _called(self, status: str) -> set[str]:
        return {self.names.ours(str(one.id)) for one in self.fake.comments.values() if one.status == status}

    def muted(self) -> set[str]:
        raise AssertionError("nobody can")

    def banned(self) -> set[str]:
        raise AssertionError("nobody can")

    def reported(self) -> list[str]:
        raise AssertionError("nobody can")

    def moves(self, moment: datetime) -> None:
        """The clock."""
        self.now = moment
