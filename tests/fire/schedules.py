"""A day at the desk while everything on the way to the platform goes wrong; then the fire is out, and it is counted."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import stamina

from caretool.desk import fetching
from caretool.domain.comment import Author, Incoming, Thread
from caretool.errors import CaretoolError
from tests.desk.stage import Stage
from tests.fire.dialects import DIALECTS, Deletable, Place, Rotating, Served, tell_time

STEPS = 12
_ANSWER = "{{ person.name }}, sono {{ agent.name }}, mi scuso: le rispondo qui {{ promises.reply.when }}."
# Longer than any wait that a platform asks for, and than the pause between two looks.
_PAUSE = timedelta(minutes=20)
_QUIET = 5
# No power is cut here, and a disk would take most of the time.
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
_PAUSES = (1, 30, 61, 400, 4000)  # seconds
# What of the ledger goes with what became of its reply.
_TOGETHER = {
    "a promise runs whose reply did not go out": """SELECT p.id, p.state, r.state FROM promise p JOIN reply r
        ON r.id = p.reply WHERE r.state = 'failed' AND p.state <> 'void'""",
    "a promise in public does not run": """SELECT p.id, p.state, r.state FROM promise p JOIN reply r
        ON r.id = p.reply WHERE r.state IN ('posted', 'unsure') AND p.state <> 'running'""",
    "a comment waits though it was answered": """SELECT c.id FROM comment c JOIN reply_comment rc ON rc.comment = c.id
        JOIN reply r ON r.id = rc.reply WHERE r.state = 'posted' AND c.state NOT IN ('answered', 'gone')""",
}
_REPLIES = """SELECT r.text, r.state, coalesce(r.error, ''), c.native_id FROM reply r
    JOIN reply_comment rc ON rc.reply = r.id JOIN comment c ON c.id = rc.comment"""


@dataclass
class Burnt:
    """What came of a schedule: `wrong` is empty, or what must not be; replies by state, faults by kind, and why replies
    are unsure."""

    dialect: str
    seed: int
    comments: int = 0
    replies: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    unsure: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Schedule:
    """One desk with one account of a dialect."""

    def __init__(self, dialect: str, seed: int, folder: Path) -> None:
        self.random = random.Random(seed)
        self.place: Place = DIALECTS[dialect].make()
        self.stage = Stage(folder)
        self.written: dict[str, str] = {}
        self.texts: dict[str, int] = {}
        self.deleted: set[str] = set()
        self.said: list[str] = []
        self.skew = timedelta(seconds=self.random.uniform(-240, 240))
        share = self.random.choice([0.05, 0.15, 0.3])
        self.fire = DIALECTS[dialect].fire(self.place, seed, self.writes, share)
        self.goes(timedelta(0))
        self.connect()

    def goes(self, length: timedelta) -> None:
        """Time passes here and there; the server's clock is not ours."""
        self.stage.clock.goes(seconds=length.total_seconds())
        self.there = self.stage.clock() + self.skew
        tell_time(self.place, self.there)

    def connect(self) -> None:
        """As a new process would."""
        self.stage.page = self.place.open()  # type: ignore[assignment]

    def writes(self) -> None:
        """Somebody writes to us."""
        number = len(self.written)
        native_id, text = f"c{number}", f"Il pacco {number} non è ancora arrivato, quando arriva?"
        who = Author(f"person{number}", f"Person {number}")
        at = self.there + timedelta(seconds=number)
        comment = Incoming(native_id, who, text, at, thread=Thread("post1"), language="it")
        self.written[native_id] = text
        self.place.receive([comment])

    def fetches(self) -> None:
        self.fire.fetching = True
        try:
            (found,) = fetching.fetch(self.stage.desk(), ["page"])
        finally:
            self.fire.fetching = False
        if found.error is not None:
            self.said.append(str(found.error))

    def answers(self) -> None:
        """One of those that wait, or some of them, each in words of its own."""
        waiting = [
            row[0] for row in self.stage.rows("SELECT native_id FROM comment WHERE state = 'waiting' ORDER BY 1")
        ]
        for native_id in self.random.sample(waiting, min(len(waiting), self.random.randint(1, 3))):
            number = len(self.texts)
            with suppress(CaretoolError):
                outcome = self.stage.reply(native_id, text=f"{_ANSWER} Nota {number}.")
                self.texts |= {reply.text: number for reply in outcome.replies}

    def sends(self) -> None:
        with suppress(CaretoolError):
            self.said += [str(problem) for problem in self.stage.send().problems]

    def steps(self) -> None:
        """Anything, in any order."""
        does: list[Callable[[], None]] = [
            self.writes, self.fetches, self.fetches, self.answers, self.answers, self.sends, self.sends, self.connect,
            self.new_token, self.deletes, lambda: self.goes(timedelta(seconds=self.random.choice(_PAUSES))),
        ]  # fmt: skip
        for _ in range(self.random.randint(1, 5)):
            self.writes()
        self.fetches()
        for _ in range(STEPS):
            self.random.choice(does)()

    def deletes(self) -> None:
        """Somebody takes back what they wrote, where that can be done."""
        there = [native_id for native_id in self.written if native_id not in self.deleted]
        if there and isinstance(self.place, Deletable) and self.random.random() < 0.3:
            gone = self.random.choice(there)
            self.deleted.add(gone)
            self.place.delete(gone)

    def new_token(self) -> None:
        """A person makes one."""
        self.fire.token_dead = False
        if isinstance(self.place, Rotating):
            self.place.new_token()

    def quiet(self) -> None:
        """The fire is out; the desk is looked after until nothing is left to do."""
        self.fire.lit = False
        self.new_token()
        for _ in range(_QUIET):
            self.goes(_PAUSE)
            self.connect()
            self.fetches()
            self.sends()

    def counted(self, burnt: Burnt) -> None:
        """Every comment once; every reply once, or unsure where the platform cannot tell."""
        stored = Counter(row[0] for row in self.stage.rows("SELECT native_id FROM comment WHERE own = 0"))
        texts = dict(self.stage.rows("SELECT native_id, text FROM comment WHERE own = 0"))
        burnt.comments = len(self.written)
        for native_id in self.written:
            if stored[native_id] != 1 and not (native_id in self.deleted and stored[native_id] == 0):
                burnt.wrong.append(f"{native_id} is stored {stored[native_id]} times")
        burnt.wrong += [f"{native_id} is nobody's" for native_id in stored if native_id not in self.written]
        burnt.wrong += [f"{one} reads {text!r}" for one, text in texts.items() if text != self.written.get(one)]
        public = Counter(self.place.replies())
        tells = self.stage.page.limits.listing_trustworthy
        for text, state, why, native_id in self.stage.rows(_REPLIES):
            burnt.replies[state] += 1
            times = public[text]
            right = {"posted": (1,), "failed": (0,), "unsure": (0, 1)}.get(state, ())
            if native_id in self.deleted and state == "posted":
                right = (0, 1)  # many platforms take the answers away with what they answer
            if times not in right or (state == "unsure" and tells):
                burnt.wrong.append(f"a reply is {state} and stands there {times} times: {text!r} {why}")
            if state == "unsure":
                burnt.unsure.append(self.said[-1] if self.said else "")
                if not self.said:
                    burnt.wrong.append("nobody was told that a reply is unsure")
        burnt.wrong += [f"{what}: {found}" for what, sql in _TOGETHER.items() if (found := self.stage.rows(sql))]
        if burnt.wrong:
            burnt.wrong += [f"last said: {self.said[-1]}" for _ in self.said[-1:]]
        ours = {row[0] for row in self.stage.rows("SELECT text FROM reply")}
        burnt.wrong += [f"{text!r} stands there and is nobody's" for text in public if text not in ours]


@contextmanager
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


def burn(dialect: str, seed: int) -> Burnt:
    """One schedule from its beginning to its end."""
    burnt = Burnt(dialect, seed)
    os.environ.update(DIALECTS[dialect].secrets)
    with TemporaryDirectory(dir=_MEMORY) as folder, _no_waiting():
        schedule = Schedule(dialect, seed, Path(folder))
        try:
            schedule.steps()
            schedule.quiet()
            schedule.counted(burnt)
        finally:
            schedule.stage.store.close()
            if isinstance(schedule.place, Served):
                schedule.place.close()
        burnt.faults = schedule.fire.happened
    return burnt
