"""The JSON shapes that programs rely on (DESIGN §5), and a check that a value has them: more keys may come, none go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True)
class Or:
    """The shape, or null."""

    shape: Any


@dataclass(frozen=True)
class One:
    """One of these strings."""

    of: frozenset[str]


class Time:
    """RFC 3339 in UTC, with Z."""


def one(*strings: str) -> One:
    """One of these strings."""
    return One(frozenset(strings))


KIND = one("complaint", "question", "request", "praise", "suggestion", "fault", "chatter", "spam", "abuse")
TONE = one("angry", "neutral", "pleased")
CHECK = one(
    "stock-phrase", "vague", "missing-value", "too-long", "personal-data", "blame", "no-agent-name", "no-commitment",
    "no-time", "too-early", "too-late", "no-room", "mismatch", "group-changed", "already-answered", "claimed",
    "shouting", "sarcasm", "wrong-language", "wrong-register", "unanswered-question", "by-hand-only", "window-closed",
)  # fmt: skip
STATE = one(
    "drafted", "awaiting", "approved", "rejected", "sending", "posted", "failed", "unsure", "retracted",
)  # fmt: skip

PROMISE = {
    "id": Or(str), "kind": str, "person": {"id": str, "name": str}, "text": str, "due_at": Time,
    "state": one("logged", "running", "kept", "broken", "moved", "released", "void"),
    "owner": str, "reply": Or(str), "overdue": bool, "at_risk": bool,
}  # fmt: skip
REFUSAL = {
    "check": CHECK, "excerpt": str, "why": str, "suggest": Or(str), "promise_kind": Or(str),
    "asked_due_at": Or(Time), "earliest_due_at": Or(Time), "fits": Or(int),
}  # fmt: skip
REPLY = {
    "replies": [{
        "id": Or(str), "state": STATE, "mode": one("each", "together"), "private": bool, "account": str, "text": str,
        "to": [str], "url": Or(str),
    }],
    "promises": [PROMISE],
    "refused": [REFUSAL],
    "waived": [REFUSAL],
}  # fmt: skip
COMMENT = {
    "id": str, "native_id": str, "account": str, "form": str, "author": {"handle": str, "name": Or(str)}, "text": str,
    "language": Or(str), "kind": Or(KIND), "tone": Or(TONE), "topic": Or(str), "written_at": Time, "url": Or(str),
    "due_at": Or(Time), "closes_at": Or(Time), "private_until": Or(Time), "why": [str],
}  # fmt: skip
INBOX = {
    "as_of": Time, "waiting": int, "late": int, "matching": {"waiting": int, "late": int, "groups": int},
    "groups": [{
        "id": str, "topic": Or(str), "language": Or(str), "account": str,
        "thread": Or({"id": str, "text": Or(str), "url": Or(str)}),
        "size": int, "due_at": Or(Time), "closes_at": Or(Time), "private_until": Or(Time), "shut": int, "late": bool,
        "urgency": str, "why": [str],
        "suggestion": Or({
            "template": str, "mode": one("each", "together"), "confidence": float, "sure": bool, "alternatives": [str],
        }),
        "comments": [COMMENT],
    }],
}  # fmt: skip
FETCH = {
    "accounts": [{
        "account": str, "new": int, "edited": int, "deleted": int, "skipped": int, "ok": bool, "error": Or(str),
    }],
    "new": int,
}  # fmt: skip
PROMISES = {"promises": [PROMISE]}
CHANGED = {"promises": [PROMISE], "refused": [REFUSAL]}
OVERDUE = {"as_of": Time, "overdue": [PROMISE], "at_risk": [PROMISE], "due_next": [PROMISE]}
EXPLAINED = {
    "kind": KIND, "tone": TONE, "topic": Or(str), "language": str, "action": str, "rule": Or(str), "why": [str],
}  # fmt: skip


def conforms(value: Any, shape: Any, where: str = "$") -> None:
    """AssertionError at the first place where the value has not the shape."""
    if isinstance(shape, Or):
        if value is not None:
            conforms(value, shape.shape, where)
    elif isinstance(shape, Mapping):
        assert isinstance(value, dict), f"{where} is no object: {value!r}"
        assert shape.keys() <= value.keys(), f"{where} lacks {sorted(shape.keys() - value.keys())}"
        for key, part in shape.items():
            conforms(value[key], part, f"{where}.{key}")
    elif isinstance(shape, list):
        assert isinstance(value, list), f"{where} is no list: {value!r}"
        for index, item in enumerate(value):
            conforms(item, shape[0], f"{where}[{index}]")
    elif isinstance(shape, One):
        assert value in shape.of, f"{where} is {value!r}"
    elif shape is Time:
        assert isinstance(value, str), f"{where} is no time: {value!r}"
        assert _TIME.fullmatch(value), f"{where} is no time in UTC: {value!r}"
    elif shape is float:
        assert type(value) in (int, float), f"{where} is no number: {value!r}"
    else:
        assert type(value) is shape, f"{where} is {value!r}, which is no {shape.__name__}"
