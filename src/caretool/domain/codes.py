"""The codes that programs see (DESIGN §1): where a comment or a reply stands, what sort it is, how it feels, the form
it has, why a draft may not go out."""

from __future__ import annotations

from typing import Literal

CommentState = Literal["waiting", "queued", "answered", "closed", "snoozed", "gone"]
Kind = Literal["complaint", "question", "request", "praise", "suggestion", "fault", "chatter", "spam", "abuse"]
Tone = Literal["angry", "neutral", "pleased"]
Form = Literal["comment", "mention", "review", "post", "message", "email", "entry"]
ReplyState = Literal[
    "drafted", "awaiting", "approved", "rejected", "sending", "posted", "failed", "unsure", "retracted"
]
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
    "claimed",
    "no-reward",
    "shouting",
    "sarcasm",
    "wrong-language",
    "wrong-register",
    "unanswered-question",
    "window-closed",
    "by-hand-only",
]
