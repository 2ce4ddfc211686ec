"""kill −9 between any two steps of fetch, approve and send, in a real process: nothing lost, nothing doubled."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.desk.crashing import (
    ACCOUNTS,
    BoardServer,
    Forge,
    Job,
    Ran,
    Wall,
    lay_desk,
    page_posts,
    row,
    rows,
    troubles,
    write_comments,
)
from tests.desk.stage import CALLBACK, LATE, MONDAY, PICKUP, lay_shop
from tests.platforms.fake_mastodon import FakeMastodon
from tests.platforms.fake_mastodon_practice import serve

_LATER = MONDAY + timedelta(minutes=2)
_STATES = "SELECT account, native_id, state FROM comment ORDER BY 1, 2"


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    with closing(Forge(tmp_path_factory.mktemp("warm"))) as forge:
        yield forge


@pytest.fixture
def boards() -> Iterator[BoardServer]:
    with closing(BoardServer()) as server:
        yield server


class Walk:
    """One verb, killed at its first step, its second, and so on, each time on a fresh copy of `desk`."""

    def __init__(self, forge: Forge, boards: BoardServer, desk: Path, job: Job, *words: str) -> None:
        self.forge, self.boards, self.desk, self.job, self.words = forge, boards, desk, job, words
        self.after_each: Callable[[], None] = lambda: None
        self.walls: Callable[[], list[dict[str, Any]]] = list
        self.posts: list[dict[str, Any]] = []
        self.protects = False
        self.walked = 0

    def runs(self, *, of: tuple[str, ...] = ("",)) -> Iterator[tuple[Job, Ran]]:
        """The desk as each kill left it, and the run that did; the last one ended by itself. Steps whose names begin
        otherwise than `of` are walked past."""
        step, names = 0, self._names() if any(of) else ()
        while True:
            step += 1
            if step <= len(names) and not names[step - 1].startswith(of):
                continue
            folder = Path(shutil.copytree(self.desk, self.desk.with_name(f"{self.desk.name}.{step}")))
            place = self.boards.wall(folder.name, *self.walls(), protects=self.protects)
            self.boards.walls[folder.name].posts += self.posts
            job = replace(self.job, folder=folder, board=place)
            ran = self.forge.run(replace(job, die_at=step), *self.words)
            where = f"step {step}, {ran.steps[-1] if ran.steps else 'none'}: {ran.stderr}"
            assert ran.killed or ran.code in (0, 1), where
            assert list(troubles(folder)) == [], where
            try:
                yield job, ran
            except AssertionError as failed:
                raise AssertionError(where) from failed
            shutil.rmtree(folder)
            self.after_each()
            self.walked += ran.killed
            if not ran.killed:
                print(f"caretool {' '.join(self.words)}: {self.walked} of {len(ran.steps)} steps")  # noqa: T201
                return

    def _names(self) -> tuple[str, ...]:
        """The steps of a run that nobody kills."""
        folder = Path(shutil.copytree(self.desk, self.desk.with_name("unkilled")))
        place = self.boards.wall(folder.name, *self.walls(), protects=self.protects)
        ran = self.forge.run(replace(self.job, folder=folder, board=place, die_at=10**6), *self.words)
        self.after_each()
        return ran.steps


_ABROAD = ("before a request", "the server", "before commit", "after commit", "a page", "after it")


def _comments(folder: Path) -> list[tuple[Any, ...]]:
    return rows(
        folder,
        "SELECT account, native_id, text, state, own, unread, kind, topic, language, grouped IS NULL, "
        "(SELECT group_concat(text) FROM revision WHERE comment = id) FROM comment ORDER BY 1, 2",
    )


def test_a_fetch_killed_anywhere_loses_no_comment_and_stores_none_twice(
    forge: Forge, boards: BoardServer, tmp_path: Path
) -> None:
    desk = lay_desk(tmp_path / "desk")
    job = Job(desk, board=boards.wall("before", row("w1"), row("w2")))
    forge.done(job, "fetch")
    ours = row("o1", "Buongiorno, ci pensiamo noi.", author="bottegablu", reply_to="c3")
    edited = row("c2", "Grazie, il pacco è arrivato!")
    write_comments(desk, row("c1"), edited, row("c3"), ours, row("c4", "bellissimo, lo adoro"))
    walk = Walk(forge, boards, desk, job, "fetch")
    walk.walls = lambda: [row("w1"), row("w2"), row("w3"), row("w4", "siete bravissimi")]
    expected: list[tuple[Any, ...]] = []
    for job, ran in walk.runs():
        forge.done(job, "fetch")
        expected = expected or _whole(forge, boards, walk)
        assert _comments(job.folder) == expected
        assert list(troubles(job.folder)) == []
        if not ran.killed:
            assert len(ran.steps) > 100
    assert len(expected) == 9


def _whole(forge: Forge, boards: BoardServer, walk: Walk) -> list[tuple[Any, ...]]:
    """The comments as a fetch that nobody kills leaves them."""
    folder = Path(shutil.copytree(walk.desk, walk.desk.with_name("whole")))
    forge.done(replace(walk.job, folder=folder, board=boards.wall("whole", *walk.walls())), "fetch")
    return _comments(folder)


@pytest.fixture
def fetched(forge: Forge, boards: BoardServer, tmp_path: Path) -> Job:
    """A desk with six comments that wait."""
    desk = lay_desk(tmp_path / "desk")
    job = Job(desk, board=boards.wall("before", row("w1"), row("w2"), row("w3")))
    forge.done(job, "fetch")
    forge.done(job, "inbox")
    return job


def _ids(job: Job, *native_ids: str) -> list[str]:
    marks = ", ".join("?" * len(native_ids))
    sql = f"SELECT id FROM comment WHERE native_id IN ({marks}) ORDER BY native_id"
    return [found for (found,) in rows(job.folder, sql, *native_ids)]


def _written(folder: Path) -> tuple[int, ...]:
    """How many replies, promises, comments on their way, drafts and lines in the log there are."""
    counts = ("reply", "promise", "comment WHERE state = 'queued'", "draft", "log")
    return tuple(rows(folder, f"SELECT count(*) FROM {what}")[0][0] for what in counts)


def test_an_approval_killed_anywhere_is_there_whole_or_not_at_all(
    forge: Forge, boards: BoardServer, fetched: Job
) -> None:
    ids = _ids(fetched, "c1", "c2", "w1")
    before = _written(fetched.folder)
    words = ("reply", *ids, "--text", CALLBACK, "--mode", "each", "--yes", "--later", "--json")
    _all_or_nothing(Walk(forge, boards, fetched.folder, fetched, *words), before, replies=3)


def test_a_draft_whose_approval_is_killed_anywhere_still_waits_or_is_approved_whole(
    forge: Forge, boards: BoardServer, fetched: Job
) -> None:
    ids = _ids(fetched, "c1", "w1")
    asked = ("--text", PICKUP, "--mode", "each", "--yes", "--later", "--json")
    forge.done(replace(fetched, agent="tom"), "reply", *ids, *asked)
    before = _written(fetched.folder)
    draft = rows(fetched.folder, "SELECT id FROM draft")[0][0]
    walk = Walk(forge, boards, fetched.folder, fetched, "approve", draft, "--yes", "--later", "--json")
    _all_or_nothing(walk, before, replies=2)


def _all_or_nothing(walk: Walk, before: tuple[int, ...], replies: int) -> None:
    outcomes: set[str] = set()
    whole: tuple[int, ...] = ()
    for job, _ in walk.runs():
        left = _written(job.folder)
        if left == before:
            walk.forge.done(job, *walk.words)
        whole = whole or _written(job.folder)
        assert _written(job.folder) == whole
        assert whole[:3] == (replies, replies, replies)
        assert list(troubles(job.folder)) == []
        outcome = "nothing" if left == before else "whole"
        if outcome not in outcomes:
            assert len(json.loads(walk.forge.done(job, "send", "--json").stdout)["posted"]) == replies
        outcomes.add(outcome)
    assert outcomes == {"nothing", "whole"}


def _approved(forge: Forge, fetched: Job) -> None:
    """Three replies in the outbox; one says "tomorrow", one tells somebody that a promise moved."""
    c1, w1, w2 = _ids(fetched, "c1", "w1", "w2")
    for one, text in ((w1, CALLBACK), (c1, "{{ person.name }}, sono Dario, mi scuso: la richiamo domani.")):
        forge.done(fetched, "reply", one, "--text", text, "--yes", "--later")
    due = ("--due", "2026-11-27 12:00")
    forge.done(fetched, "promise", "add", "callback", "--for", w2, "--due", "2026-11-26 12:00")
    promise = rows(fetched.folder, "SELECT id FROM promise WHERE reply IS NULL")[0][0]
    forge.done(fetched, "promise", "move", promise, *due, "--because", "x")
    asked = ("--promise", "callback@2026-11-27 12:00", "--yes", "--later")
    forge.done(fetched, "reply", w2, "--text", CALLBACK, *asked)


def test_a_send_killed_anywhere_posts_nothing_twice_and_is_settled(
    forge: Forge, boards: BoardServer, fetched: Job
) -> None:
    _approved(forge, fetched)
    for job, _ in Walk(forge, boards, fetched.folder, fetched, "send", "--json").runs():
        wall = _settled(forge, boards, job)
        _posted_once(job, wall.posts, "c1", "w1", "w2")
        assert wall.requests == len(wall.posts)  # what the server has received is not sent again
        promises = sorted(state for (state,) in rows(job.folder, "SELECT state FROM promise"))
        assert promises == ["moved", "running", "running", "running"]


@pytest.mark.parametrize("protects", [True, False], ids=["keys", "neither"])
def test_where_no_listing_can_be_trusted_it_is_sent_again_only_under_its_key(
    forge: Forge, boards: BoardServer, fetched: Job, protects: bool
) -> None:
    (w1,) = _ids(fetched, "w1")
    forge.done(fetched, "reply", w1, "--text", CALLBACK, "--yes", "--later")
    job = replace(fetched, limits="protects" if protects else "nothing")
    walk = Walk(forge, boards, fetched.folder, job, "send", "--json")
    walk.protects = protects
    outcomes = set()
    for job, ran in walk.runs():
        boards.walls[job.folder.name].hidden = ran.killed
        wall = _settled(forge, boards, job)
        state = rows(job.folder, "SELECT state FROM reply")[0][0]
        outcomes.add((state, len(wall.posts)))
        if protects:
            _posted_once(job, wall.posts, "w1")
        else:
            assert wall.requests == len(wall.posts) <= 1
    told = {("posted", 1)} if protects else {("posted", 1), ("unsure", 0), ("unsure", 1)}
    assert outcomes == told


def _settled(forge: Forge, boards: BoardServer, job: Job) -> Wall:
    """The wall after `send` was run again, and where that was not enough once more two minutes later."""
    for now in (job.now, _LATER):
        if rows(job.folder, "SELECT id FROM reply WHERE state <> 'posted'"):
            forge.run(replace(job, now=now), "send")
        assert list(troubles(job.folder)) == []
    return boards.walls[job.folder.name]


def _posted_once(job: Job, wall: list[dict[str, Any]], *native_ids: str) -> None:
    keys = sorted(post["key"] for post in (*page_posts(job.folder), *wall))
    assert keys == [key for (key,) in rows(job.folder, "SELECT key FROM reply ORDER BY key")]
    assert rows(job.folder, "SELECT DISTINCT state FROM reply") == [("posted",)]
    states = {native_id: state for _, native_id, state in rows(job.folder, _STATES)}
    assert {states[native_id] for native_id in native_ids} == {"answered"}


@pytest.mark.parametrize("public", [True, False])
def test_settling_an_unsure_reply_killed_anywhere_posts_it_once(
    forge: Forge, boards: BoardServer, fetched: Job, public: bool
) -> None:
    (w1,) = _ids(fetched, "w1")
    forge.done(fetched, "reply", w1, "--text", CALLBACK, "--yes", "--later")
    sending = replace(fetched, board=boards.wall("sending"))
    wanted = "the server has answered" if public else "half of the request has left"
    at = _step_named(forge, boards, fetched, wanted)
    assert forge.run(replace(sending, die_at=at), "send").killed
    assert len(boards.walls["sending"].posts) == int(public)
    boards.walls["sending"].hidden = True
    assert forge.run(sending, "send").code == 1
    assert rows(fetched.folder, "SELECT state FROM reply") == [("unsure",)]
    walk = Walk(forge, boards, fetched.folder, replace(fetched, now=_LATER), "send", "--json")
    walk.posts = boards.walls["sending"].posts
    for job, _ in walk.runs():
        forge.run(replace(job, now=_LATER + timedelta(minutes=2)), "send")
        forge.run(replace(job, now=_LATER + timedelta(minutes=4)), "send")
        wall = boards.walls[job.folder.name]
        assert [len(wall.posts), *rows(job.folder, "SELECT state FROM reply")] == [1, ("posted",)]
        assert list(troubles(job.folder)) == []


def _step_named(forge: Forge, boards: BoardServer, job: Job, name: str) -> int:
    """The number of the step at which a request stands so, tried on a copy."""
    folder = Path(shutil.copytree(job.folder, job.folder.with_name("tried")))
    ran = forge.run(replace(job, folder=folder, board=boards.wall("tried"), die_at=10_000), "send")
    post = next(number for number, step in enumerate(ran.steps) if step == "before it is posted")
    return next(number for number, step in enumerate(ran.steps, 1) if number > post and step.startswith(name))


class Server:
    """A Mastodon on a real socket that can be put back to how it stood."""

    def __init__(self) -> None:
        self.now = MONDAY
        self.fake = FakeMastodon(clock=lambda: self.now, allowed=10**6)
        self._kept: dict[str, Any] = {}

    def keep(self) -> None:
        """Remember how it stands."""
        self._kept = {name: copy.deepcopy(value) for name, value in vars(self.fake).items() if name != "clock"}

    def put_back(self) -> None:
        """Let it stand so again."""
        vars(self.fake).update(copy.deepcopy(self._kept))
        self.fake.requests = []
        self.now = MONDAY

    def received(self) -> int:
        """How many statuses it was asked to publish."""
        return sum(request.method == "POST" for request in self.fake.requests)


@pytest.fixture
def server(forge: Forge, tmp_path: Path) -> Iterator[tuple[Server, Job]]:
    """A desk on a Mastodon, with a mention to be answered."""
    server = Server()
    with serve(server.fake) as address:
        accounts = ACCOUNTS.replace('platform = "board"', f'platform = "mastodon"\nurl = "{address}"\n{_TOKEN}')
        desk = lay_shop(tmp_path / "mastodon", accounts)
        write_comments(desk, row("c1"))
        server.fake.write("anna@elsewhere.example", f"@bottegablu {LATE}")
        job = Job(desk)
        forge.done(job, "fetch")
        server.keep()
        yield server, job


_TOKEN = 'token = { env = "CARETOOL_MASTODON_TOKEN" }'


def test_a_fetch_from_mastodon_killed_anywhere_loses_nothing(
    forge: Forge, boards: BoardServer, server: tuple[Server, Job]
) -> None:
    mastodon, job = server
    for name in ("bruno", "carla"):
        mastodon.fake.write(f"{name}@elsewhere.example", f"@bottegablu {LATE}")
    mastodon.keep()
    walk = Walk(forge, boards, job.folder, job, "fetch", "wall")
    walk.after_each = mastodon.put_back
    for run, _ in walk.runs(of=_ABROAD):
        forge.done(run, "fetch", "wall")
        assert rows(run.folder, "SELECT count(*) FROM comment WHERE account = 'wall' AND unread = 0") == [(3,)]
        assert list(troubles(run.folder)) == []


def test_a_send_to_mastodon_killed_anywhere_publishes_one_status(
    forge: Forge, boards: BoardServer, server: tuple[Server, Job]
) -> None:
    mastodon, job = server
    (mention,) = rows(job.folder, "SELECT id FROM comment WHERE account = 'wall'")[0]
    forge.done(job, "reply", mention, "--text", CALLBACK, "--yes", "--later")
    walk = Walk(forge, boards, job.folder, job, "send", "--json")
    walk.after_each = mastodon.put_back
    mastodon.put_back()
    for run, ran in walk.runs(of=_ABROAD):
        received = len(mastodon.fake.posted())
        for mastodon.now in (MONDAY, _LATER):
            if rows(run.folder, "SELECT id FROM reply WHERE state <> 'posted'"):
                forge.run(replace(run, now=mastodon.now), "send")
            assert list(troubles(run.folder)) == []
        assert len(mastodon.fake.posted()) == 1
        assert not received or mastodon.received() == 1  # what it has received is not sent again
        assert rows(run.folder, "SELECT state FROM reply") == [("posted",)]
        if not ran.killed:
            assert ran.steps.count("before a request leaves") > 1
