"""The final text of a reply with all that its checks look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from caretool.domain.codes import Kind
from caretool.domain.draft import Check
from caretool.domain.limits import Limits
from caretool.domain.policy import ReplyRules
from caretool.domain.reading import Commitment, PersonalData, Question
from caretool.domain.voice import Register

OPENING = 60
"""How much of a text is shown where what is wrong with it stands nowhere in particular."""


@dataclass(frozen=True, slots=True)
class Passing:
    """A sentence that would pass for a promise kind, and the due time it says."""

    sentence: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ReplyText:
    """The final text of one reply or part, and all that its checks look at.

    `kinds` are those of the comments it answers; `agent` the name it speaks in (None: nobody's yet). `names` are the
    people it speaks to, as it calls them, and `ours` our own contacts (an address, a number, `@ourdomain.example` for
    every address there): neither is personal data. `passing` has, by promise kind, what would pass now.

    `said` are the comments it answers, `questions` what they ask. `written_in` is the language the text is in and
    `spoken` those the people write in, empty or None where that is not certain. `registers` are those the text may use
    (none: any). `capitals` are words that are written so wherever they stand. `off` are checks nobody wants.
    """

    text: str
    language: str
    private: bool = False
    kinds: frozenset[Kind] = frozenset()
    agent: str | None = None
    limits: Limits = field(default_factory=Limits)
    rules: ReplyRules = field(default_factory=ReplyRules)
    personal: tuple[PersonalData, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    names: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    passing: Mapping[str, Passing] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    written_in: str | None = None
    spoken: frozenset[str] = frozenset()
    registers: frozenset[Register] = frozenset()
    capitals: frozenset[str] = frozenset()
    off: frozenset[Check] = frozenset()
