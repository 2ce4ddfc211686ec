"""The codes that programs see (DESIGN §1): where a comment stands, what sort it is, how it feels, the form it has."""

from __future__ import annotations

from typing import Literal

CommentState = Literal["waiting", "queued", "answered", "closed", "snoozed", "gone"]
Kind = Literal["complaint", "question", "request", "praise", "suggestion", "fault", "chatter", "spam", "abuse"]
Tone = Literal["angry", "neutral", "pleased"]
Form = Literal["comment", "mention", "review", "post", "message", "email", "entry"]
