"""Fuzzed: what a platform's server answers, one request after the other; each connector by its own fake's answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from typing import Any

import httpx
import stamina

from caretool.errors import CaretoolError
from tests.fire.dialects import DIALECTS
from tests.fuzzing.oracles import Read, calm, hold
from tests.fuzzing.pages import sound, sound_answer
from tests.platforms.contract import WATCH, comment, offence, overheard, reply
from tests.platforms.feed_harness import FeedHarness

BETWEEN = b"\n---\n"
_MOST_REQUESTS = 80
# By its letter. Mastodon's has its own reader; a mailbox does not speak HTTP.
PLACES: dict[str, tuple[str, Callable[[], Any]]] = {
    **{
        letter: (name, DIALECTS[name].make)
        for letter, name in {
            "b": "bluesky", "x": "x", "y": "youtube", "f": "facebook", "i": "instagram", "w": "wordpress", "n": "matrix"
        }.items()
    },
    "d": ("feed", FeedHarness),
}  # fmt: skip
_WORDS = """
    data paging cursors after next created_time message from username timestamp notifications reason record uri cid
    indexedAt at:// cursor items snippet publishedAt topLevelComment nextPageToken totalReplyCount author_id
    conversation_id includes users referenced_tweets replied_to meta next_token chunk room_id event_id origin_server_ts
    m.room.message body sender end date_gmt rendered <entry> <item> <pubDate> <updated>
"""
_ACTS: dict[str, Callable[[Any], object]] = {
    "fetch": lambda platform: sound(platform.fetch(sound(platform.fetch(None)))),
    "look": lambda platform: sound_answer(platform.look(["c0", "c1"])),
    "post": lambda platform: sound_answer(platform.post(reply("k1", "Buongiorno."))),
    "find": lambda platform: sound_answer(platform.find(reply("k1", "Buongiorno."))),
    "check": lambda platform: sound_answer(platform.check()),
    "search": lambda platform: sound(platform.search(WATCH, None)),
    "hide": lambda platform: sound_answer(platform.hide(offence(1))),
    "ban": lambda platform: sound_answer(platform.ban(offence(1))),
}


class _Chunks(httpx.SyncByteStream):
    """A body as it comes over the wire, packed as its header says."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._body), 1_000):
            yield self._body[start : start + 1_000]


def answers(data: bytes) -> list[httpx.Response]:
    """A line with a status, headers, an empty line, a body; `---` on a line before the next one."""
    found = []
    for part in data.split(BETWEEN):
        head, _, body = part.partition(b"\n\n")
        first, *lines = head.split(b"\n")
        status = int(first) if first.isdigit() and len(first) == 3 and first >= b"100" else 200
        pairs = [tuple(line.partition(b":")[::2]) for line in lines if b":" in line]
        headers = [(name.strip(), value.strip()) for name, value in pairs if name.strip().isascii()]
        found.append(httpx.Response(status, headers=headers, stream=_Chunks(body)))
    return found


def written(told: Iterable[httpx.Response]) -> bytes:
    """The same as `answers` reads it."""

    def one(answer: httpx.Response) -> bytes:
        link = f"\nlink: {answer.headers['link']}" if "link" in answer.headers else ""
        return f"{answer.status_code}{link}\n\n".encode() + answer.content

    return BETWEEN.join(one(answer) for answer in told)


def _place(letter: str) -> tuple[Any, tuple[str, ...]]:
    """With something written on it; what of it is secret."""
    name, make = PLACES[letter]
    secrets = DIALECTS[name].secrets if name in DIALECTS else {}
    os.environ.update(secrets)
    place = make()
    place.receive([comment(0), comment(1)])
    if hasattr(place, "overhear"):
        place.overhear([overheard(2)])
    return place, tuple(secrets.values())


@lru_cache(maxsize=len(PLACES))
def _recorded(letter: str) -> tuple[bytes, frozenset[str]]:
    """What the fake says while it is fetched from, and from which hosts."""
    place, _ = _place(letter)
    told: list[httpx.Response] = []
    hosts: set[str] = set()
    server = place.wire.handle

    def handle(request: httpx.Request) -> httpx.Response:
        hosts.add(request.url.host)
        told.append(server(request))
        return told[-1]

    place.wire.handle = handle
    list(place.open().fetch(None))
    return written(told), frozenset(hosts)


def read(letter: str, data: bytes) -> None:
    """A server that answers so: pages that hold, or one sentence; nothing of ours goes elsewhere."""
    place, secrets = _place(letter)
    hosts, asked = _recorded(letter)[1], 0

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        hold(request.url.host in hosts and request.url.scheme == "https", "went elsewhere", request.url)
        if asked > _MOST_REQUESTS:
            raise httpx.ConnectError("enough")
        said = answers(data)
        return said[min(asked, len(said)) - 1]

    place.wire.handle = handle
    with stamina.set_testing(True, attempts=2, cap=True):
        for name, act in _ACTS.items():
            platform, asked = place.open(), 0
            if not hasattr(platform, name):
                continue
            try:
                act(platform)
            except CaretoolError as problem:
                calm(str(problem))
                hold(not any(secret in str(problem) for secret in secrets), "tells a secret", str(problem))


READERS: dict[str, Read] = {letter: partial(read, letter) for letter in PLACES}


def seeds() -> Iterator[bytes]:
    """Of each what it says to a fetch."""
    for letter in PLACES:
        yield letter.encode() + _recorded(letter)[0]


def words() -> Iterable[str]:
    """Names that the platforms give to things."""
    return _WORDS.split()
