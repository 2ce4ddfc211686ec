"""What would silence a complaint, or somebody without a ground, by a way round."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from caretool.desk import moderating, proposing, triaging
from caretool.domain.comment import Kind
from caretool.domain.policy import ModerationRule, When
from caretool.errors import PlatformFailed, Protected, UsageProblem
from tests.desk.guarded import HIDE_EXPOSED, SPAM, GuardedStage
from tests.desk.stage import LATE, comment

BAN = ModerationRule("ban", When(kind=("spam",)), "ban")
STORY = f"{LATE} Sono stufo di aspettare voi e il corriere"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[GuardedStage]:
    stage = GuardedStage(tmp_path)
    stage.rules(HIDE_EXPOSED, BAN)
    yield stage
    assert stage.troubles() == []
    stage.store.close()


def read_as(stage: GuardedStage, native_id: str, kind: Kind) -> None:
    """Somebody corrects what was read."""
    triaging.correct(stage.desk(), [stage.comment(native_id).id], {"kind": kind})


@pytest.mark.parametrize("account", ["page", "fediverse"])
@pytest.mark.parametrize("asked", [{}, {"action": "ban", "ground": "spam", "because": "x"}])
def test_what_says_nearly_the_same_as_a_complaint_is_no_spam_whatever_the_rules_count(
    stage: GuardedStage, account: str, asked: dict[str, str]
) -> None:
    first = [comment("c1", STORY, author="bruno")]
    stage.fetch_both(first if account == "page" else [], first if account == "fediverse" else [])
    read_as(stage, "c1", "complaint")
    stage.clock.goes(hours=1)
    stage.fetch(comment("c2", STORY.replace(" e il", " ed anche il"), author="anna"))
    read_as(stage, "c2", "spam")
    with suppress(Protected):
        assert stage.propose("c2", **asked).ready == ()
    assert stage.propose().proposals == ()


@pytest.mark.parametrize("before", ["undone", "failed"])
def test_a_ban_of_once_is_not_done_again_on_a_ground_that_is_gone(stage: GuardedStage, before: str) -> None:
    stage.fetch(comment("c1", SPAM))
    stage.page.next_actions = [PlatformFailed("not now")] if before == "failed" else []
    outcome = stage.moderate()
    (row,) = (*outcome.done, *outcome.failed)
    if before == "undone":
        stage.undo(row.id)
    done = list(stage.page.actions)
    assert [one.standing for one in stage.propose(groups=(row.id,)).proposals] == ["ready"]
    read_as(stage, "c1", "praise")
    (proposal,) = stage.propose(groups=(row.id,)).proposals
    assert (proposal.standing, "it is read as praise" in proposal.told) == ("leave", True)
    assert stage.page.actions == done


@pytest.mark.parametrize("kind", ["question", "complaint"])
def test_what_is_read_otherwise_while_a_question_stands_is_left(stage: GuardedStage, kind: Kind) -> None:
    stage.fetch(comment("c1", SPAM))
    asked = proposing.Asked("ban", "spam", "a swindle")
    plan = proposing.consider(stage.desk(), [stage.comment("c1").id], asked)
    read_as(stage, "c1", kind)
    outcome = moderating.moderate(stage.desk(), plan.ready, asked)
    assert [outcome.exit_code != 0, stage.page.actions, stage.done()] == [True, [], []]


def test_a_complaint_that_comes_while_others_are_seen_to_protects_what_it_repeats(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", SPAM))
    plan = stage.propose()
    desk = stage.desk()

    def meanwhile(_: str) -> None:
        desk.progress = lambda _: None
        stage.fetch(comment("c2", SPAM, author="bruno"))
        read_as(stage, "c2", "complaint")

    desk.progress = meanwhile
    outcome = moderating.moderate(desk, plan.ready, proposing.Asked())
    assert [outcome.exit_code, stage.page.actions, stage.done()] == [1, [], []]


@pytest.mark.parametrize("how", ["private", "gone", "elsewhere"])
def test_a_complaint_protects_its_copies_wherever_it_stands(stage: GuardedStage, how: str) -> None:
    first = comment("c1", LATE, private=how == "private")
    stage.fetch_both([] if how == "elsewhere" else [first], [first] if how == "elsewhere" else [])
    if how == "gone":
        stage.store.comments.set_state([stage.comment("c1").id], "gone", was=("waiting",))
    stage.fetch(comment("c2", LATE, author="bruno"))
    read_as(stage, "c2", "spam")
    assert stage.propose("c2").ready == ()


def test_whose_author_is_named_is_not_named_itself(stage: GuardedStage) -> None:
    """A yes to a person's id, in a crontab perhaps, is none to what they have not written yet."""
    stage.fetch(comment("c1", SPAM, author="anna"))
    (proposal,) = stage.propose(groups=(stage.comment("c1").person,)).proposals
    assert (proposal.standing, proposal.careful, proposal.named) == ("ready", True, False)


def test_undoing_never_hides_what_was_shown_again(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", LATE))
    (shown,) = stage.moderate("c1", action="unhide", because="somebody hid it there").done
    with pytest.raises(UsageProblem, match=r"to hide it: caretool moderate c\w+ --action hide --because …"):
        stage.undo(shown.id)
    assert stage.page.actions == [("unhide", "c1")]
