"""YouTube's way of saying no, and what its requests cost: units a day, of which no answer says how many are left.

Costs: https://developers.google.com/youtube/v3/determine_quota_cost; errors: /youtube/v3/docs/errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from caretool.dialect import Dialect, Said, Verdict
from caretool.domain.budget import Bucket, Budget, Meter
from caretool.http import retry_after

_PACIFIC = ZoneInfo("America/Los_Angeles")
_SPENT = frozenset({"quotaExceeded", "dailyLimitExceeded"})
_TOO_FAST = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
# About the token, the project or the account, and no single request: each would be refused.
_NO_RIGHT = frozenset(
    {"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "accessNotConfigured", "ineligibleAccount"}
)
# Statuses of proxies that lost a server still at work.
_UNCLEAR = frozenset({408, 499})
# Before a reply the desk looks at what it answers, and so does the connector: each time the comments, then the threads.
_READS_A_REPLY = 4


def next_midnight(now: datetime) -> datetime:
    """When YouTube's day ends: at midnight in California, whatever the clocks do there."""
    tomorrow = now.astimezone(_PACIFIC).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), _PACIFIC).astimezone(UTC)


def reason(body: object) -> str:
    """Google's own word for what went wrong; empty: it does not say."""
    error = body.get("error") if isinstance(body, Mapping) else None
    errors = error.get("errors") if isinstance(error, Mapping) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    said = first.get("reason") if isinstance(first, Mapping) else None
    return said if isinstance(said, str) else ""


def verdict(said: Said) -> Verdict | None:
    """The reason counts, not the status: 403 is also how a day that is used up is said."""
    why = reason(said.body)
    if why in _SPENT:
        return Verdict("busy", (next_midnight(said.now) - said.now).total_seconds(), why)
    if why in _TOO_FAST:
        return Verdict("busy", retry_after(said.headers, said.now), why)
    if why in _NO_RIGHT:
        return Verdict("token", code=why)
    if said.status == 401:
        return Verdict("expired", code=why)
    if why and 400 <= said.status < 500 and said.status not in _UNCLEAR:
        return Verdict("refused", code=why)
    return None


@dataclass(frozen=True, slots=True)
class Quota:
    """What a project may ask a day: `units`, and `searches` of their own. `kept` is the share of the units that
    fetching leaves to replies; `reply` and `write` are what a new comment and any other change cost."""

    units: int
    searches: int
    kept: float
    reply: int
    write: int
    dialect: Dialect = field(init=False)
    bucket: Bucket = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bucket", Bucket("units", self.units, self.kept, next_midnight))
        object.__setattr__(self, "dialect", Dialect(verdict=verdict, price=self.price))

    def price(self, method: str, path: str) -> tuple[Bucket, float]:
        """Which of the two a request takes from, and how many."""
        if path.endswith("/search"):
            return Bucket("searches", self.searches, 0, next_midnight), 1
        if method == "GET":
            return self.bucket, 1
        new = method == "POST" and path.endswith(("/comments", "/commentThreads"))
        return self.bucket, self.reply if new else self.write

    def meter(self, budget: Budget, scope: str, now: datetime) -> Meter | None:
        """How the units stand; None: nobody counts."""
        return budget.left(scope, self.bucket, now)

    def replies(self, meter: Meter | None) -> int | None:
        """How many replies that leaves, with the reads that each needs; None: nobody counts."""
        return None if meter is None else int(max(meter.left, 0) // (self.reply + _READS_A_REPLY))
