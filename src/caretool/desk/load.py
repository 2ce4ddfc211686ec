"""What is already promised of a kind: what every new promise is held against. On the hot path of `promise list`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING

from caretool.domain.calendar import wall_clock

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.domain.deliverability import Load
    from caretool.domain.policy import PromiseKind


def load_of(desk: Desk, kind: PromiseKind, now: datetime, leaving_out: Sequence[str] = ()) -> Load:
    """What is already promised of a kind."""
    today = wall_clock(now.astimezone(kind.zone).date(), time(0), kind.zone)
    return desk.store.promises.load(kind.name, day_began=today, leaving_out=leaving_out)
