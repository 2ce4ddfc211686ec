"""What waits for a moderator on WordPress: answered not at all, or shown once the answer is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import stamina

from caretool.errors import AnswerLost, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.platform import Outgoing
from tests.platforms.contract import reply as any_reply
from tests.platforms.fake_wordpress import PASSWORD, POST, FakeWordPress
from tests.platforms.wordpress_harness import VARIABLE, WordPressHarness


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture
def harness() -> WordPressHarness:
    return WordPressHarness()


@pytest.fixture
def fake(harness: WordPressHarness) -> FakeWordPress:
    return harness.fake


def reply(*to: int, **more: Any) -> Outgoing:
    return replace(any_reply(to=tuple(map(str, to))), thread=str(POST), **more)


def test_what_waits_for_a_moderator_is_not_answered(harness: WordPressHarness, fake: FakeWordPress) -> None:
    number = fake.write("uno", status="hold")
    for outgoing in (reply(number), reply(number, private=True), reply(fake.write("due"), number)):
        with pytest.raises(PlatformFailed, match="approve it there first"):
            harness.connection().post(outgoing)
    assert (harness.replies(), fake.comments[number].status) == ([], "hold")


def test_where_an_answer_approves_it_does_so_once_the_reply_is_there(
    harness: WordPressHarness, fake: FakeWordPress
) -> None:
    number = fake.write("uno", status="hold")
    harness.connection(approve_on_reply=True).post(reply(number))
    assert (len(harness.replies()), fake.comments[number].status) == (1, "approved")
    assert [json.loads(one.content).get("parent") for one in harness.wire.requests if one.method == "POST"] == [
        number,
        None,
    ]


def test_a_reply_that_is_refused_approves_nothing(harness: WordPressHarness, fake: FakeWordPress) -> None:
    numbers = [fake.write(text, status="hold") for text in ("uno", "due")]
    fake.open = False
    for outgoing in (reply(numbers[0]), reply(*numbers)):
        with pytest.raises(PlatformFailed, match="comments are closed"):
            harness.connection(approve_on_reply=True).post(outgoing)
    assert {fake.comments[number].status for number in numbers} == {"hold"}


@pytest.mark.parametrize(("lost", "status"), [(1, "hold"), (2, "approved")])
def test_where_an_answer_is_lost_looking_for_the_reply_approves_what_waits_still(
    harness: WordPressHarness, fake: FakeWordPress, lost: int, status: str
) -> None:
    number, writes = fake.write("uno", status="hold"), 0

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal writes
        answer = fake.handle(request)
        writes += request.method == "POST"
        if request.method == "POST" and writes == lost:
            raise httpx.ReadError("the connection broke after all was done", request=request)
        return answer

    harness.wire.handle = handle
    with pytest.raises(AnswerLost):
        harness.connection(approve_on_reply=True).post(reply(number))
    assert (len(harness.replies()), fake.comments[number].status) == (1, status)
    assert harness.connection(approve_on_reply=True).find(reply(number)) is not None
    assert (len(harness.replies()), fake.comments[number].status) == (1, "approved")


@pytest.mark.parametrize("trouble", ["refuse", "busy", "fail"])
def test_where_the_approval_fails_the_reply_is_there_and_a_later_look_approves(
    harness: WordPressHarness, fake: FakeWordPress, trouble: str
) -> None:
    number = fake.write("uno", status="hold")
    says = {
        "refuse": fake.refused_response,
        "busy": fake.busy_response,
        "fail": lambda: httpx.Response(500),
    }[trouble]

    def handle(request: httpx.Request) -> httpx.Response:
        approves = request.method == "POST" and request.url.path.endswith(f"/{number}")
        return says() if approves else fake.handle(request)

    harness.wire.handle = handle
    platform = harness.connection(approve_on_reply=True)
    with pytest.raises(AnswerLost, match="still waits for a moderator"):
        platform.post(reply(number))
    with pytest.raises((PlatformFailed, PlatformBusy, TokenRefused)):
        platform.find(reply(number))
    assert fake.comments[number].status == "hold"
    harness.wire.handle = fake.handle
    assert platform.find(reply(number)) is not None
    assert (len(harness.replies()), fake.comments[number].status) == (1, "approved")


@pytest.mark.parametrize("status", ["spam", "trash"])
def test_what_was_thrown_out_meanwhile_stays_so(harness: WordPressHarness, fake: FakeWordPress, status: str) -> None:
    number = fake.write("uno")
    posted = harness.connection().post(reply(number))
    fake.comments[number].status = status
    assert harness.connection(approve_on_reply=True).find(reply(number)) == posted
    fake.comments[number].status, fake.comments[int(posted.native_id)].status = "hold", "trash"
    assert harness.connection(approve_on_reply=True).find(reply(number)) == posted
    assert fake.comments[number].status == "hold"
