"""A reply being prepared, and why it may not go out (DESIGN §1, §5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from caretool.domain.codes import Check as Check
from caretool.domain.codes import ReplyState as ReplyState
from caretool.domain.roles import Role

Mode = Literal["each", "together"]
# `auto` takes what the template or the text is made for.
AskedMode = Literal["auto", "each", "together"]


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


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, or one part of a together reply, as the outbox knows it.

    `to` are the native ids it answers, `comments` their ids here; `key` is its own, made before it leaves. `kind` is
    that of the comments. `sending_at`: when it first left. `looked_at`: when it was last looked for there while unsure.
    """

    id: str
    draft: str
    state: ReplyState
    mode: Mode
    private: bool
    account: str
    text: str
    language: str
    agent: str
    kind: str
    key: str
    made_at: datetime
    template: str | None = None
    thread: str | None = None
    thread_native_id: str | None = None
    sending_at: datetime | None = None
    looked_at: datetime | None = None
    posted_at: datetime | None = None
    native_id: str | None = None
    url: str | None = None
    error: str | None = None
    by_hand: bool = False
    to: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """One decision of an agent: the replies it makes stand or fall together. `request` is how it was asked for.

    While it waits: `by` is the lowest role that may say yes, `why` the reasons. `because`: why it was rejected.
    """

    id: str
    agent: str
    state: ReplyState
    request: str
    made_at: datetime
    group: str | None = None
    decided_by: str | None = None
    because: str | None = None
    by: Role = "agent"
    why: tuple[str, ...] = ()
    decided_at: datetime | None = None
