"""What a feed holds, as comments: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, Google Alerts.

https://www.rssboard.org/rss-specification, https://www.rfc-editor.org/rfc/rfc4287, and for answers rfc4685.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urljoin, urlsplit
from zoneinfo import ZoneInfo

from caretool.bodies import Unreadable
from caretool.domain.comment import Author, Incoming, Thread
from caretool.domain.harmless import one_line
from caretool.platforms.dates import believable
from caretool.platforms.feed.tree import Element
from caretool.platforms.html import to_text

MOST = 2_000
"""Entries that are read of one feed; where there are more, the newest."""

_LONGEST_MARKUP, _LONGEST_TEXT = 60_000, 10_000
_LONGEST_ID, _LONGEST_URL, _LONGEST_NAME, _MOST_ATTACHMENTS = 500, 2_000, 100, 10
_KINDS = {"rss": "RSS", "rdf:RDF": "RSS 1.0", "feed": "Atom"}
_GOOGLE = re.compile(r"(www\.)?google\.[a-z]{2,3}(\.[a-z]{2})?")
_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,3}")
_WITH_MAIL = re.compile(r"[^\s()<>]{1,254}@[^\s()<>]{1,254}\s*\(([^()]{1,200})\)")
_PUBLISHED = ("published", "pubDate", "dc:date", "dcterms:issued", "issued", "dcterms:created", "created")
_UPDATED = ("updated", "dcterms:modified", "modified")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `whole` is all of its text, which `comment` may hold cut short. `wrapped`: its address was wrapped in
    one of Google's."""

    comment: Incoming
    whole: str
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """What an address gives: `kind` (RSS 2.0), its `title`, entries as they stand there; `left_out` are beyond MOST."""

    kind: str
    title: str | None
    entries: tuple[Entry, ...]
    skipped: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a feed is: its origin (https://shop.example); the zone of times without one; our own name there."""

    origin: str
    zone: ZoneInfo
    handle: str | None = None

    @property
    def host(self) -> str:
        return _host(self.origin) or self.origin


def feed(root: Element, place: Place) -> Feed:
    """The feed of a document. Raises Unreadable where it is none; says why, after the name of the host."""
    kind = _KINDS.get(root.name)
    if kind is None:
        raise Unreadable("answered with XML that is neither RSS nor Atom")
    channel = root if root.name == "feed" else (root.first("channel") or root)
    items = [*channel.elements("item", "entry"), *(root.elements("item") if root.name == "rdf:RDF" else ())]
    reading = _Reading(root, channel, place)
    read = [reading.entry(item) for item in items]
    said = sorted((entry for entry in reversed(read) if entry is not None), key=_order)
    newest = {entry.comment.native_id: entry for entry in said}  # of those that share an id
    found = sorted(newest.values(), key=_order)
    title = channel.first("title")
    return Feed(
        one_line(f"{kind} {root.attributes.get('version', '')}", 20),
        one_line(_plain(title, _is_rss(root)), _LONGEST_NAME) or None if title is not None else None,
        tuple(found[-MOST:]),
        skipped=read.count(None),
        left_out=max(len(found) - MOST, 0),
    )


def unwrapped(url: str) -> str:
    """The address that Google's wraps (what is none of Google's: as it is)."""
    try:
        parts = urlsplit(url)
        if parts.path != "/url" or not _GOOGLE.fullmatch(parts.hostname or ""):
            return url
        query = parse_qs(parts.query, max_num_fields=50)
    except ValueError:
        return url
    inside = (query.get("url") or query.get("q") or [""])[0]
    return inside if _web(inside) else url


def moment(text: str, zone: ZoneInfo) -> datetime | None:
    """As RFC 3339 or RFC 822 write it, in either kind of feed; None: not as either does."""
    text = text.strip()[:100]
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            at = read(text)
            return believable((at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC))
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def digest(text: str, size: int = 8) -> str:
    """A short name for something long."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=size).hexdigest()


def _order(entry: Entry) -> datetime:
    """What has no date is taken for new."""
    return entry.comment.written_at or datetime.max.replace(tzinfo=UTC)


class _Reading:
    """What the entries of one feed have in common."""

    def __init__(self, root: Element, channel: Element, place: Place) -> None:
        self._place = place
        self._rss = _is_rss(root)
        here = _link(channel, f"{place.origin}/")
        self._home = here if here is not None and _web(here) else f"{place.origin}/"
        self._author = _author(channel)
        language = channel.first("language", "dc:language")
        self._language = _tag(
            root.attributes.get("xml:lang")
            or channel.attributes.get("xml:lang")
            or (language.text if language is not None else "")
        )

    def entry(self, item: Element) -> Entry | None:
        """None: it says nothing."""
        title, text = self._title(item), self._text(item)
        whole = text if not title or text.startswith(title) else f"{title}\n\n{text}".strip()
        link = _link(item, item.attributes.get("xml:base", self._home))
        url = unwrapped(link) if link is not None else None
        if not whole and url is None:
            return None
        attachments = tuple(dict.fromkeys(_enclosed(item)))[:_MOST_ATTACHMENTS]
        comment = Incoming(
            native_id=_id(item, link, whole),
            author=self._by(item, url),
            text=_cut(whole or url or ""),
            written_at=self._at(item),
            thread=_thread(item),
            url=url,
            form="entry",
            language=_tag(item.attributes.get("xml:lang", "")) or self._language,
            attachments=attachments,
            own=self._is_ours(item, url),
        )
        return Entry(comment, whole, wrapped=url != link)

    def _title(self, item: Element) -> str:
        title = item.first("title", "dc:title")
        return one_line(_plain(title, self._rss)) if title is not None else ""

    def _text(self, item: Element) -> str:
        """The whole article where it is there, else what it is about."""
        for name in ("content:encoded", "content", "description", "summary", "dc:description", "xhtml:body"):
            for element in item.elements(name):
                if text := _plain(element, self._rss):
                    return text
        return ""

    def _at(self, item: Element) -> datetime | None:
        found = {one.name: one for one in item.elements(*_PUBLISHED, *_UPDATED)}
        times = (moment(found[name].text, self._place.zone) for name in (*_PUBLISHED, *_UPDATED) if name in found)
        return next((at for at in times if at is not None), None)

    def _by(self, item: Element, url: str | None) -> Author:
        name = _author(item) or self._author
        if name is not None:
            return Author(name, name)
        return Author((url and _host(url)) or self._place.host)

    def _is_ours(self, item: Element, url: str | None) -> bool:
        """Its author bears our handle, or it stands on a site that does."""
        ours = (self._place.handle or "").lstrip("@").casefold().removeprefix("www.")
        said = {(_author(item) or self._author or "").casefold(), (url and _host(url)) or ""}
        return bool(ours) and ours in said


def _is_rss(root: Element) -> bool:
    return root.name != "feed"


def _plain(element: Element, rss: bool) -> str:
    """Its text as a reader sees it. RSS writes HTML everywhere and says so nowhere; Atom says what it is."""
    kind = element.attributes.get("type", "html" if rss else "text").casefold().split(";")[0].strip()
    if kind in ("xhtml", "application/xhtml+xml") or any(isinstance(part, Element) for part in element.content):
        return to_text(element.markup[:_LONGEST_MARKUP])
    if element.attributes.get("mode") == "escaped" or kind in ("html", "text/html"):
        return to_text(element.text[:_LONGEST_MARKUP])
    return element.text[:_LONGEST_MARKUP].strip() if kind in ("text", "text/plain") else ""


def _id(item: Element, link: str | None, whole: str) -> str:
    """The entry's own id, else its address, else one made of what it says; a long one is cut short beyond mistaking."""
    named = item.first("id", "guid")
    said = (named.text if named is not None else item.attributes.get("rdf:about", "")).strip()
    found = said or link or f"digest:{digest(whole, 16)}"
    return found if len(found) <= _LONGEST_ID else f"{found[:_LONGEST_ID]}…{digest(found, 16)}"


def _link(element: Element, base: str) -> str | None:
    """The web address of what it is about: Atom's alternate link, RSS's link, a guid that is one."""
    for link in element.elements("link"):
        if link.attributes.get("rel", "alternate") == "alternate" and "href" in link.attributes:
            return _joined(base, link.attributes["href"])
    for link in element.elements("link"):
        if (text := link.text.strip()) and "href" not in link.attributes:
            return _joined(base, text)
    guid = element.first("guid")
    if guid is not None and guid.attributes.get("isPermaLink", "true") == "true" and _web(guid.text.strip()):
        return guid.text.strip()
    return None


def _joined(base: str, address: str) -> str | None:
    try:
        url = urljoin(base, address.strip())
    except ValueError:
        return None
    return url if _web(url) else None


def _web(url: str) -> bool:
    """Whether a person may be sent there."""
    try:
        parts = urlsplit(url)
        there = parts.scheme in ("http", "https") and bool(parts.hostname)
        return there and len(url) <= _LONGEST_URL and url.isprintable()
    except ValueError:
        return False


def _host(url: str) -> str | None:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.") or None
    except ValueError:
        return None


def _author(element: Element) -> str | None:
    """What its author is called. RSS writes `anna@posta.example (Anna Rossi)`: an address is nobody's name."""
    found = element.first("author", "dc:creator", "managingEditor", "dc:publisher")
    if found is None:
        return None
    name = found.first("name")
    said = (name if name is not None else found).text.strip()[:600]
    with_mail = _WITH_MAIL.fullmatch(said)
    said = one_line(with_mail[1] if with_mail else said, _LONGEST_NAME)
    return said if said and "@" not in said else None


def _thread(item: Element) -> Thread | None:
    """What it answers, where it says so."""
    answered = item.first("thr:in-reply-to")
    ref = (answered.attributes.get("ref") or "").strip() if answered is not None else ""
    if answered is None or not 0 < len(ref) <= _LONGEST_ID:
        return None
    href = answered.attributes.get("href", "")
    return Thread(ref, url=href if _web(href) else None)


def _enclosed(item: Element) -> Iterator[str]:
    """The addresses of what comes with it."""
    for one in item.elements("enclosure", "link"):
        if one.name == "enclosure" or one.attributes.get("rel") == "enclosure":
            url = one.attributes.get("url") or one.attributes.get("href") or ""
            if _web(url):
                yield url


def _tag(text: str) -> str | None:
    text = text.strip()
    return text if _TAG.fullmatch(text) else None


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT].rstrip()}…"
