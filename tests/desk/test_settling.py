"""Where nobody can tell whether a reply was posted, a person who has looked says so."""

from __future__ import annotations

import pytest

from caretool.desk import closing, settling
from caretool.desk.sending import Sent
from caretool.domain.limits import Limits
from caretool.errors import PlatformBusy, PlatformFailed, TokenRefused, UsageProblem
from tests.desk.stage import CALLBACK, Stage, at, comment


@pytest.fixture
def unsure(stage: Stage) -> str:
    """A reply whose answer was lost, on a page whose listing tells nothing."""
    stage.page.limits = Limits(together="names", private_replies=True)
    stage.fetch(comment("1"), comment("2"))
    reply = stage.reply("1", text=CALLBACK).replies[0].id
    stage.page.next_posts = ["lost before"]
    stage.send()
    assert stage.reply_states() == ["unsure"]
    return reply


def settle(
    stage: Stage, *, there: tuple[str, ...] = (), missing: tuple[str, ...] = (), url: str | None = None,
    agent: str = "dario",
) -> Sent:  # fmt: skip
    return settling.settle(stage.desk(agent), there, missing, url)


def test_send_names_the_words_to_type(stage: Stage, unsure: str) -> None:
    told = str(stage.send().problems[0])
    assert f"caretool send --was-posted {unsure}" in told
    assert f"caretool send --was-not-posted {unsure}" in told


def test_a_reply_that_a_person_found_is_posted_and_its_promise_runs(stage: Stage, unsure: str) -> None:
    sent = settle(stage, there=(unsure,), url="https://page.example/9")
    (reply,) = stage.store.replies.by_ids([unsure])
    assert ([one.id for one in sent.posted], sent.exit_code) == ([unsure], 0)
    assert (reply.state, reply.url, reply.native_id) == ("posted", "https://page.example/9", None)
    assert reply.posted_at == reply.sending_at
    assert (stage.states("1"), stage.promise_states()) == (["answered"], ["running"])
    assert stage.page.attempts == 1
    lines = [(line.agent, line.action) for line in stage.store.journal.about([unsure])]
    assert ("dario", "reply-seen-posted") in lines


def test_what_the_platform_knows_of_it_by_now_is_kept(stage: Stage, unsure: str) -> None:
    (reply,) = stage.store.replies.by_ids([unsure])
    stage.page.wall.append(settling.sending.outgoing(stage.desk(), reply))
    settle(stage, there=(unsure,))
    assert stage.store.replies.by_ids([unsure])[0].native_id == f"our-{reply.key}"


def test_a_person_s_word_is_enough_where_the_platform_does_not_answer(stage: Stage, unsure: str) -> None:
    stage.page.next_finds = [TokenRefused("a new token is needed")]
    settle(stage, there=(unsure,))
    assert stage.reply_states() == ["posted"]


def test_a_reply_that_a_person_did_not_find_goes_out_now(stage: Stage, unsure: str) -> None:
    sent = settle(stage, missing=(unsure,), agent="giulia")
    assert [one.id for one in sent.posted] == [unsure]
    assert len(stage.page.wall) == 1
    assert (stage.reply_states(), stage.states("1"), stage.promise_states()) == (["posted"], ["answered"], ["running"])
    assert "giulia" in {line.agent for line in stage.store.journal.about([unsure])}


def test_it_is_not_posted_twice_where_it_is_there_after_all(stage: Stage, unsure: str) -> None:
    (reply,) = stage.store.replies.by_ids([unsure])
    stage.page.wall.append(settling.sending.outgoing(stage.desk(), reply))
    sent = settle(stage, missing=(unsure,))
    assert [one.id for one in sent.posted] == [unsure]
    assert (len(stage.page.wall), stage.page.attempts) == (1, 1)
    assert "after all" in stage.said[-1]


def test_it_is_checked_as_any_other_before_it_goes_out(stage: Stage, unsure: str) -> None:
    stage.clock.says(27, 12)
    sent = settle(stage, missing=(unsure,))
    assert [one.id for one in sent.failed] == [unsure]
    assert (stage.reply_states(), stage.states("1"), stage.promise_states()) == (["failed"], ["waiting"], ["void"])
    assert stage.page.attempts == 1
    assert at(27, 12) == stage.clock.now


def test_where_the_platform_cannot_be_asked_it_stays_unsure(stage: Stage, unsure: str) -> None:
    stage.page.next_finds = [PlatformBusy("come back later", 30.0)]
    with pytest.raises(PlatformBusy):
        settle(stage, missing=(unsure,))
    assert (stage.reply_states(), stage.promise_states()) == (["unsure"], ["running"])


def test_where_nothing_can_be_looked_for_the_person_is_believed(stage: Stage, unsure: str) -> None:
    stage.page.next_finds = [PlatformFailed("this page lists nothing")]
    settle(stage, missing=(unsure,))
    assert stage.reply_states() == ["posted"]


def test_back_in_the_outbox_it_has_promised_nothing_yet(stage: Stage, unsure: str) -> None:
    stage.page.next_posts = [PlatformBusy("come back later", 30.0)]
    sent = settle(stage, missing=(unsure,))
    assert [one.id for one in sent.left] == [unsure]
    assert (stage.reply_states(), stage.promise_states()) == (["approved"], ["logged"])
    stage.send()
    assert (stage.reply_states(), stage.promise_states(), len(stage.page.wall)) == (["posted"], ["running"], 1)


def test_a_second_loss_is_unsure_again(stage: Stage, unsure: str) -> None:
    stage.page.next_posts = ["lost after"]
    sent = settle(stage, missing=(unsure,))
    assert [one.id for one in sent.unsure] == [unsure]
    assert (stage.reply_states(), stage.promise_states()) == (["unsure"], ["running"])


def test_a_comment_that_was_reopened_meanwhile_leaves_the_inbox_with_the_answer(stage: Stage, unsure: str) -> None:
    stage.fetch(comment("9", "our answer", author="bottegablu", reply_to="1"))
    closing.reopen(stage.desk(), [stage.comment("1").id], "the answer is not there")
    settle(stage, there=(unsure,))
    assert stage.states("1") == ["answered"]
    assert stage.store.counts.differences() == ()
    assert [comment.native_id for group in stage.look().groups for comment in group.comments] == ["2"]


def test_nothing_else_is_sent_with_it(stage: Stage, unsure: str) -> None:
    stage.reply("2", text=CALLBACK)
    settle(stage, missing=(unsure,))
    assert stage.reply_states() == ["posted", "approved"]


@pytest.mark.parametrize("state", ["approved", "posted"])
def test_what_is_certain_is_not_decided(stage: Stage, unsure: str, state: str) -> None:
    other = stage.reply("2", text=CALLBACK).replies[0].id
    if state == "posted":
        stage.send()
    for words in ({"there": (unsure, other)}, {"missing": (unsure, other)}):
        with pytest.raises(UsageProblem, match=state):
            settle(stage, **words)
    assert stage.reply_states() == ["unsure", state]


def test_words_that_contradict_each_other_change_nothing(stage: Stage, unsure: str) -> None:
    for words in ({"there": (unsure,), "missing": (unsure,)}, {"missing": (unsure,)}, {}):
        with pytest.raises(UsageProblem):
            settle(stage, url="https://page.example/9", **words)
    with pytest.raises(UsageProblem, match="tom"):
        settle(stage, there=(unsure,), agent="tom")
    assert stage.reply_states() == ["unsure"]
