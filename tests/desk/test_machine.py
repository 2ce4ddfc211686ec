"""Whatever people, platforms, crashes and the clock do, in whatever order: never posted twice, never beyond what can be
kept. CI runs the same few walks each time; `make torture` runs a thousand new ones."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from caretool.desk import approving, closing, fetching, promising, replying, sending
from caretool.desk.desk import Desk
from caretool.desk.request import Request
from caretool.errors import PlatformBusy, PlatformFailed, TokenRefused
from tests.desk.stage import CALLBACK, LATE, PICKUP, comment
from tests.desk.walks import LIMITS, PER_DAY, Walked

_TYPED = "{{ person.name }}, sono {{ agent.name }}, mi scuso: la richiamo domani."
_TEXTS = [LATE, "bellissimo, lo adoro", "mi sono ustionata", "ok"]
_TROUBLES = st.sampled_from(
    ["fine", "fine", "lost before", "lost after", "lost after", "dies before", "dies after", "no", "busy", "token"]
)
_NEXT = {
    "fine": "",
    "no": PlatformFailed("no"),
    "busy": PlatformBusy("later", 5),
    "token": TokenRefused("log in"),
    "dies before": KeyboardInterrupt(),
}
_STEPS = st.integers(0, 30) | st.integers(0, 150)
_LENGTHS = [timedelta(seconds=-20), timedelta(seconds=20), timedelta(seconds=61), timedelta(hours=3), timedelta(days=1)]


class TheDesk(RuleBasedStateMachine):
    """A week at the desk."""

    @initialize(limits=st.sampled_from(sorted(LIMITS)))
    def opens(self, limits: str) -> None:
        self.folder = TemporaryDirectory()
        self.stage = Walked(Path(self.folder.name), limits)
        self.count = 0
        self.reopened: set[str] = set()

    def teardown(self) -> None:
        self.stage.store.close()
        self.folder.cleanup()

    def _ids(self, *states: str) -> list[str]:
        marks = ", ".join("?" * len(states))
        return [
            r[0] for r in self.stage.rows(f"SELECT native_id FROM comment WHERE state IN ({marks}) ORDER BY 1", *states)
        ]

    def _stored(self) -> list[str]:
        return [row[0] for row in self.stage.rows("SELECT native_id FROM comment WHERE own = 0 ORDER BY 1")]

    def _promises(self, *states: str) -> list[str]:
        marks = ", ".join("?" * len(states))
        return [
            row[0] for row in self.stage.rows(f"SELECT id FROM promise WHERE state IN ({marks}) ORDER BY 1", *states)
        ]

    def _on_their_way(self) -> list[tuple[str]]:
        return self.stage.rows("SELECT id FROM reply WHERE state IN ('approved', 'sending', 'unsure')")

    def _fetches(self) -> None:
        done = set(self._ids("answered", "closed"))
        self.stage.process(lambda desk: fetching.fetch(desk, []))
        self.reopened |= done & set(self._ids("waiting"))  # an edit that must reach the manager

    # ── What happens ─────────────────────────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: self.stage.kill_after is None)
    @rule(steps=_STEPS)
    def the_next_process_will_be_killed(self, steps: int) -> None:
        self.stage.kill_after = steps

    @rule(count=st.integers(1, 4), private=st.booleans(), killed_after=st.none() | _STEPS)
    def somebody_writes(self, count: int, private: bool, killed_after: int | None) -> None:
        self.stage.kill_after = killed_after
        new = [comment(f"c{self.count + n:03}", LATE, private=private and n == 0) for n in range(count)]
        self.count += count
        self.stage.place.write(*new)
        self.stage.place.receive(*new)
        self._fetches()

    @precondition(lambda self: self.count)
    @rule(data=st.data(), text=st.sampled_from(_TEXTS), seen=st.booleans())
    def somebody_edits(self, data: st.DataObject, text: str, seen: bool) -> None:
        native_id = f"c{data.draw(st.integers(0, self.count - 1)):03}"
        edited = comment(native_id, text, private=self.stage.place.truth[native_id].private)
        self.stage.place.write(edited)
        if seen:
            self.stage.place.receive(edited)
            self._fetches()

    @precondition(lambda self: self.count)
    @rule(data=st.data(), seen=st.booleans())
    def somebody_deletes(self, data: st.DataObject, seen: bool) -> None:
        native_id = f"c{data.draw(st.integers(0, self.count - 1)):03}"
        self.stage.place.deleted.add(native_id)
        if seen:
            self.stage.place.receive(deleted=[native_id])
            self._fetches()

    @precondition(lambda self: self.stage.place.wall)
    @rule()
    def what_we_posted_is_fetched(self) -> None:
        ours = [
            comment(f"our-{post.key}-{to}", post.text, author="bottegablu", reply_to=to)
            for post in self.stage.place.wall
            for to in post.to
        ]
        self.stage.place.receive(*ours)
        self._fetches()

    @precondition(lambda self: self._ids("waiting"))
    @rule(
        data=st.data(),
        text=st.sampled_from([CALLBACK, PICKUP, _TYPED]),
        agent=st.sampled_from(["dario", "dario", "giulia", "tom"]),
    )
    def an_agent_answers(self, data: st.DataObject, text: str, agent: str) -> None:
        chosen = data.draw(st.lists(st.sampled_from(self._ids("waiting")), min_size=1, max_size=5, unique=True))
        ids = [self.stage.comment(native_id).id for native_id in chosen]
        self.stage.process(lambda desk: _answers(desk, ids, text), agent)

    @precondition(lambda self: self._ids("waiting"))
    @rule(agent=st.sampled_from(["dario", "giulia"]))
    def an_agent_looks_and_answers_the_first_group(self, agent: str) -> None:
        self.stage.process(lambda desk: _answers(desk, [self.stage.look(agent).groups[0].group.id], CALLBACK), agent)

    @rule(yes=st.booleans(), agent=st.sampled_from(["dario", "giulia"]))
    def somebody_decides_on_drafts(self, yes: bool, agent: str) -> None:
        for draft in self.stage.store.replies.drafts("awaiting"):
            if not yes:
                self.stage.process(lambda desk, it=draft: approving.reject(desk, it, "no"), agent)
                continue

            def decides(desk: Desk, it: object = draft) -> None:
                if not approving.consider(desk, it).refusals:  # type: ignore[arg-type]
                    approving.approve(desk, it, shown=None)  # type: ignore[arg-type]

            self.stage.process(decides, agent)

    @precondition(lambda self: self._on_their_way())
    @rule(troubles=st.lists(_TROUBLES, max_size=4), lag=st.booleans(), killed_after=st.none() | _STEPS)
    def it_is_sent(self, troubles: list[str], lag: bool, killed_after: int | None) -> None:
        self.stage.kill_after = killed_after
        self.stage.place.next_posts = [_NEXT.get(trouble, trouble) for trouble in troubles]
        self.stage.process(sending.send)
        self.stage.place.next_posts = []
        if lag:  # a listing shows a post some seconds later
            self.stage.place.hidden = {post.key for post in self.stage.place.wall[-2:]}

    @precondition(lambda self: self.stage.rows("SELECT id FROM reply WHERE state = 'unsure'"))
    @rule(pauses=st.lists(st.sampled_from(_LENGTHS[:3]), min_size=2, max_size=4))
    def what_is_unsure_is_looked_for(self, pauses: list[timedelta]) -> None:
        for pause in pauses:
            self.time_passes(pause)
            self.stage.process(sending.send)

    @rule(length=st.sampled_from(_LENGTHS))
    def time_passes(self, length: timedelta) -> None:
        self.stage.clock.goes(seconds=length.total_seconds())
        if length > timedelta(seconds=60):
            self.stage.place.hidden = set()

    @precondition(lambda self: self._ids("waiting", "answered", "closed"))
    @rule(data=st.data(), how=st.sampled_from(["close", "snooze", "reopen"]))
    def an_agent_tidies(self, data: st.DataObject, how: str) -> None:
        native_id = data.draw(
            st.sampled_from(self._ids(*(["answered", "closed"] if how == "reopen" else ["waiting"])) or [""])
        )
        if not native_id:
            return
        ids = [self.stage.comment(native_id).id]
        if how == "close":
            self.stage.process(lambda desk: closing.close(desk, ids, "x"))
        elif how == "snooze":
            self.stage.process(lambda desk: closing.snooze(desk, ids, desk.clock() + timedelta(hours=1)))
        else:
            self.reopened.add(native_id)
            self.stage.process(lambda desk: closing.reopen(desk, ids, "x"))

    @precondition(lambda self: self._stored())
    @rule(data=st.data(), kind=st.sampled_from(sorted(PER_DAY)), days=st.integers(0, 9))
    def a_promise_is_made_on_the_phone(self, data: st.DataObject, kind: str, days: int) -> None:
        person = self.stage.comment(data.draw(st.sampled_from(self._stored()))).person
        due_at = self.stage.clock.now.replace(hour=18, minute=0, second=0) + timedelta(days=days)
        self.stage.process(lambda desk: promising.add(desk, kind, person, due_at, None))

    @precondition(lambda self: self._promises("logged", "running"))
    @rule(data=st.data(), how=st.sampled_from(["broken", "released", "kept"]))
    def a_promise_ends(self, data: st.DataObject, how: str) -> None:
        promise = data.draw(st.sampled_from(self._promises("logged", "running")))
        if how == "kept":
            self.stage.process(lambda desk: promising.keep(desk, [promise], "the courier's receipt"))
        else:
            self.stage.process(lambda desk: promising.end(desk, [promise], how, "x"))  # type: ignore[arg-type]

    @precondition(lambda self: self._promises("running"))
    @rule(data=st.data(), days=st.integers(0, 9), told=st.booleans())
    def a_promise_moves(self, data: st.DataObject, days: int, told: bool) -> None:
        promise = data.draw(st.sampled_from(self._promises("running")))
        due_at = self.stage.clock.now.replace(hour=18, minute=0, second=0) + timedelta(days=days)
        self.stage.process(lambda desk: promising.move(desk, promise, due_at, "x", told=told))

    @precondition(lambda self: self.stage.rows("SELECT 1 FROM promise WHERE state = 'logged' AND reply IS NULL"))
    @rule(agent=st.sampled_from(["dario", "giulia"]))
    def the_customer_is_told_of_a_move(self, agent: str) -> None:
        sql = """SELECT c.id, p.kind, p.due_at FROM promise p JOIN comment c ON c.person = p.person AND c.own = 0
            WHERE p.state = 'logged' AND p.reply IS NULL AND c.state = 'waiting' ORDER BY p.id, c.id"""
        for comment_id, kind, due_at in self.stage.rows(sql)[:1]:
            text = CALLBACK if kind == "callback" else PICKUP
            self.stage.process(lambda desk, c=comment_id, p=(kind, due_at), t=text: _answers(desk, [c], t, p), agent)

    @precondition(lambda self: self._ids("waiting"))
    @rule()
    def somebody_looks(self) -> None:
        found = []
        with suppress(IndexError):
            self.stage.process(lambda desk: found.append(self.stage.look(limit=1000)))
            assert sum(listed.group.size for listed in found[0].groups) == found[0].waiting
            assert self._ids("waiting") == sorted(c.native_id for listed in found[0].groups for c in listed.comments)

    # ── What holds all the time ──────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def nothing_is_posted_twice_nor_to_what_it_was_not_meant_for(self) -> None:
        keys = [post.key for post in self.stage.place.wall]
        assert len(keys) == len(set(keys))
        answered = [
            native_id for post in self.stage.place.wall for native_id in post.to if native_id not in self.reopened
        ]
        assert len(answered) == len(set(answered))
        assert not self.stage.place.wrong, self.stage.place.wrong

    @invariant()
    def what_is_public_is_in_the_ledger_and_what_was_never_public_is_void(self) -> None:
        public = {post.key for post in self.stage.place.wall}
        ended = ("running", "broken", "released", "kept", "moved")
        for key, reply, promise in self.stage.rows(
            "SELECT r.key, r.state, p.state FROM promise p JOIN reply r ON r.id = p.reply"
        ):
            if key in public:
                assert reply in ("posted", "unsure", "sending")
                assert promise != "void"
            if reply in ("posted", "unsure"):
                assert promise in ended
            if reply == "approved":
                assert promise == "logged"
            if reply == "failed":
                assert promise not in ("logged", "running")
        failed = {row[0] for row in self.stage.rows("SELECT key FROM reply WHERE state IN ('failed', 'approved')")}
        assert not failed & public
        promised = (
            "SELECT count(*) FROM reply r WHERE state IN ('approved', 'posted', 'unsure') "
            "AND NOT EXISTS (SELECT 1 FROM promise p WHERE p.reply = r.id)"
        )
        assert self.stage.rows(promised) == [(0,)]  # every text in use here promises something
        assert self.stage.rows("SELECT count(*) FROM promise WHERE owner = '' OR person = '' OR due_at = ''") == [(0,)]

    @invariant()
    def every_day_has_room_for_what_was_promised(self) -> None:
        for kind, units in PER_DAY.items():
            open_ones = self.stage.rows(  # one that is being moved takes the unit of the new one
                "SELECT first_day, due_day FROM promise "
                "WHERE kind = ? AND state IN ('logged', 'running') AND moved_to IS NULL",
                kind,
            )
            windows = [(date.fromisoformat(first), date.fromisoformat(due)) for first, due in open_ones]
            for first in {window[0] for window in windows}:
                for due in {window[1] for window in windows}:
                    inside = sum(1 for window in windows if first <= window[0] and window[1] <= due)
                    assert inside <= units * _open_days(kind, first, due)

    @invariant()
    def a_comment_is_queued_as_long_as_its_answer_is_on_its_way(self) -> None:
        on_its_way = self.stage.rows(
            "SELECT c.state, c.native_id FROM comment c JOIN reply_comment rc ON rc.comment = c.id "
            "JOIN reply r ON r.id = rc.reply WHERE r.state IN ('approved', 'sending', 'unsure') "
            # What was edited into a matter for the manager waits for them, whatever was said before.
            "AND NOT (c.state = 'waiting' AND c.escalation IS NOT NULL "
            "AND EXISTS (SELECT 1 FROM revision WHERE comment = c.id))"
        )
        assert {state for state, native_id in on_its_way if native_id not in self.reopened} <= {
            "queued", "gone", "answered"
        }  # fmt: skip
        queued = "SELECT count(*) FROM comment WHERE state = 'queued'"
        assert self.stage.rows(queued)[0][0] <= len(on_its_way)

    @invariant()
    def nothing_of_a_page_that_was_passed_is_missing(self) -> None:
        passed = self.stage.store.arrivals.bookmark("page")
        stored = {row[0] for row in self.stage.rows("SELECT native_id FROM comment")}
        for page in self.stage.place.pages[: int(passed or 0)]:
            assert not isinstance(page, Exception)
            assert {incoming.native_id for incoming in page.comments} <= stored

    @invariant()
    def whatever_was_approved_is_in_the_log(self) -> None:
        silent = (
            "SELECT count(*) FROM reply WHERE state NOT IN ('awaiting', 'rejected') "
            "AND id NOT IN (SELECT subject FROM log WHERE action = 'reply-approved')"
        )
        assert self.stage.rows(silent) == [(0,)]


def _answers(desk: Desk, ids: list[str], text: str, promised: tuple[str, str] | None = None) -> None:
    """What `caretool reply` does: look, then approve what passes."""
    promises = (promised,) if promised is not None else ()
    asked = Request(comments=(), text=text, mode="each", promises=promises)
    request, edited = replying.look_again(desk, replying.make_request(desk, ids, asked))
    if not edited:
        replying.approve(desk, request, shown=None)


def _open_days(kind: str, first: date, due: date) -> int:
    days = (first + timedelta(days=n) for n in range((due - first).days + 1))
    return sum(day.weekday() < (6 if kind == "callback" else 5) for day in days)


TestTheDesk = TheDesk.TestCase
TestTheDesk.settings = settings(
    max_examples=100,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
