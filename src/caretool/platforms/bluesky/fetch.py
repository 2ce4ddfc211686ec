"""What is new of us on Bluesky: mentions, replies and quotes, what we wrote there ourselves, edits and deletions; and
what others write without speaking to us.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from caretool.domain.comment import Author, Form, Incoming, Thread
from caretool.domain.watch import Watch
from caretool.http import Refused
from caretool.platforms.bluesky.record import since as key_of
from caretool.platforms.bluesky.server import Server, later
from caretool.platforms.bluesky.wire import (
    POST,
    AtUri,
    Facts,
    Post,
    WireError,
    dated,
    moment,
    read_notification,
    read_own,
    read_post,
    uri_of,
)
from caretool.platforms.descent import Descent, Entry, Listing, Trail, walk
from caretool.platforms.platform import Page, Skipped

# The list is in the order of what authors say is the time, where that lies in the past: so far back it is read again.
OVERLAP = timedelta(hours=1)
# So many of the latest are looked at again at the end of every fetch, and so many of our own are known again.
_WATCHED, _OWN = 75, 200
_GONE = ""
_ROOTS = 1000  # threads whose first post is remembered during a fetch


@dataclass(frozen=True, slots=True)
class Bookmark:
    """`told`: how far what was said to us was read. `own`: the keys of our latest posts; all up to `own_from` were read
    (None: not begun). `watched`: the latest that were said to us, the end of their version, and when."""

    told: Descent = field(default_factory=Descent)
    own_from: str | None = None
    own: tuple[str, ...] = ()
    watched: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> Bookmark:
        """The beginning where there is none, or where another platform left it."""
        try:
            kept = json.loads(text or "")
            if not isinstance(kept["told"], dict) or not isinstance(kept["own_from"], str | None):
                return cls()
            watched = {str(uri): (str(version), str(at)) for uri, (version, at) in kept["watched"].items()}
            return cls(Descent.parse(kept["told"]), kept["own_from"], tuple(map(str, kept["own"])), watched)
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()

    def __str__(self) -> str:
        plain = {"told": self.told.plain(), "own_from": self.own_from, "own": self.own, "watched": dict(self.watched)}
        return json.dumps(plain)

    def watching(self, told: Mapping[str, tuple[str, str]]) -> Bookmark:
        """With these among the latest."""
        latest = sorted({**self.watched, **told}.items(), key=lambda one: one[1][1])[-_WATCHED:]
        return replace(self, watched=dict(latest))

    def having_written(self, keys: list[str]) -> Bookmark:
        """With these among our own."""
        known = sorted({*self.own, *keys})
        passed, own = known[:-_OWN], tuple(known[-_OWN:])
        return replace(self, own=own, own_from=passed[-1] if passed else self.own_from)


class Fetch:
    """One fetch, from `bookmark` on. `since`: what we wrote before it is not read when an account is fetched for the
    first time (None: all of it is)."""

    def __init__(self, server: Server, facts: Facts, since: datetime | None, bookmark: Bookmark) -> None:
        self._server = server
        self._us = Author(facts.handle or facts.did or "")
        self._did = facts.did or ""
        self._since = since
        self._mark = bookmark
        self._roots: dict[str, Thread] = {}
        self._skipped: list[Skipped] = []
        self._remarks: list[str] = []

    def pages(self) -> Iterator[Page]:
        """Raises as `Platform.fetch` does."""
        yield from self._told()
        yield from self._written()
        yield from self._again()

    def _told(self) -> Iterator[Page]:
        for step in walk(self._mark.told, self._ask, overlap=OVERLAP):
            told = [entry.what for entry in step.entries]
            self._mark = replace(self._mark, told=step.descent).watching({str(p.uri): _watch(p) for p, _ in told})
            shown = self._shown([post for post, _ in told])
            comments = tuple(
                self._comment(shown.get(str(post.uri), post), "comment" if reason == "reply" else "mention")
                for post, reason in told
            )
            yield self._page(comments)

    def _ask(self, place: str | None) -> Listing[tuple[Post, str]]:
        """`place` is the list's own cursor and, after blanks, what of that very moment was read already: the list goes
        on below a moment, and more of the same one would be passed over."""
        cursor, *passed = (place or "").split(" ")
        items, below, _ = self._server.notifications(later(cursor) if cursor else None)
        entries: dict[str, Entry[tuple[Post, str]]] = {}
        for item in items:
            try:
                post, reason = read_notification(item)
                written = dated(post)
            except WireError as problem:
                self._skipped.append(Skipped(f"notification {uri_of(item)}", str(problem)))
                continue
            uri = str(post.uri)
            if uri not in entries and uri not in passed and post.uri.did != self._did:
                entries[uri] = Entry(uri, written, (post, reason))
        if below is None:
            return Listing(tuple(entries.values()))
        at = moment(below)
        same = [uri for uri in entries if at is not None and entries[uri].at <= at]
        older = " ".join([below, *(passed if below == cursor else ()), *same])
        if below == cursor and not entries:  # all there is at this moment was read
            older = later(below, -1)
        return Listing(tuple(entries.values()), older)

    def _written(self) -> Iterator[Page]:
        """By us: so it is seen when one of us answered elsewhere. A reply that left late has an early key: so the
        latest are gone through again."""
        if self._mark.own_from is None:
            self._mark = replace(self._mark, own_from=key_of(self._since) if self._since is not None else "")
        place: str | None = self._mark.own_from or None
        trail = Trail(place)
        while True:
            items, after = self._server.own(self._did, POST, place)
            posts = [post for post in map(self._own, items) if post is not None]
            new = [post for post in posts if post.uri.rkey not in self._mark.own]
            self._mark = self._mark.having_written([post.uri.rkey for post in new])
            if new:
                yield self._page(tuple(self._ours(post) for post in new))
            if after is None or not items or after == place:
                return
            place = trail.on(after)

    def _own(self, item: object) -> Post | None:
        try:
            return read_own(item, self._us)
        except WireError as problem:
            self._skipped.append(Skipped(f"post {uri_of(item)}", str(problem)))
            return None

    def _ours(self, post: Post) -> Incoming:
        return post.incoming(own=True, thread=Thread(post.root.uri) if post.root else post.thread)

    def _again(self) -> Iterator[Page]:
        """The latest once more: those edited since they were read, and those that are gone."""
        asked = {uri: known for uri, known in self._mark.watched.items() if known[0] != _GONE}
        seen = self._server.posts(list(asked))
        edited = [post for uri, post in seen.items() if _watch(post)[0] != asked[uri][0]]
        gone = gone_of(self._server, [uri for uri in asked if uri not in seen])
        if edited or gone:
            told = {str(post.uri): (_watch(post)[0], asked[str(post.uri)][1]) for post in edited}
            self._mark = self._mark.watching({**told, **{uri: (_GONE, asked[uri][1]) for uri in gone}})
            self._shown(edited)
            yield self._page(tuple(map(self._comment, edited)), deleted=tuple(gone))

    def _shown(self, posts: list[Post]) -> dict[str, Post]:
        """What is asked for once more: the threads' first posts, and those whose pictures are wanted."""
        for post in posts:
            if post.root is None:
                self._remember(post.thread)
        roots = {post.root.uri for post in posts if post.root is not None} - self._roots.keys()
        more = {str(post.uri) for post in posts if post.embeds and not post.attachments}
        try:
            shown = self._server.posts(sorted(roots | more))
        except Refused as problem:
            self._remarks.append(f"The threads above cannot be read ({problem}).")
            return {}
        for uri in roots:
            self._remember(shown[uri].thread if uri in shown else Thread(uri))
        return {uri: replace(shown[uri], at=post.at) for post in posts if (uri := str(post.uri)) in more & shown.keys()}

    def _remember(self, thread: Thread) -> None:
        if len(self._roots) >= _ROOTS:
            self._roots.clear()
        self._roots[thread.native_id] = thread

    def _comment(self, post: Post, form: Form = "comment") -> Incoming:
        root = post.root.uri if post.root is not None else str(post.uri)
        return post.incoming(own=False, thread=self._roots.get(root, Thread(root)), form=form)

    def _page(self, comments: tuple[Incoming, ...], *, deleted: tuple[str, ...] = ()) -> Page:
        skipped, self._skipped = tuple(self._skipped), []
        remarks, self._remarks = tuple(self._remarks), []
        return Page(comments, str(self._mark), deleted=deleted, skipped=skipped, remarks=remarks)


class Search:
    """One search for the words of a watch, each by itself. `since`: how far back the first one goes."""

    def __init__(self, server: Server, facts: Facts, watch: Watch, since: datetime | None) -> None:
        self._server = server
        self._did = facts.did
        self._watch = watch
        self._since = since
        self._skipped: list[Skipped] = []

    def pages(self, bookmark: str | None) -> Iterator[Page]:
        """Raises as `Platform.fetch` does."""
        words, since = self._parsed(bookmark)
        words = {word: words.get(word, Descent()) for word in self._watch.words}
        for word, descent in words.items():
            for step in walk(descent, partial(self._ask, word), overlap=OVERLAP, oldest=since):
                words = {**words, word: step.descent}
                comments = tuple(self._comment(entry.what) for entry in step.entries)
                wanted = tuple(one for one in comments if self._watch.allows(one.text, one.language))
                plain = {"words": {one: at.plain() for one, at in words.items()}, "since": since and since.isoformat()}
                skipped, self._skipped = tuple(self._skipped), []
                yield Page(wanted, json.dumps(plain), skipped=skipped)

    def _parsed(self, bookmark: str | None) -> tuple[dict[str, Descent], datetime | None]:
        try:
            kept: Any = json.loads(bookmark or "")
            return {str(word): Descent.parse(at) for word, at in kept["words"].items()}, moment(kept["since"])
        except (ValueError, TypeError, KeyError, AttributeError):
            return {}, self._since

    def _ask(self, word: str, place: str | None) -> Listing[Post]:
        items, older = self._server.found(_query(word), place)
        entries = []
        for item in items:
            try:
                post = read_post(item)
                entries.append(Entry(str(post.uri), dated(post), post))
            except WireError as problem:
                self._skipped.append(Skipped(f"post {uri_of(item)}", str(problem)))
        return Listing(entries, older if items else None)

    def _comment(self, post: Post) -> Incoming:
        thread = Thread(post.root.uri) if post.root is not None else post.thread
        return post.incoming(own=post.uri.did == self._did, thread=thread, form="post")


def gone_of(server: Server, uris: list[str]) -> list[str]:
    """Those of what is not shown to us that are deleted: what a block hides is still in its author's repository."""
    return [uri for uri in uris if (address := _address(uri)) is None or server.record(address) is None]


def _address(uri: str) -> AtUri | None:
    try:
        return AtUri.parse(uri)
    except WireError:
        return None


def _watch(post: Post) -> tuple[str, str]:
    return post.cid[-12:], post.at.isoformat() if post.at is not None else ""


def _query(word: str) -> str:
    """A phrase as it stands, and a word not as an instruction to the search."""
    plain = word.replace('"', " ").strip()
    return plain if plain.lstrip("#").isalnum() else f'"{plain}"'
