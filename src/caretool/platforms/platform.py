"""The one protocol every connector speaks; the middle of the desk never sees a wire shape.

A connector is a module with a settings model (pydantic, `extra="forbid"`) and a function that makes a `Platform` from
it without a request. Errors are those of `caretool.errors`; anything else that leaves a connector is a bug.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from caretool.domain.comment import Incoming
from caretool.domain.limits import Limits


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something on the page that could not be a comment: `where` (line 12, an id) and `why`, in one short sentence."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Page:
    """Comments, oldest first, and the bookmark to store with them: fetching from it goes on after this page.

    `deleted` are native ids the platform says are gone. `remarks` are sentences a person should read about it.
    """

    comments: tuple[Incoming, ...]
    bookmark: str
    deleted: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A reply on its way. `to` are the native ids it answers (the first is the one replied to), `thread` the native id.

    `key` is the reply's own, made before the request leaves; `created_at` bounds where `find` has to look.
    """

    key: str
    text: str
    to: tuple[str, ...]
    thread: str | None
    private: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Posted:
    """What the platform says of our reply."""

    native_id: str
    posted_at: datetime
    url: str | None = None


class Platform(Protocol):
    """One account on one platform. Made without a request; thread-safe is not required (one thread an account)."""

    @property
    def limits(self) -> Limits: ...

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        """Pages of what is new since `bookmark` (None: from the beginning), oldest first, until nothing is left.

        Raises TokenRefused, PlatformBusy, PlatformFailed.
        """

    def gone(self, native_ids: Sequence[str]) -> frozenset[str]:
        """Which of these comments are deleted on the platform now (asked before a reply)."""

    def post(self, reply: Outgoing) -> Posted:
        """Post once, never retried here. Raises AnswerLost if it may have gone out, PlatformFailed if it has not."""

    def find(self, reply: Outgoing) -> Posted | None:
        """Our reply as the platform lists it, by key, own id, or own text since `created_at`; None: not there."""
