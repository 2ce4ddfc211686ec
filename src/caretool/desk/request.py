"""How a reply was asked for, and what became of it before anybody said yes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from caretool.domain.address import borne
from caretool.domain.comment import Comment
from caretool.domain.draft import Addressee, AskedMode, Check, Mode, Refusal
from caretool.domain.limits import Limits
from caretool.domain.voice import Register
from caretool.domain.waiver import Kept, Waived


@dataclass(frozen=True, slots=True)
class Request:
    """What an agent asked: which comments, with which template or text, how.

    `groups` are the groups that were named (to see whether they changed); `promises` are `(kind, due)` given by hand,
    due in RFC 3339; `given` the values of `--set`; `not_a_promise` excerpts that commit to nothing. `said`
    is a digest of each comment as the draft answers it (`looking.edited_since`).
    `further`: what was answered gets a further answer, as what we said no longer holds. `reward`: the kind it brings.
    `draft`: it shall wait for somebody else's yes. `read`: what each comment was taken to be (`outdated.reading_of`).
    `turns`: which of the variants, from 0, the answer to a comment was written with.
    `waive`: checks that shall not count; `waived`: what came of that, once it was written. `by_hand`: a person has
    posted it there already.
    """

    comments: tuple[str, ...]
    groups: tuple[str, ...] = ()
    template: str | None = None
    text: str | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    mode: AskedMode = "auto"
    promises: tuple[tuple[str, str], ...] = ()
    not_a_promise: tuple[str, ...] = ()
    private: bool = False
    include_new: bool = False
    further: bool = False
    reward: str | None = None
    waive: tuple[Check, ...] = ()
    waived: tuple[Kept, ...] = ()
    said: Mapping[str, str] = field(default_factory=dict)
    draft: bool = False
    read: Mapping[str, str] = field(default_factory=dict)
    turns: Mapping[str, int] = field(default_factory=dict)
    by_hand: bool = False

    def to_json(self) -> str:
        """As it is kept with a draft that waits for approval."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Request:
        """Back from `to_json`."""
        values = json.loads(text)
        for name in ("comments", "groups", "not_a_promise"):
            values[name] = tuple(values[name])
        values["waive"] = tuple(values.get("waive", ()))
        values["waived"] = tuple(Kept(**one) for one in values.get("waived", ()))
        values["promises"] = tuple((kind, due) for kind, due in values["promises"])
        return cls(**values)


def warning_of(comments: Sequence[Comment], language: str) -> str | None:
    """The content warning that an answer to these comments bears: that of all of them, if we can say it."""
    warnings = {comment.warning for comment in comments}
    warning = warnings.pop() if len(warnings) == 1 else None
    return borne(warning, language) if warning else None


@dataclass(frozen=True, slots=True)
class Target:
    """Whom one reply speaks to, before it has words: one person, or the people of one thread.

    `register`: how they are to be spoken to (None: nobody has said); `variants`: how many texts `source` was one of;
    `turn`: which, from 0.
    """

    comments: tuple[Comment, ...]
    mode: Mode
    private: bool
    language: str
    source: str
    register: Register | None = None
    variants: int = 1
    turn: int = 0

    @property
    def account(self) -> str:
        """Where it is posted."""
        return self.comments[0].account

    @property
    def warning(self) -> str | None:
        """The content warning that the answer bears."""
        return warning_of(self.comments, self.language)

    def within(self, limits: Limits) -> Limits:
        """Of what its platform lets a reply be, what counts for this one."""
        return limits.of_one(private=self.private).beside(self.warning)

    @property
    def persons(self) -> tuple[str, ...]:
        """Ids of the people, in the order they wrote."""
        return tuple(dict.fromkeys(comment.person for comment in self.comments))


@dataclass(frozen=True, slots=True)
class Part:
    """One reply as it would be posted. `whens` are the times it names, in words, by promise kind. `reward`: the kind it
    brings; its code stands in the text once it is drawn."""

    target: Target
    addressees: tuple[Addressee, ...]
    text: str
    whens: Mapping[str, str] = field(default_factory=dict)
    reward: str | None = None

    @property
    def comments(self) -> tuple[Comment, ...]:
        """What it answers."""
        return self.target.comments


@dataclass(frozen=True, slots=True)
class Planned:
    """A promise that approval would log: for one person, by `part` (an index)."""

    part: int
    kind: str
    person: str
    comment: str
    text: str
    due_at: datetime
    relative: bool
    window: tuple[date, date] | None = None
    review_at: datetime | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Composed:
    """The whole: parts with their promises, what is refused, remarks worth a line on stderr, and what was waived."""

    parts: tuple[Part, ...]
    promises: tuple[Planned, ...]
    refusals: tuple[Refusal, ...]
    remarks: tuple[str, ...] = ()
    waived: tuple[Waived, ...] = ()
