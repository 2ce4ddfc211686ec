"""The one protocol every connector speaks; the middle of the desk never sees a wire shape.

A connector is a module with a settings model (pydantic, `extra="forbid"`) and a function that makes a `Platform` from
it without a request. Errors are those of `caretool.errors`; anything else that leaves a connector is a bug.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from caretool.domain.budget import Budget, Unlimited
from caretool.domain.comment import Incoming
from caretool.domain.harmless import one_line
from caretool.domain.limits import Limits
from caretool.domain.vault import Forgetful, Vault
from caretool.domain.watch import Watch

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Opening:
    """What a connector is opened with: the workspace's `folder`, the desk's `zone` (for times that name none), a
    `clock` that gives the aware moment it is now, and the `facts` it learned before (see `Page.facts`). `vault` is
    where it keeps what its platform renews, `budget` what counts its requests."""

    folder: Path
    zone: ZoneInfo
    clock: Clock
    facts: str | None = None
    vault: Vault = field(default_factory=Forgetful)
    budget: Budget = field(default_factory=Unlimited)


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something on the page that could not be a comment: `where` (line 12, an id) and `why`, in one short sentence.
    What strangers wrote of it is made harmless."""

    where: str
    why: str

    def __post_init__(self) -> None:
        for name, longest in (("where", 120), ("why", 200)):
            object.__setattr__(self, name, one_line(getattr(self, name), longest) or "?")


@dataclass(frozen=True, slots=True)
class Page:
    """Comments, oldest first, and the bookmark to store with them: fetching from it goes on after this page. Where a
    platform lists the newest first and has no lower bound, later pages may hold older comments (see `descent`).

    `deleted` are native ids the platform says are gone. `remarks` are sentences a person should read about it. `facts`
    is what the connector has learned of the place (its limits, who we are there), in a form of its own: it is kept, and
    handed to the next opening. None: nothing new.
    """

    comments: tuple[Incoming, ...]
    bookmark: str
    deleted: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    remarks: tuple[str, ...] = ()
    facts: str | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """How known comments stand on the platform now: which are `gone`, and those `edited`, as they read today (the desk
    compares: one that did not change may be among them)."""

    gone: frozenset[str] = frozenset()
    edited: tuple[Incoming, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What a platform says of our account, asked on purpose: who we are there, what the token may do, until when, how
    many requests are left. None or empty: it does not say. `missing` are rights that caretool needs and it lacks.
    """

    handle: str | None = None
    name: str | None = None
    software: str | None = None
    scopes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    expires_at: datetime | None = None
    requests_left: int | None = None
    left_until: datetime | None = None
    remarks: tuple[str, ...] = ()
    facts: str | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A reply on its way. `to` are the native ids it answers (the first is the one replied to), `thread` the native id.

    `key` is the reply's own, made before the request leaves; `created_at` bounds where `find` has to look. `warning` is
    the content warning of what it answers. `not_these` are native ids of our other replies: none of them is this.
    `addressee` is the handle of who wrote what it replies to (None: not known any more).
    """

    key: str
    text: str
    to: tuple[str, ...]
    thread: str | None
    private: bool
    created_at: datetime
    warning: str | None = None
    not_these: frozenset[str] = frozenset()
    addressee: str | None = None


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
        """Pages of what is new since `bookmark` (None: from the beginning), until nothing is left.

        Raises TokenRefused, PlatformBusy, PlatformFailed.
        """

    def look(self, native_ids: Sequence[str]) -> Looked:
        """How these comments stand on the platform now (asked before a reply). Raises as `fetch` does."""

    def post(self, reply: Outgoing) -> Posted:
        """Post once, never retried here. Raises AnswerLost if it may have gone out, PlatformFailed if it has not."""

    def find(self, reply: Outgoing) -> Posted | None:
        """Our reply as the platform lists it, by key, own id, or own text since `created_at`; None: not there."""

    def check(self) -> Checked:
        """What the platform says of our account. Raises as `fetch` does."""


@runtime_checkable
class Expires(Protocol):
    """A platform whose token ends."""

    @property
    def expires_at(self) -> datetime | None:
        """When a person has to make a new one, as far as is known without a request; None: it is not, or never."""


@runtime_checkable
class Searches(Protocol):
    """A platform that can be searched for what is not said to us."""

    def search(self, watch: Watch, bookmark: str | None) -> Iterator[Page]:
        """Pages of what was found since `bookmark`, which belongs to this watch alone; raises as `fetch` does."""


@runtime_checkable
class Likes(Protocol):
    """A platform on which we can like what others wrote."""

    def like(self, native_id: str) -> None:
        """Like it; what is liked already is no failure. Raises as `fetch` does."""

    def unlike(self, native_id: str) -> None:
        """Take it back. Raises as `fetch` does."""


@runtime_checkable
class Retracts(Protocol):
    """A platform on which we can delete what we posted."""

    def retract(self, native_id: str) -> None:
        """Delete our own reply; one that is gone already is no failure. Raises as `fetch` does."""


@dataclass(frozen=True, slots=True)
class Offence:
    """What moderation is about: the comment with this `native_id`, written by `handle`, on this `ground` (see
    `caretool.domain.moderation`). `key` is the action's own, made before the request leaves.

    Whatever is done about it returns None where the platform has done it, else the name of the file in which it was
    written down for a person to carry out."""

    native_id: str
    handle: str
    ground: str
    key: str


@runtime_checkable
class Hides(Protocol):
    """A platform on which we can hide what others wrote under our posts, and show it again."""

    def hide(self, offence: Offence) -> str | None:
        """Nobody but its author and us sees it; one that is hidden already is no failure. Raises as `fetch` does."""

    def unhide(self, offence: Offence) -> str | None:
        """Show it again. Raises as `fetch` does."""


@runtime_checkable
class Deletes(Protocol):
    """A platform on which we can delete what others wrote under our posts. There is no way back."""

    def delete(self, offence: Offence) -> str | None:
        """Delete it; one that is gone already is no failure. Raises as `fetch` does."""


@runtime_checkable
class Mutes(Protocol):
    """A platform on which we can stop seeing somebody, who is not told."""

    def mute(self, offence: Offence) -> str | None:
        """See nothing more of its author; one who is muted already is no failure. Raises as `fetch` does."""

    def unmute(self, offence: Offence) -> str | None:
        """See its author again. Raises as `fetch` does."""


@runtime_checkable
class Bans(Protocol):
    """A platform on which we can keep somebody from writing to us."""

    def ban(self, offence: Offence) -> str | None:
        """Keep its author out; one who is banned already is no failure. Raises as `fetch` does."""

    def unban(self, offence: Offence) -> str | None:
        """Let its author in again. Raises as `fetch` does."""


@runtime_checkable
class Reports(Protocol):
    """A platform that takes reports of what breaks its rules."""

    def report(self, offence: Offence) -> str | None:
        """Report the comment to those who run the platform, once for each `key` as far as the platform can tell. Raises
        as `post` does."""
