"""What comes in: comments as a connector hands them over, their authors and threads (DESIGN §1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from caretool.domain.codes import CommentState as CommentState
from caretool.domain.codes import Form as Form
from caretool.domain.codes import Kind as Kind
from caretool.domain.codes import Tone as Tone
from caretool.domain.ids import FORGOTTEN
from caretool.domain.masking import Exposed, masked


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote it, on one platform. `handle` is unique there; `name` is what they chose to be called."""

    handle: str
    name: str | None = None
    followers: int | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """The post or conversation a comment belongs to; `native_id` is the platform's."""

    native_id: str
    text: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """One comment as it came from a platform: plain text (a connector converts HTML at the door), aware times.

    `written_at` is None where the platform gives none; the desk then takes the moment of the first fetch.
    `language` is the platform's own tag, if any. `attachments` are addresses. `warning` is what the author put before
    the text for readers to decide whether they want to see it (a content warning). `own`: the connector knows that we
    wrote it. `closes_at` is when the platform takes no answer any more, `private_until` no private one to a public
    comment.
    """

    native_id: str
    author: Author
    text: str
    written_at: datetime | None = None
    private: bool = False
    reply_to: str | None = None
    thread: Thread | None = None
    url: str | None = None
    form: Form = "comment"
    rating: int | None = None
    likes: int | None = None
    language: str | None = None
    attachments: tuple[str, ...] = ()
    warning: str | None = None
    own: bool = False
    closes_at: datetime | None = None
    private_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as the desk knows it: what came in, what was read in it, where it stands.

    `number` is its place in the order of storing. `own`: we wrote it. `unread`: new, or edited since it was read.
    `dated` is False where the platform gave no date and `written_at` is the first fetch. What a reading decides is None
    until it was read. `group` is the id of the group it is or was in, `joined` its place in the order of joining
    groups. `copy_of` is the id of the first comment that says the same, `again` that of a promise to this person
    that was running when the comment came in. `exposed` is where personal data stands in the
    text; None: it was not read as it is now. `due_at` is by when an answer is due, never later than `closes_at`.
    `watch` is what found it that was not said to us.
    """

    number: int
    id: str
    account: str
    native_id: str
    person: str
    handle: str
    name: str | None
    form: Form
    text: str
    private: bool
    written_at: datetime
    dated: bool
    state: CommentState
    own: bool = False
    unread: bool = False
    thread: str | None = None
    thread_native_id: str | None = None
    thread_text: str | None = None
    thread_url: str | None = None
    reply_to: str | None = None
    url: str | None = None
    rating: int | None = None
    likes: int | None = None
    attachments: tuple[str, ...] = ()
    warning: str | None = None
    tag: str | None = None
    snoozed_until: datetime | None = None
    language: str | None = None
    kind: Kind | None = None
    tone: Tone | None = None
    topic: str | None = None
    confidence: float = 0.0
    alternatives: tuple[tuple[str, float], ...] = ()
    escalation: str | None = None
    personal_data: bool = False
    reasons: tuple[str, ...] = ()
    corrected: tuple[str, ...] = ()
    copy_of: str | None = None
    due_at: datetime | None = None
    group: str | None = None
    joined: int = 0
    again: str | None = None
    exposed: tuple[Exposed, ...] | None = None
    closes_at: datetime | None = None
    private_until: datetime | None = None
    watch: str | None = None

    @property
    def erased(self) -> bool:
        """Whether its words were erased, and who wrote it."""
        return self.handle.startswith(FORGOTTEN)

    @property
    def author(self) -> str:
        """What whoever wrote it is called."""
        return "(forgotten)" if self.erased else self.name or self.handle

    @property
    def masked(self) -> str:
        """What it says, without personal data."""
        return masked(self.text, self.exposed)
