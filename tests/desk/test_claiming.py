"""A claim: two people never answer the same, and whoever is killed holds nobody up for long (R3)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from caretool.desk import approving, claiming, triaging
from caretool.desk import closing as ending
from caretool.domain.duration import Duration
from caretool.errors import Claimed, NotFound, UsageProblem
from tests.desk.crashing import Forge, Job, lay_desk, rows
from tests.desk.stage import CALLBACK, LATE, MONDAY, POLICIES, Stage, at, comment, lay_shop


@pytest.fixture
def group(stage: Stage) -> str:
    """A group with one comment, shown to everybody."""
    stage.fetch(comment("c1"))
    for agent in ("dario", "giulia", "tom"):
        stage.look(agent=agent)
    return stage.group_of("c1")


def _claimed(stage: Stage) -> dict[str, str]:
    running = stage.store.claims.running(stage.clock())
    return {name: claim.agent for name, claim in running.items()}


def test_a_claim_lasts_as_long_as_it_is_asked_for_else_as_the_policy_says(stage: Stage, group: str) -> None:
    assert claiming.claim(stage.desk(), group).until == at(23, 9, 27)
    assert claiming.claim(stage.desk(), group, Duration(2, "hours")).until == at(23, 11, 12)
    rules = replace(stage.settings.policy.reply, claim=Duration(1, "hours"))
    stage.settings = replace(stage.settings, policy=replace(stage.settings.policy, reply=rules))
    assert claiming.claim(stage.desk(), stage.comment("c1").id).until == at(23, 10, 12)
    for length in (Duration(0, "minutes"), Duration(2, "days"), Duration(1, "working hours")):
        with pytest.raises(UsageProblem, match="is no time for a claim"):
            claiming.claim(stage.desk(), group, length)


def test_nobody_else_answers_closes_or_snoozes_what_is_claimed(stage: Stage, group: str) -> None:
    claiming.claim(stage.desk("giulia"), group)
    for outcome in (
        stage.reply("c1", text=CALLBACK),
        stage.reply("c1", text=CALLBACK, agent="tom"),
        stage.reply("c1", text=CALLBACK, by_hand="https://x.example/1"),
    ):
        assert [refusal.check for refusal in outcome.refusals] == ["claimed"]
        assert "giulia is at work on" in outcome.refusals[0].why
        assert "until Mon 23 Nov 09:27" in outcome.refusals[0].why
    for close in (
        lambda: ending.close(stage.desk(), [group], "chatter"),
        lambda: ending.snooze(stage.desk(), [group], at(24, 9)),
    ):
        with pytest.raises(Claimed, match="giulia is at work on"):
            close()
    assert (stage.reply_states(), stage.states("c1")) == ([], ["waiting"])
    assert stage.reply("c1", text=CALLBACK, agent="giulia").state == "approved"


def test_a_claim_ends_by_time(stage: Stage, group: str) -> None:
    claiming.claim(stage.desk("giulia"), group)
    stage.clock.goes(minutes=14, seconds=59)
    assert stage.reply("c1", text=CALLBACK).refusals
    stage.clock.goes(seconds=1)
    assert _claimed(stage) == {}
    assert stage.reply("c1", text=CALLBACK).state == "approved"


def test_only_who_has_it_lets_go_of_it(stage: Stage, group: str) -> None:
    claiming.claim(stage.desk("giulia"), group)
    with pytest.raises(Claimed, match="giulia"):
        claiming.drop(stage.desk(), group)
    assert claiming.drop(stage.desk("giulia"), group) == (group, True)
    assert claiming.drop(stage.desk("giulia"), group) == (group, False)
    assert _claimed(stage) == {}
    assert [line.action for line in stage.store.journal.about([group])] == ["claimed", "claim-dropped"]


def test_a_claim_is_taken_over_with_a_reason_that_is_kept(stage: Stage, group: str) -> None:
    claiming.claim(stage.desk("giulia"), group)
    with pytest.raises(Claimed, match="--take-over"):
        claiming.claim(stage.desk(), group)
    with pytest.raises(UsageProblem, match="tom is a trainee"):
        claiming.claim(stage.desk("tom"), group, because="she is at lunch")
    claiming.claim(stage.desk(), group, because="she is at lunch")
    assert _claimed(stage) == {group: "dario"}
    assert stage.store.journal.notes(group)[0][1:] == ("dario", "she is at lunch")
    assert [dict(line.codes) for line in stage.store.journal.about([group])] == [{}, {"from": "giulia"}]
    assert stage.reply("c1", text=CALLBACK, agent="giulia").refusals[0].check == "claimed"


def test_an_ended_group_keeps_no_claim_and_takes_none(stage: Stage, group: str) -> None:
    claiming.claim(stage.desk(), group)
    stage.reply("c1", text=CALLBACK)
    assert stage.rows("SELECT count(*) FROM claim") == [(0,)]
    with pytest.raises(NotFound, match="Nobody waits"):
        claiming.claim(stage.desk(), group)


def test_who_joins_a_claimed_group_is_under_its_claim(stage: Stage, group: str) -> None:
    claiming.claim(stage.desk("giulia"), group)
    stage.fetch(comment("c2"))
    assert stage.group_of("c2") == group
    assert stage.reply("c2", text=CALLBACK).refusals[0].check == "claimed"


def test_who_leaves_a_claimed_group_leaves_its_claim(stage: Stage, group: str) -> None:
    stage.fetch(comment("c2"))
    claiming.claim(stage.desk("giulia"), group)
    triaging.correct(stage.desk(), [stage.comment("c2").id], {"kind": "praise", "topic": "praise"})
    assert stage.reply("c2", text=CALLBACK).state == "approved"


def test_a_draft_is_approved_whoever_has_the_group(stage: Stage, group: str) -> None:
    outcome = stage.reply("c1", text=CALLBACK, agent="tom")
    claiming.claim(stage.desk("giulia"), group)
    draft = approving.find(stage.desk(), outcome.replies[0].draft)
    assert approving.consider(stage.desk(), draft).refusals == ()
    assert approving.approve(stage.desk(), draft, shown=None).state == "approved"


def test_the_inbox_and_show_say_who_is_at_it(stage: Stage, group: str) -> None:
    assert stage.look().groups[0].claim is None
    claiming.claim(stage.desk("giulia"), group)
    (listed,) = stage.look().groups
    assert listed.claim is not None
    assert (listed.claim.agent, listed.claim.until) == ("giulia", at(23, 9, 27))
    assert "giulia is at work on it until Mon 23 Nov 09:27" in listed.why


def _left(stage: Stage, group: str, comments: list[str], leave: BaseException) -> None:
    """Giulia begins an answer, and leaves it so."""
    with claiming.answering(stage.desk("giulia"), comments) as claim:
        assert _claimed(stage) == {}
        assert claim.take() == []
        assert _claimed(stage) == {group: "giulia"}
        raise leave


def test_answering_claims_until_it_is_left_in_whatever_way(stage: Stage, group: str) -> None:
    comments = [stage.comment("c1").id]
    for leave in (UsageProblem("no"), KeyboardInterrupt(), RuntimeError("a bug"), SystemExit(2)):
        with pytest.raises(type(leave)):
            _left(stage, group, comments, leave)
        assert _claimed(stage) == {}
    with claiming.answering(stage.desk("giulia"), comments) as claim:
        claim.take()
    assert _claimed(stage) == {}


def test_answering_is_refused_where_somebody_else_is_at_it_and_takes_nothing(stage: Stage, group: str) -> None:
    stage.fetch(comment("b1", "bellissimo, lo adoro", thread="other"))
    claiming.claim(stage.desk("giulia"), group)
    comments = [stage.comment(name).id for name in ("b1", "c1")]
    with claiming.answering(stage.desk(), comments) as claim:
        assert [refusal.check for refusal in claim.take()] == ["claimed"]
        assert _claimed(stage) == {group: "giulia"}
    assert _claimed(stage) == {group: "giulia"}


def test_each_question_renews_the_claim(stage: Stage, group: str) -> None:
    with claiming.answering(stage.desk("giulia"), [stage.comment("c1").id]) as claim:
        claim.take()
        stage.clock.goes(minutes=40)
        assert _claimed(stage) == {}
        claim.take()
        assert _claimed(stage) == {group: "giulia"}
        stage.clock.goes(minutes=40)
        claiming.claim(stage.desk(), group)
        assert claim.take() != []
    assert _claimed(stage) == {group: "dario"}


def test_answering_leaves_ones_own_claim_as_it_was(stage: Stage, group: str) -> None:
    claiming.claim(stage.desk("giulia"), group, Duration(2, "hours"))
    with claiming.answering(stage.desk("giulia"), [stage.comment("c1").id]) as claim:
        assert claim.take() == []
    assert stage.store.claims.running(stage.clock())[group].until == at(23, 11, 12)


def test_ones_own_claim_does_not_end_while_one_writes(stage: Stage, group: str) -> None:
    claiming.claim(stage.desk("giulia"), group, Duration(1, "minutes"))
    with claiming.answering(stage.desk("giulia"), [stage.comment("c1").id]) as claim:
        assert claim.take() == []
        stage.clock.goes(minutes=10)
        assert _claimed(stage) == {group: "giulia"}
    assert stage.store.claims.running(stage.clock())[group].until == at(23, 9, 27)


def test_who_was_killed_takes_up_their_own_claim_again(stage: Stage, group: str) -> None:
    comments = [stage.comment("c1").id]
    killed = claiming.Answering(stage.desk("giulia"), comments)
    killed.take()
    with claiming.answering(stage.desk("giulia"), comments) as claim:
        assert claim.take() == []
        killed.let_go()
        assert _claimed(stage) == {group: "giulia"}
    assert _claimed(stage) == {}


_ROUNDS = 25
_WORKER = """
import sys, time
from pathlib import Path
from caretool import workspace
from caretool.desk import claiming, listing, replying
from caretool.desk.request import Request

folder, agent, text = sys.argv[1:]
with workspace.open_desk(Path(folder), agent, lambda _: None) as desk:
    listing.inbox(desk, listing.Wanted(limit=999), desk.clock(), with_comments=False)
    groups = [group.id for group in desk.store.groups.alive(where={})]
    print("ready", flush=True)
    sys.stdin.readline()
    for group in groups:
        waiting = desk.store.comments.waiting_in(group)
        if not waiting:
            continue
        request = Request(comments=tuple(comment.id for comment in waiting), text=text)
        with claiming.answering(desk, request.comments) as claim:
            if claim.take():
                continue
            if not claim.taken:
                continue
            began = time.monotonic_ns()
            composed = replying.consider(desk, request)
            ended = time.monotonic_ns()
            print("held", group, began, ended, flush=True)
            outcome = replying.approve(desk, request, shown=composed)
            print("wrote" if outcome.state else "refused", group, 0, 0, flush=True)
"""


def test_two_people_at_once_never_hold_one_group_and_never_answer_it_twice(tmp_path: Path) -> None:
    accounts = """
[accounts.page]
platform = "file"
comments = "comments.jsonl"
replies = "replies.jsonl"
[agents.dario]
name = "Dario"
role = "manager"
[agents.giulia]
name = "Giulia"
[owners.desk]
[owners.logistics]
"""
    folder = lay_shop(tmp_path, accounts, POLICIES)
    comments = [
        {"id": f"c{n}", "author": f"author{n}", "text": LATE, "thread": f"post{n}", "language": "it"}
        for n in range(_ROUNDS)
    ]
    (folder / "comments.jsonl").write_text("".join(json.dumps(row) + "\n" for row in comments), encoding="utf-8")
    environment = {
        **os.environ, "CARETOOL_NOW": MONDAY.isoformat(), "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
    }  # fmt: skip
    command = [sys.executable, "-m", "caretool.cli.main", "-C", str(folder), "fetch"]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    workers = {
        agent: subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(folder), agent, CALLBACK],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )
        for agent in ("dario", "giulia")
    }  # fmt: skip
    for worker in workers.values():
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers.values():
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    held: dict[str, list[tuple[int, int]]] = {}
    written: list[str] = []
    for worker in workers.values():
        for line in worker.communicate()[0].splitlines():
            what, group, began, ended = line.split()
            if what == "held":
                held.setdefault(group, []).append((int(began), int(ended)))
            elif what == "wrote":
                written.append(group)
        assert worker.returncode == 0
    for spans in held.values():
        assert all(one[1] <= other[0] for one, other in zip(sorted(spans), sorted(spans)[1:], strict=False))
    answered = rows(folder, "SELECT comment, count(*) FROM reply_comment GROUP BY comment HAVING count(*) > 1")
    assert answered == []
    assert sorted(written) == sorted(set(written))
    assert len(written) == _ROUNDS
    assert rows(folder, "SELECT count(*) FROM claim") == [(0,)]


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    with closing(Forge(tmp_path_factory.mktemp("warm"))) as forge:
        yield forge


def test_a_claim_killed_anywhere_is_wholly_there_or_not_at_all(forge: Forge, tmp_path: Path) -> None:
    desk = lay_desk(tmp_path / "desk")
    job = Job(desk)
    forge.done(job, "fetch", "page")
    ((group,),) = rows(desk, "SELECT id FROM comment_group WHERE alive = 1 LIMIT 1")
    forge.done(replace(job, agent="tom"), "claim", group)
    words = ("claim", group, "--take-over", "--because", "tom has gone home")
    log = f"SELECT action FROM log WHERE subject = '{group}' ORDER BY number"
    step, killed = 0, True
    while killed:
        step += 1
        folder = Path(shutil.copytree(desk, desk.with_name(f"desk.{step}")))
        ran = forge.run(replace(job, folder=folder, die_at=step), *words)
        killed = ran.killed
        holder = rows(folder, "SELECT agent FROM claim")[0][0]
        notes = rows(folder, "SELECT count(*) FROM note")[0][0]
        assert (holder, notes, [row[0] for row in rows(folder, log)]) in [
            ("tom", 0, ["claimed"]), ("dario", 1, ["claimed", "claim-taken-over"]),
        ]  # fmt: skip
        shutil.rmtree(folder)
    assert step > 5
