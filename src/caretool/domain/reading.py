"""What was read in a text: the values that pass between `language` and everybody else (pure, in bulk)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from caretool.domain.codes import Form, Kind, Tone
from caretool.domain.masking import Exposed


@dataclass(frozen=True, slots=True)
class Text:
    """What a reading looks at. `tag` is the platform's own language tag; `fallback` the language to assume when unsure.

    `rating` is 1–5 stars where the platform has them. `thread_text` is the post that was commented on.
    """

    text: str
    fallback: str
    tag: str | None = None
    form: Form = "comment"
    rating: int | None = None
    thread_text: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What sort of comment it is.

    `topic` is a template's topic or None; `confidence` (0–1) is the topic's; `alternatives` are further
    `(topic, confidence)`, best first. `escalation` names the policy's `[[escalation]]` that must reach a person
    (injury, legal, press, data-subject); then no template answers. `vulgar` and `personal_data` are moderation's
    grounds. `reasons` say which word or rule decided what, as short English phrases. `exposed` is where personal data
    stands in what was looked at.
    """

    language: str
    kind: Kind
    tone: Tone
    topic: str | None = None
    confidence: float = 0.0
    alternatives: tuple[tuple[str, float], ...] = ()
    escalation: str | None = None
    vulgar: bool = False
    personal_data: bool = False
    reasons: tuple[str, ...] = ()
    exposed: tuple[Exposed, ...] = ()


@dataclass(frozen=True, slots=True)
class Commitment:
    """A span of a text that commits us (DESIGN §6). `start`/`end` are offsets of `excerpt` in the text.

    `promise_kind` is a kind of the policy, `other` where none fits. `due_at` is aware, None where no time is said.
    `vague`: a time that is none ("a breve"). `conditional`: hangs on something the customer does first.
    `relative`: the due time moves with the moment of posting ("domani", "entro 24 ore"), not a fixed day and hour.
    """

    excerpt: str
    start: int
    end: int
    promise_kind: str
    due_at: datetime | None
    vague: bool = False
    conditional: bool = False
    relative: bool = False


Sought = Literal["how-much", "when", "where", "how-long", "which", "possible"]
"""What a question is after: an amount, a time, a place, a length of time, one of several, a yes or no."""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks in a comment; `excerpt` is the question in their own words."""

    sought: Sought
    excerpt: str


@dataclass(frozen=True, slots=True)
class PersonalData:
    """One piece of personal data in a text. `what`: e-mail, phone, iban, tax-code, card, order, address, or the name of
    the company's own pattern. `unchecked`: that pattern took too long on this text, which may hold such data anywhere;
    the excerpt is empty."""

    what: str
    excerpt: str
    start: int
    end: int
    unchecked: bool = False
