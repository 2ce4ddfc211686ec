"""What is measured, a part each: figures with the most they may be."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from bench.measuring import FLOOR, caretool, cpu_of, cpu_of_call, cpu_of_commands
from bench.places import lay_places, peak_of_fetching, seconds_to_fetch, slow_server
from bench.stores import NOW, Size, at_work, lay, write_export
from caretool.desk import fetching, triaging
from caretool.desk.load import load_of
from caretool.desk.promising import add
from caretool.domain.deliverability import judge
from caretool.domain.ids import make_id

PASS = [sys.executable, "-c", "pass"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: what was measured, how much it was, what it may be at most (None: only told)."""

    what: str
    seconds: float
    ratio: float | None = None
    against: str = ""
    most: float | None = None
    aim: float | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the parts are, and how often commands are run."""

    many: int = 1_000_000
    waiting: int = 100_000
    few: int = 1_000
    stored: int = 100_000
    open_promises: int = 100_000
    closed_promises: int = 1_000_000
    runs: int = 15
    accounts: int = 20
    pages: int = 50
    delay: float = 0.1


QUICK = Scale(
    many=20_000, waiting=2_000, stored=2_000, open_promises=2_000, closed_promises=20_000, runs=3, accounts=5, pages=4
)
Say = Callable[[str], None]


def start(folder: Path, scale: Scale, say: Say) -> list[Figure]:
    """Starting: the floor, and `--help`."""
    say("starting")
    took = cpu_of_commands({FLOOR: PASS, "caretool --help": caretool("--help")}, scale.runs)
    floor = took[FLOOR]
    return [
        Figure(FLOOR, floor, 1, FLOOR),
        Figure("caretool --help", took["caretool --help"], took["caretool --help"] / floor, FLOOR, 20, 10),
    ]


def look(folder: Path, scale: Scale, say: Say) -> list[Figure]:
    """The inbox and the ledger, plain, in a pipe, on a small and on a large store."""
    stores = {}
    for count, waiting in ((scale.few, scale.few // 10), (scale.many, scale.waiting)):
        say(f"a store of {count:,} comments, {waiting:,} of them waiting")
        stores[count] = lay(folder / f"look-{count}", Size(count, waiting, open_promises=48))
    say("the inbox and the ledger")
    inboxes = {f"caretool inbox, {count:,} comments": caretool("-C", where, "inbox") for count, where in stores.items()}
    lists = {
        f"caretool promise list, 48 open, {count:,} comments": caretool("-C", where, "promise", "list")
        for count, where in stores.items()
    }
    whole = stores[scale.many]
    parts = {
        f"caretool inbox --account inbox, {scale.many:,} comments": caretool("-C", whole, "inbox", "--account", "inbox")
    }
    took = cpu_of_commands({FLOOR: PASS, **inboxes, **parts, **lists}, scale.runs)
    floor = took[FLOOR]
    small, large = (took[name] for name in inboxes)
    figures = [Figure(FLOOR, floor, 1, FLOOR)]
    figures += [Figure(name, took[name], took[name] / floor, FLOOR, 15, 12) for name in (*inboxes, *parts, *lists)]
    return [*figures, Figure("caretool inbox, its growth", large, large / small, f"{scale.few:,} comments", 1.3)]


def ledger(folder: Path, scale: Scale, say: Say) -> list[Figure]:
    """A check beside many promises, in this process; the ledger's first lines."""
    say(f"a ledger of {scale.open_promises:,} open and {scale.closed_promises:,} closed promises")
    size = Size(scale.few, scale.few // 10, scale.open_promises, scale.closed_promises)
    where = lay(folder / "ledger", size, capacity=100)
    say("checks")
    due_at = NOW + timedelta(days=9)
    with at_work(where) as desk:
        desk.clock = lambda: NOW
        kind = desk.policy.promises["delivery"]
        checks = _calls(lambda: judge(kind, 1, due_at, NOW, load_of(desk, kind, NOW)), scale.runs)
        adds = _calls(lambda: add(desk, "delivery", make_id("u", 1), due_at, None), scale.runs)
    first = caretool("-C", where, "promise", "list", "--limit", "20")
    took = cpu_of_commands({FLOOR: PASS, "list": first}, scale.runs)
    of = f"{scale.open_promises:,} open, {scale.closed_promises:,} closed"
    return [
        Figure(f"one check, {of}", checks, checks / 0.001, "1 ms", 20),
        Figure(f"one promise checked and logged, {of}", adds, adds / 0.001, "1 ms", 20),
        Figure(f"caretool promise list --limit 20, {of}", took["list"], took["list"] / took[FLOOR], FLOOR, 15),
    ]


def _calls(call: Callable[[], object], runs: int) -> float:
    call()
    return statistics.median(cpu_of_call(call) for _ in range(runs))


def store(folder: Path, scale: Scale, say: Say) -> list[Figure]:
    """Storing what was fetched, without reading it, against `sqlite-utils insert` and a plain loop."""
    say(f"storing {scale.stored:,} comments")
    export = write_export(folder / "store.jsonl", scale.stored)
    ours, theirs, plain = [], [], []
    for turn in range(3):
        tool = [str(Path(sys.executable).with_name("sqlite-utils")), "insert", str(folder / f"theirs-{turn}.db")]
        theirs.append(cpu_of([*tool, "comments", str(export), "--nl", "--pk", "id"]))
        plain.append(cpu_of([sys.executable, "-c", _PLAIN, str(folder / f"plain-{turn}.db"), str(export)]))
        where = lay(folder / f"store-{turn}", Size(0, 0, 0))
        export_of(where, export)
        with at_work(where) as desk, patch.object(triaging, "read_unread", return_value=0):
            ours.append(cpu_of_call(lambda: fetching.fetch(desk, [])))
            assert desk.store.comments.count_waiting(NOW)[0] == scale.stored
    took, tool_took, loop = map(statistics.median, (ours, theirs, plain))
    what = f"storing {scale.stored:,} comments, without reading them"
    return [
        Figure(f"sqlite-utils insert, {scale.stored:,} comments", tool_took, 1, "sqlite-utils"),
        Figure(f"json and sqlite3 in a loop, {scale.stored:,} comments", loop, loop / tool_took, "sqlite-utils"),
        Figure(what, took, took / tool_took, "sqlite-utils", 4),
    ]


_PLAIN = """
import json, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("CREATE TABLE comments (id PRIMARY KEY, author, author_name, text, thread, thread_text, written_at)")
for line in open(sys.argv[2]):
    database.execute("INSERT INTO comments VALUES (?, ?, ?, ?, ?, ?, ?)", tuple(json.loads(line).values()))
database.commit()
"""


def export_of(where: Path, export: Path) -> None:
    """Let the workspace's only account read this export."""
    (where / "comments.jsonl").unlink()
    (where / "comments.jsonl").hardlink_to(export)


def arrive(folder: Path, scale: Scale, say: Say) -> list[Figure]:
    """Fetching and reading a thousand new comments into an empty and into a large store."""
    took = {}
    for count, waiting in ((0, 0), (scale.many, scale.waiting)):
        say(f"a thousand new comments for a store of {count:,}")
        rounds = []
        for turn in range(3):
            where = folder / (f"arrive-{turn}" if count == 0 else f"look-{count}")
            if not where.exists():
                lay(where, Size(count, waiting, open_promises=48))
            start = 10_000_000 + 1000 * turn
            export_of(where, write_export(folder / f"arrive-{count}-{turn}.jsonl", 1000, start=start))
            with at_work(where) as desk:
                rounds.append(cpu_of_call(lambda: fetching.fetch(desk, [])))
        took[count] = statistics.median(rounds)
    small, large = took.values()
    return [
        Figure("fetching and reading 1,000 new, none stored", small),
        Figure(f"fetching and reading 1,000 new, {scale.many:,} stored", large, large / small, "none stored", 1.2),
    ]


def places(folder: Path, scale: Scale, say: Say) -> list[Figure]:
    """Many accounts at once against the slowest of them alone, by the clock on the wall; memory against pages."""
    say(f"{scale.accounts} accounts with {scale.pages} pages each, {1000 * scale.delay:g} ms a request")
    with slow_server(scale.accounts, scale.pages, scale.delay) as port:
        alone = 0.0
        for number in (0, scale.accounts // 2, scale.accounts - 1):
            where = lay_places(folder / f"alone-{number}", scale.accounts, port)
            alone = max(alone, seconds_to_fetch(where, [f"place{number}"])[0])
        where = lay_places(folder / "at-once", scale.accounts, port)
        took, came = seconds_to_fetch(where, [f"place{number}" for number in range(scale.accounts)])
    say("memory")
    peaks = []
    for pages in (scale.pages, 4 * scale.pages):
        with slow_server(1, pages, 0) as port:
            peaks.append(peak_of_fetching(lay_places(folder / f"peak-{pages}", 1, port)))
    what = f"fetching {came:,} comments from {scale.accounts} accounts, wall clock"
    return [
        Figure("the slowest account alone, wall clock", alone, 1, "the slowest alone"),
        Figure(what, took, took / alone, "the slowest alone", 1.3),
        Figure(f"peak memory, {scale.pages} pages (1 ms is 1 MB)", peaks[0] / 1e9),
        Figure(f"peak memory, {4 * scale.pages} pages", peaks[1] / 1e9, peaks[1] / peaks[0], "a quarter of them", 1.05),
    ]


def read(folder: Path, scale: Scale, say: Say) -> list[Figure]:
    """Reading and grouping, a tenth and the whole."""
    took = {}
    for count in (scale.stored // 10, scale.stored):
        say(f"reading and grouping {count:,} comments")
        where = lay(folder / f"read-{count}", Size(0, 0, 0))
        export_of(where, write_export(folder / f"read-{count}.jsonl", count))
        with at_work(where) as desk:
            with patch.object(triaging, "read_unread", return_value=0):
                fetching.fetch(desk, [])
            took[count] = cpu_of_call(lambda: triaging.read_unread(desk))
    tenth, whole = took.values()
    return [
        Figure(f"reading and grouping {scale.stored // 10:,}", tenth),
        Figure(f"reading and grouping {scale.stored:,}", whole, whole / (10 * tenth), "ten times a tenth", 1.2),
    ]


PARTS: dict[str, Callable[[Path, Scale, Say], list[Figure]]] = {
    "start": start,
    "look": look,
    "ledger": ledger,
    "store": store,
    "arrive": arrive,
    "places": places,
    "read": read,
}
