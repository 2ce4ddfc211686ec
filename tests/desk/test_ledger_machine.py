"""The ledger under several agents, a moving clock, crashes and a policy that people change: never beyond the plan,
never a public promise without a line, never a lost one (DESIGN §4.4, §4.5, §6). CI runs the same few walks; `make
torture` runs a hundred thousand steps of new ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from caretool.desk import apologising, fetching, handing_over, promising, replying, sending
from caretool.desk.desk import Desk
from caretool.desk.promising import Changed
from caretool.desk.request import Request
from caretool.domain import planning
from caretool.errors import PlatformFailed
from tests.desk.ledgers import CALENDARS, ENDS, House, Line, beyond, lines
from tests.desk.stage import CALLBACK, LATE, PICKUP, ROME, comment, shop
from tests.desk.walks import LIMITS, Walked

_ROWS = """SELECT id, kind, state, owner, due_at, first_day, due_day, moved_to, ended_at, reply FROM promise
    ORDER BY rowid"""
_TYPED = "{{ person.name }}, sono {{ agent.name }}, mi scuso: la richiamo domani."
_AGENTS = st.sampled_from(["dario", "giulia"])
_KINDS = st.sampled_from(sorted(CALENDARS))
_DAYS = st.integers(0, 9)
_KILLED = st.none() | st.none() | st.integers(0, 60)
_LENGTHS = [timedelta(seconds=20), timedelta(hours=2), timedelta(hours=5), timedelta(days=1), timedelta(days=3)]
_TROUBLES = st.lists(st.sampled_from(["", "", "lost before", "lost after", "dies after", "no"]), max_size=3)
_LATER: dict[str, set[str]] = {
    "logged": {"running", *ENDS},
    "running": {"logged", *ENDS},  # back again where a person saw that its reply was never posted
}


class TheLedger(RuleBasedStateMachine):
    """Some weeks of promises."""

    @initialize(limits=st.sampled_from(sorted(LIMITS)))
    def opens(self, limits: str) -> None:
        self.folder = TemporaryDirectory()
        self.stage = Walked(Path(self.folder.name), limits)
        self.house = House()
        self.count = 0
        self.known: dict[str, Line] = {}
        self._reads_the_policy()
        self._write(3)

    def teardown(self) -> None:
        self.stage.store.close()
        self.folder.cleanup()

    def _reads_the_policy(self) -> None:
        self.stage.settings = self.house.settings(shop())

    def _write(self, number: int, author: str | None = None) -> None:
        new = [comment(f"c{self.count + n:03}", LATE, author=author) for n in range(number)]
        self.count += number
        self.stage.place.write(*new)
        self.stage.place.receive(*new)
        self._does(lambda desk: fetching.fetch(desk, []))

    def _does(self, work: Callable[[Desk], object], agent: str = "dario", killed_after: int | None = None) -> None:
        """One process, and what it leaves behind in the ledger."""
        now = self.stage.clock()
        self.stage.kill_after = killed_after
        self.stage.process(work, agent)
        found = lines(self.stage.rows(_ROWS))
        self._lost_nothing(found)
        for kind in CALENDARS:
            open_ones = [line for line in found.values() if line.kind == kind and line.takes]
            new = [one for one in open_ones if one.id not in self.known or self.known[one.id].days != one.days]
            others = [one for one in open_ones if one not in new]
            today = now.astimezone(ROME).date()
            kept = sum(line.kept_on == today for line in found.values() if line.kind == kind)
            wrong = beyond(self.house, kind, new, others, now, kept)
            assert wrong is None, wrong
        self.known = found

    def _lost_nothing(self, found: dict[str, Line]) -> None:
        unsure = {
            row[0] for row in self.stage.rows("SELECT id FROM reply WHERE state IN ('unsure', 'sending', 'posted')")
        }
        for name, before in self.known.items():
            after = found[name]
            assert after.state == before.state or after.state in _LATER.get(before.state, set()), (before, after)
            if before.state not in ("logged",) and before.reply not in unsure:
                assert after.due_at == before.due_at, (before, after)

    def _ids(self, *states: str) -> list[str]:
        return [name for name, line in self.known.items() if line.state in states]

    def _due(self, days: int) -> Any:
        return self.stage.clock.now.replace(hour=18, minute=0, second=0, microsecond=0) + timedelta(days=days)

    # ── What happens ─────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(number=st.integers(1, 3), known=st.booleans())
    def somebody_writes(self, number: int, known: bool) -> None:
        self._write(number, "author.c000" if known else None)

    @rule(length=st.sampled_from(_LENGTHS))
    def time_passes(self, length: timedelta) -> None:
        self.stage.clock.goes(seconds=length.total_seconds())

    @rule(kind=_KINDS, days=_DAYS, number=st.integers(1, 3), agent=_AGENTS, killed=_KILLED)
    def promises_are_made_on_the_phone(self, kind: str, days: int, number: int, agent: str, killed: int | None) -> None:
        comment_id = self.stage.comment("c000").id
        for _ in range(number):
            due_at = self._due(days)
            self._does(lambda desk, at=due_at: promising.add(desk, kind, comment_id, at, None), agent, killed)

    @rule(data=st.data(), text=st.sampled_from([CALLBACK, PICKUP, _TYPED]), agent=_AGENTS, killed=_KILLED)
    def people_are_answered(self, data: st.DataObject, text: str, agent: str, killed: int | None) -> None:
        waiting = [row[0] for row in self.stage.rows("SELECT id FROM comment WHERE state = 'waiting' ORDER BY number")]
        if waiting:
            chosen = data.draw(st.lists(st.sampled_from(waiting), min_size=1, max_size=4, unique=True))
            asked = Request(comments=tuple(chosen), text=text, mode="each", include_new=True)
            self._does(lambda desk: replying.approve(desk, asked, shown=None), agent, killed)

    @rule(troubles=_TROUBLES, killed=_KILLED)
    def it_is_sent(self, troubles: list[str], killed: int | None) -> None:
        self.stage.place.next_posts = [PlatformFailed("no") if one == "no" else one for one in troubles]
        self._does(sending.send, killed_after=killed)
        self.stage.place.next_posts = []

    @precondition(lambda self: self._ids("logged", "running"))
    @rule(data=st.data(), how=st.sampled_from(["kept", "kept", "broken", "released"]), agent=_AGENTS, killed=_KILLED)
    def one_ends(self, data: st.DataObject, how: str, agent: str, killed: int | None) -> None:
        one = data.draw(st.sampled_from(self._ids("logged", "running")))
        if how == "kept":
            self._does(lambda desk: promising.keep(desk, [one], "signed"), agent, killed)
        else:
            self._does(lambda desk: promising.end(desk, [one], how, "x"), agent, killed)  # type: ignore[arg-type]

    @precondition(lambda self: self._ids("running"))
    @rule(data=st.data(), days=_DAYS, told=st.booleans(), agent=_AGENTS, killed=_KILLED)
    def one_is_moved(self, data: st.DataObject, days: int, told: bool, agent: str, killed: int | None) -> None:
        one = data.draw(st.sampled_from(self._ids("running")))
        due_at = self._due(days)
        self._does(lambda desk: promising.move(desk, one, due_at, "x", told=told), agent, killed)

    @precondition(lambda self: self._ids("running"))
    @rule(data=st.data(), agent=_AGENTS)
    def the_customer_was_called(self, data: st.DataObject, agent: str) -> None:
        one = data.draw(st.sampled_from(self._ids("running")))
        self._does(lambda desk: promising.tell(desk, one), agent)

    @precondition(lambda self: self._ids("running"))
    @rule(data=st.data(), breaks=st.booleans(), agent=_AGENTS, killed=_KILLED)
    def the_customer_is_told_in_public(self, data: st.DataObject, breaks: bool, agent: str, killed: int | None) -> None:
        one = data.draw(st.sampled_from(self._ids("running")))
        self._does(lambda desk: _tells(desk, one, breaks=breaks), agent, killed)

    @rule(old=st.sampled_from(["desk", "logistics", "giulia"]), new=st.sampled_from(["giulia", "desk"]), killed=_KILLED)
    def somebody_leaves(self, old: str, new: str, killed: int | None) -> None:
        before = self.known
        self._does(lambda desk: handing_over.hand_over(desk, old, new, None, "left"), killed_after=killed)
        assert {name: line._replace(owner="") for name, line in before.items()} == {
            name: line._replace(owner="") for name, line in self.known.items()
        }
        moved = [line for line in before.values() if line.owner == old and line.state in ("logged", "running")]
        assert {self.known[line.id].owner for line in moved} <= ({new} if self.known != before else {old})

    @rule(kind=_KINDS, per_day=st.integers(0, 4))
    def fewer_or_more_can_be_done(self, kind: str, per_day: int) -> None:
        self.house.per_day[kind] = per_day
        self._reads_the_policy()

    @rule(kind=_KINDS, days=st.integers(-1, 8), blackout=st.booleans())
    def a_day_is_taken_out_or_given_back(self, kind: str, days: int, blackout: bool) -> None:
        which = self.house.out if blackout else self.house.shut
        which[kind] ^= {self.stage.clock.now.date() + timedelta(days=days)}
        self._reads_the_policy()

    # ── What holds all the time, beside what every process is held against ───────────────────────────────────────────

    @invariant()
    def what_is_public_has_its_line_and_everybody_in_it(self) -> None:
        public = {post.key for post in self.stage.place.wall}
        people = """SELECT count(DISTINCT c.person) FROM comment c JOIN reply_comment rc ON rc.comment = c.id
            WHERE rc.reply = r.id"""
        for key, reply, people_there, number, void, open_ones in self.stage.rows(
            f"SELECT r.key, r.state, ({people}), count(p.id), coalesce(sum(p.state = 'void'), 0), "
            "coalesce(sum(p.state IN ('logged', 'running')), 0) "
            "FROM reply r LEFT JOIN promise p ON p.reply = r.id GROUP BY r.id"
        ):
            if key in public:
                assert number >= people_there
                assert (void, reply in ("posted", "unsure", "sending")) == (0, True)
            elif reply == "failed":  # somebody may have ended what was unsure
                assert open_ones == 0

    @invariant()
    def every_line_has_its_person_owner_and_time_and_the_counts_are_right(self) -> None:
        assert self.stage.rows("SELECT count(*) FROM promise WHERE owner = '' OR person = '' OR due_at = ''") == [(0,)]
        assert self.stage.store.counts.differences() == ()

    @invariant()
    def who_writes_again_is_told_as_long_as_the_promise_runs(self) -> None:
        people = [row[0] for row in self.stage.rows("SELECT id FROM person")]
        assert self.stage.store.comments.wrongly_marked(people) == []
        astray = """SELECT count(*) FROM comment c JOIN comment_group g ON g.id = c.grouped
            WHERE c.state = 'waiting' AND coalesce(c.again, '') <> coalesce(g.again, '')"""
        assert self.stage.rows(astray) == [(0,)]

    @invariant()
    def every_change_is_in_the_log(self) -> None:
        for state in ("kept", "broken", "released"):
            silent = (
                f"SELECT count(*) FROM promise WHERE state = '{state}' "
                f"AND id NOT IN (SELECT subject FROM log WHERE action = 'promise-{state}')"
            )
            assert self.stage.rows(silent) == [(0,)]


def _tells(desk: Desk, one: str, *, breaks: bool) -> None:
    """What `promise move --send` and `promise break --send` do."""
    promise = promising.by_id(desk, one)
    due_at = promising.proposed_due(desk, promise)
    if not breaks and due_at is None:
        return
    draft = apologising.of_break(desk, promise, None) if breaks else apologising.of_move(desk, promise, due_at)  # type: ignore[arg-type]
    messages, edited = apologising.look_again(desk, [draft])

    def change() -> Changed:
        if breaks or due_at is None:
            return promising.end(desk, [one], "broken", "x")
        return promising.move(desk, one, due_at, "x", told=False)

    if not edited and not apologising.rehearse(desk, change, messages).refusals:
        assert apologising.carry_out(desk, change, messages, None).written


TestTheLedger = TheLedger.TestCase
TestTheLedger.settings = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


# ── The plan, broken on purpose ──────────────────────────────────────────────────────────────────────────────────────


def _counts_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    right = planning.Limit._units_of
    monkeypatch.setattr(planning.Limit, "_units_of", lambda self, day: right(self, day) + (right(self, day) > 0))


def _looks_only_at_the_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    def has_room(self: Any, days: Any, count: int) -> bool:
        job = planning.Job(days[1], days[0], self.kind)
        return self.on_time({job: count}).total() == count

    monkeypatch.setattr(planning.Plan, "has_room", has_room)


def _minds_nobody_who_is_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def has_room(self: Any, days: Any, count: int) -> bool:
        job = planning.Job(days[1], days[0], self.kind)
        found = self.on_time(self.open | {job: self.open.get(job, 0) + count})
        return found[job.kind, job.due] >= count

    monkeypatch.setattr(planning.Plan, "has_room", has_room)


@pytest.mark.parametrize("breaks", [_counts_one_too_many, _looks_only_at_the_new_ones, _minds_nobody_who_is_put_off])
def test_a_plan_that_is_broken_on_purpose_is_found_out(
    breaks: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch)
    wanted = settings(TestTheLedger.settings, max_examples=300, phases=[Phase.generate], database=None)
    with pytest.raises(AssertionError, match="are in time, not"):
        run_state_machine_as_test(TheLedger, settings=wanted)
