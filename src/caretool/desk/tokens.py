"""Tokens: that one ends is told while it works, and where one is refused how a new one is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from caretool.desk.desk import Desk
from caretool.domain.moment import stamp
from caretool.domain.policy import Account
from caretool.errors import CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.pages import page
from caretool.platforms import registry
from caretool.platforms.platform import Expires, Platform
from caretool.store.store import Store

# Who can make a new one may be away for some days; what is told earlier is read past.
SOON = timedelta(days=7)


def ends_at(store: Store, account: Account) -> datetime | None:
    """When an account's token ends, as its platform said last; None: it did not say."""
    kept = store.kept(_key(account))
    return datetime.fromisoformat(kept) if kept else None


def learn(store: Store, account: Account, moment: datetime | None) -> None:
    """Keep what a platform said of it; nothing is written where it is known."""
    if moment != ends_at(store, account):
        with store.writing():
            store.keep(_key(account), moment.isoformat() if moment is not None else "")


def end_of(platform: Platform) -> datetime | None:
    """What a platform knows of it without a request."""
    return platform.expires_at if isinstance(platform, Expires) else None


def ending(desk: Desk, accounts: Sequence[Account]) -> Iterator[tuple[str, str]]:
    """Of these accounts those whose token ends soon or has ended, each with a sentence, once a day: a fetch runs every
    few minutes. What their platforms know of it is kept; no request is made."""
    for account in accounts:
        try:
            platform = desk.open_platform(account)
            if isinstance(platform, Expires):
                learn(desk.store, account, end_of(platform))
        except CaretoolError:  # told where it was needed
            continue
        sentence = warning(account, ends_at(desk.store, account), desk.clock(), desk.zone)
        if sentence and _not_yet_today(desk, account):
            yield account.name, sentence


def _not_yet_today(desk: Desk, account: Account) -> bool:
    """Whether its end was not told today; from now on it was."""
    today, key = desk.clock().astimezone(desk.zone).date().isoformat(), f"told today: {_key(account)}"
    if desk.store.kept(key) == today:
        return False
    with desk.store.writing():
        desk.store.keep(key, today)
    return True


def warning(account: Account, end: datetime | None, now: datetime, zone: ZoneInfo) -> str | None:
    """What is to be done about a token; None: nothing yet."""
    sentence = ends_soon(end, now, zone)
    return f"{sentence} {how(account.platform)}".rstrip() if sentence else None


def ends_soon(end: datetime | None, now: datetime, zone: ZoneInfo) -> str | None:
    """That a token ends soon, or has ended; None: it does not."""
    if end is None or end - now > SOON:
        return None
    said, then = ("ends", "before") if end > now else ("ended", "now")
    return f"The token {said} {stamp(end, zone)}: make a new one {then}."


def how(platform: str) -> str:
    """How a token is made on a platform, and where all of it stands."""
    if platform not in registry.KNOWN:
        return ""
    first = registry.connector(platform).guide.partition("\n")[0]
    return f"{first} ({page(f'platforms/{platform}.md')})"


def explained(account: Account, error: CaretoolError) -> CaretoolError:
    """The error; that of a token says how a new one is made."""
    way = how(account.platform) if isinstance(error, TokenRefused) else ""
    return TokenRefused(f"{str(error).rstrip('.')}. {way}") if way else error


def noted(desk: Desk, account: str, error: CaretoolError, undone: str) -> CaretoolError:
    """What is told of the trouble that stopped something on an account, with what was not done: `undone` is a sentence.
    That its token was refused is kept with it until a fetch succeeds."""
    if isinstance(error, PlatformBusy):
        return PlatformBusy(_and(error, undone), error.seconds)
    if isinstance(error, PlatformFailed):
        return PlatformFailed(_and(error, undone))
    if not isinstance(error, TokenRefused):
        return error
    known = desk.settings.accounts.get(account)  # it may have been taken out of accounts.toml
    told = explained(known, error) if known is not None else error
    if known is not None:
        with desk.store.writing():
            desk.store.arrivals.failed(account, desk.clock(), str(told))
    return TokenRefused(_and(told, undone))


def _and(error: CaretoolError, undone: str) -> str:
    return f"{str(error).rstrip('.')}. {undone}"


@contextmanager
def stopping(desk: Desk, account: str, undone: str) -> Iterator[None]:
    """What the platform refuses or cannot do now ends the block, told as `noted` has it."""
    try:
        yield
    except (TokenRefused, PlatformBusy, PlatformFailed) as trouble:
        raise noted(desk, account, trouble, undone) from trouble


def _key(account: Account) -> str:
    """By platform too: the name may have been another's before."""
    return f"end of the token of {account.name} on {account.platform}"
