"""Verify: does the log still say what was written? The whole of it, its last lines, or a file it was written to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caretool.domain.chain import Break, Head, Link, Walk, codes_text
from caretool.domain.health import Finding, moment_of
from caretool.errors import NotFound, StoreProblem, UsageProblem
from caretool.pages import page

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from caretool.desk.desk import Desk
    from caretool.store.store import Store

_NAMES = frozenset(Link.__slots__)
_KEPT = "log-verified"
_TOLD = 20
_EVERY = 10_000
# What a look at all else that could be wrong may take for the log, too: a tenth of a second.
_LAST = 10_000
_LONG_AGO = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of it: how many `lines` were looked at, the last one's number and hash, the first `breaks` and how many
    `more` there are."""

    lines: int
    head: Head
    breaks: tuple[Break, ...]
    more: int

    @property
    def sound(self) -> bool:
        """Whether the chain holds."""
        return not self.breaks


def head_of(text: str | None) -> Head | None:
    """What somebody noted. UsageProblem."""
    try:
        return Head.parse(text) if text is not None else None
    except ValueError as problem:
        raise UsageProblem(f"{problem}.") from None


def verify(desk: Desk, noted: str | None) -> Verified:
    """Every line; `noted` is a head that somebody has kept elsewhere. That it was found sound is kept."""
    found = _walked(desk.store.journal.links(), desk.progress, _known(desk, head_of(noted)))
    if found.sound and found.lines:
        with suppress(StoreProblem), desk.store.writing():
            desk.store.keep(_KEPT, json.dumps([found.head.number, found.head.hash, desk.clock().isoformat()]))
    return found


def verify_file(file: Path, noted: str | None, progress: Callable[[str], None]) -> Verified:
    """The same of a file that `log --jsonl` wrote. NotFound, UsageProblem."""
    head = head_of(noted)
    try:
        with file.open("rb") as lines:
            return _walked(_links_in(lines), progress, {head: "that was noted"} if head else {})
    except FileNotFoundError:
        raise NotFound(f"{file} is not there.") from None
    except OSError as problem:
        raise UsageProblem(f"{file} cannot be read ({problem.strerror}).") from None


def exported(desk: Desk) -> Iterator[str]:
    """Every line of the log as a JSON object with its hash, one at a time."""
    for link in desk.store.journal.links():
        yield json.dumps({**_values(link), "codes": _codes(link.codes), "hash": link.hash})


def examine(store: Store, now: datetime, zone: ZoneInfo | None) -> Iterator[Finding]:
    """What the doctor says: whether the last lines hold, and when all of them did, in the desk's zone (None: UTC)."""
    head = store.journal.head()
    known = _last_verified(store)
    before = next(iter(store.journal.links(head.number - _LAST - 1)), None) if head.number > _LAST else None
    walk = Walk(Head(before.number, before.hash) if before else None)
    breaks = [found for link in store.journal.links(walk.head.number) for found in walk.step(link)]
    if known is not None and store.journal.hash_at(known[0].number) != known[0].hash:
        breaks.append(Break(known[0].number, f"is not the one verified {moment_of(known[1], zone)}, or is missing"))
    if breaks:
        says = f"line {breaks[0].number} {breaks[0].what}"
        yield Finding("log", "wrong", says, f"caretool log --verify; {page('log.md')} says what then")
        return
    if before is None:
        yield Finding("log", "ok", f"all {head.number:,} lines follow from each other")
        return
    says = f"the last {walk.lines:,} of {head.number:,} lines follow from each other; verified whole: "
    if known is None or now - known[1] > _LONG_AGO:
        last = moment_of(known[1], zone) if known else "never"
        yield Finding("log", "warning", says + last, "caretool log --verify")
    else:
        yield Finding("log", "ok", says + moment_of(known[1], zone))


def _walked(links: Iterable[Link | Break], progress: Callable[[str], None], noted: Mapping[Head, str]) -> Verified:
    walk = Walk(noted=noted)
    breaks = _breaks(walk, links, progress)
    first = tuple(islice(breaks, _TOLD))
    more = sum(1 for _ in breaks)
    return Verified(walk.lines, walk.head, first, more)


def _breaks(walk: Walk, links: Iterable[Link | Break], progress: Callable[[str], None]) -> Iterator[Break]:
    for link in links:
        if isinstance(link, Break):
            yield link
            continue
        yield from walk.step(link)
        if walk.lines % _EVERY == 0:
            progress(f"verifying the log: {walk.lines:,} lines")
    yield from walk.end()


def _known(desk: Desk, noted: Head | None) -> Mapping[Head, str]:
    before = _last_verified(desk.store)
    known = {before[0]: f"that was verified {moment_of(before[1], desk.zone)}"} if before else {}
    return {**known, noted: "that was noted"} if noted else known


def _last_verified(store: Store) -> tuple[Head, datetime] | None:
    """When all was sound the last time, and with which head; None also where somebody has spoilt what was kept."""
    try:
        number, hashed, at = json.loads(store.kept(_KEPT) or "")
        return Head.parse(f"{number}:{hashed}"), datetime.fromisoformat(at)
    except (ValueError, TypeError):
        return None


def _links_in(lines: Iterable[bytes]) -> Iterator[Link | Break]:
    """The lines of a file, each as it stands in the chain, or what is wrong with it."""
    for place, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _link(_object(json.loads(line, object_pairs_hook=_each_once)))
        except (ValueError, KeyError, TypeError, RecursionError):
            yield Break(place, "of the file is none that `log --jsonl` writes")


def _each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object as Python reads it; ValueError where another reader might take another value."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _link(value: Mapping[str, Any]) -> Link:
    if value.keys() - _NAMES:
        raise ValueError  # no hash covers what else stands there
    at, agent, action, subject, hashed = (_text(value[name]) for name in ("at", "agent", "action", "subject", "hash"))
    return Link(_number(value["number"]), at, agent, action, subject, codes_text(_object(value["codes"])), hashed)


def _number(value: object) -> int:
    if type(value) is not int or value < 1:
        raise TypeError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _values(link: Link) -> dict[str, str | int]:
    return {name: getattr(link, name) for name in ("number", "at", "agent", "action", "subject")}


def _codes(text: str) -> object:
    """As JSON; what somebody made of it by hand stays the text it is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
