"""What goes out to Matrix: where, to whom, once; and what is done against others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import stamina

from caretool.errors import CaretoolError, PlatformBusy, PlatformFailed
from caretool.http import Refused
from caretool.platforms.matrix.wire import weight
from caretool.platforms.platform import Offence
from tests.platforms.contract import NOON, offence, reply
from tests.platforms.fake_matrix import HOST, REACTION, TOKEN, US, FakeMatrix
from tests.platforms.matrix_harness import ROOM, VARIABLE, Now, connect

ANNA, BRUNO = f"@anna:{HOST}", f"@bruno:{HOST}"
DIRECT = f"!direct:{HOST}"


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)


@pytest.fixture
def fake() -> FakeMatrix:
    made = FakeMatrix(Now())
    made.room(ROOM, ANNA, BRUNO)
    made.room(DIRECT, ANNA, rule="invite")
    return made


def said(fake: FakeMatrix, text: str = "Where is it?", room: str = ROOM, by: str = ANNA, **content: Any) -> str:
    """A native id."""
    return f"{room}/{fake.write(by, text, room, **content)}"


def ours(fake: FakeMatrix) -> dict[str, Any]:
    """The content of the one message that is ours."""
    (one,) = fake.of(US)
    content: dict[str, Any] = one["content"]
    return content


def event(native_id: str) -> str:
    return native_id.rpartition("/")[2]


class TestReplies:
    def test_it_answers_the_message_and_tells_its_author(self, fake: FakeMatrix) -> None:
        asked = said(fake)
        connect(fake).post(reply(text=f"Buongiorno @bruno:{HOST}, @desk:{HOST}!", to=(asked,)))
        content = ours(fake)
        assert content["msgtype"] == "m.text"
        assert content["m.relates_to"] == {"m.in_reply_to": {"event_id": event(asked)}}
        assert content["m.mentions"] == {"user_ids": [ANNA, BRUNO]}

    def test_in_a_thread_it_stays_in_the_thread(self, fake: FakeMatrix) -> None:
        root = event(said(fake))
        asked = said(fake, by=BRUNO, **{"m.relates_to": {"rel_type": "m.thread", "event_id": root}})
        outgoing = replace(reply(to=(asked,)), thread=f"{ROOM}/{root}")
        posted = connect(fake).post(outgoing)
        relation = {"rel_type": "m.thread", "event_id": root, "m.in_reply_to": {"event_id": event(asked)}}
        assert ours(fake)["m.relates_to"] == relation
        assert connect(fake).find(outgoing) == posted

    def test_one_answer_to_several_stands_by_itself_and_tells_each_that_it_names(self, fake: FakeMatrix) -> None:
        first, second, third = said(fake), said(fake, by=BRUNO), said(fake, by=f"@carla:{HOST}")
        text = f"Buongiorno @anna:{HOST} e @bruno:{HOST}: arriva domani."
        outgoing = replace(reply(text=text, to=(first, second, third)), thread=ROOM)
        posted = connect(fake).post(outgoing)
        assert "m.relates_to" not in ours(fake)
        assert ours(fake)["m.mentions"] == {"user_ids": [ANNA, BRUNO]}
        fake.events[-1].pop("sent_by")  # as another login sees it
        assert connect(fake).find(outgoing) == posted

    def test_what_is_private_is_answered_there_and_never_in_public(self, fake: FakeMatrix) -> None:
        asked, public = said(fake, room=DIRECT), said(fake)
        platform = connect(fake)
        for outgoing in (reply(to=(asked,)), replace(reply(to=(public,)), private=True), reply(to=(public, asked))):
            with pytest.raises(PlatformFailed):
                platform.post(outgoing)
        assert fake.of(US) == []
        posted = platform.post(replace(reply(to=(asked,)), private=True))
        assert posted.native_id.startswith(DIRECT)

    @pytest.mark.parametrize("then", ["public", "carla", "readable"])
    def test_a_room_that_others_have_come_to_read_gets_nothing_private(self, fake: FakeMatrix, then: str) -> None:
        asked = said(fake, room=DIRECT)
        room = fake.rooms[DIRECT]
        if then == "carla":
            room.members[f"@carla:{HOST}"] = "invite"
        elif then == "public":
            room.state["m.room.join_rules"] = {"join_rule": "public"}
        else:
            room.state["m.room.history_visibility"] = {"history_visibility": "world_readable"}
        with pytest.raises(PlatformFailed, match="others read"):
            connect(fake).post(replace(reply(to=(asked,)), private=True))

    def test_nothing_goes_in_the_clear_where_all_else_is_encrypted(self, fake: FakeMatrix) -> None:
        asked = said(fake)
        fake.rooms[ROOM].state["m.room.encryption"] = {"algorithm": "m.megolm.v1.aes-sha2"}
        with pytest.raises(PlatformFailed, match="encrypted"):
            connect(fake).post(reply(to=(asked,)))

    def test_a_room_that_we_left_is_not_answered(self, fake: FakeMatrix) -> None:
        asked = said(fake)
        fake.rooms[ROOM].members[US] = "leave"
        with pytest.raises(PlatformFailed, match="nothing to reply to"):
            connect(fake).post(reply(to=(asked,)))

    def test_what_cannot_be_known_before_it_leaves_passes(self, fake: FakeMatrix) -> None:
        asked = said(fake)

        def handle(request: httpx.Request) -> httpx.Response:
            return httpx.Response(502) if "/state/" in request.url.path else fake.handle(request)

        with stamina.set_testing(True), pytest.raises(PlatformBusy, match="nothing was sent"):
            connect(fake, handle).post(reply(to=(asked,)))
        assert fake.of(US) == []

    def test_ids_of_another_platform_are_refused_in_one_line(self, fake: FakeMatrix) -> None:
        for odd in ("c0", "!room", "$event", "!a/b", "!a\n/$b", ""):
            with pytest.raises(PlatformFailed) as failure:
                connect(fake).post(reply(to=(odd,)))
            assert len(str(failure.value).splitlines()) == 1
        assert connect(fake).look(["c0"]).gone == {"c0"}

    def test_each_name_in_a_text_weighs_twice(self) -> None:
        assert weight("è\n") == 4
        assert weight(f"Ciao @anna:{HOST}.") == len(f"Ciao @anna:{HOST}.") + len(f"@anna:{HOST}") + 3


class TestOnce:
    def test_a_reply_that_leaves_again_is_there_once(self, fake: FakeMatrix) -> None:
        asked = said(fake)
        first = connect(fake).post(reply(to=(asked,)))
        assert connect(fake).post(reply(to=(asked,))).native_id == first.native_id
        assert len(fake.of(US)) == 1

    def test_it_is_found_by_its_transaction_whatever_else_we_say(self, fake: FakeMatrix) -> None:
        asked = said(fake)
        posted = connect(fake).post(reply("k1", to=(asked,)))
        for number in range(60):
            fake.write(US, f"something else {number}", ROOM)
        assert connect(fake).find(reply("k1", to=(asked,))) == posted

    def test_the_same_words_of_another_reply_are_not_it(self, fake: FakeMatrix) -> None:
        asked = said(fake)
        connect(fake).post(reply("k1", to=(asked,)))
        assert connect(fake).find(reply("k2", to=(asked,))) is None

    def test_what_another_login_sent_is_found_by_its_words_and_what_they_answer(self, fake: FakeMatrix) -> None:
        asked, other = said(fake), said(fake, by=BRUNO)
        relation = {"m.relates_to": {"m.in_reply_to": {"event_id": event(asked)}}}
        sent = said(fake, reply().text, by=US, **relation)
        found = connect(fake).find(reply(to=(asked,)))
        assert found is not None
        assert found.native_id == sent
        assert connect(fake).find(reply(to=(other,))) is None
        assert connect(fake).find(replace(reply(to=(asked,)), not_these=frozenset({sent}))) is None
        assert connect(fake).find(reply(text="Other words.", to=(asked,))) is None

    def test_it_is_looked_for_no_further_back_than_a_day_before_it_was_made(self, fake: FakeMatrix) -> None:
        asked = said(fake)
        for number in range(200):
            fake.write(US, f"{number}", ROOM, at=NOON - timedelta(days=3 - number // 100))
        asks: list[str] = []

        def handle(request: httpx.Request) -> httpx.Response:
            asks.append(request.url.path)
            return fake.handle(request)

        assert connect(fake, handle).find(reply(to=(asked,))) is None
        assert sum("/messages" in path for path in asks) <= 3


class TestGuard:
    def test_without_the_right_nothing_is_done_and_it_says_so(self, fake: FakeMatrix) -> None:
        fake.powerless = True
        asked = said(fake)
        off = Offence(asked, f"anna:{HOST}", "spam", "a1")
        platform = connect(fake)
        for do in (platform.delete, platform.ban):
            with pytest.raises(Refused, match="permission"):
                do(off)

    def test_who_is_in_no_need_of_it_is_not_let_in(self, fake: FakeMatrix) -> None:
        asked = said(fake)
        connect(fake).unban(Offence(asked, f"anna:{HOST}", "spam", "a1"))
        assert fake.rooms[ROOM].members[ANNA] == "join"

    def test_somebody_is_kept_out_of_that_room_only(self, fake: FakeMatrix) -> None:
        asked = said(fake)
        connect(fake).ban(Offence(asked, f"anna:{HOST}", "spam", "a1"))
        assert (fake.rooms[ROOM].members[ANNA], fake.rooms[DIRECT].members[ANNA]) == ("ban", "join")

    def test_a_like_that_the_server_has_already_is_no_failure(self, fake: FakeMatrix) -> None:
        asked = said(fake)
        connect(fake).like(asked)

        def handle(request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, json={"chunk": []}) if "relations" in request.url.path else fake.handle(request)

        connect(fake, handle).like(asked)
        assert len(fake.of(US, REACTION)) == 1

    def test_ours_is_found_among_many_likes(self, fake: FakeMatrix) -> None:
        asked = said(fake)
        platform = connect(fake)
        platform.like(asked)
        about = {"rel_type": "m.annotation", "event_id": event(asked), "key": "👍"}
        for number in range(120):
            fake.add(ROOM, REACTION, f"@fan{number}:{HOST}", {"m.relates_to": about})
        platform.unlike(asked)
        assert fake.of(US, REACTION) == []

    def test_what_is_not_ours_is_not_retracted(self, fake: FakeMatrix) -> None:
        asked = said(fake)
        with pytest.raises(PlatformFailed, match="not ours"):
            connect(fake).retract(asked)
        connect(fake).retract(f"{ROOM}/$nothing")

    def test_a_report_says_why(self, fake: FakeMatrix) -> None:
        asked = said(fake)
        connect(fake).report(Offence(asked, f"anna:{HOST}", "abuse", "a1"))
        assert fake.reports == [(event(asked), "abuse")]

    def test_nonsense_is_refused_in_one_line(self, fake: FakeMatrix) -> None:
        asked = said(fake)
        platform = connect(fake)
        for off in (offence(), Offence(asked, "nobody at all", "spam", "a1")):
            with pytest.raises(CaretoolError) as failure:
                platform.ban(off)
            assert len(str(failure.value).splitlines()) == 1
