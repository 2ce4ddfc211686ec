"""Workspaces with made-up comments and promises: written straight into the store's tables, as fetching and reading
would have left them, because reading a million comments takes an hour."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw

from caretool import workspace
from caretool.desk.desk import Desk
from caretool.domain.ids import make_id
from caretool.settings.files import DATABASE
from caretool.store.database import moment_out

NOW = datetime(2026, 11, 23, 8, 12, tzinfo=UTC)
_WORDS = [
    "pacco",
    "consegna",
    "ordine",
    "corriere",
    "console",
    "schermo",
    "rimborso",
    "assistenza",
    "negozio",
    "telefono",
    "risposta",
    "settimana",
    "ancora",
    "arrivato",
    "rotto",
    "aperto",
    "chiamato",
    "aspetto",
    "nessuno",
    "grazie",
    "buongiorno",
    "scatola",
    "pagato",
    "carta",
    "sconto",
    "promesso",
    "domani",
]
_TOPICS = ("delivery-late", "parcel-damaged", "refund-late", "price", "how-to", "warranty", "wrong-item", "invoice")
_GROUP = 50
_KINDS = ("delivery", "pickup", "callback", "refund", "check")
_SUGGESTION = {"template": "", "mode": "each", "confidence": 0.9, "sure": True, "alternatives": []}


@dataclass(frozen=True, slots=True)
class Size:
    """How much a store holds; `waiting` of the comments wait."""

    comments: int
    waiting: int
    open_promises: int
    closed_promises: int = 0


def lay(folder: Path, size: Size, *, capacity: int = 1) -> Path:
    """A workspace with the starter's settings and a store of this size; `capacity` multiplies what can be delivered."""
    workspace.create(folder)
    (folder / "comments.jsonl").write_text("", encoding="utf-8")
    policies = folder / "policies.toml"
    more = re.sub(r"((?:per_day|saturday) = )(\d+)", lambda m: f"{m[1]}{int(m[2]) * capacity}", policies.read_text())
    policies.write_text(more, encoding="utf-8")
    with at_work(folder):
        pass
    database = apsw.Connection(str(folder / DATABASE))
    database.execute("PRAGMA synchronous = off; PRAGMA cache_size = -200000; BEGIN")
    _fill(database, size)
    database.execute("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return folder


@contextmanager
def at_work(folder: Path) -> Iterator[Desk]:
    """The desk of a workspace, in this process."""
    with workspace.open_desk(folder, "dario", say=lambda _: None) as desk:
        yield desk


def _fill(database: apsw.Connection, size: Size) -> None:
    chance = random.Random(4711)  # noqa: S311
    persons = max(size.comments // 4, 1)
    _insert(database, "person", ({"id": make_id("u", n), "name": f"Anna {n}"} for n in range(1, persons + 1)))
    _insert(
        database,
        "author",
        (
            {"account": "inbox", "handle": f"anna.{n}", "name": f"Anna {n}", "person": make_id("u", n)}
            for n in range(1, persons + 1)
        ),
    )
    threads = max(size.comments // 500, 1)
    _insert(
        database,
        "thread",
        (
            {"id": make_id("t", n), "account": "inbox", "native_id": f"t{n}", "text": f"La nuova console {n}"}
            for n in range(1, threads + 1)
        ),
    )
    _insert(database, "comment_group", _groups(size, threads))
    _insert(database, "comment", _comments(size, persons, threads, chance))
    database.execute("INSERT INTO comment_search(comment_search) VALUES ('rebuild')")
    _insert(database, "promise", _promises(size, persons, chance))
    counted = {"c": size.comments, "u": persons, "t": threads, "g": size.waiting // _GROUP + 1}
    counted |= {"p": size.open_promises + size.closed_promises, "joined": size.waiting}
    _insert(database, "counter", ({"letter": letter, "last": last} for letter, last in counted.items()))


def _groups(size: Size, threads: int) -> Iterator[dict[str, Any]]:
    for n in range(-(-size.waiting // _GROUP)):
        topic, thread = _TOPICS[n % len(_TOPICS)], make_id("t", n % threads + 1)
        members = range(n * _GROUP, min((n + 1) * _GROUP, size.waiting))
        yield {
            "id": make_id("g", n + 1), "key": json.dumps(["topic", "inbox", thread, "it", topic, n]), "alive": 1,
            "account": "inbox", "thread": thread, "language": "it", "topic": topic, "kind": "complaint", "private": 0,
            "size": len(members), "people": len(members),
            "due_at": moment_out(_due(members[-1])), "first_text": _WORDS[n % len(_WORDS)] * 9,
            "first": make_id("c", size.comments - members[-1]),
            "suggestion": json.dumps(_SUGGESTION | {"template": topic}),
        }  # fmt: skip


def _due(number: int) -> datetime:
    return NOW + timedelta(hours=6) - timedelta(seconds=7 * number)


def _comments(size: Size, persons: int, threads: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """The last ones wait, fifty to a group, each written by another person in answer to the one before."""
    began = NOW - timedelta(seconds=7 * size.comments)
    for n in range(1, size.comments + 1):
        place = size.comments - n  # 0 is the newest
        waits = place < size.waiting
        thread = make_id("t", (place // _GROUP if waits else n) % threads + 1)
        text = " ".join(chance.choices(_WORDS, k=16))
        yield {
            "number": n, "id": make_id("c", n), "account": "inbox", "native_id": f"n{n}",
            "reply_to": f"n{n - 1}" if waits else None,
            "thread": thread, "person": make_id("u", n % persons + 1), "handle": f"anna.{n % persons + 1}",
            "form": "comment", "text": text, "private": 0, "own": 0, "attachments": "[]",
            "written_at": moment_out(began + timedelta(seconds=7 * n)), "dated": 1, "fetched_at": moment_out(NOW),
            "digest": f"{n:024x}", "state": "waiting" if waits else "answered", "unread": 0, "language": "it",
            "kind": "complaint", "tone": "angry", "topic": _TOPICS[place // _GROUP % len(_TOPICS)], "confidence": 0.9,
            "alternatives": "[]", "vulgar": 0, "personal_data": 0, "reasons": "[]", "fold": f"f{n}",
            "due_at": moment_out(_due(place)),
            "grouped": make_id("g", place // _GROUP + 1) if waits else None,
            "joined": size.waiting - place if waits else None,
        }  # fmt: skip


def _promises(size: Size, persons: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Many open ones are of one kind, which is the hard case; the closed ones were kept over two years until today."""
    few = size.open_promises <= 100
    today = NOW.date()
    for n in range(1, size.open_promises + size.closed_promises + 1):
        is_open = n <= size.open_promises
        first, due_day = _window(today, chance)
        ended = None if is_open else NOW - timedelta(minutes=n % (2 * 365 * 24 * 60))
        due = datetime.combine(due_day, NOW.time(), UTC) if ended is None else ended
        yield {
            "id": make_id("p", n), "kind": _KINDS[n % len(_KINDS)] if few or not is_open else "delivery",
            "person": make_id("u", n % persons + 1), "text": "il corriere passa a consegnare il pacco",
            "made_at": moment_out(NOW - timedelta(days=2)), "due_at": moment_out(due),
            "first_day": first.isoformat(), "due_day": due_day.isoformat(),
            "state": "running" if is_open else "kept", "owner": "logistics", "relative": 0,
            "ended_at": moment_out(ended) if ended else None,
        }  # fmt: skip


def _window(today: date, chance: random.Random) -> tuple[date, date]:
    first = today + timedelta(days=chance.randrange(1, 5))
    return first, first + timedelta(days=chance.randrange(1, 12))


def _insert(database: apsw.Connection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    found = iter(rows)
    first = next(found, None)
    if first is None:
        return
    columns = ", ".join(first)
    places = ", ".join(f":{name}" for name in first)
    statement = f"INSERT OR REPLACE INTO {table}({columns}) VALUES ({places})"  # noqa: S608
    database.execute(statement, first)
    database.executemany(statement, found)


def write_export(path: Path, count: int, *, start: int = 0) -> Path:
    """Comments as JSON Lines, as the `file` platform and `sqlite-utils` read them."""
    chance = random.Random(start)  # noqa: S311
    with path.open("w", encoding="utf-8") as file:
        for n in range(start, start + count):
            row = {
                "id": f"x{n}", "author": f"bruno.{n // 3}", "author_name": f"Bruno {n // 3}",
                "text": f"{' '.join(chance.choices(_WORDS, k=16))} {n}", "thread": f"x{n // 400}",
                "thread_text": f"La nuova console {n // 400}",
                "written_at": (NOW - timedelta(seconds=30 * (count + start - n))).isoformat(),
            }  # fmt: skip
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path
