"""A line of the log: who did what, when, to what, with codes; never a text or a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

# The code of a correction that says of a complaint that it is none.
KIND_WAS = "kind-was"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its `number` (from 1), `action` is what was done (reply-approved, promise-kept…), `subject` the id,
    `codes` what else."""

    number: int
    at: datetime
    agent: str
    action: str
    subject: str
    codes: Mapping[str, str | int | None]
