"""What somebody is known by: as far as it is theirs and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Protocol

from caretool.domain.person import Person
from caretool.domain.redaction import Terms
from caretool.language import personal
from caretool.store.erasing import NOBODY

_NUMBERS = ("phone", "iban", "card", "tax-code")
_SHORTEST_NUMBER = 6
_SHORTEST_NAME = 2


class Others(Protocol):
    """What other people are called."""

    def shared_names(self, persons: Sequence[str], names: Collection[str]) -> set[str]:
        """Those of these names, handles and words of names (case folded) that others bear too."""

    def names_with(self, persons: Sequence[str], names: Collection[str]) -> set[str]:
        """What others are called who have one of these names (case folded) in their own."""


def terms(
    persons: Sequence[Person], words: Sequence[str], *, settings: str, ours: Collection[str], others: Others
) -> Terms:
    """Of one human being who may be several `persons` linked, and wrote `words`. `settings` is what our own files say:
    a name that is a word there, or our own telephone number, stays; so do `ours`: our names, and our handles with an @
    before them."""
    ids = [person.id for person in persons]
    aliases = [alias for person in persons for alias in person.aliases]
    handles = [one.handle.removeprefix("@").strip() for one in aliases]
    names = [*(one.name for one in aliases if one.name), *(person.name for person in persons)]
    called = dict.fromkeys(name.strip() for name in (*handles, *names) if _names_somebody(name.strip()))
    parts = dict.fromkeys(part for name in names if name != NOBODY for part in re.findall(r"[^\W\d_]{3,}", name))
    local = dict.fromkeys(handle.partition("@")[0] for handle in handles)
    taken = others.shared_names(ids, {name.casefold() for name in (*called, *parts)})
    we = {name.casefold() for name in ours}
    said_by_us = settings.casefold()
    found = [one for text in personal.find(words, {}) for one in text if one.what in ("e-mail", *_NUMBERS)]
    said = {one.excerpt for one in found if one.excerpt.casefold() not in said_by_us}
    taken_or_ours = taken | {name.removeprefix("@") for name in we}
    own = [name for name in called if name.casefold() not in taken_or_ours and not _is_a_word_of(name, said_by_us)]
    longer = others.names_with(ids, {name.casefold() for name in (*own, *local) if name})
    alike = {name.removeprefix("@").casefold() for name in longer}
    mentions = [one for one in local if one and one.casefold() not in alike and f"@{one.casefold()}" not in we]
    return Terms(
        names=tuple(
            dict.fromkeys([*own, *(one.excerpt for one in found if one.what == "e-mail" and one.excerpt in said)])
        ),
        mentions=tuple(mentions),
        numbers=tuple(
            dict.fromkeys(
                n for one in found if one.what in _NUMBERS and one.excerpt in said for n in _plain(one.excerpt)
            )
        ),
        parts=tuple(part for part in parts if part.casefold() not in taken and not _is_a_word_of(part, said_by_us)),
        spared=tuple(sorted({*longer, *(name.removeprefix("@") for name in ours)})),
    )


def _names_somebody(name: str) -> bool:
    """Whether it can be told from what anybody writes: no smile, no dots, no short number."""
    signs = sum(map(str.isalnum, name))
    letters = any(map(str.isalpha, name))
    return name != NOBODY and len(name) >= _SHORTEST_NAME and (letters or signs >= _SHORTEST_NUMBER)


def _is_a_word_of(name: str, text: str) -> bool:
    """Whether a name is one that our own texts use, as `console` may be: it means nobody without an @ before it."""
    return name.isalpha() and re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", text) is not None


def _plain(number: str) -> list[str]:
    """A number without what groups it, also without a country's code."""
    bare = "".join(character for character in number if character.isalnum())
    home = [bare[2:]] if number.lstrip().startswith("+") else []
    return [one for one in (bare, *home) if len(one) >= _SHORTEST_NUMBER]
