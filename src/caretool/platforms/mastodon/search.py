"""What people write on a Mastodon server without speaking to us: by words, and by hashtags.

https://docs.joinmastodon.org/methods/search/ and /methods/timelines/#tag
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from caretool.domain.comment import Incoming, Thread
from caretool.domain.watch import Watch
from caretool.platforms.descent import Descent, Entry, Listing, walk
from caretool.platforms.mastodon.server import Server
from caretool.platforms.mastodon.wire import Facts, Status, WireError, identifier, moment, read_status
from caretool.platforms.platform import Page, Skipped

# What only its author and some others see was not written for everybody; to us it comes as a mention.
_PUBLIC = ("public", "unlisted")


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far each word was searched, and since when (None: from the beginning of all)."""

    words: dict[str, Descent]
    since: datetime | None = None

    @classmethod
    def parse(cls, text: str | None, since: datetime | None) -> Bookmark:
        """The beginning, from `since` on, where there is none, or where something else left it."""
        try:
            kept = json.loads(text or "")
            words = {str(word): Descent.parse(descent) for word, descent in kept["words"].items()}
            return cls(words, moment(kept["since"]))
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls({}, since)

    def __str__(self) -> str:
        words = {word: descent.plain() for word, descent in self.words.items()}
        return json.dumps({"words": words, "since": self.since and self.since.isoformat()})


class Search:
    """One search for the words of a watch, each by itself: servers know no "or". `now`: other servers tell when it was
    written there."""

    def __init__(self, server: Server, facts: Facts, watch: Watch, now: datetime) -> None:
        self._now = now
        self._server = server
        self._facts = facts
        self._watch = watch
        self._skipped: list[Skipped] = []
        self._passed: set[str] = set()

    def pages(self, mark: Bookmark) -> Iterator[Page]:
        """Raises as `Platform.fetch` does."""
        if not mark.words:  # from when on is kept where nothing is found, too
            mark = replace(mark, words=dict.fromkeys(self._watch.words, Descent()))
            yield Page((), str(mark))
        mark = replace(mark, words={word: mark.words.get(word, Descent()) for word in self._watch.words})
        for word, descent in mark.words.items():
            for step in walk(descent, partial(self._ask, word), oldest=mark.since, now=self._now):
                mark = replace(mark, words={**mark.words, word: step.descent})
                found = (self._comment(entry.what) for entry in step.entries)
                wanted = tuple(one for one in found if self._watch.allows(one.text, one.language))
                skipped, self._skipped = tuple(self._skipped), []
                yield Page(wanted, str(mark), skipped=skipped)

    def _ask(self, word: str, place: str | None) -> Listing[Status]:
        if place is None:
            self._passed.clear()
        if word.startswith("#") and len(word.split()) == 1:
            listing = self._server.tagged(word[1:], place)
            items, older = listing.items, listing.before
        else:
            items, older = self._found(word, place)
        return Listing(self._entries(items), older)

    def _found(self, words: str, place: str | None) -> tuple[tuple[object, ...], str | None]:
        # GoToSocial goes on from a place, the others from a number; what knows neither has one page.
        by_place = self._facts.software == "gotosocial"
        offset = int(place) if place is not None and place.isascii() and place.isdigit() and not by_place else 0
        items = self._server.found(_quoted(words), offset=offset, before=place if by_place else None)
        first = _id(items[0]) or "" if items else ""
        if not items or first in self._passed:
            return (), None
        self._passed.add(first)
        return items, _id(items[-1]) if by_place else str(offset + len(items))

    def _entries(self, items: tuple[object, ...]) -> list[Entry[Status]]:
        entries = []
        for item in items:
            try:
                status = read_status(item)
            except WireError as problem:
                self._skipped.append(Skipped(f"status {_id(item) or '?'}", str(problem)))
                continue
            if status.created_at is None:
                self._skipped.append(Skipped(f"status {status.id}", "its status has no date"))
            elif status.visibility in _PUBLIC:
                entries.append(Entry(status.id, status.created_at, status))
        return entries

    def _comment(self, status: Status) -> Incoming:
        thread = status.thread if status.parent is None else Thread(status.parent)
        return replace(status.incoming(own=status.account == self._facts.id, thread=thread), form="post")


def first(now: datetime, since: timedelta | None) -> datetime | None:
    """How far back the first search goes."""
    return None if since is None else now - since


def _quoted(words: str) -> str:
    """As it stands, and not as an instruction to the search."""
    return '"' + words.replace('"', " ").strip() + '"'


def _id(item: object) -> str | None:
    return identifier(item, "id") if isinstance(item, dict) else None
