"""A platform that lies: the answers of its fake, bent in ways that no platform documents.

What is drawn is plain values, so that a failure shrinks to the one lie that does it. Everything that is asked of it is
looked at: where it goes, and whether what somebody wrote got out of its place in the address.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote

import httpx
from hypothesis import strategies as st

from tests.fuzzing.oracles import hold

# An id that would be somewhere else if it stood in an address as it is.
ODD_ID = "ZZ/ZZ?ZZ=1&ZZ#ZZ"
ELSEWHERE = "https://elsewhere.example/x"
MOST_REQUESTS, MANY = 400, 60
TOKEN = object()  # what the request carried
_DEEP: Any = []
for _ in range(500):
    _DEEP = [_DEEP]

MOMENTS: tuple[Any, ...] = (
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00",
    "2026-11-23T12:00:00", "2026-02-30T12:00:00Z", "9999-12-31T23:59:59+0000", "1969-12-31T23:59:59.000Z", "2026-11-23",
    "Fri, 31 Dec 9999 23:59:59 GMT", "12:00", "", 253402300800, -62135596801, 1e300,
)  # fmt: skip
NUMBERS: tuple[Any, ...] = (
    0, -1, 10**30, 2**63, -(2**63) - 1, 2**31, 253402300800, -62135596801, 10**12, 1e308, 0.5, float("nan"),
    float("inf"), True, "7", "9" * 5000,
)  # fmt: skip
WORDS: tuple[Any, ...] = (
    "", " ", "\x00", "\ud800", "a\nb\x1b[31m", "\u202e", "x" * 100_000, "1" * 5000, "²", "٣", "-5", ODD_ID, "..", ".",
    "../../me", "a b", "%2e%2e", "/", ELSEWHERE, "//elsewhere.example", "javascript:alert(1)", "http://[",
    "at://x/y/z", "did:web:elsewhere.example", "1", 7, TOKEN,
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, *MOMENTS, *NUMBERS, *WORDS, [], {}, [[]], [None], [1, "a", {}], _DEEP, {"": {}}, {"id": "1"},
)  # fmt: skip
BODIES: tuple[bytes, ...] = (
    b"", b" ", b"null", b"[]", b"{}", b"0", b'"x"', b"true", b"NaN", b"[NaN]", b"{", b"\xff\xfe", b"\xef\xbb\xbf{}",
    b"<html><body>no</body></html>", b"[" * 100_000, b"[0," * 10 + b"0" + b"]" * 10, b'{"data": null}', b'{"a": 1' * 9,
    b"[" + b"0," * 1_000_001 + b"0]", b"x" * 100_000, b'{"error": "no\\n\\u001b[31m"}', b'{"data": [], "errors": [7]}',
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
)  # fmt: skip
STATUSES = (200, 201, 204, 206, 301, 302, 304, 307, 400, 401, 402, 403, 404, 409, 410, 412, 415, 422, 429, 451, 500,
            502, 503, 599)  # fmt: skip
HEADERS: tuple[tuple[str, str], ...] = (
    ("content-type", "text/html"), ("content-type", "image/png"), ("content-type", "application/json; charset=utf-16"),
    ("content-type", "text/plain; charset=nonsense"), ("content-encoding", "gzip"), ("content-encoding", "br"),
    ("location", ELSEWHERE), ("location", "//elsewhere.example"), ("location", "http://["), ("location", "?"),
    ("link", f'<{ELSEWHERE}?max_id=7>; rel="next"'), ("link", '<?max_id=..>; rel="next", <?min_id=%00>; rel="prev"'),
    *((name, value) for name in (
        "retry-after", "x-rate-limit-reset", "x-rate-limit-remaining", "x-ratelimit-reset", "x-ratelimit-remaining",
        "ratelimit-reset", "ratelimit-remaining", "ratelimit-limit", "ratelimit-policy", "x-wp-total",
        "x-wp-totalpages", "etag", "last-modified", "date",
    ) for value in (
        "", "-1", "0", "1e999", "NaN", "99999999999", "9" * 5000, "\xb2", "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 +1400",
    )),
    *((name, value) for name in ("x-app-usage", "x-business-use-case-usage") for value in (
        "null", "[" * 2000, '{"call_count": 1e999}', '{"call_count": "x"}', '{"1": [{"call_count": 100, '
        '"estimated_time_to_regain_access": 1e300}]}', '{"call_count": 100, "estimated_time_to_regain_access": 999999}',
    )),
)  # fmt: skip

How = Literal["value", "everywhere", "missing", "doubled", "many", "body", "half", "status", "header", "again"]
HOWS: tuple[How, ...] = (
    "value", "value", "value", "everywhere", "everywhere", "missing", "doubled", "many", "body", "half", "status",
                         "header", "again")  # fmt: skip
_LARGEST = 500_000
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT|\w{3}, \d\d? \w{3} \d{4}")
_XML_WORD = re.compile(r'(?<=>)[^<>]+(?=<)|(?<==")[^"<>]*(?=")')


@dataclass(frozen=True, slots=True)
class Lie:
    """Which answer (None: each), what is done to it, where in it, and with which of the odd values."""

    at: int | None
    how: How
    spot: int
    what: int


lies = st.lists(
    st.builds(
        Lie,
        st.one_of(st.integers(0, 5), st.none()),
        st.sampled_from(HOWS),
        st.integers(0, 10_000),
        st.integers(0, 10_000),
    ),
    min_size=1,
    max_size=3,
)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer before it leaves."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, answer: httpx.Response) -> Told:
        """What a fake says, unpacked."""
        kept = {k: v for k, v in answer.headers.items() if k not in ("content-length", "content-encoding")}
        return cls(answer.status_code, kept, answer.content)

    def response(self) -> httpx.Response:
        """As it comes over the wire: what its headers say of it is not believed here."""
        raw = [(key.encode(), value.encode("latin-1")) for key, value in self.headers.items()]
        return httpx.Response(self.status, headers=raw, stream=_Piece(self.body))


@dataclass
class Liar:
    """Stands in the place of a fake. `hosts` are where requests may go (None: that is still learned); `asked` counts
    them since it last began to lie. With `swollen` the first list of each answer has so many things more."""

    server: Callable[[httpx.Request], httpx.Response]
    hosts: set[tuple[str, str, int | None]] = field(default_factory=set)
    lying: Sequence[Lie] = ()
    circle: int = 0
    swollen: int = 0
    honest: bool = True
    asked: int = 0
    paths: set[str] = field(default_factory=set)
    _before: dict[str, list[Told]] = field(default_factory=dict)

    def lies(self, lying: Sequence[Lie] = (), *, circle: int = 0) -> None:
        """From now on; with `circle` a list goes on after so many pages with its first one."""
        self.lying, self.circle, self.honest, self.asked = lying, circle, False, 0
        self._before.clear()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        where = (url.scheme, url.host, url.port)
        if self.honest:
            self.hosts.add(where)
            return self.server(request)
        hold(where in self.hosts, "went elsewhere", str(url))
        _stays_in_its_place(request)
        self.asked += 1
        self.paths.add(url.path)
        hold(self.asked <= MOST_REQUESTS, "asks on and on", url.path)
        told = self._answer(request)
        for lie in self.lying:
            if lie.at is None or lie.at == self.asked - 1:
                told = self._lied(lie, request, told)
        return told.response()

    def _answer(self, request: httpx.Request) -> Told:
        before = self._before.setdefault(f"{request.method} {request.url.path}", [])
        if request.method == "GET" and self.circle and len(before) >= self.circle:
            before.append(before.pop(0))
            return before[-1]
        try:
            told = Told.of(self.server(request))
        except Exception:
            # It was asked for what nobody asks for who was told the truth.
            told = Told(404, {"content-type": "application/json"}, b'{"error": "what?"}')
        if self.swollen:
            told = replace(told, body=_swollen(told.body, self.swollen))
        before.append(told)
        return told

    def _lied(self, lie: Lie, request: httpx.Request, told: Told) -> Told:
        if lie.how == "status":
            return replace(told, status=STATUSES[lie.what % len(STATUSES)])
        if lie.how == "header":
            name, value = HEADERS[lie.what % len(HEADERS)]
            return replace(told, headers={**told.headers, name: value})
        if lie.how == "body":
            return replace(told, body=BODIES[lie.what % len(BODIES)])
        if lie.how == "half":
            return replace(told, body=told.body[: lie.spot % (len(told.body) + 1)])
        if lie.how == "again":
            earlier = [one for many in self._before.values() for one in many]
            return earlier[lie.spot % len(earlier)]
        body = _changed(lie, told.body)
        if body is None:
            return Told(400, told.headers, json.dumps({"error": {"message": f"not {_carried(request)}"}}).encode())
        return replace(told, body=body)


def _carried(request: httpx.Request) -> str:
    return request.headers.get("authorization", "").rpartition(" ")[2]


def _stays_in_its_place(request: httpx.Request) -> None:
    path, _, query = request.url.raw_path.decode("ascii").partition("?")
    for step in path.split("/"):
        hold("ZZ" not in step or ODD_ID in unquote(step), "an id is not one step of the path", path)
    for key, _ in parse_qsl(query, keep_blank_values=True):
        hold("ZZ" not in key, "an id got into the names of the query", query)
    hold("//" not in path, "has an empty step", path)


class _Piece(httpx.SyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content


def _odd(what: int, instead: object) -> Any:
    """One of the odd values, most often of the kind that stands there."""
    fit: Sequence[Any] = VALUES
    if isinstance(instead, str):
        fit = MOMENTS if _MOMENT.match(instead) else WORDS
    elif isinstance(instead, int | float) and not isinstance(instead, bool):
        fit = NUMBERS
    return fit[what // 4 % len(fit)] if what % 4 else VALUES[what // 4 % len(VALUES)]


def _changed(lie: Lie, body: bytes) -> bytes | None:
    """The answer with the lie in it; None: it tells what the request carried."""
    try:
        data = json.loads(body if len(body) < _LARGEST else b"?")
    except (ValueError, RecursionError):
        return _in_words(lie, body)
    spots = list(_spots(data))
    if not spots:
        return json.dumps(VALUES[lie.what % len(VALUES)], default=str).encode()
    holder, key = spots[lie.spot % len(spots)]
    value = _odd(lie.what, holder[key])
    if value is TOKEN:
        return None
    if lie.how == "everywhere":
        for one, name in spots:
            if name == key and name in (one if isinstance(one, dict) else ()):
                one[name] = value
    elif lie.how == "missing":
        del holder[key]
    elif lie.how == "doubled" and isinstance(holder, dict):
        return _twice(data, key, value)
    elif isinstance(holder, list) and lie.how in ("doubled", "many"):
        holder.extend([holder[key]] * (1 if lie.how == "doubled" else MANY))
    else:
        holder[key] = [holder[key]] * MANY if lie.how == "many" else value
    return json.dumps(data).encode()


def _swollen(body: bytes, by: int) -> bytes:
    try:
        data = json.loads(body)
    except ValueError:
        return body
    for found in (data, *(holder[key] for holder, key in _spots(data))):
        if isinstance(found, list):
            found += [0] * by
            return json.dumps(data).encode()
    return body


def _twice(data: Any, key: str, value: Any) -> bytes:
    """The key's name stands there once more, and says something else."""
    name = json.dumps(key)
    return json.dumps(data).replace(f"{name}: ", f"{name}: {json.dumps(value)}, {name}: ", 1).encode()


def _spots(data: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ():
        yield data, key
        yield from _spots(data[key])


def _in_words(lie: Lie, body: bytes) -> bytes:
    """Of what is no JSON: one of its words is another."""
    if len(body) >= _LARGEST:
        return body
    text = body.decode("utf-8", "replace")
    words = list(_XML_WORD.finditer(text))
    if not words:
        return body
    word = words[lie.spot % len(words)]
    said = "" if lie.how == "missing" else word[0] * MANY if lie.how == "many" else str(_odd(lie.what, word[0]))
    return (text[: word.start()] + said + text[word.end() :]).encode("utf-8", "replace")
