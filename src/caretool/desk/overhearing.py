"""Overhear: where a platform lets no program answer what was not said to us, a person does it there (R16)."""

from __future__ import annotations

from collections.abc import Sequence

from caretool.desk.desk import Desk
from caretool.desk.request import Target
from caretool.domain.draft import Refusal
from caretool.domain.waiver import INSTEAD

_LONGEST = 60
_INSTEAD = f"{INSTEAD['by-hand-only'][0].upper()}{INSTEAD['by-hand-only'][1:]}"
_WHY = {
    "who-spoke-to-us": "did not speak to us: a watch word found it, and the platform lets no program answer that",
    "nobody": "is on a platform that lets no program answer",
}


def refusals(desk: Desk, targets: Sequence[Target]) -> list[Refusal]:
    """One for each account on which some of these may be answered only by hand."""
    comments = [comment for target in targets for comment in target.comments]
    found: list[Refusal] = []
    for account in dict.fromkeys(comment.account for comment in comments):
        answerable = desk.open_platform(desk.account(account)).limits.answerable
        theirs = [one for one in comments if one.account == account and (answerable == "nobody" or one.watch)]
        if answerable != "anybody" and theirs:
            more = f" and {len(theirs) - 1} more" if len(theirs) > 1 else ""
            why = f"{theirs[0].id}{more} on {account} {_WHY[answerable]}."
            found.append(Refusal("by-hand-only", theirs[0].masked[:_LONGEST], why, _INSTEAD))
    return found
