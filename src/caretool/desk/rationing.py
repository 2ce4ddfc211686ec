"""Where a platform lets only so many replies be posted: who gets them, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence

from caretool.desk.desk import Desk
from caretool.desk.request import Target
from caretool.domain.draft import Reply
from caretool.domain.limits import Limits
from caretool.domain.ration import Ration, most_urgent_first, too_few
from caretool.errors import PlatformBusy
from caretool.platforms.platform import Platform


class Allowance:
    """What is left for one run of an account's outbox: what the platform says, or what is left of what it said."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._left = platform.limits.replies_left

    def covers(self, replies: int) -> bool:
        """Whether so many can still be posted."""
        return not too_few(self._left, replies)

    def used(self, replies: int) -> None:
        """So many have been posted, or may have been."""
        said = self._platform.limits.replies_left
        counted = None if self._left is None else max(self._left - replies, 0)
        self._left = min((one for one in (said, counted) if one is not None), default=None)


def in_order(desk: Desk, replies: Sequence[Reply], allowance: Allowance) -> list[Reply]:
    """As they were made; where not all of them can leave, the most urgent of those that have not left yet first."""
    if allowance.covers(len(replies)):
        return list(replies)
    begun = [reply for reply in replies if reply.state != "approved"]
    ready = [reply for reply in replies if reply.state == "approved"]
    answered = desk.store.comments.by_ids(list({comment for reply in ready for comment in reply.comments}))
    return [*begun, *most_urgent_first(ready, {comment.id: comment.due_at for comment in answered})]


def staying(desk: Desk, account: str, limits: Limits, replies: int) -> PlatformBusy:
    """What is said of replies that stay in the outbox until there are more."""
    until = limits.replies_until
    ration = Ration(account, 0, until)
    stay = f"{replies} {'stays' if replies == 1 else 'stay'} in the outbox, the least urgent"
    seconds = max((until - desk.clock()).total_seconds(), 0.0) if until is not None else None
    return PlatformBusy(f"{account}: {ration.how_many(desk.zone)}: {stay}; run `caretool send` again then.", seconds)


def told(desk: Desk, account: str, limits: Limits) -> str | None:
    """How many replies are left, where that is known and they are scarce."""
    ration = ration_of(desk, account, limits)
    return ration.says(desk.zone) if ration is not None and ration.scarce else None


def ration_of(desk: Desk, account: str, limits: Limits) -> Ration | None:
    """How many replies are left, and for whom; None: nobody knows, or there is no limit."""
    if limits.replies_left is None:
        return None
    leaving = desk.store.replies.leaving()
    outbox = sum(number for (name, state), number in leaving.items() if name == account and state == "approved")
    waiting = desk.store.comments.waiting_by_account().get(account, 0)
    return Ration(account, limits.replies_left, limits.replies_until, outbox, waiting)


def remarks(desk: Desk, targets: Sequence[Target]) -> list[str]:
    """What is to be said of an answer to more people than an account has replies left for."""
    found = []
    for account in dict.fromkeys(target.account for target in targets):
        limits = desk.open_platform(desk.account(account)).limits
        ours = [target for target in targets if target.account == account]
        people = len({person for target in ours for person in target.persons})
        if limits.replies_left is None or not too_few(limits.replies_left, people):
            continue
        left = Ration(account, limits.replies_left, limits.replies_until).how_many(desk.zone)
        said = f"{account}: {left} for {people} people"
        if any(target.mode == "together" for target in ours):
            found.append(f"{said}: one answer together where that is possible.")
        if (stay := len(ours) - limits.replies_left) > 0:
            found.append(f"{said}: {stay} of these {len(ours)} replies would stay in the outbox.")
    return found
