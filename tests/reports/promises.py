"""Promises to report on: one of a customer who means harm, and an ordinary one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from caretool.domain.promise import Overdue, Promise, Today

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 11, 23, 8, 12, tzinfo=UTC)
HOSTILE = (
    '=HYPERLINK("https://evil.example")',
    "+1",
    "-1+1|cmd",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }} {% raw %}",
    "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:gotcha",
    'a;b,c\\n"d":e',
    "| x | [a](https://evil.example) <https://evil.example>",
    "\x1b[2J\u202egnp.exe\u200b\x00",
    "@everyone <!channel> *b* `c`",
)


def a_promise(id_: str = "p1", **keys: Any) -> Promise:
    """One that is due in an hour, unless it is said otherwise."""
    whole: dict[str, Any] = {
        "id": id_, "kind": "pickup", "person_id": "u1", "person_name": "Anna Neri", "text": "il corriere passa",
        "made_at": NOW - timedelta(days=2), "due_at": NOW + timedelta(hours=1), "state": "running",
        "owner": "logistics",
    }  # fmt: skip
    return Promise(**whole | keys)


def a_report(*overdue: Promise, at_risk: tuple[Promise, ...] = (), due_next: tuple[Promise, ...] = ()) -> Overdue:
    return Overdue(NOW, overdue, at_risk, due_next)


def by_owner(**owners: Overdue) -> Today:
    return Today(NOW, owners)
