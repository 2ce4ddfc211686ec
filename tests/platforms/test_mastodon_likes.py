"""Favourites on a Mastodon server: asked for again without harm, and never taken for done where they are not."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import stamina

from caretool.errors import PlatformFailed, TokenRefused
from tests.platforms.contract import comment
from tests.platforms.fake_mastodon import TOKEN, FakeMastodon
from tests.platforms.mastodon_harness import VARIABLE, MastodonHarness, connect


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(VARIABLE, TOKEN)
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture
def fake() -> FakeMastodon:
    """Somebody has written to us."""
    harness = MastodonHarness()
    harness.receive([comment(0)])
    return harness.fake


def test_a_like_is_one_request_and_needs_nothing_else_known(fake: FakeMastodon) -> None:
    connect(fake).like("c0")
    assert [(request.method, request.url.path) for request in fake.requests] == [
        ("POST", "/api/v1/statuses/c0/favourite")
    ]


def test_a_token_without_the_right_names_it(fake: FakeMastodon) -> None:
    fake.tokens[TOKEN] = (fake.us, ("read", "write:statuses"))
    with pytest.raises(TokenRefused, match="write:favourites"):
        connect(fake).like("c0")
    assert fake.liked == set()


def test_an_answer_that_was_lost_is_a_failure_that_says_to_ask_again(fake: FakeMastodon) -> None:
    fake.fault("drop", "POST")
    with pytest.raises(PlatformFailed, match="ask for it again"):
        connect(fake).like("c0")
    connect(fake).like("c0")
    assert fake.liked == {"c0"}


def test_what_the_server_does_not_show_done_is_not_taken_for_done(fake: FakeMastodon) -> None:
    shown = fake.shown(fake.statuses["c0"])
    fake.odd["POST /api/v1/statuses/c0/favourite"] = httpx.Response(200, json=shown | {"favourited": False})
    with pytest.raises(PlatformFailed, match="does not show it done"):
        connect(fake).like("c0")
