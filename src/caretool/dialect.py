"""How a platform says in its own way what the statuses of HTTP leave open: values that `http` works with."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from caretool.domain.budget import Bucket, Meter

# `token`: refused for good. `expired`: a renewed one would do. `busy`: come back later, nothing was done. `refused`:
# no, for good, nothing was done. `failed`: trouble over there: of a write nobody knows.
Meaning = Literal["token", "expired", "busy", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Said:
    """An answer that is no success: the names of `headers` are in lower case; `body` is the JSON value, None: none."""

    status: int
    headers: Mapping[str, str]
    body: Any
    now: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What such an answer means. `seconds` to wait (None: it does not say), `code` the platform's own word for it."""

    meaning: Meaning
    seconds: float | None = None
    code: str = ""


def bearer(token: str) -> Mapping[str, str]:
    """RFC 6750."""
    return {"Authorization": f"Bearer {token}"}


def basic(user: str) -> Callable[[str], Mapping[str, str]]:
    """RFC 7617: the token is the password of `user`."""

    def header(password: str) -> Mapping[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}

    return header


@dataclass(frozen=True, slots=True)
class Dialect:
    """`authorize` makes the headers that carry the token. `verdict` reads an answer that is no success (None: what HTTP
    says counts). `meters` reads from the headers of any answer how the buckets stand; the one that its request took
    from comes with them. `price` says which bucket a request (method, path) takes from, and how many units. `discreet`:
    its addresses are secret: no error tells one, nor what the server said, which may repeat it."""

    authorize: Callable[[str], Mapping[str, str]] = bearer
    verdict: Callable[[Said], Verdict | None] = lambda said: None
    meters: Callable[[Mapping[str, str], Bucket, datetime], Sequence[Meter]] = lambda headers, bucket, now: ()
    price: Callable[[str, str], tuple[Bucket, float]] = lambda method, path: (Bucket(), 1)
    discreet: bool = False
