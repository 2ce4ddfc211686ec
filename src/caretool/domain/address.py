"""How we call people in public: by the name they chose where it looks like one, else by their handle (DESIGN §4.9)."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from caretool.domain.draft import Addressee
from caretool.domain.harmless import HIDDEN, one_line
from caretool.domain.policy import Together

_LONGEST_NAME = 40
_LONGEST_HANDLE = 100
_LONGEST_MENTION = 320  # a name of 64 and a host of 253 characters, both with their @
_LOUDEST_NAME = 20
_NAME_MARKS = frozenset(" '’‘.-‐·")
_HANDLE_MARKS = _NAME_MARKS | frozenset("_@+&")
_TYPED_APOSTROPHES = str.maketrans("´`", "''")
_TOP_LEVEL = frozenset({"app", "biz", "com", "eu", "info", "io", "it", "me", "net", "org", "shop", "uk", "xyz"})
# A title that a name bears ("Sig.ra Rossi"); "sig.ra.example" is no name.
_TITLE = re.compile(r"(?<!\S)(?:sig\.ra|sig\.na|dott\.ssa|prof\.ssa|avv\.ssa)(?!\S)", re.IGNORECASE)
# Short on purpose: words that are no part of a name. Surnames and places ("Spagnola", "Dick") are not here.
_RUDE = """
    bastardo bastardi bastarda cazzo cazzi cazzone coglione coglioni cretino cretini fanculo vaffanculo figliodiputtana
    frocio idiota idioti imbecille ladri ladro merda merde merdoso minchia mignotta porco porca puttana puttane schifo
    schifosi stronza stronzi stronzo troia truffa truffati truffatore truffatori vergogna zoccola
    arsehole asshole assholes bastard bastards bitch bitches bollocks bullshit cunt fuck fucked fucker fuckers fucking
    fuckyou idiot moron motherfucker nigger rapist scam scammer scammers shit shite shitty slut thieves twat wanker
    whore hitler nazi
"""
_BAD_WORDS = frozenset(_RUDE.split())
_BETWEEN_PICTURES = frozenset("\u200c\u200d\ufe0e\ufe0f")
_LONGEST_WARNING = 60
_WARNING_MARKS = frozenset(" '’-,.:;!?()/&")
_SENSITIVE = {"it": "contenuto sensibile", "en": "sensitive content", "es": "contenido sensible"}
_AND = {"it": "e", "en": "and", "es": "y"}


def called(author_name: str | None, handle: str) -> str:
    """The name that may stand in our public voice: one line, without control, bidi or invisible characters.

    It is `author_name` where that looks like a name, pictures left out: at most 40 characters, letters of any script,
    spaces, apostrophes, hyphens and dots; no link, nothing shouted, no bad word. Else the handle without its `@`.
    """
    name = _without_pictures(unicodedata.normalize("NFKC", (author_name or "").translate(_TYPED_APOSTROPHES)))
    return name if _looks_like_a_name(name) else _plain(handle)


def addressees(people: Sequence[tuple[str, str, str | None]]) -> tuple[Addressee, ...]:
    """One addressee for each `(person id, handle, author name)`, in order; equal names are told apart by handle."""
    names = [called(name, handle) for _, handle, name in people]
    handles = [_plain(handle, _LONGEST_MENTION) for _, handle, _ in people]
    times = Counter(name.casefold() for name in names)
    return tuple(
        Addressee(
            person=person,
            handle=handle,
            called=f"{name} (@{plain[:_LONGEST_HANDLE]})" if times[name.casefold()] > 1 and name != plain else name,
            mention=f"@{plain}",
        )
        for (person, handle, _), name, plain in zip(people, names, handles, strict=True)
    )


def named(people: Sequence[Addressee], together: Together, language: str) -> str:
    """`{{ people }}` of an answer to many: their mentions where the platform tells them so, else their names."""
    if together == "mentions":
        return listing([person.mention or person.called for person in people], language)
    return listing([person.called for person in people], language)


def mentioning(text: str, people: Sequence[Addressee]) -> str:
    """The text with the mentions before it of those whom it does not mention, for platforms that tell nobody else."""
    missing = [one.mention for one in people if one.mention and not _mentions(text, one.mention)]
    return " ".join([*dict.fromkeys(missing), text])


def _mentions(text: str, mention: str) -> bool:
    """Whether a mention stands in the text: not as the beginning of a longer handle."""
    return re.search(rf"(?<![\w@/.]){re.escape(mention)}(?![\w@]|[.-]\w)", text, re.IGNORECASE) is not None


def borne(warning: str, language: str) -> str:
    """A stranger's content warning as our answer bears it: their words where they are harmless ones (a short line of
    words, no link, mention, number or bad word), else neutral ones."""
    line = " ".join(warning.split())
    plain = all(character in _WARNING_MARKS or unicodedata.category(character)[0] in "LMN" for character in line)
    digits = sum(map(str.isdigit, line))
    if 0 < len(line) <= _LONGEST_WARNING and plain and digits < 3 and not (_has_link(line) or _has_bad_word(line)):
        return line
    return _SENSITIVE.get(language.partition("-")[0].casefold(), _SENSITIVE["en"])


def listing(names: Sequence[str], language: str) -> str:
    """The names as one says them: "Anna, Bruno e Carla" (it), "Anna, Bruno and Carla" (en, and any other language)."""
    if len(names) < 2:
        return "".join(names)
    conjunction = _AND.get(language.partition("-")[0].casefold(), "and")
    return f"{', '.join(names[:-1])} {conjunction} {names[-1]}"


def _looks_like_a_name(name: str) -> bool:
    letters = sum(map(str.isalpha, name))
    return (
        0 < len(name) <= _LONGEST_NAME
        and letters > 0
        and all(character in _NAME_MARKS or unicodedata.category(character)[0] in "LM" for character in name)
        and HIDDEN.isdisjoint(name)
        and not (name.isupper() and letters > _LOUDEST_NAME)
        and not _has_piled_marks(name)
        and not _has_link(name)
        and not _has_bad_word(name)
    )


def _has_piled_marks(name: str) -> bool:
    """Whether marks are heaped on a letter until they run into the lines above ("Zalgo")."""
    kinds = "".join("m" if unicodedata.category(character) == "Mn" else "-" for character in name)
    return "mmmm" in kinds


def _has_link(name: str) -> bool:
    """Whether somebody would read an address: "example.com", "t.me"; "J.Rossi" and "G.B." are names."""
    ends = re.findall(r"(?<=\w)\.([^\W\d_]{2,})", _TITLE.sub("", name))
    return any(not end[0].isupper() or end.casefold() in _TOP_LEVEL for end in ends) or "www." in name.casefold()


def _has_bad_word(name: str) -> bool:
    folded = unicodedata.normalize("NFKD", name).casefold()
    words = re.findall(r"[^\W\d_]+", "".join(filter(str.isascii, folded)))
    return not _BAD_WORDS.isdisjoint([*words, "".join(words)])


def _plain(handle: str, longest: int = _LONGEST_HANDLE) -> str:
    """The handle as one line without its leading @; it was somebody's free choice too, so nothing in it may act: what
    no platform takes for a handle (markup, an address with its slashes) keeps its letters, digits and spaces."""
    spaced = one_line(handle, longest + 1).rstrip("…")
    kept = "".join(character for character in spaced if _in_a_handle(character))
    if len(kept) < len(spaced):
        kept = "".join(character for character in kept if character.isalnum() or character == " ")
    return " ".join(kept.lstrip("@").split())[:longest].strip() or "?"


def _in_a_handle(character: str) -> bool:
    return character in _HANDLE_MARKS or unicodedata.category(character)[0] in "LMN"


def _without_pictures(name: str) -> str:
    """Without emoji, and the joiners, selectors and tags between them; runs of white space become one space."""
    kept = (" " if unicodedata.category(character) in ("So", "Sk") else character for character in name)
    return " ".join("".join(character for character in kept if character not in _BETWEEN_PICTURES).split())
