"""Who may be hidden, deleted, muted or banned, and for what (R1): never somebody for complaining."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from caretool.domain.ids import FORGOTTEN
from caretool.domain.policy import Action, ModerationRule, When
from caretool.domain.reading import Reading

Ground = Literal["spam", "abuse", "repeated", "personal-data"]
ModerationState = Literal["doing", "done", "failed", "unsure", "undone"]

SILENCING: frozenset[Action] = frozenset({"hide", "delete", "mute", "ban"})
# To report a comment is to ask the platform to silence it.
GUARDED: frozenset[Action] = SILENCING | {"report"}
REVERSIBLE: frozenset[Action] = frozenset({"hide", "mute", "ban"})
GROUNDS = (
    'kind = "spam", kind = "abuse" (vulgar insult without a grievance), same_message_profiles = 2 or more, '
    "or, only to hide, personal_data = true"
)
PROFILES = 2
# What many people write without knowing of each other ("Auguri!") is no message that is spread.
FEWEST_WORDS = 5
_SILENCEABLE = frozenset({"spam", "abuse"})
_MINUTES = {"minutes": 1, "hours": 60, "days": 24 * 60}


@dataclass(frozen=True, slots=True)
class Copy:
    """A comment that says the same, or nearly. `handle` is its author's, on a `platform`."""

    comment: str
    account: str
    platform: str
    person: str
    handle: str
    kind: str | None
    written_at: datetime
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known around a comment beside what was read in it.

    `account` is empty for a text that nobody has posted yet. `copies` are all that say the same or nearly, on any
    account, by anybody, the comment itself among them; `words` is how many words it has. `threads` are the native id
    and the address of its thread. `removed_before`: how often this author was silenced before, what was undone and what
    protected them left out; `first_comment`: nothing else of theirs is known.
    """

    account: str
    platform: str
    person: str = ""
    handle: str = ""
    written_at: datetime | None = None
    copies: tuple[Copy, ...] = ()
    words: int = FEWEST_WORDS
    threads: tuple[str, ...] = ()
    removed_before: int = 0
    first_comment: bool = False

    def complaining(self) -> str | None:
        """The id of a copy that is a complaint, if one is."""
        return next((copy.comment for copy in self.copies if copy.kind == "complaint"), None)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules would do with a comment: the action, the rule's name (None: no rule), the ground (None where the
    action needs none), and why. `protected`: a rule that matched was not applied."""

    action: Action
    rule: str | None
    ground: Ground | None
    why: tuple[str, ...]
    protected: bool = False


def grounded(when: When, action: Action) -> str | None:
    """Whether a rule may load: None if it may, else one sentence that says why not and what would do.

    A rule that silences must *require* a ground of R1. A condition that only narrows (angry, one topic, one thread, an
    author's history) is none, and neither is an empty `when`.
    """
    if action not in GUARDED:
        return None
    protects = action == "hide" and when.personal_data is True
    if when.kind is not None and "complaint" in when.kind and not protects:
        return f"nobody may be silenced for complaining: {action!r} needs a ground other than a complaint, {GROUNDS}"
    if protects or _by_kind(when) or _by_copies(when):
        return None
    return f"this could silence a complaint: {action!r} needs a ground in `when`, {GROUNDS}"


def decide(reading: Reading, rules: Sequence[ModerationRule], around: Circumstances) -> Decision:
    """What the rules would do with a comment; the first that matches wins.

    A guarded rule without a ground never applies, and none applies to what was read as a complaint or says the same as
    one, save hiding what exposes personal data. Nor is a person asked to decide where all they could do is refused.
    """
    spared: list[str] = []
    for rule in rules:
        matched = _matched(rule.when, reading, around)
        if matched is None:
            continue
        ground = _ground_of(rule, reading, around)
        against = protection(rule.action, ground, reading, around)
        if against is None:
            why = (*spared, *(matched or ("the rule asks for nothing",)))
            return Decision(rule.action, rule.name, ground, why, bool(spared))
        spared.append(f"rule {rule.name!r} is not applied: {against}")
    return Decision("leave", None, None, (*spared, "no moderation rule applies"), bool(spared))


def against(action: Action, ground: Ground | None, reading: Reading, around: Circumstances) -> str | None:
    """Why an action that a person asks for on this ground may not be taken, and what would have to be; None: it may.

    The ground has to stand in what was read, or in what a person corrected it to."""
    refused = protection(action, ground, reading, around)
    if refused is not None or action not in GUARDED:
        return refused
    if ground in _SILENCEABLE and reading.kind != ground:
        return f"it is read as {reading.kind}: if it is {ground}, `caretool triage ID --kind {ground}` says so first"
    if ground == "repeated" and (found := _most_profiles(around)) < PROFILES:
        return f"the same message stands on {found} of our profiles, not on {PROFILES} or more"
    if ground == "personal-data" and not reading.personal_data:
        return "no personal data is read in it"
    return None


def protection(action: Action, ground: Ground | None, reading: Reading, around: Circumstances) -> str | None:
    """What protects a comment from an action on this ground, whoever asks for it; None: nothing does."""
    if action == "ask":
        return None if reading.personal_data else _complaint(reading, around)
    if action not in GUARDED:
        return None
    if ground == "personal-data" and action == "hide":
        return None if reading.personal_data else "no personal data is read in it"
    if (complaint := _complaint(reading, around)) is not None:
        return complaint
    if ground == "personal-data":
        return "exposed personal data is hidden, nothing else is done about it"
    return None if ground is not None else "it has no ground"


def _complaint(reading: Reading, around: Circumstances) -> str | None:
    """That it is a complaint, or says the same as one; None: neither."""
    if reading.kind == "complaint":
        return "a complaint is never silenced"
    copy = around.complaining()
    return None if copy is None else f"the same message is a complaint in {copy}, and a complaint is never silenced"


def profiles(around: Circumstances, within: timedelta | None, by: Literal["one", "several"]) -> int:
    """On how many of our profiles the message stands, this one counted, at most `within` from the first to the last
    (None: whenever); copies by the same author alone, or by anybody."""
    copies = [copy for copy in around.copies if by == "several" or _same_author(copy, around)]
    if by == "several" and around.words < FEWEST_WORDS:
        return 1
    own = around.written_at
    if within is None or own is None:
        return _accounts(around, copies)
    starts = [own, *(copy.written_at for copy in copies if own - within <= copy.written_at <= own)]
    return max(
        _accounts(around, [copy for copy in copies if start <= copy.written_at <= start + within]) for start in starts
    )


def _accounts(around: Circumstances, copies: Sequence[Copy]) -> int:
    return max(1, len({around.account, *(copy.account for copy in copies)} - {""}))


def likely_ground(reading: Reading, around: Circumstances, action: Action) -> Ground | None:
    """The first ground on which a person could take this action; None: there is none."""
    grounds: tuple[Ground, ...] = ("spam", "abuse", "repeated", "personal-data")
    return next((ground for ground in grounds if against(action, ground, reading, around) is None), None)


def _most_profiles(around: Circumstances) -> int:
    return max(profiles(around, None, "one"), profiles(around, None, "several"))


def _same_author(copy: Copy, around: Circumstances) -> bool:
    same_handle = copy.handle == around.handle and copy.platform == around.platform
    return copy.person == around.person or same_handle


def _by_kind(when: When) -> bool:
    return bool(when.kind) and _SILENCEABLE.issuperset(when.kind or ())


def _by_copies(when: When) -> bool:
    return when.same_message_profiles is not None and when.same_message_profiles >= PROFILES


def _ground_of(rule: ModerationRule, reading: Reading, around: Circumstances) -> Ground | None:
    """On which of its grounds a rule that matched acts."""
    if rule.action not in GUARDED:
        return None
    if _by_kind(rule.when):
        return "spam" if reading.kind == "spam" else "abuse"
    if _by_copies(rule.when) and reading.kind != "complaint" and around.complaining() is None:
        return "repeated"
    return "personal-data" if rule.action == "hide" and rule.when.personal_data is True else None


def _matched(when: When, reading: Reading, around: Circumstances) -> tuple[str, ...] | None:
    """The conditions that hold, in words; None where one does not."""
    reasons: list[str] = []
    for holds, reason in _conditions(when, reading, around):
        if not holds:
            return None
        reasons.append(reason)
    return tuple(reasons)


def _conditions(when: When, reading: Reading, around: Circumstances) -> Iterator[tuple[bool, str]]:
    among: tuple[tuple[str, Sequence[str] | None, str | None], ...] = (
        ("kind", when.kind, reading.kind),
        ("tone", when.tone, reading.tone),
        ("topic", when.topic, reading.topic),
        ("language", when.language, reading.language),
        ("account", when.account, around.account),
        ("platform", when.platform, around.platform),
    )
    for name, wanted, found in among:
        if wanted is not None:
            yield found in wanted, f"{name} is {found}"
    yield from _yes_or_no(when, reading, around)
    if when.thread is not None:
        yield any(one in when.thread for one in around.threads), "it stands in a thread the rule names"
    if when.removed_before is not None:
        told = f"the author was silenced before, {around.removed_before} times"
        yield around.removed_before >= when.removed_before, told
    if when.same_message_profiles is not None:
        by = when.by or "one"
        found_on = profiles(around, span(when), by)
        told = f"the same message stands on {found_on} profiles" + (", whoever wrote it" if by == "several" else "")
        yield found_on >= when.same_message_profiles, told


def _yes_or_no(when: When, reading: Reading, around: Circumstances) -> Iterator[tuple[bool, str]]:
    if when.personal_data is not None:
        said = "it exposes personal data" if when.personal_data else "it exposes no personal data"
        yield reading.personal_data is when.personal_data, said
    if when.vulgar is not None:
        yield reading.vulgar is when.vulgar, "it is vulgar" if when.vulgar else "it is not vulgar"
    if when.first_comment is not None:
        told = "it is the first the author wrote" if when.first_comment else "the author has written before"
        yield around.first_comment is when.first_comment, told


def span(when: When) -> timedelta | None:
    """How far apart copies may be; None: it does not matter."""
    length = when.within
    return None if length is None else timedelta(minutes=length.amount * _MINUTES[length.unit])


@dataclass(frozen=True, slots=True)
class Evidence:
    """What stood there when something was done about it. `text` and `url` are None where the person was forgotten;
    `hash` stays: SHA-256 of the native id, a line feed and the text. `copies` are (id, account, url) of its copies."""

    text: str | None
    url: str | None
    written_at: datetime
    kept_at: datetime
    hash: str
    copies: tuple[tuple[str, str, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Moderation:
    """One thing done about a comment or its author. `was` is the state of a comment that this has closed; `by_hand`: a
    person did it on the platform; `handed_to`: the file that a person carries it out from (None: the platform has done
    it). `handle` and `native_id` are of the comment as it is known today."""

    id: str
    comment: str
    person: str
    account: str
    action: Action
    ground: Ground | None
    rule: str | None
    state: ModerationState
    agent: str
    because: str | None
    key: str
    made_at: datetime
    native_id: str
    handle: str
    by_hand: bool = False
    handed_to: str | None = None
    was: Literal["waiting", "snoozed"] | None = None
    done_at: datetime | None = None
    error: str | None = None
    undone_at: datetime | None = None
    undone_by: str | None = None
    undone_because: str | None = None
    evidence: Evidence | None = None

    @property
    def known(self) -> bool:
        """Whether it is still known whom it is about: not once they were forgotten, or their comment was purged."""
        return not self.handle.startswith(FORGOTTEN)

    @property
    def in_force(self) -> bool:
        """Whether it holds, or may hold."""
        return self.state in ("doing", "done", "unsure")
