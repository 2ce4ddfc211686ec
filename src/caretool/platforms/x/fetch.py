"""What is new on X: mentions, what we wrote there ourselves, edits and deletions of the latest; and what is found.

https://docs.x.com/x-api/posts/timelines/integrate and /search/integrate/build-a-query
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from caretool.domain.watch import Watch
from caretool.errors import PlatformFailed
from caretool.platforms.descent import OVERLAP, Descent, Entry, Listing, walk
from caretool.platforms.platform import Page, Skipped
from caretool.platforms.x.server import AT_ONCE, FEWEST_FOUND, Server
from caretool.platforms.x.wire import Facts, Post, Posts, is_id

# X shows no more mentions than these, however many there were.
_MENTIONS = 800
# The search reaches back seven days; what is asked for must not be older when it arrives.
_SEARCHED = timedelta(days=7) - timedelta(minutes=5)
_ALONE = re.compile(r"[#@]\w+")
# What X calls a language; it knows Chinese by two names.
_LANGUAGES = {"he": ("iw",), "id": ("in",), "zh": ("zh-CN", "zh-TW"), "nb": ("no",), "nn": ("no",)}

Found = tuple[Post, Posts]
Ask = Callable[[datetime | None, str | None], Posts]


@dataclass(frozen=True, slots=True)
class Mark:
    """Where reading stands among the mentions and among what we wrote; and of the latest mentions by their ids, oldest
    first, the version that was read."""

    mentions: Descent = field(default_factory=Descent)
    written: Descent = field(default_factory=Descent)
    watched: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> Mark:
        """The beginning where there is none, or where another platform left it."""
        try:
            kept = json.loads(text or "{}")
        except ValueError:
            return cls()
        if not isinstance(kept, dict):
            return cls()
        watched = kept.get("watched")
        if not isinstance(watched, dict) or not all(map(is_id, (*watched, *watched.values()))):
            watched = {}
        return cls(Descent.parse(kept.get("mentions")), Descent.parse(kept.get("written")), watched)

    def __str__(self) -> str:
        return json.dumps({"mentions": self.mentions.plain(), "written": self.written.plain(), "watched": self.watched})


class Walk:
    """Down one of X's lists; what cannot be read on the way is told once."""

    def __init__(self, ask: Ask, since: datetime | None, facts: Facts) -> None:
        self._ask = ask
        self._since = since
        self._facts = facts
        self._skipped: list[Skipped] = []
        self.shown = 0

    def steps(self, descent: Descent) -> Iterator[tuple[list[Found], Page, Descent]]:
        """What is new, the page without its bookmark, and the descent that goes with it. `since` bounds a first walk
        only: however long ago the last one was, all that was written meanwhile is read."""
        since = self._since if descent.floor is None else descent.floor - OVERLAP

        def listed(cursor: str | None) -> Listing[Found]:
            posts = self._ask(since, cursor)
            self._skipped += posts.skipped
            self.shown += len(posts.posts)
            return Listing([Entry(post.id, post.at, (post, posts)) for post in posts.posts], posts.older)

        for step in walk(descent, listed, oldest=since):
            found = [entry.what for entry in step.entries]
            comments = tuple(posts.incoming(post, self._facts.id) for post, posts in found)
            skipped, self._skipped = tuple(self._skipped), []
            yield found, Page(comments, "", skipped=skipped), step.descent


class Fetch:
    """One fetch, from `mark` on. `since`: what is older is not read when an account is fetched for the first time (X
    charges for it); `watched` of the latest mentions are looked at again."""

    def __init__(self, server: Server, facts: Facts, since: datetime | None, mark: Mark, watched: int) -> None:
        self._server = server
        self._facts = facts
        self._since = since
        self._mark = mark
        self._watched = watched

    def pages(self) -> Iterator[Page]:
        """Raises as `Platform.fetch` does."""
        yield from self._mentions()
        yield from self._written()
        yield from self._again()

    def _mentions(self) -> Iterator[Page]:
        begun, ours = self._mark.mentions, self._facts.id or ""
        down = Walk(lambda since, cursor: self._server.mentions(ours, since, cursor), self._since, self._facts)
        for found, page, descent in down.steps(begun):
            self._mark = replace(self._mark, mentions=descent, watched=self._watching([post for post, _ in found]))
            remarks = (
                (f"X shows no more than the latest {_MENTIONS} mentions: older ones may be missing.",)
                if descent.cursor is None and down.shown >= _MENTIONS
                else ()
            )
            yield replace(page, bookmark=str(self._mark), remarks=remarks)

    def _written(self) -> Iterator[Page]:
        """By us: so it is seen when one of us answered elsewhere."""
        ours = self._facts.id or ""
        versions = {version: native_id for native_id, version in self._mark.watched.items()}

        def ask(since: datetime | None, cursor: str | None) -> Posts:
            return self._server.written(ours, since, cursor, fetching=True)

        for _, page, descent in Walk(ask, self._since, self._facts).steps(self._mark.written):
            self._mark = replace(self._mark, written=descent)
            answers = tuple(
                replace(one, reply_to=versions.get(one.reply_to or "", one.reply_to)) for one in page.comments
            )
            yield replace(page, comments=answers, bookmark=str(self._mark))

    def _again(self) -> Iterator[Page]:
        """The latest mentions once more: those with a newer version, and those that are gone."""
        watched = self._mark.watched
        if not watched:
            return
        standing = self._server.standing(list(watched), fetching=True)
        edited = [post for post in standing.posts if watched.get(post.native_id) not in (None, post.id)]
        gone = tuple(native_id for native_id in watched if native_id in standing.gone)
        if edited or gone:
            left = {native_id: version for native_id, version in watched.items() if native_id not in gone}
            self._mark = replace(self._mark, watched=left | {post.native_id: post.id for post in edited})
            comments = tuple(standing.incoming(post, self._facts.id) for post in edited)
            yield Page(comments, str(self._mark), deleted=gone)

    def _watching(self, posts: list[Post]) -> dict[str, str]:
        theirs = {post.native_id: post.id for post in posts if post.by != self._facts.id}
        newer = self._mark.watched | {
            native_id: version
            for native_id, version in theirs.items()
            if int(version) >= int(self._mark.watched.get(native_id, "0"))
        }
        latest = sorted(newer, key=int)[-self._watched :] if self._watched else []
        return {native_id: newer[native_id] for native_id in latest}


def search(
    server: Server,
    facts: Facts,
    watch: Watch,
    bookmark: str | None,
    *,
    now: datetime,
    since: datetime | None,
    longest: int,
    most: int,
) -> Iterator[Page]:
    """What was found since; X's search reaches back seven days. After `most` posts the next search goes on. Raises as
    `Platform.fetch` does."""
    query = queried(watch, facts.handle)
    if not query:
        return
    if len(query) > longest:
        what = f"the words of the watch {watch.name!r} make a query of {len(query)} characters, X takes {longest}"
        raise PlatformFailed(f"{what}: divide it into two")
    earliest = now - _SEARCHED
    at_once = max(min(most, AT_ONCE), FEWEST_FOUND)
    down = Walk(
        lambda begin, cursor: server.search(query, max(begin or earliest, earliest), cursor, at_once),
        earliest if since is None else max(earliest, since),
        facts,
    )
    for _, page, descent in down.steps(Descent.parse(bookmark)):
        enough = descent.cursor is not None and down.shown >= most
        what = f"The search for the watch {watch.name!r} stopped after {down.shown} posts, as X charges for each"
        yield replace(page, bookmark=str(descent), remarks=(f"{what}; the next fetch goes on.",) if enough else ())
        if enough:
            return


def queried(watch: Watch, handle: str | None) -> str:
    """The watch in X's words, without what we wrote and what is only passed on; empty: there is nothing to look for."""
    words = [term for word in watch.words if (term := _term(word))]
    if not words:
        return ""
    tags = [tag for language in watch.languages for tag in _tags(language)]
    parts = [
        _either(words),
        *(f"-{term}" for word in watch.without if (term := _term(word))),
        *([_either([f"lang:{tag}" for tag in dict.fromkeys(tags)])] if tags else []),
        "-is:retweet",
        *([f"-from:{handle}"] if handle else []),
    ]
    return " ".join(parts)


def _term(word: str) -> str:
    """A phrase in quotation marks, so that nothing in it is an operator; a hashtag or a handle by itself."""
    plain = " ".join(re.sub(r'["\\\x00-\x1f\x7f]', " ", word).split())
    if _ALONE.fullmatch(plain):
        return plain
    return f'"{plain}"' if re.search(r"\w", plain) else ""


def _either(terms: list[str]) -> str:
    return terms[0] if len(terms) == 1 else f"({' OR '.join(terms)})"


def _tags(language: str) -> tuple[str, ...]:
    first = language.partition("-")[0].lower()
    return _LANGUAGES.get(first, (first,))
