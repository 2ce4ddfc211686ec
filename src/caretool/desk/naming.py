"""What somebody is known by: as far as it is theirs and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from caretool.domain.person import Person
from caretool.domain.redaction import Terms
from caretool.language import personal

_NUMBERS = ("phone", "iban", "card", "tax-code")
_SHORTEST_NUMBER = 6
_SHORTEST_NAME = 2


def terms(
    persons: Sequence[Person], words: Sequence[str], *, settings: str, shared: Callable[[Collection[str]], set[str]]
) -> Terms:
    """Of one human being who may be several `persons` linked, and wrote `words`. `settings` is what our own files say:
    a name that is a word there, or our own telephone number, stays. `shared` tells which names others bear."""
    aliases = [alias for person in persons for alias in person.aliases]
    handles = [one.handle.removeprefix("@").strip() for one in aliases]
    names = [*(one.name for one in aliases if one.name), *(person.name for person in persons)]
    called = dict.fromkeys(name.strip() for name in (*handles, *names) if len(name.strip()) >= _SHORTEST_NAME)
    parts = dict.fromkeys(part for name in names for part in re.findall(r"[^\W\d_]{3,}", name))
    taken = shared({name.casefold() for name in (*called, *parts)})
    ours = settings.casefold()
    found = [one for text in personal.find(words, {}) for one in text if one.what in ("e-mail", *_NUMBERS)]
    said = {one.excerpt for one in found if one.excerpt.casefold() not in ours}
    own = [name for name in called if name.casefold() not in taken and not _is_a_word_of(name, ours)]
    local = [handle.partition("@")[0] for handle in handles]
    return Terms(
        names=tuple(
            dict.fromkeys([*own, *(one.excerpt for one in found if one.what == "e-mail" and one.excerpt in said)])
        ),
        mentions=tuple(dict.fromkeys(one for one in local if one and one.casefold() not in taken)),
        numbers=tuple(
            dict.fromkeys(
                n for one in found if one.what in _NUMBERS and one.excerpt in said for n in _plain(one.excerpt)
            )
        ),
        parts=tuple(part for part in parts if part.casefold() not in taken and not _is_a_word_of(part, ours)),
    )


def _is_a_word_of(name: str, text: str) -> bool:
    """Whether a name is one that our own texts use, as `console` may be: it means nobody without an @ before it."""
    return name.isalpha() and re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", text) is not None


def _plain(number: str) -> list[str]:
    """A number without what groups it, also without a country's code."""
    bare = "".join(character for character in number if character.isalnum())
    home = [bare[2:]] if number.lstrip().startswith("+") else []
    return [one for one in (bare, *home) if len(one) >= _SHORTEST_NUMBER]
