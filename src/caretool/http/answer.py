"""What comes back: an answer wholly read, or the platform's no."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from caretool import bodies
from caretool.bodies import Unreadable
from caretool.domain.harmless import one_line
from caretool.errors import AnswerLost, PlatformFailed, TokenRefused

CORRECT, UNKNOWN = "try again later; if it stays so, correct url", "it may have been done or not"
_SECONDS = re.compile(r"\d{1,9}", re.ASCII)


class Refused(PlatformFailed):
    """The platform said no, and nothing was done: `status` is 4xx, `said` its own words on one line (may be empty),
    `code` its word for it, where its dialect knows one."""

    def __init__(self, message: str, status: int, said: str = "", code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.said = said
        self.code = code


class NotTaken(TokenRefused):
    """The platform itself was asked, and does not take our token."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful (2xx) response, wholly read. The names of `headers` are in lower case; `url` is where it came from.

    `account` is whose answer it is, `written` whether the request changed something: for what is said of nonsense.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str
    account: str = ""
    written: bool = False

    def json(self) -> Any:
        """The body's value. Raises PlatformFailed if it is no JSON, AnswerLost if the request changed something."""
        try:
            return bodies.value(self.body)
        except Unreadable as trouble:
            why = "answered with a web page" if "html" in self.headers.get("content-type", "") else str(trouble)
        what = f"{self.account}: {place(httpx.URL(self.url))} {why}"
        raise AnswerLost(f"{what}: {UNKNOWN}") if self.written else PlatformFailed(f"{what}: {CORRECT}")

    @property
    def links(self) -> Mapping[str, str]:
        """rel → absolute URL, from the Link header, only those at our own host (a wrong scheme or port is put right).

        Raises PlatformFailed if the next or previous page is at another host: left out, its comments would be missed.
        """
        own = httpx.URL(self.url)
        links: dict[str, str] = {}
        header = {b"link": self.headers.get("link", "").encode("utf-8", "replace")}
        for rels, link in httpx.Response(self.status, headers=header).links.items():
            try:
                url = own.join(link.get("url", ""))
            except (httpx.InvalidURL, ValueError):
                continue
            for rel in (rels or "").lower().split():
                if url.raw_host == own.raw_host and not url.userinfo:
                    links.setdefault(rel, str(url.copy_with(scheme=own.scheme, port=own.port)))
                elif rel in ("next", "prev"):
                    what = f"{place(own)} keeps its next page at {place(url)}"
                    raise PlatformFailed(f"{self.account}: {what}: correct url if we belong there")
        return links


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by the Retry-After header (seconds or an HTTP date); None: it says nothing, or nonsense."""
    said = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(said):
        return float(said)
    try:
        then = parsedate_to_datetime(said)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max((then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() - now.timestamp(), 0.0)


def place(url: httpx.URL) -> str:
    """Host and port as they are asked for: letters that look like others are seen for what they are."""
    return one_line(url.netloc.decode("ascii", "replace"), 80)


def whole(response: httpx.Response, largest: int) -> bytes:
    """The body. Raises what `bodies.whole` does, and httpx."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    chunks: Iterable[bytes] = response.iter_raw()
    if response.is_stream_consumed:  # made in one piece, as a fake does: httpx has unpacked it
        coding, chunks = "identity", (response.content,)
    return bodies.whole(chunks, coding, largest)
