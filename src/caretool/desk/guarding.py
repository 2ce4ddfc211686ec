"""What a platform can do for us about what others write there."""

from __future__ import annotations

from collections.abc import Callable

from caretool.desk.desk import Desk
from caretool.domain.policy import Action
from caretool.errors import CaretoolError
from caretool.platforms.platform import Bans, Deletes, Hides, Mutes, Offence, Platform, Reports

Done = Callable[[Offence], str | None]


def ability(platform: Platform, action: Action) -> Done | None:
    """How the platform does it; None: it cannot."""
    if isinstance(platform, Hides) and action in ("hide", "unhide"):
        return platform.hide if action == "hide" else platform.unhide
    if isinstance(platform, Deletes) and action == "delete":
        return platform.delete
    if isinstance(platform, Mutes) and action == "mute":
        return platform.mute
    if isinstance(platform, Bans) and action == "ban":
        return platform.ban
    return platform.report if isinstance(platform, Reports) and action == "report" else None


def reversal(platform: Platform, action: Action) -> Done | None:
    """How the platform takes it back; None: it cannot."""
    if isinstance(platform, Hides) and action == "hide":
        return platform.unhide
    if isinstance(platform, Mutes) and action == "mute":
        return platform.unmute
    return platform.unban if isinstance(platform, Bans) and action == "ban" else None


def can(desk: Desk, account: str, action: Action) -> bool:
    """Whether the account's platform can do it for us; one that cannot even be opened cannot."""
    try:
        return ability(desk.open_platform(desk.account(account)), action) is not None
    except CaretoolError:
        return False
