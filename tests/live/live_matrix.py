"""The contract against a real Synapse: `python -m tests.live matrix`, or pytest on this file, which starts one.

`CARETOOL_LIVE_MATRIX` and `CARETOOL_LIVE_MATRIX_PEOPLE` name one that runs already.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
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
from caretool.errors import PlatformBusy, PlatformFailed, TokenRefused
from caretool.http import Client
from caretool.platforms.matrix.connector import MatrixPlatform, MatrixSettings, open_account
from caretool.platforms.platform import Bans, Deletes, Offence, Opening, Outgoing, Platform
from caretool.secrets import Secret
from tests.live.server_matrix import HOST, Matrix, People, step
from tests.platforms import contract
from tests.platforms import renamed as renaming
from tests.platforms.contract import NOON, Ability, Trouble, comment, reply
from tests.platforms.wire import Wire

VARIABLE = "CARETOOL_MATRIX_TOKEN"


class Names(renaming.Names):
    """A reply of the suite is made now."""

    def inwards(self, value: Any) -> Any:
        theirs = super().inwards(value)
        return replace(theirs, created_at=datetime.now(UTC)) if isinstance(theirs, Outgoing) else theirs


class LiveHarness:
    """A desk and a room of its own for each test. The suite's noon is some hours ago: nobody writes tomorrow."""

    page_size = 50
    oldest_first = False
    abilities: frozenset[Ability] = frozenset(
        {"network", "changes", "own", "counts", "retracts", "deletes", "bans", "reports", "likes"}
    )

    def __init__(self, people: People) -> None:
        self.people = people
        self.us = f"@desk-{uuid.uuid4().hex[:8]}:{HOST}"
        self.noon = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=12)
        self.names = Names(when=self._when)
        self.vault = Forgetful()
        self.opened: list[Client] = []
        self.busy_until = 0.0
        self.told: list[str] = []
        refused = {"errcode": "M_UNKNOWN_TOKEN", "error": "Unrecognised access token.", "soft_logout": False}
        self.wire = Wire(self._handed, self._busy, lambda: httpx.Response(401, json=refused))
        os.environ[VARIABLE] = people.login(self.us)["access_token"]
        made = {"preset": "public_chat", "name": "Support"}
        self.room = str(people.call("POST", "createRoom", made, user=self.us)["room_id"])
        self.names.call("post1", self.room)

    def _handed(self, request: httpx.Request) -> httpx.Response:
        if time.monotonic() < self.busy_until:
            return self._busy()
        if "/report/" in request.url.path:
            self.told.append(request.url.path.rpartition("/")[2])
        response = self.people.transport.handle_request(request)
        response.read()
        response.close()
        return response

    def _busy(self) -> httpx.Response:
        """In the shape that its own has (`TestInEarnest`)."""
        self.busy_until = time.monotonic() + 2
        said = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": 42_000}
        return httpx.Response(429, headers={"Retry-After": "42"}, json=said)

    def _when(self, at: datetime) -> datetime:
        if at == NOON or abs(at - datetime.now(UTC)) < timedelta(minutes=10):
            return NOON
        return at - self.noon + NOON

    def receive(self, comments: Sequence[Incoming]) -> None:
        for one in comments:
            user = f"@{one.author.handle}:{HOST}"
            assert one.written_at is not None
            self.people.call("POST", f"join/{step(self.room)}", {}, user=user)
            made = self.people.say(user, self.room, one.text, one.written_at - NOON + self.noon)
            self.names.call(one.native_id, f"{self.room}/{made}")
            self.names.call(one.author.handle, user.removeprefix("@"))

    def open(self, length: int | None = None) -> Platform:
        return self._named(self.connection(**({} if length is None else {"max_length": length})))

    def unreachable(self) -> Platform:
        return self._named(self.connection(url="http://127.0.0.1:9"))

    def _named(self, platform: MatrixPlatform) -> Platform:
        named: Platform = renaming.renamed(platform, self.names)
        return named

    def renewing(self) -> Platform:
        return self._named(self.connection(refreshes=True))

    def connection(self, **keys: Any) -> MatrixPlatform:
        """Under the server's own names."""
        here = "url" not in keys

        def client(*where: Any, **how: Any) -> Client:
            made = Client(*where, transport=httpx.MockTransport(self.wire) if here else None, **how)
            self.opened.append(made)
            return made

        settings = MatrixSettings(**{"url": self.people.url, "token": Secret(env=VARIABLE), **keys})
        account = Account("matrix", "matrix", settings, since=Duration.parse("7 days"))
        opening = Opening(Path(), ZoneInfo("Europe/Rome"), lambda: datetime.now(UTC), vault=self.vault)
        return open_account(account, opening, client)

    def ours(self) -> list[dict[str, Any]]:
        found = self.people.events(self.us, self.room)
        return [one for one in found if one["sender"] == self.us and one["type"] == "m.room.message" and one["content"]]

    def replies(self) -> list[str]:
        return [one["content"]["body"] for one in self.ours()]

    def goes_wrong(self, trouble: Trouble, *, writing: bool) -> None:
        self.wire.goes_wrong(trouble, writing=writing)

    def requests(self, *, writing: bool | None = None) -> int:
        return self.wire.made(writing=writing)

    def author(self, native_id: str) -> str:
        return f"@person{native_id.removeprefix('c')}:{HOST}"

    def event(self, native_id: str) -> str:
        return self.names.theirs(native_id).rpartition("/")[2]

    def edit(self, native_id: str, text: str) -> None:
        relation = {"rel_type": "m.replace", "event_id": self.event(native_id)}
        more = {"m.new_content": {"msgtype": "m.text", "body": text}, "m.relates_to": relation}
        self.people.say(self.author(native_id), self.room, f"* {text}", **more)

    def delete(self, native_id: str) -> None:
        path = f"rooms/{step(self.room)}/redact/{step(self.event(native_id))}/{uuid.uuid4().hex}"
        self.people.call("PUT", path, {}, user=self.author(native_id))

    def answer_elsewhere(self, native_id: str, text: str) -> str:
        relation = {"m.in_reply_to": {"event_id": self.event(native_id)}}
        return f"{self.room}/{self.people.say(self.us, self.room, text, **{'m.relates_to': relation})}"

    def counted(self, text: str) -> int:
        """By the longest text that is taken beside it: the event is weighed as a whole."""
        return self._room_beside("") - self._room_beside(text)

    def _room_beside(self, text: str) -> int:
        most, least = 66_000, 60_000
        while most - least > 1:
            middle = (most + least) // 2
            try:
                self.people.say(self.us, self.room, text + "x" * middle)
            except httpx.HTTPStatusError as refused:
                if refused.response.status_code != 413:
                    raise
                most = middle
            else:
                least = middle
        return least

    def hidden(self) -> set[str]:
        raise AssertionError("nobody can")

    muted = hidden

    def deleted(self) -> set[str]:
        found = self.people.events(self.us, self.room)
        gone = [one["event_id"] for one in found if one.get("unsigned", {}).get("redacted_because")]
        return {self.names.ours(f"{self.room}/{one}") for one in gone}

    def banned(self) -> set[str]:
        told = self.people.call("GET", f"rooms/{step(self.room)}/members", user=self.us, membership="ban")["chunk"]
        return {self.names.ours(one["state_key"].removeprefix("@")) for one in told}

    def reported(self) -> list[str]:
        """Only who runs the server may see them; that it took them is seen here."""
        return [self.names.ours(f"{self.room}/{one}") for one in self.told]

    def liked(self) -> set[str]:
        found = [
            one for one in self.people.events(self.us, self.room) if one["type"] == "m.reaction" and one["content"]
        ]
        return {self.names.ours(f"{self.room}/{one['content']['m.relates_to']['event_id']}") for one in found}


@pytest.fixture(scope="module")
def people() -> Iterator[People]:
    running = os.environ.get("CARETOOL_LIVE_MATRIX")
    server = None if running else Matrix()
    given = {"url": running or "", "people": os.environ.get("CARETOOL_LIVE_MATRIX_PEOPLE", "")}
    given = given if server is None else dict(server.start())
    made = People(given["url"], given["people"])
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
    contract.DeletesContract,
    contract.BansContract,
    contract.ReportsContract,
    contract.LikesContract,
):
    pass


class TestInEarnest:
    def test_a_request_that_is_carried_out_twice_posts_once_also_after_a_renewal(self, harness: LiveHarness) -> None:
        login = harness.people.login(harness.us, refresh_token=True)
        os.environ[VARIABLE] = login["refresh_token"]
        harness.receive([comment(0)])
        first = harness.renewing().post(reply())
        kept = json.loads(harness.vault.read() or "")
        harness.vault.write(json.dumps({**kept, "access": "syt_nobody_knows_it"}))
        assert harness.renewing().post(reply()) == first
        assert json.loads(harness.vault.read() or "")["access"] != kept["access"]
        assert harness.replies() == [reply().text]
        assert harness.renewing().find(reply()) == first

    def test_what_another_login_sent_is_found(self, harness: LiveHarness) -> None:
        harness.receive([comment(0)])
        first = harness.open().post(reply())
        os.environ[VARIABLE] = harness.people.login(harness.us)["access_token"]
        assert harness.open().find(reply()) == first
        assert harness.open().find(reply("k2")) == first  # this login cannot tell them apart: their words are the same
        assert harness.open().find(reply("k2", "Other words.")) is None

    def test_a_wrong_token_is_refused(self, harness: LiveHarness) -> None:
        os.environ[VARIABLE] = "syt_nobody_knows_it"
        with pytest.raises(TokenRefused, match="access token"):
            list(harness.open().fetch(None))

    def test_too_many_messages_are_busy_for_as_long_as_the_server_says(self, harness: LiveHarness) -> None:
        harness.receive([comment(0)])
        platform = harness.open()

        def flood() -> None:
            for number in range(40):
                platform.post(reply(f"k{number}", f"Buongiorno {number}."))

        with pytest.raises(PlatformBusy, match="Too Many Requests") as busy:
            flood()
        assert busy.value.seconds is not None
        assert 0 < busy.value.seconds < 60

    def test_what_is_left_out_is_read_between_whatever_else_happens(self, harness: LiveHarness) -> None:
        harness.receive([comment(0)])
        *_, last = harness.open().fetch(None)
        theme = {"topic": "Parcels"}
        for number in range(1, 90):
            harness.receive([comment(number)])
            if number % 3 == 0:
                path = f"rooms/{step(harness.room)}/state/m.room.topic"
                harness.people.call("PUT", path, {**theme, "number": number}, user=harness.us)
        pages = list(harness.open().fetch(last.bookmark))
        assert sorted(contract.ids(pages)) == sorted(f"c{number}" for number in range(1, 90))

    def test_what_was_said_before_we_came_is_no_news(self, harness: LiveHarness) -> None:
        anna = f"@anna:{HOST}"
        room = str(harness.people.call("POST", "createRoom", {"preset": "public_chat"}, user=anna)["room_id"])
        for number in range(30):
            harness.people.say(anna, room, f"before {number}")
        harness.receive([comment(0)])
        *_, last = harness.open().fetch(None)
        harness.people.call("POST", f"join/{step(room)}", {}, user=harness.us)
        harness.people.say(anna, room, "after")
        pages = list(harness.open().fetch(last.bookmark))
        assert [one.text for one in contract.comments_of(pages)] == ["after"]

    def test_what_is_encrypted_is_told_of_and_gets_no_answer_in_the_clear(self, harness: LiveHarness) -> None:
        harness.receive([comment(0)])
        algorithm = {"algorithm": "m.megolm.v1.aes-sha2"}
        path = f"rooms/{step(harness.room)}/state/m.room.encryption"
        harness.people.call("PUT", path, algorithm, user=harness.us)
        harness.people.send(harness.author("c0"), harness.room, "m.room.encrypted", {**algorithm, "ciphertext": "AwgA"})
        pages = list(harness.open().fetch(None))
        assert contract.ids(pages) == ["c0"]
        told = [remark for page in pages for remark in page.remarks]
        assert told == ["1 encrypted message in Support cannot be read here: look there."]
        with pytest.raises(PlatformFailed, match="encrypted"):
            harness.open().post(reply())
        assert harness.open().check().remarks[-1] == "What is written encrypted cannot be read: Support."

    def test_a_direct_message_is_private_until_others_come(self, harness: LiveHarness) -> None:
        anna = f"@anna-{uuid.uuid4().hex[:8]}:{HOST}"
        made = {"preset": "trusted_private_chat", "is_direct": True, "invite": [harness.us]}
        room = str(harness.people.call("POST", "createRoom", made, user=anna)["room_id"])
        invited = [remark for page in harness.open().fetch(None) for remark in page.remarks]
        assert invited == ["An invitation to a room waits: accept or decline there."]
        harness.people.call("POST", f"join/{step(room)}", {}, user=harness.us)
        said = harness.people.say(anna, room, "My number is 347 1234567")
        (one,) = contract.comments_of(list(harness.open().fetch(None)))
        assert (one.text, one.private, one.form) == ("My number is 347 1234567", True, "message")
        answer = replace(reply(to=(f"{room}/{said}",)), private=True)
        harness.open().post(answer)
        with pytest.raises(PlatformFailed, match="never answered in public"):
            harness.open().post(replace(answer, private=False))
        harness.people.call("POST", f"rooms/{step(room)}/invite", {"user_id": f"@carla:{HOST}"}, user=anna)
        with pytest.raises(PlatformFailed, match="others read"):
            harness.open().post(replace(answer, key="k2"))

    def test_the_longest_reply_is_taken_with_all_that_is_beside_it(self, harness: LiveHarness) -> None:
        harness.receive([comment(0)])
        platform = harness.open()
        names = " ".join(f"@person{number}:{HOST}" for number in range(400))
        text = names + "x" * (platform.limits.length or 0)
        text = text[: len(text) - (platform.limits.measure(text) - 60_000)]
        assert platform.limits.measure(text) == 60_000
        platform.post(reply(text=text))
        assert harness.replies() == [text]

    def test_without_the_right_it_is_a_refusal_in_one_line(self, harness: LiveHarness) -> None:
        anna = f"@anna:{HOST}"
        room = str(harness.people.call("POST", "createRoom", {"preset": "public_chat"}, user=anna)["room_id"])
        harness.people.call("POST", f"join/{step(room)}", {}, user=harness.us)
        said = Offence(f"{room}/{harness.people.say(anna, room, 'Win a prize')}", anna.removeprefix("@"), "spam", "a1")
        platform = harness.open()
        assert isinstance(platform, Bans)
        assert isinstance(platform, Deletes)
        for do in (platform.ban, platform.delete):
            with pytest.raises(PlatformFailed) as failure:
                do(said)
            assert len(str(failure.value).splitlines()) == 1
        assert "Win a prize" in [one["content"].get("body") for one in harness.people.events(anna, room)]
