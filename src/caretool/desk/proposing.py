"""Propose: what would be done about which comments, on which ground, and whether it could be done at all. Nothing here
touches anything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal, cast

from caretool.desk import outdated, permitting, surroundings, triaging
from caretool.desk.desk import Desk
from caretool.desk.guarding import can
from caretool.domain.comment import Comment, CommentState
from caretool.domain.moderation import (
    GUARDED,
    SILENCING,
    Circumstances,
    Copy,
    Decision,
    Ground,
    Moderation,
    against,
    decide,
    likely_ground,
)
from caretool.domain.policy import Action
from caretool.domain.reading import Reading
from caretool.domain.roles import Ability
from caretool.errors import NotFound, Protected, UsageProblem

Standing = Literal["ready", "leave", "decide", "done", "unable", "forbidden", "settle"]
# Where a comment may stand when something is done about it; one to which a reply is on its way is left alone.
STANDS: tuple[CommentState, ...] = ("waiting", "snoozed", "answered", "closed")
PAST: Mapping[Action, str] = {
    "leave": "left alone",
    "hide": "hidden",
    "unhide": "shown again",
    "delete": "deleted",
    "mute": "muted",
    "ban": "banned",
    "report": "reported",
    "ask": "decided on",
}
# Never on a yes to many things at once: each by its name.
CAREFUL: frozenset[Action] = frozenset({"ban", "mute", "delete"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks for. `action`: this one on this `ground`, where no rule of the policy says so (None: what the
    policy says); `by_hand`: it was done on the platform already. `still`: it was asked for before, and is looked at
    once more."""

    action: Action | None = None
    ground: Ground | None = None
    because: str | None = None
    by_hand: bool = False
    still: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be done about one comment. `standing`: `ready`, or why it is not: nothing is to be done (`leave`), a
    person decides what (`decide`), it was done already (`done`), the platform cannot (`unable`), this agent may not
    (`forbidden`), whether it was done nobody knows (`settle`); `told` says so in a sentence. `named`: by its own id,
    not with its group's or its author's. `again`: what was begun before, and is not known to be done; `repeated`: that
    was named by its own id. `undone`: the last that was done about it and taken back."""

    comment: Comment
    decision: Decision
    standing: Standing
    told: str = ""
    named: bool = False
    copies: tuple[Copy, ...] = ()
    again: Moderation | None = None
    repeated: bool = False
    undone: Moderation | None = None

    @property
    def action(self) -> Action:
        """What would be done."""
        return self.decision.action

    @property
    def wants(self) -> tuple[object, ...]:
        """What a yes is given to."""
        return self.decision.action, self.decision.rule, self.decision.ground

    @property
    def hash(self) -> str:
        """What tells later that this is what it said."""
        return hashlib.sha256(f"{self.comment.native_id}\n{self.comment.text}".encode()).hexdigest()

    @property
    def needs_somebody(self) -> bool:
        """Whether it stays undone until a person does something else than to say yes."""
        return self.standing in ("decide", "unable", "forbidden")

    @property
    def careful(self) -> bool:
        """Whether it wants a yes of its own, given to its name."""
        return self.action in CAREFUL or self.comment.escalation is not None


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, and what would not, with the reason. `protected`: about how many comments beside these
    nothing is done although a rule matches."""

    proposals: tuple[Proposal, ...]
    protected: int = 0

    @property
    def ready(self) -> tuple[Proposal, ...]:
        """What a yes would do."""
        return tuple(proposal for proposal in self.proposals if proposal.standing == "ready")

    @property
    def to_settle(self) -> tuple[Proposal, ...]:
        """What was begun before, and only a person can tell whether it was done."""
        return tuple(proposal for proposal in self.proposals if proposal.standing == "settle")


@dataclass(frozen=True, slots=True)
class _Meant:
    """Comments by id, which of them were named, what was begun before about a comment and is meant by that, and about
    which comments it was meant by its own id."""

    comments: tuple[str, ...]
    named: frozenset[str]
    begun: dict[str, Moderation]
    repeated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Case:
    """All that is known of a comment about which something would be done. `before`: what was done about it so far."""

    comment: Comment
    reading: Reading
    around: Circumstances
    before: tuple[Moderation, ...]
    named: bool
    begun: Moderation | None
    repeated: bool

    def again(self, action: Action) -> Moderation | None:
        """What of this sort is in force."""
        return next((one for one in self.before if one.action == action and one.in_force), None)

    @property
    def undone(self) -> Moderation | None:
        """The last that somebody took back."""
        return max((one for one in self.before if one.undone_at), key=attrgetter("undone_at"), default=None)


def consider(desk: Desk, typed: Sequence[str], asked: Asked) -> Plan:
    """What would be done about these comments (none: all that wait and match a rule). Protected where an action is
    asked for that R1 does not allow, NotFound for what does not exist."""
    desk.agent()
    cases = _cases(desk, _meant(desk, typed), asked)
    decisions = [_decision(desk, case, asked) for case in cases]
    if asked.action is not None and not asked.still:
        _refuse(cases, decisions)
    proposals = [_proposal(desk, case, one, asked) for case, one in zip(cases, decisions, strict=True)]
    if typed:
        return Plan(tuple(proposals))
    protected = sum(one.standing == "leave" and one.decision.protected for one in proposals)
    return Plan(tuple(one for one in proposals if one.standing not in ("leave", "done")), protected)


def count(desk: Desk) -> int:
    """How many waiting comments match a rule that does something, as a quick look tells, which finds only exact copies;
    what was done is left out."""
    rules = desk.policy.moderation
    ids = desk.store.moderations.candidates(rules)
    if not ids or len(ids) > _QUICK:
        return 0
    comments = desk.store.comments.by_ids(ids)
    known = surroundings.readings(desk, comments)
    around = surroundings.around(desk, comments, "quickly")
    before = desk.store.moderations.of_comments(ids)
    settled = {(one.comment, one.action) for one in before if one.in_force}
    undone = {one.comment for one in before if one.state == "undone"}
    actions = [
        (one.id, decide(known[one.id], rules, around[one.id]).action) for one in comments if one.id not in undone
    ]
    return sum(action != "leave" and (comment, action) not in settled for comment, action in actions)


# More than this are not held against the rules in passing.
_QUICK = 2_000


def _meant(desk: Desk, typed: Sequence[str]) -> _Meant:
    if not typed:
        unfinished = desk.store.moderations.in_states(("doing", "unsure"))
        ids = [*desk.store.moderations.candidates(desk.policy.moderation), *(one.comment for one in unfinished)]
        return _Meant(tuple(dict.fromkeys(ids)), frozenset(), {one.comment: one for one in unfinished})
    found: list[str] = []
    named: set[str] = set()
    begun: dict[str, Moderation] = {}
    for one in typed:
        resolved = desk.store.resolve(one, ("c", "g", "u", "m"))
        if resolved.startswith("m"):
            (moderation,) = desk.store.moderations.by_ids([resolved])
            begun[moderation.comment] = moderation
            members = [moderation.comment]
        else:
            members = [resolved] if resolved.startswith("c") else _members(desk, resolved)
        found += members
        named |= set(members) if resolved.startswith(("c", "m")) else set()
    return _Meant(tuple(dict.fromkeys(found)), frozenset(named), begun, frozenset(begun))


def _members(desk: Desk, resolved: str) -> list[str]:
    """Those waiting in a group; everything of a person that is still there."""
    if resolved.startswith("g"):
        found = [comment.id for comment in desk.store.comments.waiting_in(resolved)]
    else:
        theirs = desk.store.comments.of_person(resolved)
        found = [comment.id for comment in theirs if comment.state in STANDS and not comment.own]
    if not found:
        raise NotFound(f"There is nothing in {resolved} to moderate: {outdated.whereabouts(desk, resolved)}")
    return found


def _cases(desk: Desk, meant: _Meant, asked: Asked) -> list[_Case]:
    triaging.read_these(desk, meant.comments)
    comments = [comment for comment in desk.store.comments.by_ids(meant.comments) if not comment.own]
    readings = surroundings.readings(desk, comments)
    closely = asked.ground == "repeated" or bool(meant.begun)
    around = surroundings.around(desk, comments, "closely" if closely else "as the rules ask")
    before: dict[str, list[Moderation]] = {}
    for one in desk.store.moderations.of_comments([comment.id for comment in comments]):
        before.setdefault(one.comment, []).append(one)
    return [
        _Case(
            comment=comment,
            reading=readings[comment.id],
            around=around[comment.id],
            before=tuple(before.get(comment.id, ())),
            named=comment.id in meant.named,
            begun=meant.begun.get(comment.id),
            repeated=comment.id in meant.repeated,
        )
        for comment in comments
    ]


def _decision(desk: Desk, case: _Case, asked: Asked) -> Decision:
    begun = case.begun
    if begun is not None and (asked.action is None or asked.action == begun.action):
        return Decision(begun.action, begun.rule, begun.ground, (f"{begun.id} was begun by {begun.agent}",))
    if asked.action is None:
        return decide(case.reading, desk.policy.moderation, case.around)
    ground = asked.ground
    if ground is None and asked.action in GUARDED:
        ground = likely_ground(case.reading, case.around, asked.action)
    said = "asked for by a person" + (f", on the ground of {ground}" if ground is not None else "")
    return Decision(asked.action, None, ground, (said,))


def _refuse(cases: Sequence[_Case], decisions: Sequence[Decision]) -> None:
    """Protected where a person asks for what R1 does not allow."""
    refused: list[str] = []
    for case, decision in zip(cases, decisions, strict=True):
        why = _against(case, decision)
        if why is not None:
            refused.append(f"{case.comment.id} is not to be {PAST[decision.action]}: {why}.")
    if refused:
        raise Protected("\n".join([*refused[:10], "Nothing was done."]))


def _against(case: _Case, decision: Decision) -> str | None:
    why = against(decision.action, decision.ground, case.reading, case.around)
    return why.replace("triage ID", f"triage {case.comment.id}") if why is not None else None


def _proposal(desk: Desk, case: _Case, decision: Decision, asked: Asked) -> Proposal:
    again = case.again(decision.action)
    standing, told = next(_hindrances(desk, case, decision, asked), ("ready", ""))
    return Proposal(
        comment=case.comment,
        decision=decision,
        standing=standing,
        told=told,
        named=case.named,
        copies=case.around.copies if decision.action != "leave" else (),
        again=again if again is not None and (again.state != "done" or standing == "done") else None,
        repeated=case.repeated,
        undone=case.undone,
    )


def _hindrances(desk: Desk, case: _Case, decision: Decision, asked: Asked) -> Iterator[tuple[Standing, str]]:
    """Everything that stands between a decision and doing it, what counts first first."""
    action, comment = decision.action, case.comment
    again = case.again(action)
    if action == "leave":
        yield "leave", decision.why[-1]
    if again is not None and again.state == "done":
        yield "done", f"it was {PAST[action]} before: {again.id}"
    if again is None and comment.state not in STANDS:
        yield "leave", "it is gone there" if comment.state == "gone" else "a reply to it is on its way"
    if case.undone is not None and again is None and not (case.named or asked.still):
        yield "done", f"{case.undone.id} was undone: something is done about it again only by its id"
    yield from _settled_elsewhere(desk, case, action)
    if action == "ask":
        yield "decide", _how_to_decide(case)
    # What a rule says holds now; what was begun, or asked for, before has to hold still.
    protected = _against(case, decision)
    if protected is not None:
        undo = f": caretool undo {again.id} --because …" if again is not None else ""
        yield ("settle" if again is not None else "leave"), f"{protected}{undo}"
    yield from _not_able(desk, case, action, asked)


def _how_to_decide(case: _Case) -> str:
    id_ = case.comment.id
    if likely_ground(case.reading, case.around, "hide") is None:  # as it was read, whatever they do would be refused
        return f"a person decides; if it is spam or abuse, say so first: caretool triage {id_} --kind abuse"
    return f"a person decides: caretool moderate {id_} --action hide --because …"


def _not_able(desk: Desk, case: _Case, action: Action, asked: Asked) -> Iterator[tuple[Standing, str]]:
    """Why this agent, or this platform, cannot."""
    agent, account, id_ = desk.agent(), case.comment.account, case.comment.id
    try:
        permitting.demand(desk, agent, cast("Ability", action), [account])
    except UsageProblem as problem:
        yield "forbidden", str(problem)
    again = case.again(action)
    if again is not None and action == "report" and not (case.repeated or asked.by_hand):
        yield "settle", how_to_settle(again)
    if not asked.by_hand and not can(desk, account, action):
        asks = f" --action {action}" if asked.action is not None else ""
        yield (
            "unable",
            (f"{account} cannot {action}: do it there yourself, then say `caretool moderate {id_} --by-hand{asks}`"),
        )


def _settled_elsewhere(desk: Desk, case: _Case, action: Action) -> Iterator[tuple[Standing, str]]:
    """What was done about another comment, or the other way round, and needs no doing again."""
    if action == "mute":
        muted = desk.store.moderations.of_author(case.comment.account, case.comment.handle, "mute")
        yield from (("done", f"the author is muted already: {one.id}") for one in muted if one.state == "done")
    if action == "unhide":
        hidden = (one for one in case.before if one.action == "hide" and one.state in ("done", "unsure"))
        yield from (("done", f"caretool undo {one.id} --because … shows it again") for one in hidden)


def how_to_settle(moderation: Moderation) -> str:
    """What a person does about one that is unsure."""
    one = moderation
    told = f"{one.id}: whether {one.comment} was {PAST[one.action]} on {one.account}, nobody knows"
    if one.action == "report":
        return (
            f"{told}. Look there: `caretool moderate {one.id} --by-hand` counts it as done, "
            f"`caretool moderate {one.id}` reports it (again)"
        )
    return f"{told}: `caretool moderate {one.id}` does it again, which does no harm"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an author, for whoever is asked to silence them. `promises` run, `complaints` wait (ids)."""

    comments: int
    complaints_ever: int
    promises: tuple[str, ...]
    complaints: tuple[str, ...]
    silenced: int


def known_of(desk: Desk, comment: Comment) -> Known:
    """The history of who wrote a comment."""
    theirs = desk.store.comments.of_person(comment.person)
    complaints = [one for one in theirs if one.kind == "complaint"]
    promises = desk.store.promises.of_person(comment.person)
    before = desk.store.moderations.of_person(comment.person)
    return Known(
        comments=len(theirs),
        complaints_ever=len(complaints),
        promises=tuple(one.id for one in promises if one.state in ("logged", "running")),
        complaints=tuple(one.id for one in complaints if one.state in ("waiting", "queued", "snoozed")),
        silenced=sum(one.action in SILENCING and one.state == "done" for one in before),
    )
