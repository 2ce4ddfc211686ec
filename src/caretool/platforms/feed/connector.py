"""The `feed` platform: what stands in an RSS or Atom feed: alerts, blogs, status pages, comments of a blog.

docs/platforms/feed.md is its page. A feed is read only: who is to be answered is answered on the page of the entry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from caretool.bodies import Unreadable
from caretool.dialect import Dialect
from caretool.domain.comment import Incoming
from caretool.domain.limits import Limits
from caretool.domain.policy import Account
from caretool.domain.watch import Watch
from caretool.errors import PlatformFailed, TokenRefused
from caretool.http import Answer, Client
from caretool.platforms.feed.entries import Entry, Feed, Place, digest, feed
from caretool.platforms.feed.tree import read
from caretool.platforms.platform import Checked, Looked, Opening, Outgoing, Page, Posted, Skipped
from caretool.secrets import Secret

ABOUT = "RSS and Atom: alerts, blogs, status pages; read only"
GUIDE = """\
A feed needs no token, only its address; that of a Google alert is a secret, and made like one.
On a page with a feed, its address is behind the RSS sign, or in the page's source, beside
application/rss+xml or application/atom+xml. A Google alert: www.google.com/alerts, your words, Show
options, Deliver to: RSS feed, Create alert; then copy the address behind the RSS sign beside it into
a variable, export ALERT=https://… and say url.env=ALERT. Who knows that address reads the alert.
Nobody can be answered through a feed: answer on the entry's own page, then caretool reply … --by-hand
URL."""

_PAGE_SIZE = 100
_FRESH = timedelta(minutes=1)
# So many entries that a feed no longer lists are remembered: some come back.
_REMEMBERED = 500
_ACCEPTED = "application/atom+xml, application/rss+xml, application/rdf+xml, application/xml;q=0.9, */*;q=0.5"
_HEADER = re.compile(r"[ -~]{1,300}")
_ALERT = re.compile(r"(www\.)?google\.[a-z]{2,3}(\.[a-z]{2})?")


def _sound(url: str) -> str:
    """Without its fragment. ValueError where no feed can be there; the address is in no message."""
    try:
        parts = urlsplit(url.strip())
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or not url.strip().isprintable() or " " in url.strip():
        raise ValueError("must be the address of a feed: https://shop.example/feed")
    if "@" in parts.netloc:
        raise ValueError("holds a password, which a feed's address cannot: caretool reads feeds without a login")
    return parts._replace(fragment="").geturl()


def _may_stand_in_a_file(url: str) -> str:
    address = _sound(url)
    parts = urlsplit(address)
    if parts.path.startswith("/alerts/feeds/") and _ALERT.fullmatch(parts.hostname or ""):
        raise ValueError("is a secret, as who knows it reads the alert: keep it elsewhere, and write url = { env = … }")
    return address


def _way(value: object) -> str:
    return "secret" if isinstance(value, dict | Secret) else "text"


Url = Annotated[
    Annotated[Annotated[str, AfterValidator(_may_stand_in_a_file)], Tag("text")] | Annotated[Secret, Tag("secret")],
    Discriminator(_way),
]


class FeedSettings(BaseModel):
    """The keys of an account with `platform = "feed"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    default_since: ClassVar[str | None] = "7 days"

    url: Url = Field(
        description="The address of the feed, or where it is kept if it is a secret (a Google alert's): { env = … }."
    )
    everything: bool = Field(
        default=True,
        strict=True,
        description="Whether all its entries come in; false: only what a [[watch]] of the policy finds in it.",
    )


@dataclass(frozen=True, slots=True)
class Bookmark:
    """What of a feed was read: `seen` has by the digest of each entry's id that of its text, and by that of an address
    that was unwrapped the entry's; `etag` and `modified` tell which state of it was read whole, `of` its address."""

    seen: dict[str, str] = field(default_factory=dict)
    etag: str | None = None
    modified: str | None = None
    of: str | None = None

    @classmethod
    def parse(cls, text: str | None) -> Bookmark:
        """The beginning where there is none, or where another platform left it."""
        try:
            kept = json.loads(text or "")
            seen = {str(key): str(value) for key, value in kept["seen"].items()}
            return cls(seen, *(_header(kept.get(name)) for name in ("etag", "modified", "of")))
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()

    def __str__(self) -> str:
        kept = {"seen": self.seen, "etag": self.etag, "modified": self.modified, "of": self.of}
        return json.dumps({key: value for key, value in kept.items() if value is not None})

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that ask for the feed only if it changed."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in asked.items() if value is not None}


@dataclass(frozen=True, slots=True)
class _State:
    """A feed as it stood `at` a moment; `feed` None: it stood as `etag` and `modified` say, and was not read."""

    at: datetime
    etag: str | None
    modified: str | None
    feed: Feed | None


class FeedPlatform:
    """One feed. Its address is asked for before the first request only."""

    def __init__(self, account: Account, opening: Opening, connect: Callable[..., Client]) -> None:
        self._account = account.name
        self._handle = account.handle
        self._settings: FeedSettings = account.settings
        self._opening = opening
        self._connect = connect
        self._address: str | None = None
        self._client: Client | None = None
        self._state: _State | None = None

    @property
    def limits(self) -> Limits:
        return Limits(answerable="nobody")

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        """Entries that are new, or read otherwise than before. What the feed no longer lists is not deleted."""
        if self._settings.everything:
            self._state = None
            yield from self._pages(bookmark, lambda entry: True)

    def search(self, watch: Watch, bookmark: str | None) -> Iterator[Page]:
        """The same, of those in which the watch finds its words; what was fetched just now is not asked for again."""
        yield from self._pages(bookmark, lambda entry: watch.finds(entry.whole, entry.comment.language))

    def look(self, native_ids: Sequence[str]) -> Looked:
        """What can be known is known from the last fetch."""
        return Looked()

    def post(self, reply: Outgoing) -> Posted:
        """Nobody can."""
        what = "nobody is answered through a feed: answer on the entry's own page, then caretool reply … --by-hand URL"
        raise PlatformFailed(f"{self._account}: {what}")

    def find(self, reply: Outgoing) -> Posted | None:
        """Nothing was posted."""
        return None

    def check(self) -> Checked:
        """What its address gives now."""
        self._state = None
        told = self._read(Bookmark())
        assert told is not None  # no condition was made
        dates = [entry.comment.written_at for entry in told.entries if entry.comment.written_at is not None]
        newest = f", the newest of {max(dates).astimezone(self._opening.zone):%Y-%m-%d %H:%M}" if dates else ""
        entries = "1 entry" if len(told.entries) == 1 else f"{len(told.entries)} entries"
        remarks = [f"“{told.title or 'no title'}” ({told.kind}): {entries}{newest}."]
        if not self._settings.everything:
            remarks.append("everything = false: only what a [[watch]] of the policy finds comes in.")
        return Checked(remarks=(*remarks, *_left_out(told)))

    def _pages(self, bookmark: str | None, wanted: Callable[[Entry], bool]) -> Iterator[Page]:
        of, mark = digest(self._where()), Bookmark.parse(bookmark)
        if mark.of != of:  # the state of another feed says nothing of this one
            mark = Bookmark(mark.seen, of=of)
        found = self._read(mark)
        if found is None:
            return
        seen, new = dict(mark.seen), _new(found.entries, mark.seen)
        skipped = (Skipped("the feed", f"{found.skipped} of its entries say nothing"),) if found.skipped else ()
        told = Page((), "", skipped=skipped, remarks=_left_out(found))
        while len(new) > _PAGE_SIZE:
            part, new = new[:_PAGE_SIZE], new[_PAGE_SIZE:]
            seen |= _keys(*part)
            yield replace(told, comments=_comments(part, wanted), bookmark=str(replace(mark, seen=seen)))
            told = Page((), "")
        state = self._state
        assert state is not None  # it was just read
        mark = Bookmark(_remembered(seen | _keys(*new), found.entries), state.etag, state.modified, of)
        if str(mark) != bookmark:
            yield replace(told, comments=_comments(new, wanted), bookmark=str(mark))

    def _read(self, mark: Bookmark) -> Feed | None:
        """The feed; None: it stands as the bookmark says. Raises as `fetch` does."""
        now, known, conditions = self._opening.clock(), self._state, mark.conditions
        if known is not None and now - known.at <= _FRESH:
            if conditions and (known.etag, known.modified) == (mark.etag, mark.modified):
                return None
            if known.feed is not None:
                return known.feed
            conditions = {}
        answer = self._ask(conditions)
        if answer.status == 304:
            self._state = _State(now, mark.etag, mark.modified, None)
            return None
        host = urlsplit(self._where()).hostname
        try:
            found = feed(read(answer.body, answer.headers.get("content-type", "")), self._place())
        except Unreadable as trouble:
            raise PlatformFailed(f"{self._account}: {host} {trouble}: correct url") from None
        etag, modified = (_header(answer.headers.get(name)) for name in ("etag", "last-modified"))
        self._state = _State(now, etag, modified, found)
        return found

    def _ask(self, conditions: dict[str, str]) -> Answer:
        """Raises as `fetch` does; a secret address is in no error."""
        url = self._where()
        if self._client is None:
            self._client = self._connect(
                self._place().origin,
                name=self._account,
                clock=self._opening.clock,
                budget=self._opening.budget,
                dialect=Dialect(discreet=isinstance(self._settings.url, Secret)),
            )
        with suppress(TokenRefused):
            return self._client.get(url, headers={"Accept": _ACCEPTED, **conditions}, fetching=True)
        what = "wants a login for the feed: caretool reads feeds without one"
        raise TokenRefused(f"{self._account}: {urlsplit(url).hostname} {what}")

    def _where(self) -> str:
        """Its address. Raises TokenRefused where a secret one is not to be had."""
        if self._address is None:
            url, what = self._settings.url, f"accounts.{self._account}.url"
            kept = url.reveal(what) if isinstance(url, Secret) else url
            with suppress(ValueError):
                self._address = _sound(kept)
            if self._address is None:
                raise TokenRefused(f"{what}: what is kept there is no feed's address (https://shop.example/feed)")
        return self._address

    def _place(self) -> Place:
        parts = urlsplit(self._where())
        return Place(f"{parts.scheme}://{parts.netloc}", self._opening.zone, self._handle)


def open_account(account: Account, opening: Opening, connect: Callable[..., Client] = Client) -> FeedPlatform:
    """The account, nothing asked of it. `account.settings` is a `FeedSettings`."""
    return FeedPlatform(account, opening, connect)


def _keys(*entries: Entry) -> dict[str, str]:
    """What is remembered of them: of each first its id."""
    keys = {}
    for entry in entries:
        own = digest(entry.comment.native_id)
        keys[own] = digest(entry.whole, 4)
        if entry.wrapped:
            keys[digest(f"url {entry.comment.url}")] = own
    return keys


def _new(entries: Sequence[Entry], seen: Mapping[str, str]) -> list[Entry]:
    """Those that were not seen as they read now; what Google tells twice, under two ids, once."""
    known, new = dict(seen), []
    for entry in entries:
        keys = _keys(entry)
        if all(known.get(key) == value for key, value in keys.items()):
            continue
        own, *unwrapped = keys
        if any(known.get(key, own) != own for key in unwrapped):
            continue
        known |= keys
        new.append(entry)
    return new


def _remembered(seen: Mapping[str, str], entries: Sequence[Entry]) -> dict[str, str]:
    """What stands there now, and the latest of what did before."""
    now = {key: seen.get(key, value) for entry in entries for key, value in _keys(entry).items()}
    gone = [(key, value) for key, value in seen.items() if key not in now]
    return {**dict(gone[-_REMEMBERED:]), **now}


def _comments(entries: Sequence[Entry], wanted: Callable[[Entry], bool]) -> tuple[Incoming, ...]:
    return tuple(entry.comment for entry in entries if wanted(entry))


def _left_out(found: Feed) -> tuple[str, ...]:
    return (
        (f"The {found.left_out} oldest entries of the feed were left out: it lists too many.",)
        if found.left_out
        else ()
    )


def _header(found: object) -> str | None:
    """What a server may be sent again as it sent it."""
    return found if isinstance(found, str) and _HEADER.fullmatch(found) else None
