"""Backup and restore: a copy while others work, and the way back to it without posting anything twice."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

from caretool import paths
from caretool.desk import barring, coupons, forgetting, locks, moderating, permitting, sending
from caretool.desk.desk import Desk, agent_of
from caretool.desk.premises import Premises
from caretool.domain.policy import Account
from caretool.errors import CaretoolError, NotFound, SettingsProblem, UsageProblem
from caretool.store import copies, migrations
from caretool.store.copies import Contents, Damaged
from caretool.store.store import Store

BACKUPS = "backups"
_OUR_NAME = re.compile(r"caretool-\d{8}-\d{6}\.db")
_UNFINISHED = re.compile(r"\.caretool-(\d{8}-\d{6})\.db\..*\.part(-\w+)?")
_STAMP = "%Y%m%d-%H%M%S"


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup that was made: where, how many bytes, and which older ones were deleted."""

    file: Path
    size: int
    deleted: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a restore would do: `then` takes the place of `now`, None where what is there cannot be read (`damage` says
    why) or nothing is."""

    file: Path
    then: Contents
    now: Contents | None
    damage: str | None


@dataclass(frozen=True, slots=True)
class Restored:
    """A restore that was done: where what was there before is kept (None: nothing was), how many replies are unsure
    now, and how many people that had been forgotten since were forgotten in it again."""

    exchange: Exchange
    kept: Path | None
    unsure: int
    forgotten: int = 0


def backup(premises: Premises, file: Path | None, keep: int | None) -> BackedUp:
    """Copy the database while others work: to `file` (a folder: under a name of ours in it), else into `backups`.
    `keep`: of those named by us, only so many stay. UsageProblem, NotFound, StoreProblem."""
    if not premises.database.exists():
        raise NotFound(f"There is no {premises.database.name} yet: nothing to back up.")
    folder = premises.folder / BACKUPS if file is None else file
    if file is None:
        _make(folder)
    named_by_us = folder.is_dir()
    if keep is not None and not named_by_us:
        raise UsageProblem("--keep deletes backups that caretool named: leave FILE out, or name a folder.")
    now = premises.clock()
    target = folder / f"caretool-{now.astimezone(UTC):{_STAMP}}.db" if named_by_us else folder
    copies.copy(premises.database, target, progress=premises.progress)
    return BackedUp(target, target.stat().st_size, _tidied(folder, keep, now) if keep is not None else ())


def restore(premises: Premises, file: Path, agree: Callable[[Exchange], None]) -> Restored:
    """Make the database what a backup holds; what was there is kept beside the backups. `agree` is shown what would be
    done, and raises where nobody says yes. What could have been posted since the backup becomes unsure.

    NotFound, StoreProblem, UsageProblem (who is there may not): nothing was changed. A crash leaves the old database or
    the new one.
    """
    premises = _permitted(premises)
    exchange = _exchange(premises, file)
    agree(exchange)
    with _nobody_else(premises, exchange), _folder_for_it(premises) as folder:
        staged, kept = folder / premises.database.name, _kept_name(premises)
        if exchange.now is None:
            ready = _made_ready(premises, staged, exchange)
            copies.put_in_place_of_damaged(staged, premises.database, kept)
        else:
            # Whoever approves a reply or logs a promise meanwhile is not kept out: then all is made ready once more.
            while (done := _exchanged(premises, staged, kept, file)) is None:
                premises.progress("somebody has written meanwhile: once more")
            exchange, ready = done
    return Restored(exchange, kept if kept.exists() else None, *ready)


def _permitted(premises: Premises) -> Premises:
    """The same with the agent who restores, if they may; UsageProblem. Where the settings are wrong nobody can tell."""
    try:
        agent = agent_of(premises.settings, premises.agent_id)
    except SettingsProblem:
        return premises
    permitting.demand(premises, agent, "restore")
    return replace(premises, agent_id=agent.id)


def _exchanged(premises: Premises, staged: Path, kept: Path, file: Path) -> tuple[Exchange, tuple[int, int]] | None:
    """What was exchanged, and what `_made_ready` says; None, and nothing done, where somebody wrote meanwhile."""
    with copies.watched(premises.database) as changed:
        exchange = _exchange(premises, file)
        ready = _made_ready(premises, staged, exchange)
        copies.copy(premises.database, kept, progress=premises.progress, overwrite=True)
        done = copies.put_back(staged, premises.database, premises.progress, changed=changed)
    return (exchange, ready) if done else None


def _exchange(premises: Premises, file: Path) -> Exchange:
    if file.exists() and premises.database.exists() and file.samefile(premises.database):
        raise UsageProblem(f"{file} is the database itself: name a backup of it.")
    then = copies.look(file)
    migrations.not_newer(file, then.schema)
    try:
        return Exchange(file, then, copies.look(premises.database), None)
    except NotFound:
        return Exchange(file, then, None, None)
    except Damaged as problem:
        return Exchange(file, then, None, str(problem))


@contextmanager
def _nobody_else(premises: Premises, exchange: Exchange) -> Iterator[None]:
    """Nobody sends, fetches, moderates or restores meanwhile."""
    names = {*exchange.then.accounts, *(exchange.now.accounts if exchange.now else ())}
    try:
        names |= set(premises.load_settings().accounts)
    except SettingsProblem:
        premises.say("The settings are wrong (`caretool doctor` tells how): restored all the same.")
    with ExitStack() as held:
        held.enter_context(locks.held(premises, "fetch", "waiting for another caretool that is fetching"))
        for name in sorted(names):
            held.enter_context(sending.alone(premises, name))
            held.enter_context(moderating.alone(premises, name))
        yield


@contextmanager
def _folder_for_it(premises: Premises) -> Iterator[Path]:
    """A folder to make the new database ready in; what a killed restore left there goes."""
    _make(premises.folder / BACKUPS)
    folder = premises.folder / BACKUPS / ".restoring"
    shutil.rmtree(folder, ignore_errors=True)
    _make(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _made_ready(premises: Premises, staged: Path, exchange: Exchange) -> tuple[int, int]:
    """A copy with all that a restored database needs, before it takes its place, so that it does so in one step; how
    many replies are unsure in it, and how many people were forgotten again."""
    copies.copy(exchange.file, staged, progress=premises.progress, overwrite=True)
    now = premises.clock()
    store = Store(staged, now, premises.folder)  # an older one is brought up to date
    try:
        desk = Desk(
            folder=premises.folder,
            store=store,
            load_settings=premises.load_settings,
            open_platform=_no_platform,
            clock=premises.clock,
            agent_id=premises.agent_id,
            say=premises.say,
        )
        with store.writing():
            unsure = sending.doubt_all(desk)
            if exchange.now is not None:
                store.skip_numbers(exchange.now.numbers)
            before = premises.database if exchange.now is not None else None
            coupons.after_restore(store, before, now, premises.say)
            moderating.after_restore(store, before, premises.say)
            store.keep("digest", "")  # the settings are worked in anew
            codes: dict[str, str | int | None] = {"schema": exchange.then.schema, "unsure": len(unsure)}
            if exchange.now is not None:
                codes["head"] = exchange.now.head  # where the log ended that is put aside
            store.journal.write("restored", ["database"], agent=premises.agent_id or "", at=now, codes=codes)
        forgotten = forgetting.again(desk, barring.stones_of(premises, store, current=exchange.now is not None))
    finally:
        store.close()
    return len(unsure), forgotten


def _no_platform(account: Account) -> NoReturn:
    raise AssertionError(f"a restore asks no platform, not even {account.name}'s")


def _kept_name(premises: Premises) -> Path:
    stem = f"before-restore-{premises.clock().astimezone(UTC):{_STAMP}}"
    names = (stem, *(f"{stem}-{number}" for number in range(2, 1000)))
    files = (premises.folder / BACKUPS / f"{name}.db" for name in names)
    return next(file for file in files if not file.exists())


def _make(folder: Path) -> None:
    try:
        paths.own_folder(folder)
    except OSError as error:
        raise CaretoolError(f"{folder} cannot be made ({error.strerror}): nothing was written.") from error


def _tidied(folder: Path, keep: int, now: datetime) -> tuple[Path, ...]:
    """Delete backups named by us beyond the `keep` newest, and what a killed backup left a day ago or more."""
    names = sorted(path.name for path in folder.iterdir())
    ours = [name for name in names if _OUR_NAME.fullmatch(name)]
    yesterday = f"{(now - timedelta(days=1)).astimezone(UTC):{_STAMP}}"
    unfinished = [name for name in names if (found := _UNFINISHED.fullmatch(name)) and found[1] < yesterday]
    older = ours[:-keep]
    for name in (*older, *unfinished):
        (folder / name).unlink(missing_ok=True)
    return tuple(folder / name for name in older)
