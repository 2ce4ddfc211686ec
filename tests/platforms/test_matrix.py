from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import pytest

from caretool.errors import PlatformFailed
from tests.platforms import contract
from tests.platforms.contract import NOON
from tests.platforms.fake_matrix import HOST, TOKEN, US, FakeMatrix
from tests.platforms.matrix_harness import (
    ROOM,
    VARIABLE,
    MatrixHarness,
    Now,
    comments,
    connect,
    fetched,
    instead,
    remarks,
    texts,
)

ANNA, BRUNO = f"@anna:{HOST}", f"@bruno:{HOST}"
DIRECT = f"!direct:{HOST}"


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)


@pytest.fixture
def fake() -> FakeMatrix:
    made = FakeMatrix(Now())
    made.names[ANNA] = "Anna"
    made.room(ROOM, ANNA, BRUNO, **{"m.room.name": {"name": "Support"}})
    return made


class TestMatrix(
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
    @pytest.fixture
    def harness(self) -> Iterator[MatrixHarness]:
        return MatrixHarness()


class TestFilling:
    def test_what_a_sync_leaves_out_is_read_down_to_the_bookmark_and_no_further(self, fake: FakeMatrix) -> None:
        for number in range(70):
            fake.write(ANNA, f"old {number}", ROOM)
        *_, last = fetched(fake)
        for number in range(120):
            fake.write(ANNA, f"new {number}", ROOM)
        pages = fetched(fake, last.bookmark)
        assert sorted(texts(pages)) == sorted(f"new {number}" for number in range(120))
        assert max(len(page.comments) for page in pages) <= 50

    def test_an_interrupted_walk_goes_on_though_others_write_meanwhile(self, fake: FakeMatrix) -> None:
        *_, last = fetched(fake)
        for number in range(120):
            fake.write(ANNA, f"new {number}", ROOM)
        found = []
        pages = connect(fake).fetch(last.bookmark)
        for _ in range(2):
            page = next(pages)
            found += texts([page])
        for number in range(120, 160):
            fake.write(BRUNO, f"new {number}", ROOM)
        rest = fetched(fake, page.bookmark)
        assert sorted(found + texts(rest)) == sorted(f"new {number}" for number in range(160))
        assert {one.thread.text for one in comments(rest) if one.thread} == {"Support"}

    def test_a_first_fetch_goes_back_as_far_as_the_account_says(self, fake: FakeMatrix) -> None:
        for number in range(400):
            fake.write(ANNA, f"{number}", ROOM, at=NOON - timedelta(hours=400 - number))
        found = set(texts(fetched(fake)))
        assert found >= {str(number) for number in range(232, 400)}
        assert len(found) <= 250
        assert len(set(texts(fetched(fake, since=None)))) == 400

    def test_one_false_date_does_not_end_it(self, fake: FakeMatrix) -> None:
        for number in range(120):
            at = NOON - (timedelta(days=400) if number == 60 else timedelta(minutes=120 - number))
            fake.write(ANNA, f"{number}", ROOM, at=at)
        assert len(texts(fetched(fake))) == 120

    def test_a_room_that_slept_for_long_is_not_walked_through(self, fake: FakeMatrix) -> None:
        for number in range(300):
            fake.write(ANNA, f"{number}", ROOM, at=NOON - timedelta(days=100, minutes=-number))
        assert texts(fetched(fake)) == []

    def test_a_page_that_another_request_was_answered_with_is_asked_for_again(self, fake: FakeMatrix) -> None:
        *_, last = fetched(fake)
        for number in range(120):
            fake.write(ANNA, f"new {number}", ROOM)
        stale: list[httpx.Response] = []

        def replayed(request: httpx.Request) -> httpx.Response:
            answer = fake.handle(request)
            stale.append(answer)
            return stale[0] if len(stale) == 2 else answer

        found = texts(fetched(fake, last.bookmark, handle=instead(fake, "/messages", replayed)))
        assert set(found) == {f"new {number}" for number in range(120)}

    def test_pages_that_lead_in_a_circle_are_a_failure(self, fake: FakeMatrix) -> None:
        for number in range(60):
            fake.write(ANNA, f"{number}", ROOM)
        circle = instead(fake, "/messages", lambda _: httpx.Response(200, json={"chunk": [], "end": "t1"}))
        with pytest.raises(PlatformFailed, match="circle"):
            fetched(fake, handle=circle)

    def test_a_server_that_forgot_the_bookmark_is_read_anew(self, fake: FakeMatrix) -> None:
        fake.write(ANNA, "Hello", ROOM)
        *_, last = fetched(fake)
        lost = json.dumps({**json.loads(last.bookmark), "next": "x9"})
        pages = fetched(fake, lost)
        assert texts(pages) == ["Hello"]
        assert remarks(pages) == ["The server no longer knows how far we had read: it is read again."]
        gap = json.dumps({**json.loads(last.bookmark), "gaps": {ROOM: "x9"}})
        assert texts(fetched(fake, gap)) == ["Hello"]

    def test_a_room_we_were_thrown_out_of_keeps_no_other_from_being_read(self, fake: FakeMatrix) -> None:
        fake.room(f"!other:{HOST}", ANNA)
        *_, last = fetched(fake)
        for room in (ROOM, f"!other:{HOST}"):
            for number in range(60):
                fake.write(ANNA, f"{number}", room)
        first = next(connect(fake).fetch(last.bookmark))
        fake.rooms[ROOM].members[US] = "ban"
        pages = fetched(fake, first.bookmark)
        assert len(texts(pages)) >= 60
        assert any("is not shown to us any more" in remark for remark in remarks(pages))


class TestReading:
    def test_an_encrypted_message_is_told_of_and_nothing_else_is_lost(self, fake: FakeMatrix) -> None:
        fake.write(ANNA, "In the clear", ROOM)
        for sender in (ANNA, BRUNO, US):
            fake.add(ROOM, "m.room.encrypted", sender, {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgA"})
        pages = fetched(fake)
        assert texts(pages) == ["In the clear"]
        assert remarks(pages) == ["2 encrypted messages in Support cannot be read here: look there."]

    def test_bots_wait_for_no_answer_and_our_own_words_are_ours(self, fake: FakeMatrix) -> None:
        fake.write(BRUNO, "I am a bot", ROOM, msgtype="m.notice")
        fake.write(BRUNO, "verify me", ROOM, msgtype="m.key.verification.request")
        fake.write(US, "We are closed", ROOM, msgtype="m.notice")
        assert [(one.text, one.own) for one in comments(fetched(fake))] == [("We are closed", True)]

    def test_what_older_clients_quote_before_an_answer_is_left_out(self, fake: FakeMatrix) -> None:
        first = fake.write(US, "Which order?", ROOM)
        answer = {"m.relates_to": {"m.in_reply_to": {"event_id": first}}}
        fake.write(ANNA, f"> <{US}> Which order?\n> Which one?\n\nNumber 4711", ROOM, **answer)
        fake.write(ANNA, "> tomorrow\n\nyou said tomorrow", ROOM, **answer)
        fake.write(ANNA, f"> <{US}> Which order?\n\nnone", ROOM)
        assert texts(fetched(fake)) == [
            "Which order?", "Number 4711", "> tomorrow\n\nyou said tomorrow", f"> <{US}> Which order?\n\nnone",
        ]  # fmt: skip

    def test_who_speaks_to_us_where_and_in_answer_to_what_comes_with_it(self, fake: FakeMatrix) -> None:
        first = fake.write(ANNA, "Hello", ROOM)
        in_thread = {"rel_type": "m.thread", "event_id": first}
        later = fake.write(BRUNO, "Me, too", ROOM, **{"m.relates_to": in_thread})
        falling = {**in_thread, "is_falling_back": True, "m.in_reply_to": {"event_id": later}}
        fake.write(BRUNO, "And me", ROOM, **{"m.relates_to": falling, "m.mentions": {"user_ids": [US]}})
        meant = {**in_thread, "m.in_reply_to": {"event_id": later}}
        fake.write(US, "We see", ROOM, **{"m.relates_to": meant})
        found = [
            (one.author.handle, one.author.name, one.form, one.thread and one.thread.native_id, one.reply_to)
            for one in comments(fetched(fake))
        ]
        thread = f"{ROOM}/{first}"
        assert found == [
            (f"anna:{HOST}", "Anna", "comment", ROOM, None),
            (f"bruno:{HOST}", None, "comment", thread, thread),
            (f"bruno:{HOST}", None, "mention", thread, thread),
            (f"desk:{HOST}", None, "comment", thread, f"{ROOM}/{later}"),
        ]

    def test_pictures_and_stickers_come_with_their_address(self, fake: FakeMatrix) -> None:
        picture = {"msgtype": "m.image", "url": "mxc://shop.example/broken"}
        fake.write(ANNA, "image.jpg", ROOM, **picture)
        fake.write(ANNA, "It came like this", ROOM, filename="image.jpg", **picture)
        fake.add(ROOM, "m.sticker", ANNA, {"body": "A sad cat", "url": "mxc://shop.example/cat"})
        found = [(one.text, one.attachments) for one in comments(fetched(fake))]
        assert found == [
            ("", ("mxc://shop.example/broken",)),
            ("It came like this", ("mxc://shop.example/broken",)),
            ("A sad cat", ("mxc://shop.example/cat",)),
        ]

    def test_nobody_writes_tomorrow(self, fake: FakeMatrix) -> None:
        fake.write(ANNA, "From 2099", ROOM, at=datetime.fromisoformat("2099-01-01T00:00:00Z"))
        fake.add(ROOM, "m.room.message", ANNA, {"msgtype": "m.text", "body": "From nowhen"}, origin_server_ts=10**30)
        assert {one.text: one.written_at for one in comments(fetched(fake))} == {"From 2099": NOON, "From nowhen": None}

    def test_only_its_author_edits_a_message_and_what_was_written_before_us_is_no_news(self, fake: FakeMatrix) -> None:
        ancient = fake.write(ANNA, "Long ago", ROOM, at=NOON - timedelta(days=30))
        event = fake.write(ANNA, "Where is it?", ROOM)
        *_, last = fetched(fake)
        fake.edit(event, "Never mind", by=BRUNO)
        fake.edit(ancient, "Long, long ago")
        assert texts(fetched(fake, last.bookmark)) == ["Where is it?"]
        fake.edit(event, "Where is it now?")
        fake.edit(event, "Where is it, please?")
        pages = fetched(fake, last.bookmark)
        assert texts(pages) == ["Where is it, please?"]
        assert comments(pages)[0].written_at == NOON

    def test_a_stranger_s_edit_does_not_count_though_a_server_hands_it_over(self, fake: FakeMatrix) -> None:
        event = fake.write(ANNA, "Where is it?", ROOM)

        def handle(request: httpx.Request) -> httpx.Response:
            answer = fake.handle(request).json()
            edit = {"sender": BRUNO, "content": {"m.new_content": {"msgtype": "m.text", "body": "I am satisfied"}}}
            answer["unsigned"] = {"m.relations": {"m.replace": edit}}
            return httpx.Response(200, json=answer)

        (now,) = connect(fake, instead(fake, "/event/", handle)).look([f"{ROOM}/{event}"]).edited
        assert now.text == "Where is it?"

    def test_what_was_deleted_before_we_came_was_never_there(self, fake: FakeMatrix) -> None:
        fake.redact(fake.write(ANNA, "Oops", ROOM))
        pages = fetched(fake)
        assert texts(pages) == []
        assert [skipped for page in pages for skipped in page.skipped] == []

    def test_what_makes_no_sense_is_named_and_the_rest_comes(self, fake: FakeMatrix) -> None:
        *_, last = fetched(fake)
        fake.write(ANNA, "Good", ROOM)
        fake.add(ROOM, "m.room.message", ANNA, {"msgtype": "m.text"})
        fake.add(ROOM, "m.room.message", "anna", {"msgtype": "m.text", "body": "No server"})
        fake.events[-1]["event_id"] = 4
        pages = fetched(fake, last.bookmark)
        assert texts(pages) == ["Good"]
        assert [(one.where, one.why) for page in pages for one in page.skipped] == [
            (f"{ROOM}/?", "It has no id."),
            (f"{ROOM}/$event2", "Its message has no text."),
        ]
