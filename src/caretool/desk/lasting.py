"""How long at most platforms let us keep what was fetched from them, whatever `[retention]` of the policy says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta

from caretool.desk.premises import Premises
from caretool.domain.health import Finding
from caretool.domain.policy import Account, Settings
from caretool.errors import CaretoolError
from caretool.platforms import registry
from caretool.platforms.platform import Opening, Platform
from caretool.store.store import Store

# What became too old today is still there until the night's purge.
_NIGHTLY = timedelta(days=1)


def demanded(accounts: Iterable[Account], opened: Callable[[Account], Platform]) -> Mapping[str, timedelta]:
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


def known(premises: Premises, settings: Settings) -> Mapping[str, timedelta]:
    """The same of all our accounts, without a desk."""
    opening = Opening(premises.folder, settings.policy.company.zone, premises.clock)
    return demanded(settings.accounts.values(), lambda account: registry.open_platform(account, opening))


def examine(premises: Premises, store: Store, settings: Settings | None) -> Iterator[Finding]:
    """Whether anything has been kept for longer."""
    for name, length in known(premises, settings).items() if settings is not None else ():
        before = premises.clock() - length - _NIGHTLY
        kinds = [kind for account, kind in store.expiring.sorts() if account == name]
        counts = [store.expiring.count(name, kind, before) for kind in kinds]
        old, needed = sum(count[0] for count in counts), sum(count[1] for count in counts)
        allowed = f"the {length.days} days that its platform allows"
        if old:
            says = f"{old + needed} comments are kept for longer than {allowed}"
            yield Finding(
                f"kept {name}", "warning", says, "caretool purge; caretool schedule prints what does so daily"
            )
        elif needed:
            says = f"{needed} comments that wait, or have something coming, are kept for longer than {allowed}"
            yield Finding(f"kept {name}", "warning", says, "answer or close them, then caretool purge")
        else:
            yield Finding(f"kept {name}", "ok", f"nothing for longer than {allowed}")
