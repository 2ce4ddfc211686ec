"""A line of the log: who did what, when, to what, with codes; never a text or a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `action` is what was done (reply-approved, promise-kept…), `subject` the id, `codes` what else."""

    at: datetime
    agent: str
    action: str
    subject: str
    codes: Mapping[str, str | int | None]
