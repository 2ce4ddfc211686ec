"""One human being: under which names, on which accounts, and everything that hangs on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from caretool.domain.comment import Comment
from caretool.domain.draft import Reply
from caretool.domain.log import Line
from caretool.domain.procedure import Case
from caretool.domain.promise import Promise


@dataclass(frozen=True, slots=True)
class Alias:
    """How a person is known on one of our accounts. `linked_from` is who they were there before they were linked."""

    account: str
    handle: str
    name: str | None = None
    followers: int | None = None
    linked_from: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """One person: `linked_to` whom they were found to be, `forgotten_at` when everything of theirs was erased."""

    id: str
    name: str
    aliases: tuple[Alias, ...] = ()
    linked_to: str | None = None
    forgotten_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What an agent wrote down about a person, or about something of theirs."""

    subject: str
    at: datetime
    agent: str
    text: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything the desk knows of a person. `selves` are the ids under which they were known before; `revisions` the
    earlier texts of comments, by id; `rewards` and `moderation` rows as they are stored."""

    person: Person
    selves: tuple[str, ...]
    comments: tuple[Comment, ...]
    revisions: Mapping[str, tuple[tuple[datetime, str], ...]]
    replies: tuple[Reply, ...]
    promises: tuple[Promise, ...]
    cases: tuple[Case, ...]
    rewards: tuple[Mapping[str, Any], ...]
    moderation: tuple[Mapping[str, Any], ...]
    notes: tuple[Note, ...]
    history: tuple[Line, ...]
