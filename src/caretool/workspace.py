"""The only wiring: a folder's files, store, platforms and clock, each opened on first use."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from caretool.desk.desk import Desk, Front
from caretool.desk.premises import Premises
from caretool.errors import CaretoolError, UsageProblem
from caretool.settings.files import DATABASE, digest
from caretool.settings.files import find as find
from caretool.store.budgets import Budgets
from caretool.store.store import Store

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from caretool.domain.policy import Account, Settings
    from caretool.domain.promisable import Promisable
    from caretool.platforms.platform import Platform


# What holds customers' words, or opens something.
_KEPT_OUT = (
    f"{DATABASE}*",
    "caretool.before-*.db",
    ".locks/",
    ".secrets/",
    "backups/",
    "unsent/",
    "codes/",
    "person-*.json",
    "comments.jsonl",
    "replies.jsonl",
    "*-replies.jsonl",
    "*-actions.jsonl",
)


def clock() -> datetime:
    """The moment it is now; CARETOOL_NOW (RFC 3339) fixes it, for demonstrations and tests."""
    fixed = os.environ.get("CARETOOL_NOW")
    if not fixed:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(fixed)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageProblem(f"CARETOOL_NOW={fixed!r} is not a moment: write 2026-11-23T09:12:00+01:00.")
    return moment


def settings_of(folder: Path) -> Settings:
    """The workspace's files, read and checked whole; SettingsProblem with every problem at once."""
    from caretool.platforms import registry
    from caretool.settings.loading import load

    return load(folder, registry.settings_models())


def premises(folder: Path, agent: str | None, say: Callable[[str], None], progress: Callable[[str], None]) -> Premises:
    """A workspace of which nothing is opened, for what has to work even where it is broken."""
    agent_id = agent or os.environ.get("CARETOOL_AGENT") or None
    return Premises(folder, folder / DATABASE, lambda: settings_of(folder), clock, agent_id, say, progress)


@contextmanager
def open_desk(
    folder: Path, agent: str | None, say: Callable[[str], None], progress: Callable[[str], None] = lambda _: None
) -> Iterator[Desk]:
    """A desk at work in this folder; changed settings are worked in first, once."""
    store = Store(folder / DATABASE, clock())
    platforms: dict[str, Platform] = {}
    budgets = Budgets(folder)

    def open_platform(account: Account) -> Platform:
        from caretool.platforms import registry
        from caretool.platforms.platform import Opening
        from caretool.vault import FileVault

        if account.name not in platforms:
            facts = store.arrivals.visited(account.name).facts
            opening = Opening(folder, desk.zone, clock, facts, FileVault(folder, account.name), budgets)
            platforms[account.name] = registry.open_platform(account, opening)
        return platforms[account.name]

    try:
        if store.backup is not None:
            say(f"The database was brought up to date; as it was, it is kept in {store.backup.name}.")
        desk = Desk(
            folder=folder,
            store=store,
            load_settings=lambda: _settings_in_force(folder, store),
            open_platform=open_platform,
            clock=clock,
            agent_id=agent or os.environ.get("CARETOOL_AGENT") or None,
            say=say,
            progress=progress,
            load_front=lambda: _front(store),
            load_promisable=lambda: _promisable(store),
        )
        _work_in(desk)
        yield desk
    finally:
        store.close()


def _settings_in_force(folder: Path, store: Store) -> Settings:
    from caretool.settings import kept

    text = store.kept("settings")
    if text is not None and store.kept("digest") == digest(folder):
        try:
            return kept.from_text(text)
        except ValueError:  # kept by another version of caretool
            return settings_of(folder)
    return settings_of(folder)


def _front(store: Store) -> Front | None:
    text = store.kept("front")
    if text is None:  # kept by another version of caretool
        return None
    from zoneinfo import ZoneInfo

    zone, *agents = json.loads(text)
    return Front(ZoneInfo(zone), tuple(agents))


def _promisable(store: Store) -> Promisable | None:
    from caretool.settings import promisable

    text = store.kept("promisable")
    try:
        return promisable.from_text(text) if text is not None else None
    except ValueError:  # kept by another version of caretool
        return None


def _work_in(desk: Desk) -> None:
    now_on_disk = digest(desk.folder)
    if desk.store.kept("digest") == now_on_disk:
        return
    from caretool.desk import deciding, triaging
    from caretool.settings import kept, promisable

    desk.settings = settings_of(desk.folder)
    triaging.read_again(desk)
    with desk.store.writing():
        whole = kept.worked_in(desk.settings, desk.clock().astimezone(desk.zone).year)
        desk.store.keep("settings", kept.to_text(whole))
        desk.store.keep("promisable", promisable.to_text(whole.promisable))
        desk.store.keep("front", json.dumps([desk.zone.key, *desk.settings.agents]))
        desk.store.keep(deciding.KEPT, deciding.to_text(desk.settings.agents))
        desk.store.keep("digest", now_on_disk)
    from caretool.desk import foreseeing

    if sentence := foreseeing.reminder(foreseeing.count(desk, desk.clock())):
        desk.say(sentence)


def foreseen(folder: Path, settings: Settings) -> int:
    """How many open promises could no longer be kept under these settings; none where there is no ledger yet."""
    from caretool.desk import foreseeing

    if not (folder / DATABASE).exists():
        return 0
    store = Store(folder / DATABASE, clock())
    try:
        desk = Desk(folder, store, lambda: settings, _unopened, clock, agent_id=None, say=_unsaid)
        return foreseeing.count(desk, clock())
    finally:
        store.close()


def opened(folder: Path, settings: Settings) -> dict[str, Platform | CaretoolError]:
    """Every account by its name, opened as these settings have it, or why it cannot be; nothing is asked of any."""
    from caretool.platforms import registry
    from caretool.platforms.platform import Opening

    found: dict[str, Platform | CaretoolError] = {}
    for account in settings.accounts.values():
        try:
            found[account.name] = registry.open_platform(account, Opening(folder, settings.policy.company.zone, clock))
        except CaretoolError as problem:
            found[account.name] = problem
    return found


def _unopened(account: Account) -> Platform:
    raise AssertionError(f"{account.name} is not asked for")


def _unsaid(_: str) -> None:
    pass


def create(folder: Path) -> list[str]:
    """Lay the starter files into a folder, overwriting nothing; the names of those that are new."""
    from importlib import resources

    starter = resources.files("caretool") / "starter"
    made: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("accounts.toml", "policies.toml", "comments.jsonl", "templates"):
            made += _copy(starter / name, folder / name, name)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("".join(f"{name}\n" for name in _KEPT_OUT), encoding="utf-8")
            made.append(".gitignore")
    except OSError as error:
        raise CaretoolError(f"{error.filename or folder} cannot be written ({error.strerror}).") from error
    return made


def lay_demo(folder: Path) -> None:
    """A workspace with the demonstration's four profiles, in an empty folder."""
    create(folder)
    from importlib import resources

    demo = resources.files("caretool") / "starter" / "demo"
    for entry in demo.iterdir():
        with resources.as_file(entry) as source:
            shutil.copyfile(source, folder / entry.name)


def _copy(source: Traversable, target: Path, name: str) -> list[str]:
    if source.is_dir():
        target.mkdir(exist_ok=True)
        entries = sorted(source.iterdir(), key=lambda entry: entry.name)
        return [made for entry in entries for made in _copy(entry, target / entry.name, f"{name}/{entry.name}")]
    if target.exists():
        return []
    target.write_bytes(source.read_bytes())
    return [name]
