"""Watch: what people write without speaking to us, found by the policy's words while an account is fetched (R16)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from caretool.desk.desk import Desk
from caretool.domain.policy import Account, Settings
from caretool.domain.watch import Watch
from caretool.errors import CaretoolError
from caretool.platforms.platform import Page, Platform, Searches
from caretool.store.arrivals import Stored


def concerning(desk: Desk, account: Account, platform: Platform) -> tuple[Watch, ...]:
    """The watches of the policy that are searched on this account."""
    if not isinstance(platform, Searches):
        return ()
    return tuple(one for one in desk.policy.watches if one.accounts is None or account.name in one.accounts)


def bookmark(desk: Desk, account: Account, watch: Watch) -> str | None:
    """Where the last search got to; None: these words were never searched there."""
    place = desk.store.watches.place(account.name, watch.key)
    return place.cursor if place is not None else None


def store(desk: Desk, account: Account, watch: Watch, page: Page, now: datetime, first: datetime | None) -> Stored:
    """One page and its bookmark; inside a transaction. Of a first search what is older than `first` is closed; what was
    said to us stays as it is, and so does the bookmark where nobody can tell who was forgotten."""
    store = desk.store
    place = store.watches.place(account.name, watch.key)
    bound = first if place is None else place.closed_before
    stored = store.arrivals.add_page(
        account.name,
        page.comments,
        bookmark=None,
        now=now,
        our_handle=account.handle,
        deleted=page.deleted,
        closed_before=bound,
        facts=page.facts,
        watch=watch.name,
    )
    if not store.tombstones.key_is_lost():
        store.watches.keep(account.name, watch.key, page.bookmark, bound)
    return stored


def remarks(settings: Settings, opened: Mapping[str, Platform | CaretoolError]) -> Iterator[str]:
    """Sentences about watches that find nothing, by accounts that were opened (no request is made for it)."""
    searched = {name for name, platform in opened.items() if isinstance(platform, Searches)}
    unknown = {name for name, platform in opened.items() if isinstance(platform, CaretoolError)}
    for watch in settings.policy.watches:
        named = watch.accounts if watch.accounts is not None else ()
        for name in named:
            if name not in searched and name not in unknown:
                platform = settings.accounts[name].platform
                yield f"[[watch]] {watch.name}: {name} cannot be searched: there is no search on {platform}."
        if watch.accounts is None and not searched and not unknown:
            yield f"[[watch]] {watch.name}: it finds nothing, as no account is on a platform that can be searched."
