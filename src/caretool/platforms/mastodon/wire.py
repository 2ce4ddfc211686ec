"""What Mastodon and its kin send, read tolerantly: what is needed must be there, what is odd beside it is left out.

https://docs.joinmastodon.org/entities/Status/ and /entities/Instance/
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from caretool.domain.comment import Author, Incoming, Thread
from caretool.platforms import dates, html

Software = Literal["mastodon", "gotosocial", "pleroma", "akkoma", "other"]

# From the widest to the narrowest. What a server has besides (Pleroma's `local` and `list`) is nobody else's business.
VISIBILITIES = ("public", "unlisted", "private", "direct")
_COMPATIBLE = re.compile(r"\(compatible; *(\w+)", re.IGNORECASE)
_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})", re.ASCII)
# Mastodon's own, and its forks that keep its ways: others say its number and add who they are.
_MASTODON = re.compile(
    r"[1-9]\d*\.\d+\.\d+(-?(alpha|beta|rc|nightly)[\w.-]*)?(\+(glitch|hometown|chuckya|ecko)[\w.+-]*)?", re.ASCII
)
_ID = re.compile(r"[!-~]{1,200}")
# What a database keeps; likes beyond it are somebody's joke.
_MOST = 2**63 - 1


class WireError(ValueError):
    """Not what it should be; the message says why in a few words."""


@dataclass(frozen=True, slots=True)
class Status:
    """A status. `text` is what a reader sees, `warning` what stands before it, `parent` the id of what it replies to;
    times are aware."""

    id: str
    account: str
    author: Author
    text: str
    visibility: str
    parent: str | None = None
    created_at: datetime | None = None
    edited_at: str | None = None
    warning: str | None = None
    language: str | None = None
    url: str | None = None
    likes: int | None = None
    attachments: tuple[str, ...] = ()

    @property
    def thread(self) -> Thread:
        """The conversation it opens."""
        return Thread(self.id, self.text or None, self.url)

    def incoming(self, *, own: bool, thread: Thread | None) -> Incoming:
        """The comment it is."""
        direct = self.visibility == "direct"
        return Incoming(
            native_id=self.id,
            author=self.author,
            text=self.text,
            written_at=self.created_at,
            private=direct,
            reply_to=self.parent,
            thread=thread,
            url=self.url,
            form="message" if direct else "mention",
            likes=self.likes,
            language=self.language,
            attachments=self.attachments,
            warning=self.warning,
            own=own,
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a server and of us there. `longest` and `per_url` are its own limits, `id` and `handle` ours."""

    software: Software = "other"
    version: str = ""
    longest: int = 500
    per_url: int = 23
    id: str | None = None
    handle: str | None = None

    @classmethod
    def parse(cls, text: str | None) -> Facts:
        """What was kept; nothing is known where it is another platform's."""
        try:
            kept = cls(**json.loads(text or "{}"))
        except (ValueError, TypeError):
            return cls()
        sound = isinstance(kept.longest, int) and isinstance(kept.per_url, int) and isinstance(kept.version, str)
        return kept if sound else cls()

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    @property
    def asks_many(self) -> bool:
        """Whether `GET /api/v1/statuses?id[]=` is there: documented since Mastodon 4.3."""
        numbers = _VERSION.match(self.version)
        return self.software == "mastodon" and numbers is not None and (int(numbers[1]), int(numbers[2])) >= (4, 3)


def read_status(data: object) -> Status:
    """Raises WireError where it is none."""
    if not isinstance(data, dict):
        raise WireError("no status in it")
    account = data.get("account")
    if not isinstance(account, dict):
        raise WireError("no account in its status")
    handle, whose = word(account, "acct"), identifier(account, "id")
    if handle is None or whose is None:
        raise WireError("its author has no name")
    status_id, content = identifier(data, "id"), data.get("content")
    if status_id is None:
        raise WireError("its status has no id")
    if not isinstance(content, str):
        raise WireError("its status has no text")
    visibility = word(data, "visibility")
    if visibility is None:
        raise WireError("its status does not say who may see it")
    return Status(
        id=status_id,
        account=whose,
        author=Author(handle, word(account, "display_name"), number(account, "followers_count")),
        text=html.to_text(content),
        visibility=visibility,
        parent=identifier(data, "in_reply_to_id"),
        created_at=moment(data.get("created_at")),
        edited_at=word(data, "edited_at"),
        warning=word(data, "spoiler_text"),
        language=word(data, "language"),
        url=word(data, "url") or word(data, "uri"),
        likes=number(data, "favourites_count"),
        attachments=_addresses(data.get("media_attachments")),
    )


def read_instance(data: object) -> Facts:
    """Of `/api/v2/instance`, or of `/api/v1/instance` as older and other servers have it."""
    instance = data if isinstance(data, dict) else {}
    configuration = instance.get("configuration")
    statuses = configuration.get("statuses") if isinstance(configuration, dict) else None
    limits = statuses if isinstance(statuses, dict) else {}
    unknown = Facts()
    # Pleroma and some forks told their length as `max_toot_chars` before there was a configuration.
    longest = number(limits, "max_characters") or number(instance, "max_toot_chars")
    version = word(instance, "version") or ""
    return Facts(
        software=_software(version, word(instance, "source_url") or ""),
        version=version,
        longest=longest or unknown.longest,
        per_url=number(limits, "characters_reserved_per_url") or unknown.per_url,
    )


def narrowest(visibilities: set[str]) -> str:
    """The visibility that none of those who see one of these statuses finds wider; unknown ones are the narrowest."""
    if not visibilities <= set(VISIBILITIES):
        return VISIBILITIES[-1]
    return max(visibilities, key=VISIBILITIES.index)


def word(data: Mapping[str, object], key: str) -> str | None:
    """A text that is not blank."""
    value = data.get(key)
    return value.strip() or None if isinstance(value, str) else None


def identifier(data: Mapping[str, object], key: str) -> str | None:
    """An id; some servers have numbers for it. What no server has for one (blanks, control characters) is none."""
    value = data.get(key)
    known = str(value) if type(value) is int and 0 <= value <= _MOST else word(data, key)
    return known if known is not None and _ID.fullmatch(known) else None


def number(data: Mapping[str, object], key: str) -> int | None:
    """A whole number that is not negative, cut to 2⁶³ - 1."""
    value = data.get(key)
    return min(value, _MOST) if type(value) is int and value >= 0 else None


def moment(value: object) -> datetime | None:
    """An aware moment in UTC; a time without a zone is UTC, as on all of these servers."""
    return dates.moment(value, UTC)


def written_at(status: object) -> datetime | None:
    """When a status was written, also of one that cannot be read otherwise."""
    return moment(status.get("created_at")) if isinstance(status, dict) else None


def requests_left(headers: Mapping[str, str]) -> int | None:
    """How many requests the rate limit still lets through; None: the headers do not say."""
    return _whole(headers.get("x-ratelimit-remaining", ""))


def requests_allowed(headers: Mapping[str, str]) -> int | None:
    """How many requests the rate limit lets through in all; None: the headers do not say."""
    return _whole(headers.get("x-ratelimit-limit", ""))


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def resets_at(headers: Mapping[str, str]) -> datetime | None:
    """When the rate limit starts anew: an ISO time, or GoToSocial's seconds since 1970."""
    text = headers.get("x-ratelimit-reset", "")
    if text.isascii() and text.isdigit() and len(text) < 12:
        return datetime.fromtimestamp(int(text), UTC)
    return moment(text)


def seconds_left(headers: Mapping[str, str], now: datetime) -> float | None:
    """For how long a busy server wants to be left alone; None: its headers do not say."""
    reset = resets_at(headers)
    return None if reset is None else max((reset - now) / timedelta(seconds=1), 0.0)


def _software(version: str, source: str) -> Software:
    other = _COMPATIBLE.search(version)
    name = (other[1] if other else "").lower()
    if name in ("pleroma", "akkoma"):
        return "pleroma" if name == "pleroma" else "akkoma"
    if "gotosocial" in f"{version} {source}".lower():
        return "gotosocial"
    # GoToSocial counts from 0 and, before its second API, names itself nowhere else.
    return "mastodon" if _MASTODON.fullmatch(version) else "other"


def _addresses(media: object) -> tuple[str, ...]:
    found = [
        word(one, "url") or word(one, "remote_url") or word(one, "preview_url")
        for one in (media if isinstance(media, list) else [])
        if isinstance(one, dict)
    ]
    return tuple(address for address in found if address)
