"""Sending: at most once, never silently lost, checked again on the way out (DESIGN §4.3, §4.4, §4.6)."""

from __future__ import annotations

import fcntl
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from caretool.desk import replying, sending
from caretool.errors import CaretoolError, Delayed, PlatformBusy, PlatformFailed, TokenRefused
from tests.desk.stage import CALLBACK, TROUBLES, Stage, at, comment, without_kind


def _approved(stage: Stage, text: str = CALLBACK, *native_ids: str) -> None:
    ids = native_ids or ("c1",)
    stage.fetch(*(comment(native_id) for native_id in ids))
    assert stage.reply(*ids, text=text, mode="each").state == "approved"


def test_what_is_posted_answers_the_comment_and_its_promise_runs(stage: Stage) -> None:
    _approved(stage)
    sent = stage.send()
    assert (len(sent.posted), sent.exit_code) == (1, 0)
    assert (stage.reply_states(), stage.promise_states(), stage.states("c1")) == (["posted"], ["running"], ["answered"])
    assert stage.send().posted == []
    assert stage.page.attempts == 1


def test_the_row_says_sending_before_the_request_leaves(stage: Stage) -> None:
    _approved(stage)
    seen: list[str] = []

    class Watched(type(stage.page)):  # type: ignore[misc]
        def post(self, reply: object) -> object:
            seen.extend(stage.reply_states())
            assert not stage.store._database._peewee.in_transaction()
            return super().post(reply)

    stage.page.__class__ = Watched
    stage.send()
    assert seen == ["sending"]


def test_a_lost_answer_is_unsure_its_promise_runs_and_looking_finds_it(stage: Stage) -> None:
    _approved(stage)
    stage.page.next_posts = ["lost after"]
    sent = stage.send()
    assert (len(sent.unsure), sent.exit_code) == (1, 1)
    assert (stage.reply_states(), stage.promise_states(), stage.states("c1")) == (["unsure"], ["running"], ["queued"])
    again = stage.send()
    assert len(again.posted) == 1
    assert (stage.reply_states(), stage.states("c1")) == (["posted"], ["answered"])
    assert len(stage.page.wall) == 1
    assert stage.page.attempts == 1


def test_what_is_not_found_is_posted_again_only_after_two_looks_a_minute_apart(stage: Stage) -> None:
    _approved(stage)
    stage.page.next_posts = ["lost before"]
    stage.send()
    stage.clock.goes(hours=1)
    for seconds in (0, 30, 29):
        stage.clock.goes(seconds=seconds)
        assert len(stage.send().unsure) == 1
        assert stage.page.attempts == 1
    stage.clock.goes(seconds=1)
    assert len(stage.send().posted) == 1
    assert (stage.page.attempts, len(stage.page.wall)) == (2, 1)


def test_after_a_second_lost_answer_the_two_looks_begin_anew(stage: Stage) -> None:
    _approved(stage)
    stage.page.next_posts = ["lost before", "lost after"]
    stage.send()
    stage.send()
    stage.clock.goes(seconds=61)
    stage.send()
    assert stage.page.attempts == 2
    stage.page.hidden = {stage.page.wall[0].key}  # its listing lags a few seconds
    stage.clock.goes(seconds=5)
    assert len(stage.send().unsure) == 1
    stage.page.hidden = set()
    stage.clock.goes(seconds=61)
    assert len(stage.send().posted) == 1
    assert len(stage.page.wall) == 1


def test_where_no_listing_can_be_trusted_a_person_decides(stage: Stage) -> None:
    _approved(stage)
    stage.page.limits = replace(stage.page.limits, listing_trustworthy=False)
    stage.page.next_posts = ["lost before"]
    stage.send()
    for _ in range(4):
        stage.clock.goes(hours=1)
        sent = stage.send()
        assert len(sent.unsure) == 1
        assert "look on the platform yourself" in str(sent.problems[0])
    assert stage.page.attempts == 1


def test_where_the_key_protects_it_is_posted_again_after_two_looks(stage: Stage) -> None:
    _approved(stage)
    stage.page.limits = replace(stage.page.limits, key_protects=timedelta(hours=1), listing_trustworthy=False)
    stage.page.next_posts = ["lost after"]
    stage.send()
    stage.page.hidden = {stage.page.wall[0].key}
    assert len(stage.send().unsure) == 1
    stage.clock.goes(seconds=60)
    assert len(stage.send().posted) == 1
    assert len(stage.page.wall) == 1
    assert stage.page.wall[0].key


def test_an_unsure_reply_that_the_platform_puts_off_stays_unsure(stage: Stage) -> None:
    _approved(stage)
    stage.page.limits = replace(stage.page.limits, key_protects=timedelta(hours=1))
    stage.page.next_posts = ["lost after", PlatformBusy("later", 60)]
    stage.send()
    stage.page.hidden = {stage.page.wall[0].key}
    stage.send()
    assert stage.reply_states() == ["unsure"]
    stage.page.hidden = set()
    looks = stage.page.looks
    assert len(stage.send().posted) == 1
    assert stage.page.looks == looks + 1
    assert len(stage.page.wall) == 1


def test_what_the_platform_refuses_is_failed_void_and_waits_again(stage: Stage) -> None:
    _approved(stage)
    stage.page.next_posts = [PlatformFailed("no such comment")]
    sent = stage.send()
    assert (len(sent.failed), sent.exit_code) == (1, 1)
    assert (stage.reply_states(), stage.promise_states(), stage.states("c1")) == (["failed"], ["void"], ["waiting"])
    assert stage.look().groups[0].group.size == 1
    assert stage.send().failed == []
    assert stage.page.attempts == 1
    assert stage.reply("c1", text=CALLBACK).state == "approved"


@pytest.mark.parametrize("trouble", [PlatformBusy("later", 5), TokenRefused("log in")])
def test_what_is_only_put_off_leaves_the_reply_approved_and_no_other_account_waits(
    stage: Stage, trouble: CaretoolError
) -> None:
    stage.fediverse.receive(comment("f1", thread="elsewhere"))
    _approved(stage, CALLBACK, "c1", "c2")
    stage.reply("f1", text=CALLBACK)
    stage.page.next_posts = [trouble]
    sent = stage.send()
    assert (len(sent.posted), len(sent.left), sent.exit_code) == (1, 2, 6)
    assert sorted(stage.reply_states()) == ["approved", "approved", "posted"]
    assert stage.promise_states().count("logged") == 2
    assert len(stage.send().posted) == 2


def test_one_that_the_platform_cannot_take_now_keeps_no_other_waiting(stage: Stage) -> None:
    _approved(stage, CALLBACK, "c1", "c2")
    stage.page.next_posts = [Delayed("that mailbox is full")]
    sent = stage.send()
    assert (len(sent.posted), len(sent.left), sent.exit_code) == (1, 1, 6)
    assert [str(problem) for problem in sent.problems] == [f"{sent.left[0].id}: that mailbox is full"]
    assert sorted(stage.reply_states()) == ["approved", "posted"]
    assert sorted(stage.promise_states()) == ["logged", "running"]
    assert len(stage.send().posted) == 1


def test_an_unsure_one_that_the_platform_cannot_take_now_stays_unsure(stage: Stage) -> None:
    _approved(stage)
    stage.page.next_posts = ["lost before", Delayed("that mailbox is full")]
    stage.send()
    for _ in range(2):
        stage.send()
        stage.clock.goes(seconds=61)
    sent = stage.send()
    assert (stage.page.attempts, len(sent.unsure), stage.reply_states()) == (2, 1, ["unsure"])


def test_the_exit_code_of_a_refused_token_alone_is_four(stage: Stage) -> None:
    _approved(stage)
    stage.page.next_posts = [TokenRefused("log in")]
    assert stage.send().exit_code == 4


def test_a_look_that_fails_for_good_holds_up_no_other_reply(stage: Stage) -> None:
    _approved(stage, CALLBACK, "c1", "c2")
    stage.page.next_posts = ["lost after", PlatformBusy("later", 5)]
    stage.send()
    assert sorted(stage.reply_states()) == ["approved", "unsure"]
    stage.page.next_finds = [PlatformFailed("its listing is closed")]
    sent = stage.send()
    assert (len(sent.posted), len(sent.unsure), len(sent.problems)) == (1, 1, 1)
    assert sorted(stage.reply_states()) == ["posted", "unsure"]


def test_an_interrupted_send_leaves_a_row_that_is_looked_for(stage: Stage) -> None:
    _approved(stage)
    stage.page.next_posts = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        stage.send()
    assert stage.reply_states() == ["sending"]
    assert len(stage.send().unsure) == 1
    assert (stage.reply_states(), stage.promise_states()) == (["unsure"], ["running"])
    assert stage.page.attempts == 1


def test_a_connectors_own_mistake_leaves_its_reply_unsure_and_the_others_go_out(stage: Stage) -> None:
    _approved(stage, CALLBACK, "c1", "c2")
    stage.page.next_posts = [ZeroDivisionError()]
    sent = stage.send()
    assert (len(sent.unsure), len(sent.posted), sent.exit_code) == (1, 1, 6)
    assert sorted(stage.reply_states()) == ["posted", "unsure"]


def test_who_finds_somebody_else_sending_waits_and_takes_nothing_that_is_gone_by_then(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _approved(stage, CALLBACK, "c1", "c2")
    other = Stage(tmp_path)
    other.page = stage.page
    calls: list[int] = []
    flock = fcntl.flock

    def held_by_the_other(handle: int, how: int) -> None:
        calls.append(how)
        if how & fcntl.LOCK_NB:
            raise BlockingIOError
        monkeypatch.undo()
        stage.page.next_posts = ["lost after"]
        other.send()
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", held_by_the_other)
    sent = stage.send()
    other.store.close()
    assert calls == [fcntl.LOCK_EX | fcntl.LOCK_NB, fcntl.LOCK_EX]
    assert (len(sent.posted), sent.problems) == (1, [])  # the other's unsure one is found
    assert stage.reply_states() == ["posted", "posted"]
    assert stage.page.attempts == len(stage.page.wall) == 2


def test_a_folder_that_cannot_be_written_to_sends_nothing_and_says_which(stage: Stage) -> None:
    _approved(stage)
    shutil.rmtree(stage.folder / ".locks")
    (stage.folder / ".locks").write_text("in the way")
    sent = stage.send()
    assert (len(sent.posted), len(sent.left), sent.exit_code) == (0, 1, 1)
    assert ".locks cannot be written to" in str(sent.problems[0])
    assert stage.reply_states() == ["approved"]


def test_only_the_replies_asked_for_are_sent(stage: Stage) -> None:
    _approved(stage, CALLBACK, "c1", "c2")
    first = stage.rows("SELECT id FROM reply ORDER BY id")[0][0]
    sent = sending.send(stage.desk(), [first])
    assert [reply.id for reply in sent.posted] == [first]
    assert sorted(stage.reply_states()) == ["approved", "posted"]


def test_sending_needs_nobody_at_the_desk(stage: Stage) -> None:
    stage.fetch(comment("c1", "bellissimo, lo adoro"))
    stage.settings = without_kind(stage.settings, "pickup")
    text = "Grazie {{ person.name }}, sono Dario: domani passa il corriere."
    outcome = stage.reply("c1", text=text)
    assert [promise.kind for promise in outcome.promises] == ["other"]
    assert len(stage.send(agent=None).posted) == 1


@pytest.mark.parametrize("trouble", TROUBLES)
def test_whatever_goes_wrong_nothing_is_lost_and_nothing_is_posted_twice(stage: Stage, trouble: CaretoolError) -> None:
    _approved(stage, CALLBACK, "c1", "c2", "c3")
    stage.page.next_posts = ["lost after", trouble, "lost before"]
    for _ in range(6):
        stage.send()
        stage.clock.goes(seconds=61)
    keys = [post.key for post in stage.page.wall]
    assert len(keys) == len(set(keys))
    waiting = stage.states("c1", "c2", "c3").count("waiting")
    assert len(keys) == 3 - waiting
    assert waiting == (1 if isinstance(trouble, PlatformFailed) else 0)


def test_two_desks_on_one_folder_post_once(stage: Stage, tmp_path: Path) -> None:
    _approved(stage)
    other = Stage(tmp_path)
    other.page = stage.page
    stage.send()
    other.send()
    other.store.close()
    assert stage.page.attempts == 1


def test_a_reply_knows_whom_it_answers_and_since_when(stage: Stage) -> None:
    _approved(stage)
    made_at = stage.clock()
    stage.clock.goes(minutes=1)
    stage.send()
    post = stage.page.wall[0]
    assert (post.to, post.thread, post.private, post.addressee) == (("c1",), "post", False, "author.c1")
    assert abs(post.created_at - made_at) < timedelta(seconds=1)


def test_nothing_is_sent_of_what_was_approved_in_a_look_only(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    replying.consider(stage.desk(), stage.ask("c1", text=CALLBACK))
    assert stage.send().posted == []


def test_what_must_reach_the_manager_still_waits_when_the_answer_to_what_it_said_before_is_found(stage: Stage) -> None:
    _approved(stage)
    stage.page.next_posts = ["lost after"]
    stage.send()
    stage.fetch(comment("o1", "un saluto", author="bottegablu", reply_to="c1"))
    assert stage.states("c1") == ["answered"]
    stage.fetch(comment("c1", "mi sono ustionata"))
    assert stage.states("c1") == ["waiting"]
    assert len(stage.send().posted) == 1
    assert (stage.reply_states(), stage.states("c1")) == (["posted"], ["waiting"])
    assert stage.look().groups[0].group.escalation == "injury"


def test_what_may_be_public_and_can_no_longer_be_posted_is_not_called_unposted(stage: Stage) -> None:
    stage.fetch(comment("c1", closes_at=at(23, 9, 30)))
    assert stage.reply("c1", text=CALLBACK).state == "approved"
    stage.page.limits = replace(stage.page.limits, key_protects=timedelta(hours=1), listing_trustworthy=False)
    stage.page.next_posts = ["lost after"]
    stage.send()
    stage.page.hidden = {stage.page.wall[0].key}
    stage.send()
    stage.clock.says(23, 9, 31)
    (problem,) = stage.send().problems
    assert "may or may not have been posted" in str(problem)
    assert "caretool send --was-posted r" in str(problem)
    assert (stage.reply_states(), stage.promise_states(), stage.page.attempts) == (["unsure"], ["running"], 1)


def test_a_refused_token_says_how_a_new_one_is_made(stage: Stage) -> None:
    page = stage.settings.accounts["page"]
    accounts = {**stage.settings.accounts, "page": replace(page, platform="mastodon")}
    stage.settings = replace(stage.settings, accounts=accounts)
    _approved(stage)
    stage.page.next_posts = [TokenRefused("page: it was refused.")]
    sent = stage.send()
    assert (sent.exit_code, stage.reply_states()) == (4, ["approved"])
    assert str(sent.problems[0]).startswith("page: it was refused. A token is made on your server")
