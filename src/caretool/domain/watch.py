"""Watch words: what is searched for beyond what is said to us."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from caretool.domain.apostrophe import straight

# Thai, Lao, Myanmar, Khmer, Japanese and Chinese put no blanks between words; in Korean what belongs to a word is
# written on to it.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_LETTER = rf"[^\W{_UNSPACED}]"
# Where a word may be divided nobody sees.
_UNSEEN = "\xad"


@dataclass(frozen=True, slots=True)
class Watch:
    """A search under a `name`: whoever writes one of `words` (a phrase has blanks) and none of `without`.

    `accounts` are where it is searched, None: everywhere that can; `languages` are tags, none: any.
    """

    name: str
    words: tuple[str, ...]
    without: tuple[str, ...] = ()
    accounts: tuple[str, ...] | None = None
    languages: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What is looked for, whatever the watch is called: another one begins anew."""
        looked_for = [sorted(set(part)) for part in (self.words, self.without, self.languages)]
        return hashlib.blake2b(json.dumps(looked_for).encode(), digest_size=12).hexdigest()

    def allows(self, text: str, language: str | None) -> bool:
        """Whether a text in which a platform found one of the words is what is looked for: it holds none of `without`,
        and its language tag (None: it has none) is no other one."""
        spoken = _primary(language) if language else None
        wanted = {_primary(tag) for tag in self.languages}
        return (not wanted or spoken is None or spoken in wanted) and not _holds(text, self.without)

    def finds(self, text: str, language: str | None) -> bool:
        """The same where the platform does not search by itself: one of the words stands in it, too."""
        return _holds(text, self.words) and self.allows(text, language)


def _primary(tag: str) -> str:
    return tag.replace("_", "-").partition("-")[0].casefold()


def _holds(text: str, words: Iterable[str]) -> bool:
    """Whether one of the words or phrases stands in the text, whatever its case, not as a part of a longer word, where
    one can see where words end."""
    folded = _folded(text)
    return any(re.search(_pattern(word), folded) for word in map(_folded, words) if word.strip())


def _pattern(phrase: str) -> str:
    words = r"\s+".join(re.escape(part) for part in phrase.split())
    first, last = (re.match(f"[{_UNSPACED}]", end) is None for end in (phrase.strip()[0], phrase.strip()[-1]))
    return f"{f'(?<!{_LETTER})' if first else ''}{words}{f'(?!{_LETTER})' if last else ''}"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", straight(text).replace(_UNSEEN, "")).casefold()
