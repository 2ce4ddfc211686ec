"""A reply being prepared, and why it may not go out (DESIGN §1, §5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Check = Literal[
    "stock-phrase",
    "vague",
    "missing-value",
    "too-long",
    "personal-data",
    "blame",
    "no-agent-name",
    "no-commitment",
    "no-time",
    "too-early",
    "too-late",
    "no-room",
    "mismatch",
    "group-changed",
    "already-answered",
]
Mode = Literal["each", "together"]
ReplyState = Literal[
    "drafted", "awaiting", "approved", "rejected", "sending", "posted", "failed", "unsure", "retracted"
]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why a draft may not go out; `suggest` is a sentence of what would pass.

    The promise checks also say the kind, the time asked, the earliest that would pass for all (None: none within the
    kind's `latest`) and how many would `fits` at the time asked.
    """

    check: Check
    excerpt: str
    why: str
    suggest: str | None = None
    promise_kind: str | None = None
    asked_due_at: datetime | None = None
    earliest_due_at: datetime | None = None
    fits: int | None = None


@dataclass(frozen=True, slots=True)
class Addressee:
    """One person a reply speaks to. `called` is the name that may stand in our public voice (see `address`)."""

    person: str
    handle: str
    called: str
    mention: str | None = None
