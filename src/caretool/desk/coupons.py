"""The files of codes: read when a draw needs them, held against what was given, and looked after by the doctor.

No sentence that is said here repeats a code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from caretool import paths
from caretool.domain.health import Finding
from caretool.domain.reward import Codes, RewardKind, read_codes
from caretool.errors import CaretoolError
from caretool.store.rewards import given_in

if TYPE_CHECKING:
    from caretool.domain.policy import Settings
    from caretool.store.store import Store

_TOO_BIG = 20_000_000
_FEW = 10


class NoCodes(CaretoolError):
    """The file of a reward's codes cannot be read."""


@dataclass(frozen=True, slots=True)
class Pool:
    """What a coupon's file offers: how many codes are `left` of `all_of_them` that are in it or were given, how many
    characters the longest one has, and what is odd about the file, in sentences."""

    left: int
    all_of_them: int
    longest: int
    odd: tuple[str, ...]


def read(folder: Path, kind: RewardKind) -> tuple[Codes, str]:
    """The codes of a kind as its file has them now, and the file's digest. NoCodes."""
    assert kind.codes is not None
    try:
        path = paths.within(folder, Path(kind.codes))
        if path.exists() and path.stat().st_size > _TOO_BIG:
            raise NoCodes(f"{kind.codes} is no file of codes: it has more than {_TOO_BIG:,} bytes.")
        content = paths.read(path)
        return read_codes(content.decode("utf-8-sig")), hashlib.sha256(content).hexdigest()
    except UnicodeDecodeError:
        raise NoCodes(f"{kind.codes} is not UTF-8: save it as UTF-8 in your editor.") from None
    except FileNotFoundError:
        raise NoCodes(f"{kind.codes} is missing: the codes of {kind.name} stand in it, one a line.") from None
    except OSError as error:
        raise NoCodes(f"{kind.codes} cannot be read ({error.strerror}).") from None


def pool(store: Store, folder: Path, kind: RewardKind, kinds: Mapping[str, RewardKind]) -> Pool:
    """What could be drawn now; nothing is written. NoCodes."""
    found, _ = read(folder, kind)
    taken, theirs = store.rewards.taken(), _of_others(store, folder, kind, kinds)[0]
    free = [code for _, code in found.codes if code not in taken and code not in theirs]
    others = [number for number, code in found.codes if code in theirs]
    odd = [*found.odd, *(f"line {number} is a code of another reward: it is not given" for number in others)]
    return Pool(
        left=len(free),
        all_of_them=len(free) + len(store.rewards.given_as(kind.name)),
        longest=max(map(len, free), default=0),
        odd=tuple(f"{kind.codes}: {sentence}" for sentence in odd),
    )


def take_in(store: Store, folder: Path, kind: RewardKind, kinds: Mapping[str, RewardKind]) -> bool:
    """Make the free codes those of the file, where a file of codes changed since they were taken in; whether one had.
    Inside the transaction that draws. NoCodes."""
    found, digest = read(folder, kind)
    theirs, digests = _of_others(store, folder, kind, kinds)
    key = f"codes:{kind.name}"
    stands = " ".join([digest, *digests, *sorted(kinds)])
    if store.kept(key) == stands:
        return False
    codes = [(number, code) for number, code in found.codes if code not in theirs]
    store.rewards.take_in(kind.name, codes, list(kinds))
    store.keep(key, stands)
    return True


def _of_others(
    store: Store, folder: Path, kind: RewardKind, kinds: Mapping[str, RewardKind]
) -> tuple[frozenset[str], list[str]]:
    """The free codes that other rewards have and still name, and the digests of their files."""
    theirs: set[str] = set()
    digests = []
    for other in kinds.values():
        if other.codes is None or other.name == kind.name:
            continue
        had = store.rewards.free_of(other.name)
        try:
            found, digest = read(folder, other)
        except NoCodes:
            theirs |= had
            digests.append("unreadable")
        else:
            theirs |= had & {code for _, code in found.codes}
            digests.append(digest)
    return frozenset(theirs), digests


def remarks(folder: Path, kinds: Mapping[str, RewardKind]) -> Iterator[str]:
    """What is wrong with the files of codes, a sentence each."""
    for kind in kinds.values():
        if kind.codes is None:
            continue
        try:
            yield from (f"{kind.codes}: {sentence}" for sentence in read(folder, kind)[0].odd)
        except NoCodes as problem:
            yield str(problem)


def examine(store: Store, folder: Path, settings: Settings | None) -> Iterator[Finding]:
    """How each file of codes stands, for the doctor."""
    kinds = settings.policy.rewards if settings is not None else {}
    for kind in kinds.values():
        if kind.codes is None:
            continue
        check = f"reward {kind.name}"
        try:
            found = pool(store, folder, kind, kinds)
        except NoCodes as problem:
            yield _unreadable(kind, problem)
            continue
        says = f"{found.left:,} of {found.all_of_them:,} codes left"
        if found.left * 100 < found.all_of_them * _FEW or not found.left:
            yield Finding(check, "warning", says, f"add codes to {kind.codes}, one a line")
        elif found.odd:
            more = f" and {len(found.odd) - 1} more" if len(found.odd) > 1 else ""
            yield Finding(check, "warning", f"{says}; {found.odd[0]}{more}", f"mend {kind.codes}")
        else:
            yield Finding(check, "ok", says)


def examine_files(folder: Path, settings: Settings | None) -> Iterator[Finding]:
    """What is wrong with each file of codes, for the doctor where there is no database to hold it against."""
    kinds = settings.policy.rewards if settings is not None else {}
    for kind in kinds.values():
        if kind.codes is None:
            continue
        try:
            found, _ = read(folder, kind)
        except NoCodes as problem:
            yield _unreadable(kind, problem)
        else:
            yield Finding(f"reward {kind.name}", "ok", f"{len(found.codes):,} codes")


def _unreadable(kind: RewardKind, problem: NoCodes) -> Finding:
    fix = f"put the codes into {kind.codes}, one a line"
    return Finding(f"reward {kind.name}", "wrong", str(problem).rstrip("."), fix)


def after_restore(store: Store, before: Path | None, now: datetime, say: Callable[[str], None]) -> None:
    """What was given since the backup is not given again: `store` is the database about to take the place of `before`
    (None: nothing of that could be read). Inside the transaction that makes it ready."""
    if before is None:
        say("Codes given since the backup, if any were, are not known any more: take them out of the files of codes.")
        return
    returned = store.rewards.spend(given_in(before), now)
    if returned:
        store.journal.write("reward-returned", returned, agent="", at=now)
