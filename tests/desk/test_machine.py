"""Whatever people, platforms and the clock do, in whatever order: never posted twice, never beyond what can be kept."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from caretool.desk import approving, closing, promising
from caretool.errors import PlatformBusy, PlatformFailed, TokenRefused
from tests.desk.stage import CALLBACK, LATE, PICKUP, Stage, comment, with_kind

_PER_DAY = {"callback": 3, "pickup": 2}
_TYPED = "{{ person.name }}, sono {{ agent.name }}, mi scuso: la richiamo domani."
_TROUBLES = st.sampled_from(
    ["fine", "fine", "lost before", "lost after", "dies before", "dies after", "no", "busy", "token"]
)
_NEXT = {
    "fine": "",
    "no": PlatformFailed("no"),
    "busy": PlatformBusy("later", 5),
    "token": TokenRefused("log in"),
    "dies before": KeyboardInterrupt(),
}


class Desk(RuleBasedStateMachine):
    """A week at the desk."""

    @initialize()
    def opens(self) -> None:
        self.folder = TemporaryDirectory()
        self.stage = Stage(Path(self.folder.name), ":memory:")
        for name, units in _PER_DAY.items():
            self.stage.settings = with_kind(self.stage.settings, name, per_day=units)
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

    # ── What happens ─────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(count=st.integers(1, 4), private=st.booleans())
    def somebody_writes(self, count: int, private: bool) -> None:
        new = [comment(f"c{self.count + n:03}", LATE, private=private and n == 0) for n in range(count)]
        self.count += count
        self.stage.fetch(*new)

    @precondition(lambda self: self.count)
    @rule(data=st.data())
    def somebody_edits(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(0, self.count - 1))
        text = data.draw(st.sampled_from([LATE, "bellissimo, lo adoro", "mi sono ustionata", "ok"]))
        self.stage.fetch(comment(f"c{number:03}", text))

    @precondition(lambda self: self.count)
    @rule(data=st.data(), unseen=st.booleans())
    def somebody_deletes(self, data: st.DataObject, unseen: bool) -> None:
        native_id = f"c{data.draw(st.integers(0, self.count - 1)):03}"
        if unseen:
            self.stage.page.deleted.add(native_id)
        else:
            self.stage.fetch(deleted=[native_id])

    @precondition(lambda self: self._ids("waiting"))
    @rule(
        data=st.data(),
        text=st.sampled_from([CALLBACK, PICKUP, _TYPED]),
        agent=st.sampled_from(["dario", "dario", "tom"]),
    )
    def an_agent_answers(self, data: st.DataObject, text: str, agent: str) -> None:
        waiting = self._ids("waiting")
        chosen = data.draw(st.lists(st.sampled_from(waiting), min_size=1, max_size=5, unique=True))
        if agent == "tom":
            chosen = [native_id for native_id in chosen if not self.stage.comment(native_id).escalation]
        if chosen:
            self.stage.reply(*chosen, text=text, agent=agent, mode="each")

    @rule(yes=st.booleans())
    def somebody_decides_on_drafts(self, yes: bool) -> None:
        for draft in self.stage.store.replies.drafts("awaiting"):
            if yes:
                approving.approve(self.stage.desk("dario"), draft, shown=None)
            else:
                approving.reject(self.stage.desk("dario"), draft, "no")

    @rule(troubles=st.lists(_TROUBLES, max_size=4), lag=st.booleans())
    def it_is_sent(self, troubles: list[str], lag: bool) -> None:
        self.stage.page.next_posts = [_NEXT.get(trouble, trouble) for trouble in troubles]
        with suppress(KeyboardInterrupt):
            self.stage.send()
        self.stage.page.next_posts = []
        if lag:  # a listing shows a post some seconds later
            self.stage.page.hidden = {post.key for post in self.stage.page.wall[-2:]}

    @rule(length=st.sampled_from([timedelta(seconds=20), timedelta(seconds=61), timedelta(hours=3), timedelta(days=1)]))
    def time_passes(self, length: timedelta) -> None:
        self.stage.clock.goes(seconds=length.total_seconds())
        if length > timedelta(seconds=60):
            self.stage.page.hidden = set()

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
            closing.close(self.stage.desk(), ids, "x")
        elif how == "snooze":
            closing.snooze(self.stage.desk(), ids, self.stage.clock() + timedelta(hours=1))
        else:
            self.reopened.add(native_id)
            closing.reopen(self.stage.desk(), ids, "x")

    @precondition(lambda self: self.count)
    @rule(data=st.data(), kind=st.sampled_from(sorted(_PER_DAY)), days=st.integers(0, 9))
    def a_promise_is_made_on_the_phone(self, data: st.DataObject, kind: str, days: int) -> None:
        person = self.stage.comment(f"c{data.draw(st.integers(0, self.count - 1)):03}").person
        due_at = self.stage.clock.now.replace(hour=18, minute=0, second=0) + timedelta(days=days)
        promising.add(self.stage.desk(), kind, person, due_at, None)

    @rule(data=st.data())
    def a_promise_ends(self, data: st.DataObject) -> None:
        running = [row[0] for row in self.stage.rows("SELECT id FROM promise WHERE state = 'running' ORDER BY id")]
        if running:
            how = data.draw(st.sampled_from(["broken", "released"]))
            promising.end(self.stage.desk(), [data.draw(st.sampled_from(running))], how, "x")  # type: ignore[arg-type]

    @rule()
    def somebody_looks(self) -> None:
        found = self.stage.look(limit=1000)
        assert sum(listed.group.size for listed in found.groups) == found.waiting
        assert self._ids("waiting") == sorted(c.native_id for listed in found.groups for c in listed.comments)

    # ── What holds all the time ──────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def nothing_is_posted_twice(self) -> None:
        keys = [post.key for post in self.stage.page.wall]
        assert len(keys) == len(set(keys))
        answered = [
            native_id for post in self.stage.page.wall for native_id in post.to if native_id not in self.reopened
        ]
        assert len(answered) == len(set(answered))

    @invariant()
    def what_is_public_is_in_the_ledger_and_what_was_never_public_is_void(self) -> None:
        public = {post.key for post in self.stage.page.wall}
        for key, reply, promise in self.stage.rows(
            "SELECT r.key, r.state, p.state FROM promise p JOIN reply r ON r.id = p.reply"
        ):
            if key in public:
                assert reply in ("posted", "unsure", "sending")
                assert promise != "void"
            if reply in ("posted", "unsure"):
                assert promise in ("running", "broken", "released")
            if reply == "approved":
                assert promise == "logged"
            if reply == "failed":
                assert promise in ("void", "broken", "released")
        promised = (
            "SELECT count(*) FROM reply r WHERE state IN ('approved', 'posted', 'unsure') "
            "AND NOT EXISTS (SELECT 1 FROM promise p WHERE p.reply = r.id)"
        )
        assert self.stage.rows(promised) == [(0,)]  # every text in use here promises something
        assert self.stage.rows("SELECT count(*) FROM promise WHERE owner = '' OR person = '' OR due_at = ''") == [(0,)]

    @invariant()
    def every_day_has_room_for_what_was_promised(self) -> None:
        for kind, units in _PER_DAY.items():
            open_ones = self.stage.rows(
                "SELECT first_day, due_day FROM promise WHERE kind = ? AND state IN ('logged', 'running')", kind
            )
            windows = [(date.fromisoformat(first), date.fromisoformat(due)) for first, due in open_ones]
            for first in {window[0] for window in windows}:
                for due in {window[1] for window in windows}:
                    inside = sum(1 for window in windows if first <= window[0] and window[1] <= due)
                    assert inside <= units * _open_days(kind, first, due)

    @invariant()
    def a_comment_is_queued_as_long_as_its_answer_is_on_its_way(self) -> None:
        on_its_way = self.stage.rows(
            "SELECT c.state FROM comment c JOIN reply_comment rc ON rc.comment = c.id JOIN reply r ON r.id = rc.reply "
            "WHERE r.state IN ('approved', 'sending', 'unsure')"
        )
        assert {state for (state,) in on_its_way} <= {"queued", "gone"}
        queued = "SELECT count(*) FROM comment WHERE state = 'queued'"
        assert self.stage.rows(queued)[0][0] <= len(on_its_way)


def _open_days(kind: str, first: date, due: date) -> int:
    days = (first + timedelta(days=n) for n in range((due - first).days + 1))
    return sum(day.weekday() < (6 if kind == "callback" else 5) for day in days)


TestTheDesk = Desk.TestCase
TestTheDesk.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
