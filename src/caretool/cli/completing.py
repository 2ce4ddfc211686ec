"""What the shell offers when somebody presses Tab: names from the settings, ids from the desk.

Called between two keystrokes: it waits for nothing, writes nothing, says nothing. Where something is wrong it offers
nothing; the command itself will say what.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from caretool.settings.names import Names
    from caretool.store.glance import Glance

Offer = tuple[str, str]
Offered = Callable[[typer.Context, str], list[Offer]]

_MOST = 50
_LONGEST = 40
# Shells evaluate what they are offered, zsh even twice: only what means nothing to any of them comes through.
_PLAIN_NAME = re.compile(r"\w[\w.-]*@?")
_PLAIN_IN_HELP = "-_., "


def _names(of: Callable[[Names], Iterable[Offer]]) -> Offered:
    def offered(ctx: typer.Context, incomplete: str) -> list[Offer]:
        return _looked_up(ctx, lambda desk: _harmless(_beginning(of(_settings(desk)), incomplete)))

    return offered


def _ids(types: Mapping[str, tuple[str, ...]]) -> Offered:
    """Ids of these types, each in these states (none: any); with nothing typed, of the first type."""

    def offered(ctx: typer.Context, incomplete: str) -> list[Offer]:
        letter = incomplete[:1] or next(iter(types))
        if letter not in types:
            return []
        return _looked_up(ctx, lambda desk: _harmless(_told(desk, letter, incomplete or letter, types[letter])))

    return offered


def _told(desk: Glance, letter: str, typed: str, states: tuple[str, ...]) -> Iterable[Offer]:
    return ((id_, ", ".join(words)) for id_, words in desk.ids(letter, typed, states, _MOST))


def _settings(desk: Glance) -> Names:
    from caretool.settings.names import from_text

    return from_text(desk.kept("settings") or "{}")


def _looked_up(ctx: typer.Context, look: Callable[[Glance], list[Offer]]) -> list[Offer]:
    try:
        from caretool.settings.files import DATABASE, find
        from caretool.store.glance import glance

        with glance(find(ctx.find_root().params.get("folder")) / DATABASE) as desk:
            return look(desk)
    except Exception:  # whatever it is: a traceback between two keystrokes helps nobody
        return []


def _beginning(offers: Iterable[Offer], incomplete: str) -> list[Offer]:
    return [offer for offer in offers if offer[0].startswith(incomplete)][:_MOST]


def _harmless(offers: Iterable[Offer]) -> list[Offer]:
    """Without names that a shell would take apart; of what is told of each only what no shell can stumble over."""
    from caretool.domain.harmless import one_line

    found = []
    for name, told in offers:
        if _PLAIN_NAME.fullmatch(name):
            plain = "".join(sign if sign.isalnum() or sign in _PLAIN_IN_HELP else " " for sign in one_line(told))
            found.append((name, one_line(plain, _LONGEST)))
    return found


def waivable(incomplete: str) -> list[Offer]:
    """Checks that somebody may waive, and who does where the policy says nothing."""
    from caretool.domain.waiver import WAIVED_BY

    return [(check, who) for check, who in WAIVED_BY.items() if who != "nobody" and check.startswith(incomplete)]


def platforms(incomplete: str) -> list[Offer]:
    """What an account can be on."""
    from caretool.platforms.registry import KNOWN

    return [(name, "platform") for name in KNOWN if name.startswith(incomplete)]


accounts = _names(lambda names: names.accounts.items())
agents = _names(lambda names: names.agents.items())
keepers = _names(lambda names: (*((name, "owner") for name in names.owners), *names.agents.items()))
templates = _names(lambda names: names.templates.items())
topics = _names(lambda names: names.topics.items())
promise_kinds = _names(lambda names: names.promise_kinds.items())
procedures = _names(lambda names: names.procedures.items())
rewards = _names(lambda names: names.rewards.items())
watches = _names(lambda names: names.watches.items())
promises_at = _names(lambda names: ((f"{kind}@", told) for kind, told in names.promise_kinds.items()))

_ALIVE, _ANY = ("1",), ()
waiting = _ids({"g": _ALIVE, "c": ("waiting",)})
likable = _ids({"c": ("waiting", "answered", "closed", "queued", "snoozed"), "g": _ALIVE})
no_longer_waiting = _ids({"c": ("closed", "snoozed", "answered"), "g": _ALIVE})
anything = _ids({"g": _ALIVE, **dict.fromkeys("cprdtukwm", _ANY)})
awaiting = _ids({"d": ("awaiting",), "r": ("awaiting",), "g": _ALIVE})
open_promises = _ids({"p": ("logged", "running")})
running_cases = _ids({"k": ("running",)})
persons = _ids({"u": _ANY})
people = _ids({"u": _ANY, "c": _ANY})
moderated = _ids({"c": ("waiting",), "g": _ALIVE, "u": _ANY, "m": ("doing", "unsure", "failed")})
undoable = _ids({"m": ("done", "unsure"), "c": ("closed", "waiting", "answered")})
posted_replies = _ids({"r": ("posted",)})
unsure_replies = _ids({"r": ("unsure",)})
