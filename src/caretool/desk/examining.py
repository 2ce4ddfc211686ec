"""Doctor: is all well? Every check stands alone: whatever is broken, the others still tell."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from caretool.desk import barring, coupons, lasting, tokens, verifying
from caretool.desk.keeping import BACKUPS
from caretool.desk.premises import Premises
from caretool.domain.draft import Draft, Reply, ReplyState
from caretool.domain.health import Finding, moment_of, size_of
from caretool.domain.policy import Account, Settings
from caretool.errors import CaretoolError, NotFound, SettingsProblem
from caretool.secrets import Secret
from caretool.store import condition, migrations
from caretool.store.copies import Contents, Damaged
from caretool.store.store import Store

_STUCK = timedelta(hours=1)
_DAY = timedelta(days=1)
# Clocks of several machines differ a little.
_APART = timedelta(minutes=2)
_TIGHT = 20_000_000
_LEAVING: tuple[ReplyState, ...] = ("approved", "sending", "unsure")


def examine(premises: Premises) -> list[Finding]:
    """What was looked at and how it is. Kept counts that differ are made anew; nothing else is written."""
    settings, in_settings = _settings(premises)
    findings = [*in_settings, *_files(premises), *_files_of_codes(premises, settings), *_secrets(settings)]
    contents, in_database = _database(premises)
    zone = settings.policy.company.zone if settings is not None else None
    findings += [*in_database, _disk(premises), _clock(premises, contents, zone)]
    if contents is not None:
        findings += _kept(premises, settings)
    else:
        findings += coupons.examine_files(premises.folder, settings)
    return findings


def _settings(premises: Premises) -> tuple[Settings | None, list[Finding]]:
    try:
        settings = premises.load_settings()
    except SettingsProblem as wrong:
        number = len(wrong.problems)
        says = f"{number} problem{'s' if number > 1 else ''}; first: {wrong.problems[0]}"
        return None, [Finding("settings", "wrong", says, "caretool policy check lists every problem with its line")]
    says = f"{_count(len(settings.accounts), 'account')}, {_count(len(settings.templates), 'template')}"
    return settings, [Finding("settings", "ok", says)]


def _files(premises: Premises) -> Iterator[Finding]:
    """Whether others on this machine can read what customers wrote, or what opens our accounts."""
    folder = premises.folder
    database = premises.database
    secrets = [folder / ".secrets", *sorted((folder / ".secrets").glob("*"))]
    open_secrets = [path for path in secrets if _mode(path) & (stat.S_IRWXG | stat.S_IRWXO)]
    if open_secrets:
        says = f"others on this machine can read {_names(folder, open_secrets)}"
        yield Finding("files", "wrong", says, f"chmod -R go= {_quoted(folder / '.secrets')}")
    shut = not _mode(folder) & stat.S_IXOTH
    read = [path for path in _beside(database) if _mode(path) & stat.S_IROTH]
    if read and not shut:
        says = f"everybody on this machine can read {_names(folder, read)}"
        yield Finding("files", "warning", says, f"chmod o= {' '.join(_quoted(path) for path in read)}")
    if not open_secrets and (shut or not read):
        there = [path.name for path in (database, folder / ".secrets") if path.exists()]
        says = f"nobody else on this machine can read {' or '.join(there)}" if there else ""
        yield Finding("files", "ok", says or "no database and no .secrets yet")


def _files_of_codes(premises: Premises, settings: Settings | None) -> Iterator[Finding]:
    """Whether everybody on this machine can read codes that are worth money."""
    named = {kind.codes for kind in settings.policy.rewards.values() if kind.codes} if settings is not None else set()
    files = [premises.folder / name for name in sorted(named)]
    read = [path for path in files if _mode(path) & stat.S_IROTH and _can_be_reached(premises.folder, path)]
    if read:
        says = f"everybody on this machine can read {_names(premises.folder, read)}"
        yield Finding("files", "warning", says, f"chmod o= {' '.join(_quoted(path) for path in read)}")


def _can_be_reached(folder: Path, path: Path) -> bool:
    """Whether everybody can go through the workspace's folders to a file in it."""
    between = [parent for parent in path.parents if parent == folder or parent.is_relative_to(folder)]
    return all(_mode(one) & stat.S_IXOTH for one in between)


def _secrets(settings: Settings | None) -> Iterator[Finding]:
    wanted = variables(settings) if settings is not None else {}
    missing = {name: accounts for name, accounts in wanted.items() if not os.environ.get(name)}
    for name, accounts in missing.items():
        says = f"{name} is not set: {', '.join(accounts)} cannot be reached from here"
        fix = f"export {name}=…; for cron and systemd see caretool schedule"
        yield Finding("secrets", "wrong", says, fix)
    if wanted and not missing:
        yield Finding("secrets", "ok", f"{', '.join(wanted)} {'is' if len(wanted) == 1 else 'are'} set")


def variables(settings: Settings) -> Mapping[str, tuple[str, ...]]:
    """The environment variables in which accounts.toml says that secrets are, with what cannot be reached without
    each: accounts, the mail server, owners."""
    found: dict[str, list[str]] = {}
    for account in settings.accounts.values():
        for name in _variables_of(account.settings):
            found.setdefault(name, []).append(account.name)
    kept = [("the mail server", settings.mail.password)] if settings.mail is not None and settings.mail.password else []
    kept += [(owner.id, way) for owner in settings.owners.values() for way in owner.notify if not isinstance(way, str)]
    for who, reference in kept:
        if "env" in reference:
            found.setdefault(reference["env"], []).append(who)
    return {name: tuple(accounts) for name, accounts in found.items()}


def _variables_of(settings: object) -> Iterator[str]:
    """Those of an account, whose tables may hold some too."""
    for value in vars(settings).values():
        if isinstance(value, Secret) and value.env is not None:
            yield value.env
        elif isinstance(value, BaseModel):
            yield from _variables_of(value)


def _database(premises: Premises) -> tuple[Contents | None, list[Finding]]:
    """How the database is; its contents only where it is whole and of today's shape."""
    file = premises.database
    again = f"put a backup in its place: caretool restore {_newest_backup(premises) or 'FILE'}"
    try:
        found = condition.examine(file)
        if found.contents is None:
            return None, [Finding("database", "wrong", f"{file.name} is damaged ({found.faults[0]})", again)]
        migrations.not_newer(file, found.contents.schema)
    except NotFound:
        if _newest_backup(premises):
            return None, [Finding("database", "wrong", f"{file.name} is missing, although there are backups", again)]
        return None, [Finding("database", "ok", f"there is no {file.name} yet: the first command makes it")]
    except Damaged as problem:
        return None, [Finding("database", "wrong", str(problem), again)]
    except CaretoolError as problem:
        return None, [Finding("database", "wrong", str(problem), "put that right; the data is where it was")]
    findings = [_references(found)]
    if found.contents.schema < migrations.NEWEST:
        says = f"schema {found.contents.schema} of {migrations.NEWEST}: the next command brings it up to date"
        return None, [Finding("database", "warning", says, "caretool inbox, then caretool doctor again"), *findings]
    size = sum(path.stat().st_size for path in _beside(file) if path.exists())
    says = f"whole; schema {found.contents.schema}, {_count(found.contents.comments, 'comment')}, {size_of(size)}"
    return found.contents, [Finding("database", "ok", says), *findings]


def _references(found: condition.Condition) -> Finding:
    if not found.orphans:
        return Finding("references", "ok", "every row refers to rows that are there")
    says = ", ".join(f"{number} in {table}" for table, number in found.orphans.items())
    return Finding("references", "wrong", f"rows refer to others that are missing: {says}", "caretool restore FILE")


def _disk(premises: Premises) -> Finding:
    free = shutil.disk_usage(premises.folder).free
    size = premises.database.stat().st_size if premises.database.exists() else 0
    says = f"{size_of(free)} free"
    if free < _TIGHT:
        return Finding("disk", "wrong", f"{says}: almost full", "make room: nothing more can be stored soon")
    if free < 2 * size + _TIGHT:
        return Finding("disk", "warning", f"{says}: not enough for a backup and a restore", "make room")
    return Finding("disk", "ok", says)


def _clock(premises: Premises, contents: Contents | None, zone: ZoneInfo | None) -> Finding:
    now = premises.clock()
    newest = contents.newest if contents is not None else None
    if newest is not None and now < newest - _APART:
        says = f"the clock says {moment_of(now, zone)}, and the newest entry is of {moment_of(newest, zone)}"
        return Finding("clock", "wrong", says, "set the clock of this machine")
    if os.environ.get("CARETOOL_NOW"):
        says = f"CARETOOL_NOW holds the clock at {moment_of(now, zone)}: nothing becomes due or overdue"
        return Finding("clock", "warning", says, "unset CARETOOL_NOW")
    return Finding("clock", "ok", moment_of(now, zone))


def _kept(premises: Premises, settings: Settings | None) -> Iterator[Finding]:
    """What only a whole database of today's shape can tell."""
    now = premises.clock()
    zone = settings.policy.company.zone if settings is not None else None
    try:
        store = Store(premises.database, now)
    except CaretoolError as problem:
        yield Finding("database", "wrong", str(problem), "see what it says; the checks of its contents were left out")
        return
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _search(premises.database),
        lambda: _counts(store),
        lambda: verifying.examine(store, now, zone),
        lambda: _outbox(store, now),
        lambda: _promises(store, now),
        lambda: barring.examined(store, zone),
        lambda: _accounts(store, settings, now),
        lambda: _tokens(store, settings, now),
        lambda: lasting.examine(premises, store, settings),
        lambda: coupons.examine(store, premises.folder, settings),
    )
    try:
        for check in checks:
            try:
                yield from check()
            except CaretoolError as problem:
                yield Finding("database", "wrong", str(problem), "see what it says, then caretool doctor again")
    finally:
        store.close()


def _search(file: Path) -> Iterator[Finding]:
    if condition.search_agrees(file):
        yield Finding("search", "ok", "the search index agrees with the comments")
        return
    rebuild = "INSERT INTO comment_search(comment_search) VALUES ('rebuild')"
    fix = f'sqlite3 {_quoted(file)} "{rebuild}"'
    yield Finding(
        "search", "wrong", "the search index does not agree with the comments: inbox --search misses some", fix
    )


def _counts(store: Store) -> Iterator[Finding]:
    differences = store.counts.differences()
    if not differences:
        yield Finding("counts", "ok", "the kept counts are what the rows say")
        return
    store.counts.rebuild()
    more = f" and {len(differences) - 1} more" if len(differences) > 1 else ""
    says = f"a kept count was not what the rows say, and was made anew: {differences[0].rstrip('.')}{more}"
    yield Finding("counts", "wrong", says, "nothing to do; if it happens again, please report it")


def _outbox(store: Store, now: datetime) -> Iterator[Finding]:
    replies = [reply for state in _LEAVING for reply in store.replies.in_state(state)]
    stuck = [reply for reply in replies if now - (reply.sending_at or reply.made_at) > _STUCK]
    drafts = [draft for draft in store.replies.drafts("awaiting") if now - draft.made_at > _DAY]
    if stuck:
        says = f"{_count(len(stuck), 'reply', 'replies')} for longer than an hour: {_by_state(stuck)}"
        yield Finding("outbox", "wrong", says, "caretool send; caretool schedule prints what does so every 5 minutes")
    if drafts:
        says = f"{_count(len(drafts), 'draft')} awaiting somebody's yes for longer than a day: {_few(drafts)}"
        yield Finding("outbox", "warning", says, f"caretool approve {drafts[0].id}, or caretool reject {drafts[0].id}")
    if not stuck and not drafts:
        yield Finding(
            "outbox", "ok", f"{_count(len(replies), 'reply', 'replies')} about to leave" if replies else "empty"
        )


def _promises(store: Store, now: datetime) -> Iterator[Finding]:
    overdue = store.promises.count_overdue(now)
    if overdue:
        yield Finding("promises", "warning", f"{_count(overdue, 'promise')} overdue", "caretool report overdue")
    else:
        yield Finding("promises", "ok", "none is overdue")


def _accounts(store: Store, settings: Settings | None, now: datetime) -> Iterator[Finding]:
    if settings is None:
        return
    zone = settings.policy.company.zone
    for name, account in settings.accounts.items():
        visited = store.arrivals.visited(name)
        check, fix = f"account {name}", f"caretool fetch {shlex.quote(name)}"
        good = f"last good fetch {moment_of(visited.fetched_at, zone)}" if visited.fetched_at else "no good fetch yet"
        if visited.failed_at is not None:
            why, helps = _failing(account, visited.error) if visited.error else ("no reason was kept", fix)
            says = f"{good}; {moment_of(visited.failed_at, zone)} it failed: {why}"
            yield Finding(check, "wrong", says, helps)
        elif visited.fetched_at is None or now - visited.fetched_at > _DAY:
            yield Finding(check, "warning", good, f"{fix}; caretool schedule prints what does so every 5 minutes")
        else:
            yield Finding(check, "ok", good)


def _failing(account: Account, error: str) -> tuple[str, str | None]:
    """Why an account fails, and what helps beyond what the error says itself."""
    unset = [name for name in _variables_of(account.settings) if not os.environ.get(name) and name in error]
    if unset:
        return f"{unset[0]} is not set", f"export {unset[0]}=…"
    way = tokens.how(account.platform)
    if way and error.endswith(way):
        return error.removesuffix(way).strip(), way
    return error, None


def _tokens(store: Store, settings: Settings | None, now: datetime) -> Iterator[Finding]:
    """Those that end soon, or have ended."""
    if settings is None:
        return
    for account in settings.accounts.values():
        zone = settings.policy.company.zone
        if says := tokens.ends_soon(tokens.ends_at(store, account), now, zone):
            yield Finding(f"token {account.name}", "warning", says, tokens.how(account.platform))


def _newest_backup(premises: Premises) -> str | None:
    """The one that its name says is the newest, quoted for a shell."""
    names = sorted(path for path in (premises.folder / BACKUPS).glob("caretool-*.db"))
    return _quoted(names[-1]) if names else None


def _beside(database: Path) -> tuple[Path, ...]:
    return (database, *(database.with_name(database.name + ending) for ending in ("-wal", "-shm")))


def _mode(path: Path) -> int:
    """Its permissions; none where it is not there."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0


def _names(folder: Path, paths: Sequence[Path]) -> str:
    return ", ".join(str(path.relative_to(folder)) for path in paths)


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _by_state(replies: Sequence[Reply]) -> str:
    states = Counter(reply.state for reply in replies)
    return f"{', '.join(f'{number} {state}' for state, number in states.items())} ({_few(replies)})"


def _few(things: Sequence[Reply] | Sequence[Draft]) -> str:
    return ", ".join([thing.id for thing in things[:3]] + (["…"] if len(things) > 3 else []))


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
