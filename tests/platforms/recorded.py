"""A budget that remembers what it was asked and told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from caretool.domain.budget import Bucket, Meter


class Recorded:
    """Implements `caretool.domain.budget.Budget`: `spent` are buckets, and whether it was for a fetch."""

    def __init__(self) -> None:
        self.spent: list[tuple[str, bool]] = []
        self.meters: dict[str, Meter] = {}

    def spend(self, scope: str, bucket: Bucket, units: float, now: datetime, *, fetching: bool) -> Meter | None:
        self.spent.append((bucket.name, fetching))
        return None

    def told(self, scope: str, meters: Sequence[Meter], now: datetime) -> None:
        self.meters |= {meter.bucket: meter for meter in meters}

    def left(self, scope: str, bucket: Bucket, now: datetime) -> Meter | None:
        return self.meters.get(bucket.name)
