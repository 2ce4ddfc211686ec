"""What words that speak to people in one register would be in another; nothing where that hangs on more than them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from caretool.domain.voice import Register

# Each row says the same in every register: "hai", "ha", "avete". "ti" is "le" or "la", as the verb asks.
_ROWS: Final[Mapping[str, tuple[tuple[Register, ...], tuple[str, ...]]]] = {
    "it": (
        ("tu", "lei", "voi"),
        (
            "tuo suo vostro", "tua sua vostra", "tuoi suoi vostri", "tue sue vostre", "tu lei voi", "hai ha avete",
            "puoi può potete", "vuoi vuole volete", "devi deve dovete", "potrai potrà potrete", "avrai avrà avrete",
            "riceverai riceverà riceverete", "troverai troverà troverete",
        ),
    ),
    "es": (
        ("tu", "usted", "vosotros"),
        (
            "tu su vuestro", "tus sus vuestros", "puedes puede podéis", "quieres quiere queréis", "tienes tiene tenéis",
            "has ha habéis", "debes debe debéis", "podrás podrá podréis", "eres es sois",
        ),
    ),
}  # fmt: skip
_TO_WHOM: Final[Mapping[Register, str]] = {"lei": "lei", "tu": "te", "voi": "voi"}
_PRONOUN: Final[Mapping[Register, tuple[str, str]]] = {"tu": ("ti", "te"), "voi": ("vi", "ve")}
_SOMEBODY: Final = re.compile(r"(a|per|con|di|da|su) (?:te|lei)", re.IGNORECASE)
_TELLING: Final = re.compile(r"(?:le|la) (ne )?(\w+)", re.IGNORECASE)
_GIVING: Final = re.compile(r"gliel([aoie]) (\w+)", re.IGNORECASE)
_HANGING: Final = re.compile(r"(\w+[aei]r)(?:le|la|ti|vi)", re.IGNORECASE)


def respoken(words: str, language: str, found: Register, wanted: Register) -> str | None:
    """The words as they would be in the register wanted, spelt as they were; None: they alone do not tell."""
    plain = words.casefold()
    said = _in_rows(plain, language, found, wanted)
    if said is None and language == "it":
        said = _in_italian(plain, found, wanted)
    return said[:1].upper() + said[1:] if said and words[:1].isupper() else said


def _in_rows(words: str, language: str, found: Register, wanted: Register) -> str | None:
    registers, rows = _ROWS.get(language, ((), ()))
    if found not in registers or wanted not in registers:
        return None
    said = (row.split() for row in rows)
    return next((row[registers.index(wanted)] for row in said if row[registers.index(found)] == words), None)


def _in_italian(words: str, found: Register, wanted: Register) -> str | None:
    if (somebody := _SOMEBODY.fullmatch(words)) is not None:
        return f"{somebody[1]} {_TO_WHOM[wanted]}" if wanted in _TO_WHOM else None
    if wanted not in _PRONOUN:
        return None
    short, long = _PRONOUN[wanted]
    if (hanging := _HANGING.fullmatch(words)) is not None:
        return hanging[1] + short
    if found == "lei" and (telling := _TELLING.fullmatch(words)) is not None:
        return f"{long} ne {telling[2]}" if telling[1] else f"{short} {telling[2]}"
    if found == "lei" and (giving := _GIVING.fullmatch(words)) is not None:
        return f"{long} l{giving[1]} {giving[2]}"
    return short if {found, wanted} == {"tu", "voi"} and words in ("ti", "vi") else None
