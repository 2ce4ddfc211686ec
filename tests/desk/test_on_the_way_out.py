"""What is checked again when a reply leaves: its promises, its words, whether anybody is there (DESIGN §4.1, §4.6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from caretool.desk import promising, rejudging, sending
from caretool.domain.duration import Duration
from caretool.errors import PlatformFailed
from tests.desk.stage import CALLBACK, PICKUP, Stage, at, comment, with_kind, without_kind

_TOMORROW = "{{ person.name }}, sono Dario, mi scuso: la richiamo domani."
_IN_24_HOURS = "{{ person.name }}, sono Dario, mi scuso: la richiamo entro 24 ore."


def _approved(stage: Stage, text: str = CALLBACK) -> None:
    stage.fetch(comment("c1"))
    assert stage.reply("c1", text=text).state == "approved"


def test_a_promise_that_is_past_when_it_leaves_fails_the_reply_with_the_earliest_that_would_pass(stage: Stage) -> None:
    _approved(stage)
    stage.clock.says(25, 10)
    sent = stage.send()
    assert (len(sent.failed), stage.page.attempts) == (1, 0)
    assert "which is past" in str(sent.problems[0])
    assert "The earliest that would pass is Wed 25 Nov 18:00" in str(sent.problems[0])
    assert (stage.promise_states(), stage.states("c1")) == (["void"], ["waiting"])


def test_a_promise_that_has_become_too_early_fails_the_reply(stage: Stage) -> None:
    _approved(stage, PICKUP)
    stage.clock.says(24, 9)
    sent = stage.send()
    assert len(sent.failed) == 1
    assert "The earliest that would pass is Thu 26 Nov 18:00" in str(sent.problems[0])
    assert stage.page.attempts == 0


def test_a_reply_that_leaves_at_once_keeps_the_lead_time_it_was_approved_with(stage: Stage) -> None:
    _approved(stage, PICKUP)
    stage.clock.goes(minutes=10)
    assert len(stage.send().posted) == 1


def test_relative_words_are_read_again_at_posting_and_the_ledger_takes_the_new_time(stage: Stage) -> None:
    _approved(stage, _IN_24_HOURS)
    assert stage.rows("SELECT due_at FROM promise") == [("2026-11-24T08:12:00.000000Z",)]
    stage.clock.says(23, 15, 30)
    assert len(stage.send().posted) == 1
    assert stage.rows("SELECT due_at, due_day FROM promise") == [("2026-11-24T14:30:00.000000Z", "2026-11-24")]


def test_tomorrow_is_another_day_the_day_after(stage: Stage) -> None:
    _approved(stage, _TOMORROW)
    stage.clock.says(24, 9)
    assert len(stage.send().posted) == 1
    assert stage.rows("SELECT due_at, due_day FROM promise") == [("2026-11-25T17:00:00.000000Z", "2026-11-25")]


def test_relative_words_that_no_longer_pass_fail_the_reply(stage: Stage) -> None:
    stage.settings = with_kind(stage.settings, "callback", per_day=1)
    _approved(stage, _TOMORROW)
    stage.fetch(comment("c2"))
    stage.reply("c2", text=CALLBACK, promises=(("callback", at(25, 18).isoformat()),))
    promising.add(stage.desk(), "callback", stage.comment("c2").id, at(25, 18), None)
    stage.clock.says(24, 17, 59)  # nothing is left of today, and Wednesday's unit is taken
    sent = sending.send(stage.desk(), [stage.rows("SELECT id FROM reply WHERE text LIKE '%domani%'")[0][0]])
    assert len(sent.failed) == 1
    assert stage.states("c1") == ["waiting"]


@pytest.fixture
def said_tomorrow(stage: Stage) -> Stage:
    """A reply that says "domani", approved on a Tuesday; it leaves on Thursday. A call needs a working day."""
    ahead = Duration.parse("1 working day")
    stage.settings = with_kind(stage.settings, "callback", earliest=ahead, per_day=1)
    stage.clock.says(24, 10)
    _approved(stage, _TOMORROW)
    assert stage.rows("SELECT due_at FROM promise") == [("2026-11-25T17:00:00.000000Z",)]
    stage.clock.says(26, 10)
    return stage


def test_a_tomorrow_of_tuesday_that_leaves_on_thursday_is_friday_where_there_is_room(said_tomorrow: Stage) -> None:
    assert len(said_tomorrow.send().posted) == 1
    assert said_tomorrow.rows("SELECT due_at, first_day, due_day, state FROM promise") == [
        ("2026-11-27T17:00:00.000000Z", "2026-11-27", "2026-11-27", "running")
    ]


@pytest.mark.parametrize("why", ["full", "closed"])
def test_where_friday_is_full_or_closed_it_fails_with_the_new_earliest_time(said_tomorrow: Stage, why: str) -> None:
    stage = said_tomorrow
    if why == "full":
        stage.clock.says(25, 10)
        stage.fetch(comment("c2"))
        assert promising.add(stage.desk(), "callback", stage.comment("c2").id, at(27, 18), None).refusals == ()
        stage.clock.says(26, 10)
    else:
        calendar = stage.settings.policy.calendars["desk"]
        closed = replace(calendar, closed=frozenset({date(2026, 11, 27)}))
        stage.settings = with_kind(stage.settings, "callback", calendar=closed)
    sent = stage.send()
    assert ([reply.id for reply in sent.failed], sent.posted, stage.page.wall) == ([sent.failed[0].id], [], [])
    assert "The earliest that would pass is Sat 28 Nov 13:00" in str(sent.problems[0])
    assert (stage.promise_states()[0], stage.states("c1")) == ("void", ["waiting"])
    assert stage.rows("SELECT due_at FROM promise ORDER BY rowid")[0] == ("2026-11-25T17:00:00.000000Z",)


def test_a_due_time_in_the_text_is_fixed_whenever_it_leaves(stage: Stage) -> None:
    _approved(stage)
    stage.clock.says(24, 9)
    stage.send()
    assert stage.rows("SELECT due_at FROM promise") == [("2026-11-24T17:00:00.000000Z",)]


def test_a_kind_that_the_policy_has_lost_fails_its_reply_and_no_other(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    stage.reply("c1", text=PICKUP)
    stage.reply("c2", text=CALLBACK)
    stage.settings = without_kind(stage.settings, "pickup")
    sent = stage.send()
    assert (len(sent.failed), len(sent.posted)) == (1, 1)
    assert "pickup" in str(sent.problems[0])
    assert stage.states("c1", "c2") == ["waiting", "answered"]


def test_what_is_checked_at_sending_and_what_is_written_are_one_transaction(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _approved(stage, _TOMORROW)
    stage.clock.says(24, 9)
    held: list[bool] = []
    judge = rejudging.judge

    def watched(*arguments: object) -> object:
        held.append(stage.store._database._peewee.in_transaction())
        return judge(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rejudging, "judge", watched)
    stage.send()
    assert held != []
    assert all(held)


def test_nobody_is_answered_whose_comment_was_deleted_before_it_left(stage: Stage) -> None:
    _approved(stage)
    stage.fetch(deleted=["c1"])
    sent = stage.send()
    assert (len(sent.failed), stage.page.attempts) == (1, 0)
    assert (stage.states("c1"), stage.promise_states()) == (["gone"], ["void"])


def test_an_unsure_reply_whose_comment_shows_an_answer_of_ours_is_never_called_failed(stage: Stage) -> None:
    _approved(stage)
    stage.page.next_posts = ["lost after"]
    stage.send()
    stage.page.hidden = {stage.page.wall[0].key}
    stage.fetch(comment("o1", "Buongiorno author.c1", author="bottegablu", reply_to="c1"))
    assert stage.states("c1") == ["answered"]
    for _ in range(3):
        stage.clock.goes(seconds=61)
        stage.send()
    assert (stage.reply_states(), stage.promise_states()) == (["unsure"], ["running"])
    stage.page.hidden = set()
    assert len(stage.send().posted) == 1
    assert len(stage.page.wall) == 1


def test_a_reply_that_has_waited_long_looks_whether_its_comment_is_still_there(stage: Stage) -> None:
    _approved(stage)
    stage.clock.goes(hours=1)
    stage.page.deleted = {"c1"}
    sent = stage.send()
    assert (len(sent.failed), stage.page.attempts, stage.states("c1")) == (1, 0, ["gone"])


def test_a_comment_edited_while_its_answer_waited_waits_again_when_the_answer_fails(stage: Stage) -> None:
    _approved(stage)
    stage.fetch(comment("c1", "bellissimo, lo adoro"))
    assert stage.states("c1") == ["queued"]
    stage.page.next_posts = [PlatformFailed("no")]
    assert len(stage.send().failed) == 1
    assert stage.states("c1") == ["waiting"]
    assert stage.look().groups[0].group.topic == "praise"
