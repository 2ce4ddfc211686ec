"""A server with one feed, as RSS 2.0 (rssboard.org, 2.0.11), Atom (RFC 4287, answers as RFC 4685) or a Google alert.

The alert is as feeds in public repositories have it (2021 to 2026): its address holds two numbers and needs no login;
about twenty entries; `title` and `content` are HTML with the words in `<b>`; the author is empty; each link is wrapped
in one of Google's. Conditional requests as RFC 9110 (13.1) has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import Literal
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

import httpx

from caretool.domain.comment import Incoming

Kind = Literal["atom", "rss", "alert"]

_LATEST = datetime(9999, 1, 1, tzinfo=UTC)
ALERT = "/alerts/feeds/16238552362102351050/9754827799645039711"
_NAMES = {
    "rss": 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:thr="http://purl.org/syndication/thread/1.0"',
    "atom": 'xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0"',
    "alert": 'xmlns="http://www.w3.org/2005/Atom" xmlns:idx="urn:atom-extension:indexing"',
}


@dataclass
class FakeFeed:
    """`entries`, the latest first, of which it lists `listed`. `body` in place of them; `headers` beside its own."""

    kind: Kind = "atom"
    entries: list[Incoming] = field(default_factory=list)
    listed: int | None = None
    conditional: bool = True
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)
    answers: Callable[[httpx.Request], httpx.Response | None] = lambda request: None

    def write(self, entry: Incoming) -> None:
        """One more."""
        self.entries.insert(0, entry)
        self.entries.sort(key=lambda one: one.written_at or _LATEST, reverse=True)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        other = self.answers(request)
        if other is not None:
            return other
        body = self.document() if self.body is None else self.body
        etag = f'W/"{sha256(body).hexdigest()[:12]}"'
        headers = {"Content-Type": "application/xml; charset=utf-8", **self.headers}
        if self.conditional:
            headers["ETag"] = etag
            if request.headers.get("if-none-match") == etag:
                return httpx.Response(304, headers={"ETag": etag})
        return httpx.Response(200, headers=headers, content=body)

    def busy_response(self) -> httpx.Response:
        return httpx.Response(429, headers={"Retry-After": "42"}, text="Too Many Requests")

    def refused_response(self) -> httpx.Response:
        return httpx.Response(401, headers={"WWW-Authenticate": 'Basic realm="feeds"'}, text="Unauthorized")

    def document(self) -> bytes:
        """The feed as it stands."""
        entries = "".join(map(_RENDERED[self.kind], self.entries[: self.listed]))
        if self.kind == "rss":
            inside = f"<channel><title>Blog</title><link>https://shop.example/</link>{entries}</channel>"
            return f'<?xml version="1.0"?>\n<rss version="2.0" {_NAMES["rss"]}>{inside}</rss>'.encode()
        title = "Google Alert - bottega blu" if self.kind == "alert" else "Blog"
        own = "tag:google.com,2005:reader/user/16238552362102351050/state/com.google/alerts/9754827799645039711"
        head = f"<id>{own}</id><title>{title}</title><updated>2026-11-23T12:00:00Z</updated>"
        return f'<?xml version="1.0"?>\n<feed {_NAMES[self.kind]}>{head}{entries}</feed>'.encode()


def _address(entry: Incoming) -> str:
    return entry.url or f"https://shop.example/{entry.native_id}"


def _rss(entry: Incoming) -> str:
    date = "" if entry.written_at is None else f"<pubDate>{format_datetime(entry.written_at)}</pubDate>"
    return (
        f'<item><guid isPermaLink="false">{escape(entry.native_id)}</guid><link>{escape(_address(entry))}</link>'
        f"<description>{escape(escape(entry.text))}</description>{date}"
        f"<dc:creator>{escape(entry.author.handle)}</dc:creator>{_answered(entry)}</item>"
    )


def _atom(entry: Incoming) -> str:
    at = "" if entry.written_at is None else f"<published>{entry.written_at.isoformat()}</published>"
    language = f" xml:lang={quoteattr(entry.language)}" if entry.language else ""
    return (
        f"<entry{language}><id>{escape(entry.native_id)}</id><title/><link href={quoteattr(_address(entry))}/>{at}"
        f"<content>{escape(entry.text)}</content><author><name>{escape(entry.author.handle)}</name></author>"
        f"{_answered(entry)}</entry>"
    )


def _alert(entry: Incoming) -> str:
    at = entry.written_at.strftime("%Y-%m-%dT%H:%M:%SZ") if entry.written_at else ""
    link = f"https://www.google.com/url?rct=j&sa=t&url={wrapped(_address(entry))}&ct=ga&cd=CAIyGg&usg=AOvVaw0"
    return (
        f'<entry><id>{escape(entry.native_id)}</id><title type="html"></title><link href={quoteattr(link)}></link>'
        f"<published>{at}</published><updated>{at}</updated>"
        f'<content type="html">{escape(escape(entry.text))}</content><author><name></name></author></entry>'
    )


def wrapped(url: str) -> str:
    """An address as Google puts it into one of its own: what would end it is encoded, the rest is not."""
    return quote(url, safe=":/")


def _answered(entry: Incoming) -> str:
    return f"<thr:in-reply-to ref={quoteattr(entry.thread.native_id)}/>" if entry.thread else ""


_RENDERED: Mapping[Kind, Callable[[Incoming], str]] = {"rss": _rss, "atom": _atom, "alert": _alert}
