"""What a platform lets an account ask of it: counted for every process that asks, and partly kept for replies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Bucket:
    """What some of the requests are counted in, in the platform's own units.

    `limit` is how many there are until the platform has said so itself (None: nobody knows). `kept` is the share of
    them that fetching leaves to replies. `ends` gives the moment at which they begin anew, for a platform that never
    says how many are left, within two days: they are then counted from `limit` on (None: only what the platform says
    counts).
    """

    name: str = ""
    limit: float | None = None
    kept: float = 0.2
    ends: Callable[[datetime], datetime] | None = None


@dataclass(frozen=True, slots=True)
class Meter:
    """How a bucket stands, as the platform says: `left` units until `resets_at`, out of `limit` (None: unsaid)."""

    bucket: str
    left: float
    resets_at: datetime
    limit: float | None = None


def untouched(bucket: Bucket, now: datetime) -> Meter | None:
    """How a bucket stands of which nothing was taken yet. None: nobody knows."""
    if bucket.limit is None or bucket.ends is None:
        return None
    return Meter(bucket.name, bucket.limit, bucket.ends(now), bucket.limit)


class Budget(Protocol):
    """The meters of every account. `scope` is who shares one: an account's name, or a project's. Thread-safe."""

    def spend(self, scope: str, bucket: Bucket, units: float, now: datetime, *, fetching: bool) -> Meter | None:
        """Take `units` before they are asked for. None: taken. Else nothing is taken, and this is how it stands."""

    def told(self, scope: str, meters: Sequence[Meter], now: datetime) -> None:
        """The platform said how its buckets stand; what it says counts."""

    def left(self, scope: str, bucket: Bucket, now: datetime) -> Meter | None:
        """How a bucket stands. None: nothing is known, or it begins anew."""


class Unlimited:
    """A budget that counts nothing."""

    def spend(self, scope: str, bucket: Bucket, units: float, now: datetime, *, fetching: bool) -> Meter | None:
        """Always taken."""
        return None

    def told(self, scope: str, meters: Sequence[Meter], now: datetime) -> None:
        """Nothing is kept."""

    def left(self, scope: str, bucket: Bucket, now: datetime) -> Meter | None:
        """Nothing is known."""
        return None
