"""How long at most platforms let us keep what was fetched from them, whatever `[retention]` of the policy says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta

from caretool.desk.desk import Desk
from caretool.desk.premises import Premises
from caretool.domain.health import Finding
from caretool.domain.policy import Account, Settings
from caretool.errors import CaretoolError
from caretool.platforms import registry
from caretool.platforms.platform import Opening, Platform
from caretool.store.store import Store

# What became too old today is still there until the night's purge.
_NIGHTLY = timedelta(days=1)
_KEPT = "how long comments may be kept"


def demanded(accounts: Iterable[Account], opened: Callable[[Account], Platform]) -> dict[str, timedelta]:
    """How long it may be, by the accounts of these whose platform lets nothing be kept for good. Nothing is asked."""
    found = {}
    for account in accounts:
        try:
            length = opened(account).limits.keep
        except CaretoolError:  # told where it is needed
            continue
        if length is not None:
            found[account.name] = length
    return found


def remembered(desk: Desk) -> Mapping[str, timedelta]:
    """The same of all our accounts, and of those that were taken out of accounts.toml: what was fetched there is bound
    by it still. What it is now is kept for then."""
    now = demanded(desk.settings.accounts.values(), desk.open_platform)
    found = {**_left_behind(desk.store, desk.settings), **now}
    text = json.dumps({name: found[name].total_seconds() for name in sorted(found)})
    if text != (desk.store.kept(_KEPT) or "{}"):
        with desk.store.writing():
            desk.store.keep(_KEPT, text)
    return found


def _left_behind(store: Store, settings: Settings) -> dict[str, timedelta]:
    """What was demanded of accounts that are in accounts.toml no longer."""
    kept = json.loads(store.kept(_KEPT) or "{}")
    return {name: timedelta(seconds=seconds) for name, seconds in kept.items() if name not in settings.accounts}


def known(premises: Premises, settings: Settings) -> dict[str, timedelta]:
    """What is `demanded` of all our accounts, without a desk."""
    opening = Opening(premises.folder, settings.policy.company.zone, premises.clock)
    return demanded(settings.accounts.values(), lambda account: registry.open_platform(account, opening))


def examine(premises: Premises, store: Store, settings: Settings | None) -> Iterator[Finding]:
    """Whether anything has been kept for longer."""
    if settings is None:
        return
    for name, length in (_left_behind(store, settings) | known(premises, settings)).items():
        before = premises.clock() - length - _NIGHTLY
        kinds = [kind for account, kind in store.expiring.sorts() if account == name]
        counts = [store.expiring.count(name, kind, before) for kind in kinds]
        old, needed = sum(count[0] for count in counts), sum(count[1] for count in counts)
        allowed = f"the {length.days} days that its platform allows"
        if old:
            many = "1 comment is" if old + needed == 1 else f"{old + needed:,} comments are"
            says = f"{many} kept for longer than {allowed}"
            yield Finding(
                f"kept {name}", "warning", says, "caretool purge; caretool schedule prints what does so daily"
            )
        elif needed:
            many = "1 comment that waits, or has" if needed == 1 else f"{needed:,} comments that wait, or have"
            kept = "is kept" if needed == 1 else "are kept"
            says = f"{many} something coming, {kept} for longer than {allowed}"
            yield Finding(f"kept {name}", "warning", says, "answer or close them, then caretool purge")
        else:
            yield Finding(f"kept {name}", "ok", f"nothing for longer than {allowed}")
