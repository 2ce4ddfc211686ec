"""Codes whatever happens: four processes that draw and return them and are killed; and a kill between any two steps."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from caretool import workspace
from caretool.desk import fetching, sending
from caretool.desk.desk import Desk
from tests.desk.crashing import ACCOUNTS, BoardServer, Forge, Job, page_posts, row, rows, troubles, write_comments
from tests.desk.rewarded import COUPONS, GRATEFUL, write_codes
from tests.desk.stage import MONDAY, POLICIES, lay_shop
from tests.desk.test_crashes import Walk

CODES = 24
# Where codes and what they hang on are changed, and around each transaction; all else is walked in test_crashes.py.
_CHANGES = (
    *(f'before {verb} "{table}"' for verb in ("INSERT INTO", "UPDATE", "DELETE FROM") for table in ("code", "reward")),
    'before INSERT OR IGNORE INTO "code"', 'before INSERT INTO "reply"', 'before UPDATE "reply"',
    "before commit", "after commit",
)  # fmt: skip
TEXT = (
    "Buongiorno {{ person.name }}, sono {{ agent.name }}, mi scuso: la richiamo {{ promises.callback.when }}. "
    "Per lei: {{ reward.code }}"
)


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    with closing(Forge(tmp_path_factory.mktemp("warm"))) as forge:
        yield forge


@pytest.fixture
def boards() -> Iterator[BoardServer]:
    with closing(BoardServer()) as server:
        yield server


@pytest.fixture
def fetched(forge: Forge, tmp_path: Path) -> Job:
    """A desk with three comments that wait, and four codes."""
    desk = lay_shop(tmp_path / "desk", ACCOUNTS, POLICIES + COUPONS)
    write_comments(desk, row("c1"), row("c2"), row("c3"))
    write_codes(desk, [f"CODE{number}" for number in range(4)])
    forge.done(Job(desk), "fetch", "page")
    return Job(desk)


def _ids(job: Job, *native_ids: str) -> list[str]:
    found = dict(rows(job.folder, "SELECT native_id, id FROM comment"))
    return [found[native_id] for native_id in native_ids]


def _asked(job: Job, *native_ids: str) -> tuple[str, ...]:
    words = ("--text", TEXT, "--private", "--mode", "each", "--reward", "thanks", "--yes", "--later", "--json")
    return ("reply", *_ids(job, *native_ids), *words)


def _pool(folder: Path) -> Counter[str]:
    """How many codes are free, given, returned and lost."""
    held = rows(folder, "SELECT coalesce(w.state, 'free') FROM code c LEFT JOIN reward w ON w.id = c.reward")
    return Counter(state for (state,) in held)


def test_a_draw_killed_anywhere_gives_all_of_its_codes_or_none(forge: Forge, boards: BoardServer, fetched: Job) -> None:
    outcomes = set()
    walk = Walk(forge, boards, fetched.folder, fetched, *_asked(fetched, "c1", "c2"))
    for job, _ in walk.runs(of=_CHANGES):
        left = _pool(job.folder)
        outcomes.add(left["given"])
        if not left["given"]:
            forge.done(job, *_asked(job, "c1", "c2"))
        assert _pool(job.folder) == {"given": 2, "free": 2}
        assert list(troubles(job.folder)) == []
    assert outcomes == {0, 2}


def test_a_return_killed_anywhere_frees_the_code_once(forge: Forge, boards: BoardServer, fetched: Job) -> None:
    forge.done(fetched, *_asked(fetched, "c1"))
    write_comments(fetched.folder, row("c1", "Grazie, è arrivato!"), row("c2"), row("c3"))
    forge.done(fetched, "fetch", "page")
    walk = Walk(forge, boards, fetched.folder, fetched, "send", "--json")
    seen = set()
    for job, _ in walk.runs(of=_CHANGES):
        seen.add(_pool(job.folder)["given"])
        forge.run(job, "send")
        assert (_pool(job.folder), page_posts(job.folder)) == ({"free": 4}, [])
        assert list(troubles(job.folder)) == []
    assert seen == {0, 1}


# One who gives, and one whose outbox fails for good every other time; either is killed at any moment.
_GIVER = """
import random, sys
from pathlib import Path
from caretool import workspace
from caretool.desk import replying, sending
from caretool.desk.request import Request
from caretool.errors import CaretoolError, PlatformFailed
folder, mine, seed = Path(sys.argv[1]), sys.argv[2].split(","), int(sys.argv[3])
chance = random.Random(seed)

class Moody:
    def __init__(self, platform):
        self.platform, self.limits = platform, platform.limits
    def look(self, native_ids):
        return self.platform.look(native_ids)
    def find(self, reply):
        return self.platform.find(reply)
    def post(self, reply):
        if chance.random() < 0.4:
            raise PlatformFailed("no")
        return self.platform.post(reply)

with workspace.open_desk(folder, "dario", lambda sentence: None) as desk:
    open_platform = desk.open_platform
    desk.open_platform = lambda account: Moody(open_platform(account))
    print("ready", flush=True)
    sys.stdin.readline()
    while True:
        waiting = [c.id for c in desk.store.comments.by_ids(mine) if c.state == "waiting"]
        if not waiting:
            break
        chosen = chance.sample(waiting, min(len(waiting), chance.randint(1, 5)))
        request = Request(comments=tuple(chosen), reward="thanks", private=True, mode="each")
        outcome = replying.approve(desk, request, shown=None)
        if outcome.refusals:
            break
        sending.send(desk, [reply.id for reply in outcome.replies])
"""


def _start(folder: Path, mine: list[str], seed: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _GIVER, str(folder), ",".join(mine), str(seed)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "CARETOOL_NOW": MONDAY.isoformat(), "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def _go(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()


def draw_under_fire(folder: Path, codes: int, people: int, kills: int, seed: int) -> Counter[str]:
    """Four processes give coupons to so many people, and so many of them are killed at random and others started; what
    became of the codes. Raises AssertionError where one was lost or given twice."""
    chance = random.Random(seed)
    lay_shop(folder, ACCOUNTS.replace('[accounts.wall]\nplatform = "board"\n', ""), POLICIES + COUPONS)
    write_codes(folder, [f"X{number:05}Y" for number in range(codes)])
    write_comments(folder, *(row(f"c{number}", GRATEFUL) for number in range(people)))
    with _desk(folder) as desk:
        fetching.fetch(desk, ["page"])
    ids = [found for (found,) in rows(folder, "SELECT id FROM comment")]
    living = [_start(folder, ids[place::4], seed + place) for place in range(4)]
    for process in living:
        _go(process)
    for kill in range(kills):
        place = chance.randrange(4)
        with suppress(subprocess.TimeoutExpired):
            living[place].wait(chance.uniform(0.02, 0.6))
        living[place].send_signal(signal.SIGKILL)
        living[place].communicate()
        living[place] = _start(folder, ids[place::4], seed + 10 * (kill + 1) + place)
        _go(living[place])
    for process in living:
        process.communicate()
    for hour in (10, 11):  # what a kill left half-sent is settled
        with _desk(folder, hour) as desk:
            sending.send(desk)
    return _none_lost_none_twice(folder, codes)


@contextmanager
def _desk(folder: Path, hour: int = 9) -> Iterator[Desk]:
    now, os.environ["CARETOOL_NOW"] = os.environ.get("CARETOOL_NOW"), MONDAY.replace(hour=hour).isoformat()
    try:
        with workspace.open_desk(folder, "dario", lambda sentence: None) as desk:
            yield desk
    finally:
        os.environ.pop("CARETOOL_NOW")
        if now is not None:
            os.environ["CARETOOL_NOW"] = now


def _none_lost_none_twice(folder: Path, codes: int) -> Counter[str]:
    found = _pool(folder)
    assert sum(found.values()) == codes
    assert set(found) <= {"free", "given"}
    assert rows(folder, "SELECT count(*) FROM reward WHERE state = 'given'") == [(found["given"],)]
    posted = [post["text"].split("codice ")[1].split(" ")[0] for post in page_posts(folder)]
    assert len(posted) == len(set(posted)) == found["given"]
    given = {code for (code,) in rows(folder, "SELECT code FROM code WHERE reward IS NOT NULL")}
    assert given == set(posted)
    wrong = [trouble for trouble in troubles(folder) if "no promise" not in trouble]
    assert wrong == []
    found["returned before"] = rows(folder, "SELECT count(*) FROM reward WHERE state = 'returned'")[0][0]
    return found


def test_four_processes_killed_at_random_lose_no_code_and_give_none_twice(tmp_path: Path) -> None:
    found = draw_under_fire(tmp_path / "shop", codes=CODES, people=32, kills=3, seed=4)
    assert found["given"] > 0


def test_a_code_given_after_a_backup_is_not_given_again_once_that_is_restored(forge: Forge, fetched: Job) -> None:
    forge.done(fetched, *_asked(fetched, "c1"))
    forge.done(fetched, "backup", "--json")
    (backup,) = (fetched.folder / "backups").glob("*.db")
    forge.done(fetched, *_asked(fetched, "c2"))
    forge.done(fetched, "send")
    forge.done(fetched, "restore", str(backup), "--yes")
    assert rows(fetched.folder, "SELECT code FROM code WHERE spent_at IS NOT NULL") == [("CODE1",)]
    forge.done(fetched, *_asked(fetched, "c3"))
    texts = [text for (text,) in rows(fetched.folder, "SELECT text FROM reply ORDER BY rowid")]
    assert [text.split()[-1] for text in texts] == ["CODE0", "CODE2"]


def test_a_code_that_was_returned_and_given_to_somebody_else_after_a_backup_stays_theirs(
    forge: Forge, fetched: Job
) -> None:
    forge.done(fetched, *_asked(fetched, "c1"))
    forge.done(fetched, "backup")
    (backup,) = (fetched.folder / "backups").glob("*.db")
    write_comments(fetched.folder, row("c1", "Grazie, è arrivato!"), row("c2"), row("c3"))
    forge.done(fetched, "fetch", "page")
    forge.run(fetched, "send")
    forge.done(fetched, *_asked(fetched, "c2"))
    forge.done(fetched, "send")
    assert "CODE0" in page_posts(fetched.folder)[-1]["text"]
    write_comments(fetched.folder, row("c1"), row("c2"), row("c3"))
    forge.done(fetched, "restore", str(backup), "--yes")
    for hour in (10, 11):
        forge.run(replace(fetched, now=MONDAY.replace(hour=hour)), "send")
    assert rows(fetched.folder, "SELECT state FROM reply") == [("failed",)]
    assert sum("CODE0" in post["text"] for post in page_posts(fetched.folder)) == 1
