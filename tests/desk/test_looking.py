"""Comments are looked at again before they are answered: what was deleted or edited meanwhile is seen in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from caretool.desk import approving, replying
from caretool.desk.request import Composed
from caretool.domain.draft import Refusal
from caretool.errors import NotFound, PlatformBusy, PlatformFailed
from caretool.platforms.platform import Looked
from tests.desk.stage import CALLBACK, LATE, Stage, comment

_OTHER = "Il pacco è arrivato, ma è la lampada sbagliata: quando arriva quella giusta?"


def _edits(stage: Stage, native_id: str, text: str = _OTHER, **more: object) -> None:
    """The comment reads otherwise from now on, for whoever looks."""
    stage.page.edited[native_id] = comment(native_id, text, **more)  # type: ignore[arg-type]


def _looked(stage: Stage, *native_ids: str, include_new: bool = False) -> tuple[list[str], list[Refusal]]:
    request, refusals = replying.look_again(stage.desk(), stage.ask(*native_ids, include_new=include_new))
    return [found.native_id for found in stage.store.comments.by_ids(request.comments)], refusals


def test_what_was_deleted_is_left_out_of_the_answer_and_out_of_the_inbox(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    stage.page.deleted = {"c1"}
    assert _looked(stage, "c1", "c2") == (["c2"], [])
    assert "1 of these comments were deleted on the platform: left out." in stage.said
    assert stage.states("c1", "c2") == ["gone", "waiting"]
    assert [listed.group.size for listed in stage.look().groups] == [1]


def test_where_all_were_deleted_there_is_nobody_to_answer(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    stage.page.deleted = {"c1"}
    request, _ = replying.look_again(stage.desk(), stage.ask("c1", text=CALLBACK))
    with pytest.raises(NotFound):
        replying.approve(stage.desk(), request, shown=None)
    assert stage.reply_states() == []


def test_what_was_edited_is_refused_until_it_was_read_again(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    _edits(stage, "c1")
    _, refusals = _looked(stage, "c1", "c2")
    assert [(refusal.check, refusal.excerpt) for refusal in refusals] == [("group-changed", _OTHER[:60])]
    assert stage.comment("c1").text == _OTHER
    assert not stage.comment("c1").unread
    assert [text for _, text in stage.store.comments.revisions(stage.comment("c1").id)] == [LATE]
    assert _looked(stage, "c1", "c2") == (["c1", "c2"], [])  # now it is known


def test_who_takes_what_is_new_takes_what_was_edited_too(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    _edits(stage, "c1")
    assert _looked(stage, "c1", include_new=True) == (["c1"], [])
    assert stage.comment("c1").text == _OTHER


def test_what_reads_as_it_did_is_no_edit(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    _edits(stage, "c1", LATE)
    assert _looked(stage, "c1") == (["c1"], [])
    assert stage.rows("SELECT count(*) FROM revision") == [(0,)]


def test_an_edit_or_a_deletion_of_what_was_never_ours_changes_nothing(stage: Stage) -> None:
    stage.fetch(comment("c1"))

    def look(native_ids: Sequence[str]) -> Looked:
        return Looked(gone=frozenset({"x1"}), edited=(comment("x2"),))

    stage.page.look = look  # type: ignore[method-assign]
    assert _looked(stage, "c1") == (["c1"], [])
    assert stage.rows("SELECT count(*) FROM comment") == [(1,)]


def _drafted(stage: Stage) -> Composed:
    """Tom's draft for c1 and c2 as Dario considers it."""
    stage.fetch(comment("c1"), comment("c2"))
    assert stage.reply("c1", "c2", agent="tom", text=CALLBACK, mode="each").state == "awaiting"
    stage.clock.goes(minutes=5)
    return _considered(stage)


def _considered(stage: Stage) -> Composed:
    return approving.consider(stage.desk(), stage.store.replies.drafts("awaiting")[0])


@pytest.mark.parametrize("by_a_fetch", [False, True])
def test_a_draft_whose_comment_was_edited_is_refused(stage: Stage, by_a_fetch: bool) -> None:
    assert _drafted(stage).refusals == ()
    if by_a_fetch:
        stage.fetch(comment("c1", _OTHER))
    else:
        _edits(stage, "c1")
    for _ in range(2):  # however often somebody looks: the draft answers what it said before
        assert [refusal.check for refusal in _considered(stage).refusals] == ["group-changed"]


@pytest.mark.parametrize("back", [0, 10])
def test_an_edit_of_what_a_draft_answers_is_seen_whatever_the_clock_says(stage: Stage, back: int) -> None:
    stage.fetch(comment("c1"))
    assert stage.reply("c1", agent="tom", text=CALLBACK).state == "awaiting"
    stage.clock.goes(seconds=-back)
    stage.fetch(comment("c1", _OTHER))
    assert [refusal.check for refusal in _considered(stage).refusals] == ["group-changed"]


def test_a_draft_whose_comment_was_deleted_is_refused(stage: Stage) -> None:
    _drafted(stage)
    stage.page.deleted = {"c1"}
    assert [refusal.check for refusal in _considered(stage).refusals] == ["already-answered"]


def test_an_edit_between_the_look_at_a_draft_and_the_yes_is_seen(stage: Stage) -> None:
    shown = _drafted(stage)
    draft = stage.store.replies.drafts("awaiting")[0]
    stage.fetch(comment("c1", _OTHER))
    for known in (shown, None):
        outcome = approving.approve(stage.desk(), draft, shown=known)
        assert [refusal.check for refusal in outcome.refusals] == ["group-changed"]
    assert stage.reply_states() == ["awaiting", "awaiting"]


def test_an_edit_between_the_look_at_an_answer_and_the_yes_is_seen(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    request = stage.ask("c1", text=CALLBACK)
    shown = replying.consider(stage.desk(), request)
    stage.fetch(comment("c1", _OTHER))
    outcome = replying.approve(stage.desk(), request, shown=shown)
    assert [(refusal.check, refusal.excerpt) for refusal in outcome.refusals] == [("group-changed", _OTHER[:60])]
    assert stage.reply_states() == []


def _approved(stage: Stage, *native_ids: str) -> None:
    stage.fetch(*(comment(native_id) for native_id in native_ids))
    assert stage.reply(*native_ids, text=CALLBACK, mode="each").state == "approved"
    stage.clock.goes(minutes=1)


@pytest.mark.parametrize("by_a_fetch", [False, True])
def test_an_edit_after_the_approval_fails_the_reply_and_its_comment_waits_with_its_new_text(
    stage: Stage, by_a_fetch: bool
) -> None:
    _approved(stage, "c1", "c2")
    if by_a_fetch:
        stage.fetch(comment("c1", _OTHER))
    else:
        _edits(stage, "c1")
    sent = stage.send()
    assert (len(sent.failed), len(sent.posted), sent.exit_code) == (1, 1, 6)
    assert "edited since" in str(sent.problems[0])
    assert [post.to for post in stage.page.wall] == [("c2",)]
    assert (stage.states("c1", "c2"), sorted(stage.promise_states())) == (["waiting", "answered"], ["running", "void"])
    assert [c.text for listed in stage.look().groups for c in listed.comments] == [_OTHER]
    assert stage.reply("c1", text=CALLBACK).state == "approved"
    assert len(stage.send().posted) == 1


def test_an_edit_is_seen_though_the_clock_was_put_back(stage: Stage) -> None:
    _approved(stage, "c1")
    stage.clock.goes(minutes=-10)
    stage.fetch(comment("c1", _OTHER))
    assert len(stage.send().failed) == 1
    assert stage.page.wall == []


def test_what_became_private_after_the_approval_is_not_answered_in_public(stage: Stage) -> None:
    _approved(stage, "c1")
    stage.fetch(comment("c1", private=True))
    assert len(stage.send().failed) == 1
    assert (stage.page.wall, stage.states("c1")) == ([], ["waiting"])


def test_a_deletion_after_the_approval_fails_the_reply(stage: Stage) -> None:
    _approved(stage, "c1", "c2")
    stage.page.deleted = {"c1"}
    sent = stage.send()
    assert (len(sent.failed), len(sent.posted)) == (1, 1)
    assert "deleted on the platform" in str(sent.problems[0])
    assert (stage.states("c1"), sorted(stage.promise_states())) == (["gone"], ["running", "void"])


def test_of_an_answer_to_several_it_is_enough_that_one_is_still_there(stage: Stage) -> None:
    stage.fetch(*(comment(f"c{n}") for n in range(3)))
    text = "Buongiorno {{ people }}, sono {{ agent.name }}, mi scuso: vi richiamo {{ promises.callback.when }}."
    assert stage.reply("c0", "c1", "c2", text=text, mode="together").state == "approved"
    stage.page.deleted = {"c0"}
    assert len(stage.send().posted) == 1
    assert stage.states("c0", "c1", "c2") == ["gone", "answered", "answered"]


def test_what_cannot_be_looked_at_holds_up_no_other_reply(stage: Stage) -> None:
    _approved(stage, "c1", "c2")
    look = stage.page.look

    def looks(native_ids: Sequence[str]) -> Looked:
        if "c1" in native_ids:
            raise PlatformFailed("that page is broken")
        return look(native_ids)

    stage.page.look = looks  # type: ignore[method-assign]
    sent = stage.send()
    assert (len(sent.posted), len(sent.left), sent.exit_code) == (1, 1, 6)
    assert sorted(stage.reply_states()) == ["approved", "posted"]


def test_a_platform_too_busy_to_be_looked_at_leaves_the_outbox_as_it_is(stage: Stage) -> None:
    _approved(stage, "c1", "c2")

    def busy(native_ids: Sequence[str]) -> Looked:
        raise PlatformBusy("later", 30)

    stage.page.look = busy  # type: ignore[method-assign]
    sent = stage.send()
    assert (len(sent.left), sent.exit_code) == (2, 1)
    assert (stage.reply_states(), stage.page.attempts) == (["approved", "approved"], 0)


def _unsure_under_its_key(stage: Stage) -> None:
    """A reply of two minutes ago that is public, its answer lost, its key good for an hour, the listing slow; it was
    looked for once."""
    _approved(stage, "c1")
    stage.page.limits = replace(stage.page.limits, listing_trustworthy=False)
    stage.page.next_posts = ["lost after"]
    stage.send()
    stage.page.hidden = {stage.page.wall[0].key}
    stage.send()
    stage.page.limits = replace(stage.page.limits, key_protects=timedelta(hours=1))
    stage.clock.goes(minutes=2)


def test_a_key_protects_until_its_time_is_over(stage: Stage) -> None:
    _unsure_under_its_key(stage)
    stage.clock.goes(minutes=55)
    stage.page.next_posts = ["lost before"]
    assert len(stage.send().unsure) == 1
    assert stage.page.attempts == 2
    stage.clock.goes(minutes=3)  # counted from the first attempt, not from the second
    for _ in range(2):
        stage.clock.goes(minutes=2)
        assert len(stage.send().unsure) == 1
    assert stage.page.attempts == 2
    assert len(stage.page.wall) == 1


@pytest.mark.parametrize("protects", [timedelta(0), timedelta(hours=1)])
def test_a_clock_that_was_put_back_makes_no_key_protect(stage: Stage, protects: timedelta) -> None:
    _unsure_under_its_key(stage)
    stage.page.limits = replace(stage.page.limits, key_protects=protects)
    stage.clock.goes(minutes=-5)
    reply = stage.store.replies.in_state("unsure")[0]
    stage.store.replies.looked(reply.id, stage.clock() - timedelta(minutes=2))
    assert len(stage.send().unsure) == 1
    assert (stage.page.attempts, len(stage.page.wall)) == (1, 1)


def test_what_may_be_public_is_never_failed(stage: Stage) -> None:
    _unsure_under_its_key(stage)
    stage.page.next_posts = [PlatformFailed("too long, all of a sudden")]
    sent = stage.send()
    assert (len(sent.unsure), len(sent.failed)) == (1, 0)
    assert (stage.reply_states(), stage.promise_states(), stage.states("c1")) == (["unsure"], ["running"], ["queued"])
    stage.page.hidden = set()
    assert len(stage.send().posted) == 1


def test_the_first_attempt_is_kept_as_the_moment_of_sending(stage: Stage) -> None:
    _approved(stage, "c1")
    first = stage.clock()
    stage.page.next_posts = ["lost before"]
    stage.send()
    stage.send()
    stage.clock.goes(minutes=2)
    assert len(stage.send().posted) == 1
    assert stage.page.attempts == 2
    assert stage.store.replies.in_state("posted")[0].sending_at == first
