"""Hand over: whoever leaves gives the promises they keep to somebody else, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from caretool.desk import permitting, promising
from caretool.desk.desk import Desk
from caretool.desk.load import keepers_of
from caretool.desk.promising import Changed
from caretool.domain.promise import Promise
from caretool.errors import NotFound, UsageProblem


def consider(desk: Desk, old: str, new: str, kind: str | None) -> list[Promise]:
    """The open promises that would change hands, the earliest due first. NotFound where one of the names, or the kind,
    is nobody's; UsageProblem where there is nothing to hand over."""
    permitting.doer(desk, "hand-over")
    keepers = keepers_of(desk)
    if new not in keepers:
        raise NotFound(f"Nobody is called {new!r}: accounts.toml has {', '.join(sorted(keepers)) or 'none'}.")
    if old == new:
        raise UsageProblem(f"{old} has them already: name somebody else with --to.")
    if kind is not None:
        desk.promise_kind(kind)
    found = desk.store.promises.owned(old, kind)
    if not found:
        others = [f"{owner} ({count})" for owner, count in desk.store.promises.owners().items()]
        what = "promise" if kind is None else kind
        raise NotFound(f"{old} has no open {what}. Open promises are kept by {', '.join(others) or 'nobody'}.")
    return promising.standing(desk, found, desk.clock())


def hand_over(desk: Desk, old: str, new: str, kind: str | None, because: str | None) -> Changed:
    """Do it; what was logged meanwhile comes along."""
    agent = permitting.doer(desk, "hand-over").id
    now = desk.clock()
    with desk.store.writing():
        ids = [promise.id for promise in consider(desk, old, new, kind)]
        desk.store.promises.hand_over(ids, new)
        for promise in ids if because else ():
            desk.store.journal.note(promise, because or "", agent=agent, at=now)
        codes: dict[str, str | int | None] = {"from": old, "to": new}
        desk.store.journal.write("promise-handed-over", ids, agent=agent, at=now, codes=codes)
        return Changed(tuple(promising.as_they_stand(desk, ids)))


def still_named(desk: Desk, old: str, kind: str | None) -> Sequence[str]:
    """The policy's kinds of promise that name somebody as who keeps, or stands in: new ones still go to them."""
    kinds = desk.policy.promises.values()
    return [one.name for one in kinds if old in (one.owner, one.stand_in) and kind in (None, one.name)]
