"""What a server sends as the body of its answer, read within bounds: unpacked, its JSON, an error's own words."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

# A page of the largest lists there are holds some ten thousand; as objects these take a hundred MB at most.
MOST_VALUES = 1_000_000
_WORDS = ("error_description", "message", "detail", "error", "title", "errors")


class Unreadable(ValueError):
    """A body that will be no better the next time; says why, after the name of the host."""


class Torn(ValueError):
    """A body that was badly packed, or whose end is missing: it may be better the next time."""


def whole(chunks: Iterable[bytes], coding: str, largest: int) -> bytes:
    """The body, unpacked by whoever counts: httpx unpacks a bomb before anybody can. `coding` is what the server says
    it is packed in. Raises Unreadable, Torn, and whatever `chunks` does."""
    if coding not in ("identity", "gzip", "x-gzip", ""):
        raise Unreadable("packed its answer in a way nobody asked for")
    gzip = zlib.decompressobj(zlib.MAX_WBITS | 16) if coding.endswith("gzip") else None
    body, came = bytearray(), False
    for chunk in chunks:
        came = came or bool(chunk)
        try:
            body += chunk if gzip is None else gzip.decompress(chunk, largest + 1 - len(body))
        except zlib.error:
            raise Torn("not gzip") from None
        if len(body) > largest:
            raise Unreadable(f"answered with more than {largest // 1024 // 1024} MB")
    if gzip is not None and came and not gzip.eof:
        raise Torn("the end is missing")
    return bytes(body)


def value(body: bytes) -> Any:
    """The value of a JSON text, which is never NaN or infinity by name. Raises Unreadable; says why, after the name of
    the host."""
    if sum(map(body.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise Unreadable("answered with more values than anybody asked for")
    try:
        return json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Unreadable("answered with something that is no JSON") from None


def words(found: object) -> str:
    """What an error's JSON says, in the ways that platforms have; empty: none of them."""
    if isinstance(found, Mapping):
        return next((said for key in _WORDS if (said := words(found.get(key)))), "")
    if isinstance(found, list):
        return words(found[0]) if found else ""
    return found if isinstance(found, str) else ""


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)
