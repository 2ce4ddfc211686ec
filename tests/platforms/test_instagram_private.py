"""Private answers on Instagram: one for each comment, for seven days; whether one is out nobody can see from here."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from caretool.errors import AnswerLost, PlatformFailed
from caretool.platforms.instagram.connector import Route
from tests.platforms.contract import NOON, comment, comments_of, reply
from tests.platforms.fake_graph import ACCOUNT
from tests.platforms.fake_graph import TOKEN as THE_TOKEN
from tests.platforms.instagram_harness import APP_SECRET, TOKEN, InstagramHarness

PRIVATE = replace(reply(), private=True)


@pytest.fixture(params=["instagram", "facebook"])
def harness(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> InstagramHarness:
    monkeypatch.setenv(TOKEN, THE_TOKEN)
    monkeypatch.setenv(APP_SECRET, "a secret")
    route: Route = request.param
    harness = InstagramHarness(route)
    harness.receive([comment(0), comment(1)])
    return harness


def test_it_goes_to_who_wrote_the_comment_and_stands_under_none(harness: InstagramHarness) -> None:
    posted = harness.open().post(PRIVATE)
    assert harness.fake.messages == {posted.native_id: ("c0", PRIVATE.text)}
    assert harness.replies() == []
    sent = harness.wire.requests[-1]
    assert sent.url.path == f"/v26.0/{ACCOUNT}/messages"
    assert {key: json.loads(one) for key, (one,) in parse_qs(sent.content.decode()).items()} == {
        "recipient": {"comment_id": "c0"},
        "message": {"text": PRIVATE.text},
    }


def test_it_is_taken_for_seven_days_or_what_is_set(harness: InstagramHarness) -> None:
    until = [one.private_until for one in comments_of(harness.open().fetch(None))]
    assert until == [NOON + timedelta(days=7), NOON + timedelta(days=7, minutes=1)]
    assert comments_of(harness.open(private_days=3).fetch(None))[0].private_until == NOON + timedelta(days=3)
    harness.now = NOON + timedelta(days=7)
    with pytest.raises(PlatformFailed, match="within 7 days"):
        harness.open().post(PRIVATE)
    harness.now += timedelta(hours=1)
    with pytest.raises(PlatformFailed, match="allowed window"):
        harness.open(private_days=30).post(PRIVATE)
    assert harness.fake.messages == {}


def test_a_second_one_to_the_same_comment_fails_for_good(harness: InstagramHarness) -> None:
    harness.open().post(PRIVATE)
    with pytest.raises(PlatformFailed, match="already replied"):
        harness.open().post(replace(PRIVATE, key="k2", text="Once more."))
    assert len(harness.fake.messages) == 1


def test_it_has_a_length_of_its_own_counted_in_bytes(harness: InstagramHarness) -> None:
    limits = harness.open().limits.of_one(private=True)
    assert (limits.length, limits.measure("è")) == (1000, 2)
    with pytest.raises(PlatformFailed, match="no longer than 1000; this has 1002"):
        harness.open().post(replace(PRIVATE, text="è" * 501))
    harness.open().post(replace(PRIVATE, text="è" * 500))
    assert len(harness.fake.messages) == 1


def test_several_are_not_answered_in_private(harness: InstagramHarness) -> None:
    with pytest.raises(PlatformFailed, match="goes to one comment"):
        harness.open().post(replace(PRIVATE, to=("c0", "c1")))


def test_whether_it_is_out_a_person_finds_out(harness: InstagramHarness) -> None:
    harness.fake.without_id = True
    with pytest.raises(AnswerLost):
        harness.open().post(PRIVATE)
    with pytest.raises(PlatformFailed, match="look there"):
        harness.open().find(PRIVATE)
    assert len(harness.fake.messages) == 1


def test_it_is_not_taken_back(harness: InstagramHarness) -> None:
    posted = harness.open().post(PRIVATE)
    with pytest.raises(PlatformFailed, match="cannot be taken back"):
        harness.open().retract(posted.native_id)
