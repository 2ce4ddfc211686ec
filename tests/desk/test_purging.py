from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from caretool.desk import closing, purging
from caretool.domain.duration import Duration
from caretool.domain.limits import Limits
from caretool.domain.retention import Retention
from caretool.errors import UsageProblem
from tests.desk.guarded import HIDE_SPAM, SPAM, GuardedStage
from tests.desk.stage import CALLBACK, Stage, comment

DAYS = {days: Duration(days, "days") for days in (10, 30, 90)}
SECRET = "una frase che soltanto questa persona ha scritto qui"


def retaining(stage: Stage, **lengths: object) -> None:
    """The shop's policy with these lengths."""
    policy = replace(stage.settings.policy, retention=Retention(**lengths))  # type: ignore[arg-type]
    stage.settings = replace(stage.settings, policy=policy)


def purged(stage: Stage) -> int:
    """What a purge now erases."""
    desk = stage.desk()
    return purging.purge(desk, purging.plan(desk))


def closed(stage: Stage, native_id: str, **more: object) -> None:
    """Somebody writes this, and it needs no answer."""
    stage.fetch(comment(native_id, **more))  # type: ignore[arg-type]
    closing.close(stage.desk(), [stage.comment(native_id).id], "chatter")


def test_what_was_kept_long_enough_is_erased_and_nothing_younger(stage: Stage) -> None:
    retaining(stage, default=DAYS[30])
    closed(stage, "old", text=f"{SECRET}, vecchia")
    stage.clock.goes(days=20)
    closed(stage, "young", text="una frase recente", written_at=stage.clock() - timedelta(hours=1))
    stage.clock.goes(days=10, minutes=1)
    assert purged(stage) == 1
    assert stage.comment("old").text == ""
    assert stage.comment("young").text == "una frase recente"
    assert purged(stage) == 0


def test_what_still_waits_or_has_something_coming_stays(stage: Stage) -> None:
    retaining(stage, default=DAYS[10])
    stage.fetch(comment("waits"), comment("promised"), comment("snoozed"))
    stage.reply("promised", text=CALLBACK)
    stage.send()
    closing.snooze(stage.desk(), [stage.comment("snoozed").id], stage.clock() + timedelta(days=99))
    stage.clock.goes(days=40)
    assert purged(stage) == 0
    assert {one.needed for one in purging.plan(stage.desk()).expired} == {3}
    assert all(stage.comment(name).text for name in ("waits", "promised", "snoozed"))


def test_a_kind_goes_sooner_than_the_default(stage: Stage) -> None:
    retaining(stage, default=DAYS[90], kinds={"praise": DAYS[10]})
    closed(stage, "praise", text="Siete bravissimi, ottimo prodotto!")
    closed(stage, "complaint")
    stage.clock.goes(days=11)
    assert purged(stage) == 1
    assert (stage.comment("praise").text, bool(stage.comment("complaint").text)) == ("", True)


def test_what_a_platform_lets_us_keep_ends_with_or_without_a_rule(stage: Stage) -> None:
    stage.page.limits = Limits(together="names", listing_trustworthy=True, keep=timedelta(days=30))
    closed(stage, "old")
    stage.clock.goes(days=31)
    assert purged(stage) == 1


def test_what_a_platform_lets_us_keep_ends_also_once_its_account_was_taken_out(stage: Stage) -> None:
    stage.page.limits = Limits(together="names", listing_trustworthy=True, keep=timedelta(days=30))
    closed(stage, "old")
    left = {name: account for name, account in stage.settings.accounts.items() if name != "page"}
    stage.settings = replace(stage.settings, accounts=left)
    stage.clock.goes(days=29)
    assert purged(stage) == 0
    stage.clock.goes(days=2)
    assert purged(stage) == 1


def test_where_a_platform_says_how_long_an_empty_desk_has_nothing_to_erase(stage: Stage) -> None:
    """Cron asks every night, also before anything was fetched."""
    stage.page.limits = Limits(keep=timedelta(days=30))
    assert purged(stage) == 0


def test_where_nothing_says_how_long_nothing_is_erased(stage: Stage) -> None:
    closed(stage, "old")
    stage.clock.goes(days=4000)
    with pytest.raises(UsageProblem, match="retention"):
        purged(stage)


def test_our_words_to_them_go_too_and_no_byte_of_either_is_left(stage: Stage, tmp_path: Path) -> None:
    retaining(stage, default=DAYS[10])
    stage.fetch(comment("old", f"Bellissimo! {SECRET}"))
    stage.reply("old", text=f"Buongiorno {{{{ person.name }}}}, sono {{{{ agent.name }}}}: {SECRET}.")
    stage.send()
    (reply,) = stage.store.replies.of_comments([stage.comment("old").id])
    stage.clock.goes(days=11)
    assert purged(stage) == 1
    assert SECRET not in stage.store.replies.by_ids([reply.id])[0].text
    stage.store.close()
    for file in tmp_path.iterdir():
        assert file.is_dir() or SECRET.encode() not in file.read_bytes(), file


def test_a_reply_to_several_keeps_its_words_as_long_as_one_of_them_stays(stage: Stage) -> None:
    retaining(stage, kinds={"praise": DAYS[10]})
    stage.fetch(comment("one", "Siete bravissimi, ottimo prodotto!"), comment("two", "Che ore sono?"))
    stage.reply("one", "two", text="Grazie {{ people }}, un saluto da {{ agent.name }}.", mode="together")
    stage.send()
    stage.clock.goes(days=11)
    assert purged(stage) == 1
    (reply,) = stage.store.replies.of_comments([stage.comment("two").id])
    assert "un saluto" in reply.text


def test_what_was_erased_does_not_come_in_again_and_does_not_wait(stage: Stage) -> None:
    retaining(stage, default=DAYS[10])
    closed(stage, "old")
    stage.clock.goes(days=11)
    purged(stage)
    stage.fetch(comment("old"))
    assert stage.comment("old").text == ""
    closing.reopen(stage.desk(), [stage.comment("old").id], "again")
    assert stage.states("old") == ["closed"]


def test_of_evidence_that_has_been_kept_long_enough_no_byte_is_left(tmp_path: Path) -> None:
    stage = GuardedStage(tmp_path)
    stage.rules(HIDE_SPAM)
    stage.fetch(comment("c1", SPAM))
    stage.moderate()
    stage.rows("UPDATE evidence SET text = ?", SECRET * 200)
    retaining(stage, evidence=DAYS[30])
    stage.clock.goes(days=31)
    assert purged(stage) == 0
    assert stage.rows("SELECT text, length(hash) > 0 FROM evidence") == [(None, 1)]
    assert not any(SECRET.encode() in path.read_bytes() for path in tmp_path.glob("caretool.db*"))
    stage.store.close()


def test_what_is_needed_at_the_last_moment_stays(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the eraser somebody may have promised something: both are one transaction."""
    retaining(stage, default=DAYS[10])
    closed(stage, "old")
    stage.clock.goes(days=11)
    alone: list[bool] = []
    some = stage.store.expiring.some

    def watched(*words: Any) -> list[str]:
        alone.append(stage.store._database._peewee.in_transaction())
        return some(*words)

    monkeypatch.setattr(stage.store.expiring, "some", watched)
    assert purged(stage) == 1
    assert set(alone) == {True}


@pytest.mark.parametrize("stops", [0, 1])
def test_what_is_stopped_in_between_goes_on_with_the_next(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, stops: int
) -> None:
    retaining(stage, default=DAYS[10])
    for number in range(3):
        closed(stage, f"old{number}")
    stage.clock.goes(days=11)
    monkeypatch.setattr(purging, "_AT_ONCE", 1)
    erase: Callable[..., int] = stage.store.erasing.erase_comments
    left = [stops]

    def stopped(*words: object, **more: object) -> int:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return erase(*words, **more)

    monkeypatch.setattr(stage.store.erasing, "erase_comments", stopped)
    with pytest.raises(KeyboardInterrupt):
        purged(stage)
    monkeypatch.undo()
    assert purged(stage) == 3 - stops
