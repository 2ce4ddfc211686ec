"""Platforms that let only so many replies be posted: what is said, who gets them, what stays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from caretool.desk import replying, visiting
from caretool.domain.limits import Limits
from caretool.errors import PlatformBusy
from caretool.platforms.platform import Outgoing, Posted
from tests.desk.stage import CALLBACK, MONDAY, FakePlatform, Stage, at, comment

NINE = at(24, 9)
PEOPLE = "Buongiorno {{ people }}, sono {{ agent.name }}, mi scuso: vi richiamo {{ promises.callback.when }}."


@dataclass
class Rationed(FakePlatform):
    """A place that takes `left` more replies until nine; its `limits` say so, if it `tells` them as they go."""

    left: int = 0
    tells: bool = True

    def __post_init__(self) -> None:
        self.limits = Limits(together="names", listing_trustworthy=True, replies_left=self.left, replies_until=NINE)

    def post(self, reply: Outgoing) -> Posted:
        if self.left < 1:
            raise PlatformBusy("the day's replies are spent")
        self.left -= 1
        if self.tells:
            self.limits = replace(self.limits, replies_left=self.left)
        return super().post(reply)


def rationed(stage: Stage, left: int, *, tells: bool = True) -> None:
    """The page, with so many replies left."""
    stage.page = Rationed(stage.clock, left=left, tells=tells)


def _ready(stage: Stage, *minutes: int) -> None:
    """As many replies in the outbox, what they answer written so many minutes ago."""
    stage.fetch(*(comment(f"c{n}", written_at=MONDAY - timedelta(minutes=ago)) for n, ago in enumerate(minutes)))
    for number in range(len(minutes)):
        assert stage.reply(f"c{number}", text=CALLBACK).state == "approved"
        stage.clock.goes(seconds=1)


@pytest.mark.parametrize("tells", [True, False])
def test_the_most_urgent_leave_first_and_the_rest_is_told_to_stay(stage: Stage, tells: bool) -> None:
    rationed(stage, 2, tells=tells)
    _ready(stage, 1, 11, 3, 9)
    sent = stage.send()
    assert [posted.to for posted in stage.page.wall] == [("c1",), ("c3",)]
    assert (len(sent.posted), len(sent.left), len(sent.problems), sent.exit_code) == (2, 2, 1, 6)
    assert str(sent.problems[0]) == (
        "page: no more replies until Tue 24 Nov 09:00: 2 stay in the outbox, the least urgent; "
        "run `caretool send` again then."
    )
    assert stage.promise_states().count("logged") == 2
    stage.clock.says(24, 9)
    rationed(stage, 5)
    assert len(stage.send().posted) == 2


def test_a_window_is_urgent_whatever_was_written_first(stage: Stage) -> None:
    rationed(stage, 1)
    stage.fetch(comment("old"), replace(comment("new", written_at=MONDAY), closes_at=at(23, 9, 30)))
    for native_id in ("old", "new"):
        stage.reply(native_id, text=CALLBACK)
    stage.clock.says(23, 9, 15)
    stage.send()
    assert [posted.to for posted in stage.page.wall] == [("new",)]


def test_where_all_can_leave_they_leave_as_they_were_made(stage: Stage) -> None:
    rationed(stage, 3)
    _ready(stage, 1, 11, 3)
    assert stage.send().exit_code == 0
    assert [posted.to for posted in stage.page.wall] == [("c0",), ("c1",), ("c2",)]


def test_what_may_be_public_takes_one_too(stage: Stage) -> None:
    rationed(stage, 2, tells=False)
    _ready(stage, 1, 11, 3)
    stage.page.next_posts = ["lost after"]
    sent = stage.send()
    assert (len(sent.unsure), len(sent.posted), len(sent.left)) == (1, 1, 1)


def test_nothing_left_posts_nothing_and_loses_nothing(stage: Stage) -> None:
    rationed(stage, 0)
    _ready(stage, 5)
    sent = stage.send()
    assert (stage.page.attempts, sent.exit_code, len(sent.left)) == (0, 1, 1)
    assert (stage.reply_states(), stage.promise_states(), stage.states("c0")) == (["approved"], ["logged"], ["queued"])


def test_it_is_said_how_many_are_left_where_they_are_scarce(stage: Stage) -> None:
    rationed(stage, 4)
    _ready(stage, 5, 6, 7)
    stage.said.clear()
    stage.send()
    assert stage.said == []
    assert isinstance(stage.page, Rationed)
    stage.page.left, stage.page.limits = 3, replace(stage.page.limits, replies_left=3)
    stage.fetch(*(comment(f"w{number}") for number in range(4)))
    stage.reply("w0", text=CALLBACK)
    stage.said.clear()
    stage.send()
    assert stage.said == ["page: 2 more replies until Tue 24 Nov 09:00; 0 in the outbox, 3 waiting."]


def _considered(stage: Stage, people: int, **asked: Any) -> tuple[set[str], str]:
    """The modes in which so many would be answered, and what is said about it."""
    ids = [f"c{number}" for number in range(people)]
    stage.fetch(*map(comment, ids))
    composed = replying.consider(stage.desk(), stage.ask(*ids, **{"text": PEOPLE, **asked}))
    return {part.target.mode for part in composed.parts}, " ".join(composed.remarks)


def test_more_people_than_replies_left_are_answered_together(stage: Stage) -> None:
    assert stage.settings.policy.reply.together_from > 3
    rationed(stage, 2)
    modes, said = _considered(stage, 3)
    assert modes == {"together"}
    assert "page: 2 more replies until Tue 24 Nov 09:00 for 3 people: one answer together" in said


def test_enough_replies_change_nothing(stage: Stage) -> None:
    rationed(stage, 3)
    modes, said = _considered(stage, 3, text=CALLBACK)
    assert (modes, "more replies" in said) == ({"each"}, False)


def test_whoever_wants_each_is_told_what_would_stay(stage: Stage) -> None:
    rationed(stage, 1)
    modes, said = _considered(stage, 3, text=CALLBACK, mode="each")
    assert modes == {"each"}
    assert "page: 1 more reply until Tue 24 Nov 09:00 for 3 people: 2 of these 3 replies would stay" in said


def test_together_is_suggested_where_replies_run_out(stage: Stage) -> None:
    rationed(stage, 2)
    stage.fetch(*(comment(f"c{number}") for number in range(3)))
    (group,) = stage.look().groups
    assert group.group.suggestion is not None
    assert group.group.suggestion.mode == "together"


def test_an_account_that_is_checked_tells_what_is_left(stage: Stage) -> None:
    rationed(stage, 7)
    visits = {visit.account.name: visit for visit in visiting.check(stage.desk(), [])}
    assert (visits["page"].replies_left, visits["page"].replies_until) == (7, NINE)
    assert visits["fediverse"].replies_left is None
