"""A sample of what `make torture` does at length (tests/fire/run.py), the same each time; and that it would tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from caretool.errors import AnswerLost, PlatformBusy
from caretool.http import Answer, Client
from caretool.platforms.mastodon.connector import MastodonPlatform
from caretool.platforms.platform import Outgoing, Posted
from tests.desk.crashing import Forge
from tests.fire.dialects import DIALECTS
from tests.fire.kills import FireServer, kill
from tests.fire.schedules import burn

SCHEDULES = 12
KILLED = 2


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_comment_and_every_reply_is_there_once_whatever_goes_wrong_on_the_way(dialect: str) -> None:
    replies: Counter[str] = Counter()
    for seed in range(SCHEDULES):
        burnt = burn(dialect, seed)
        assert burnt.wrong == [], f"seed {seed}"
        replies += burnt.replies
    assert replies["posted"] > SCHEDULES


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    with closing(Forge(tmp_path_factory.mktemp("warm"))) as forge:
        yield forge


@pytest.fixture
def server() -> Iterator[FireServer]:
    with closing(FireServer()) as server:
        yield server


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_comment_and_every_reply_is_there_once_whoever_is_killed(
    dialect: str, forge: Forge, server: FireServer, tmp_path: Path
) -> None:
    kills = 0
    for seed in range(KILLED):
        killed = kill(forge, server, tmp_path / f"desk{seed}", dialect, seed)
        assert killed.wrong == [], f"seed {seed}"
        kills += killed.kills
    assert kills > 0


def test_a_client_that_repeats_what_it_posts_would_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    post = Client.post

    def repeating(self: Client, path: str, **content: Any) -> Answer:
        try:
            return post(self, path, **content)
        except AnswerLost:
            content["headers"] = None  # and forgets the key
            return post(self, path, **content)

    monkeypatch.setattr(Client, "post", repeating)
    assert any("2 times" in wrong for seed in range(30) for wrong in burn("mastodon", seed).wrong)


def test_a_mail_that_is_sent_again_though_it_may_have_gone_out_would_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caretool.platforms.email.smtp.AnswerLost", PlatformBusy)
    assert any("2 times" in wrong for seed in range(200, 260) for wrong in burn("email", seed).wrong)


def test_a_lost_answer_that_is_taken_for_a_no_would_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(self: MastodonPlatform, reply: Outgoing) -> Posted | None:
        return None

    monkeypatch.setattr(MastodonPlatform, "find", none)
    monkeypatch.setattr("tests.platforms.fake_mastodon._KEPT", {})
    assert any(burn("mastodon", seed).wrong for seed in range(30))
