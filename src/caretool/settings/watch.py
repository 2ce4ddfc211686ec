"""`[[watch]]` of policies.toml: what is searched for beyond our own pages, as tables and as the domain's values."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from caretool.domain.watch import Watch
from caretool.settings.problems import shown
from caretool.settings.values import AccountName, Name, Table, Tag, Takes

# Shorter ones are found everywhere; longer ones no platform takes.
_LONGEST = 100
_MOST = 50
_LETTERS = re.compile(r"[^\W_]")


def _word(value: str) -> str:
    word = " ".join(value.split())
    if not word.isprintable() or '"' in word:
        raise ValueError(f"{shown(value)} holds a sign that no search takes: words and blanks only")
    if len(_LETTERS.findall(word)) < 2:
        raise ValueError(f"{shown(value)} is too short to be searched for: at least two letters or digits")
    if len(word) > _LONGEST:
        raise ValueError(f"{shown(value)} is too long to be searched for: at most {_LONGEST} characters")
    return word


Word = Annotated[str, AfterValidator(_word), Takes("a word or a phrase")]
Words = Annotated[list[Word], Field(max_length=_MOST)]


class WatchTable(Table):
    """What is searched for at every fetch, on the accounts whose platform can be searched."""

    name: Name = Field(description="what it is called: `caretool inbox --watch NAME`")
    words: Annotated[Words, Field(min_length=1)] = Field(
        description="any of these is looked for: words, phrases with blanks, hashtags with their #"
    )
    without: Words = Field(default=[], description="what holds one of these is not meant")
    accounts: Annotated[list[AccountName], Field(min_length=1)] | None = Field(
        default=None, description="where it is searched; left out: on every account whose platform can"
    )
    languages: list[Tag] = Field(
        default=[], description="what says that it is in another language is not meant; left out: any"
    )

    @model_validator(mode="after")
    def _can_be_found(self) -> WatchTable:
        excluded = {word.casefold() for word in self.without}
        both = next((word for word in self.words if word.casefold() in excluded), None)
        if both is not None:
            raise ValueError(f"{shown(both)} stands in words and in without: it would find nothing")
        return self


def watches_in_force(tables: list[WatchTable]) -> tuple[Watch, ...]:
    """The tables as the domain's values."""
    return tuple(
        Watch(
            name=table.name,
            words=tuple(dict.fromkeys(table.words)),
            without=tuple(dict.fromkeys(table.without)),
            accounts=tuple(dict.fromkeys(table.accounts)) if table.accounts is not None else None,
            languages=tuple(dict.fromkeys(table.languages)),
        )
        for table in tables
    )


def watch_tables(watches: tuple[Watch, ...]) -> list[dict[str, Any]]:
    """Back to tables."""
    return [
        {
            "name": watch.name,
            "words": watch.words,
            "without": watch.without,
            "accounts": watch.accounts,
            "languages": watch.languages,
        }
        for watch in watches
    ]
