"""What we write into our repository: its key, which a reply's own key decides, and the record itself.

https://atproto.com/specs/tid, https://docs.bsky.app/docs/advanced-guides/post-richtext
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from caretool.platforms.bluesky.wire import POST, Ref
from caretool.platforms.lengths import utf8

_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Likes and blocks have a key of their own, too, somewhere in this year: what is liked twice is liked once.
_TIMELESS = datetime(2024, 1, 1, tzinfo=UTC)
_HANDLE = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_MENTION = re.compile(rf"(?<![\w@./])@(?P<handle>{_HANDLE})(?![\w@])", re.ASCII)
_LINK = re.compile(r"(?<!\w)https?://[^\s<>\"“”«»]+")
_TAG = re.compile(r"(?<!\S)#(?P<tag>(?!\d+\b)\w[\w-]{0,63})")
_AFTER_LINK = ".,;:!?'’"


def tid(moment: datetime, seed: str, within: timedelta = timedelta(hours=1)) -> str:
    """A record key: 13 letters, the same for the same `seed` and `moment`, in the time `within` before it.

    Two replies of the same moment share one with a chance of one in 10¹² or so: what is already there is never
    written over, and the second one is told to have failed.
    """
    number = int.from_bytes(hashlib.sha256(seed.encode("utf-8", "replace")).digest()[:12])
    micros = (moment - _EPOCH) // timedelta(microseconds=1)
    spread = number // 1024 % (within // timedelta(microseconds=1))
    return _tid(max(micros - spread, 0), number % 1024)


def timeless(seed: str) -> str:
    """A record key for what is there once: it depends on nothing but the `seed`."""
    return tid(_TIMELESS, seed, timedelta(days=365))


def since(moment: datetime) -> str:
    """What stands before every key of this moment and later ones."""
    return _tid(max((moment - _EPOCH) // timedelta(microseconds=1), 0), 0)


def _tid(micros: int, clock: int) -> str:
    number = (micros << 10 | clock) & (1 << 63) - 1
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(60, -1, -5))


def stamp(moment: datetime) -> str:
    """As records have it, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def reply_record(text: str, written: datetime, root: Ref, parent: Ref, who: Callable[[str], str | None]) -> Any:
    """The record of a reply. `who` tells the DID of a handle; None: nobody is called so."""
    record: dict[str, Any] = {
        "$type": POST,
        "text": text,
        "createdAt": stamp(written),
        "reply": {"root": root.plain(), "parent": parent.plain()},
    }
    found = facets(text, who)
    return {**record, "facets": found} if found else record


def facets(text: str, who: Callable[[str], str | None]) -> list[dict[str, Any]]:
    """Who is mentioned, what is linked, which hashtags: the places in bytes of UTF-8. Without one a mention is only
    words, and tells nobody."""
    taken: list[tuple[int, int]] = []
    found: list[dict[str, Any]] = []
    for start, end, feature in _features(text, who):
        if all(end <= begun or start >= ended for begun, ended in taken):
            taken.append((start, end))
            slice_ = {"byteStart": utf8(text[:start]), "byteEnd": utf8(text[:end])}
            found.append({"index": slice_, "features": [dict(feature)]})
    return sorted(found, key=lambda facet: facet["index"]["byteStart"])


def _features(text: str, who: Callable[[str], str | None]) -> Iterable[tuple[int, int, Mapping[str, str]]]:
    for link in _LINK.finditer(text):
        uri = link[0].rstrip(_AFTER_LINK)
        if uri.endswith(")") and "(" not in uri:
            uri = uri[:-1].rstrip(_AFTER_LINK)
        if uri.partition("://")[2]:
            yield link.start(), link.start() + len(uri), {"$type": "app.bsky.richtext.facet#link", "uri": uri}
    for mention in _MENTION.finditer(text):
        did = who(mention["handle"])
        if did is not None:
            yield mention.start(), mention.end(), {"$type": "app.bsky.richtext.facet#mention", "did": did}
    for tag in _TAG.finditer(text):
        yield tag.start(), tag.end(), {"$type": "app.bsky.richtext.facet#tag", "tag": tag["tag"]}
