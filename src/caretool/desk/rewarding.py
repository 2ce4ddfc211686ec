"""Reward: something in the hand (R9), in private only. It is judged with the texts that bring it, its code drawn in the
transaction that approves the reply, and returned if the reply comes to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from caretool.desk import coupons, knowing
from caretool.desk.request import Composed, Part, Request, Target
from caretool.domain import wording
from caretool.domain.draft import Refusal, Reply
from caretool.domain.moment import stamp
from caretool.domain.reward import (
    PLACEHOLDER,
    Reward,
    RewardKind,
    RewardRecord,
    Short,
    Used,
    begins,
    money,
    short_of,
    spoken_money,
    tally,
)
from caretool.errors import CaretoolError, NotFound, UsageProblem

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.domain.comment import Comment
    from caretool.domain.policy import Agent

_HERE = ("answered", "waiting", "snoozed", "closed")


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one part of an answer brings: to whom, for which comment, with which code (None: a gift)."""

    part: int
    kind: RewardKind
    comment: Comment
    code: str | None


@dataclass(frozen=True, slots=True)
class Room:
    """What is left of a kind: codes or pieces (`left`; None: no end, or `trouble` says why nobody knows), how many may
    still be given this month, how much money is left and until when. None: no limit."""

    kind: RewardKind
    left: int | None
    this_month: int | None
    money: Decimal | None
    trouble: str | None = None


def kind_of(desk: Desk, name: str) -> RewardKind:
    """A kind of reward of the policy; NotFound names those there are."""
    kinds = desk.policy.rewards
    if name in kinds:
        return kinds[name]
    there = ", ".join(kinds) or "none yet: add [rewards.thanks] to policies.toml"
    raise NotFound(f"The policy has no reward {name!r}: it has {there}.")


def brought(desk: Desk, request: Request, source: str, *, private: bool) -> RewardKind | None:
    """What a text brings: what was asked for, else what its template gives in private."""
    if request.reward is not None:  # in public it is refused; rendered all the same, so that nothing else is told of it
        return kind_of(desk, request.reward)
    if not private:
        return None
    template = desk.settings.templates.get(request.template) if request.template is not None else None
    if template is None or template.gives is None:
        return None
    shown = any(name.startswith("reward.") for name in wording.variables(source))
    return kind_of(desk, template.gives) if request.text is None or shown else None


def shown_in_text(kind: RewardKind | None, language: str) -> wording.Rewarded | None:
    """The values of a text that brings it, as long as no code is drawn."""
    if kind is None:
        return None
    worth = spoken_money(kind.value, kind.currency, language) if kind.value is not None and kind.currency else None
    return wording.Rewarded(PLACEHOLDER if kind.form == "coupon" else None, worth)


def words(desk: Desk, request: Request, languages: Sequence[str]) -> tuple[str, str]:
    """The reward's own message, for a request without text and template: its language (the first of these that it has)
    and the text to render."""
    assert request.reward is not None
    kind = kind_of(desk, request.reward)
    return next((language, kind.says[language]) for language in languages if language in kind.says)


def remarks(desk: Desk, request: Request, targets: Sequence[Target]) -> list[str]:
    """That a template gives something which its public texts cannot bring."""
    template = desk.settings.templates.get(request.template) if request.template is not None else None
    if template is None or template.gives is None or request.reward is not None:
        return []
    if all(target.private for target in targets):
        return []
    return [f"{template.gives} is given in private only; once this is posted: caretool reward give {template.gives} ID"]


def refusals(
    desk: Desk, request: Request, targets: Sequence[Target], parts: Sequence[Part], now: datetime
) -> list[Refusal]:
    """Everything that speaks against giving what these parts bring. Inside `store.writing()` the answer can be relied
    on."""
    found = []
    if request.reward is not None:
        for target in targets:
            if not target.private:
                why = "A reward is for one person alone, and this answer is public."
                suggest = f"add --private, or once it is posted: caretool reward give {request.reward} ID"
                found.append(_refusal(target.source, why, suggest))
    by_kind: dict[str, list[Part]] = {}
    for part in parts:
        if part.reward is not None:
            by_kind.setdefault(part.reward, []).append(part)
    for name, those in by_kind.items():
        kind = kind_of(desk, name)
        found += [refusal for part in those for refusal in _of_text(kind, part)]
        found += _given_before(desk, kind, those)
        found += _limits(desk, kind, those, now)
    return found


def _of_text(kind: RewardKind, part: Part) -> list[Refusal]:
    found = []
    if kind.form == "coupon" and PLACEHOLDER not in part.text:
        why = f"The text brings {kind.name} and does not show its code."
        found.append(_refusal(part.text, why, "write {{ reward.code }} where the code stands"))
    if not any((comment.kind or "chatter") in kind.kinds for comment in part.comments):
        first = part.comments[0]
        why = f"{kind.name} is for {', '.join(kind.kinds)}: {first.id} was read as {first.kind or 'nothing yet'}."
        suggest = f"if that is wrong: caretool triage {first.id} --kind {kind.kinds[0]}"
        found.append(_refusal(part.text, why, suggest))
    return found


def _given_before(desk: Desk, kind: RewardKind, parts: Sequence[Part]) -> list[Refusal]:
    """Nobody gets it twice for one comment, nor twice in one go."""
    found = []
    seen: set[str] = set()
    for part in parts:
        for person in part.target.persons:
            if person in seen:
                ids = " ".join(comment.id for comment in part.comments)
                why = f"{person} would get {kind.name} twice."
                found.append(_refusal(part.text, why, f"leave out {ids}, or answer without the reward"))
            seen.add(person)
    comments = [comment.id for part in parts for comment in part.comments]
    replies = [reply.id for reply in desk.store.replies.of_comments(comments)]
    for reward in desk.store.rewards.of_replies(replies):
        if reward.kind == kind.name and reward.state == "given":
            why = f"{reward.comment} has {kind.name} already: {reward.id}, {reward.stands}."
            found.append(_refusal(kind.name, why, f"leave {reward.comment} out"))
    return found


def _limits(desk: Desk, kind: RewardKind, parts: Sequence[Part], now: datetime) -> list[Refusal]:
    persons = list(dict.fromkeys(person for part in parts for person in part.target.persons))
    try:
        used, longest = _used(desk, kind, persons, now)
    except coupons.NoCodes as problem:
        return [_refusal(kind.name, str(problem), _instead(desk, kind, parts, now, None))]
    found = []
    for short in short_of(kind, persons, used, now, desk.zone):
        suggest = _instead(desk, kind, parts, now, short)
        found.append(replace(_refusal(kind.name, short.why, suggest), fits=short.fits, earliest_due_at=short.again))
    for part in parts if used.left else ():
        limits = part.target.within(desk.open_platform(desk.account(part.target.account)).limits)
        long = part.text.replace(PLACEHOLDER, "x" * longest)
        if limits.length is not None and limits.measure(part.text) <= limits.length < limits.measure(long):
            over = limits.measure(long) - limits.length
            why = f"With its code the text has {over} characters too many for {part.target.account}."
            found.append(Refusal("too-long", part.text[:60], why, f"Make it {over} characters shorter."))
    return found


def _used(desk: Desk, kind: RewardKind, persons: Sequence[str], now: datetime) -> tuple[Used, int]:
    """What of a kind is used up, and how many characters its longest code has. NoCodes."""
    store = desk.store.rewards
    left, longest = kind.stock, 0
    if kind.codes is not None:
        pool = coupons.pool(desk.store, desk.folder, kind, desk.policy.rewards)
        left, longest = pool.left, pool.longest
    elif kind.stock is not None:
        left = max(0, kind.stock - store.given(kind.name)[0])
    spent = store.given(kind.name, begins(kind.budget.per, now, desk.zone))[1] if kind.budget else Decimal(0)
    had = {period: store.had(kind.name, persons, begins(period, now, desk.zone)) for period in kind.per_person}
    return Used(left, store.given(kind.name, begins("month", now, desk.zone))[0], spent, had), longest


def _instead(desk: Desk, kind: RewardKind, parts: Sequence[Part], now: datetime, short: Short | None) -> str:
    """What would pass: fewer people, later, another reward, none."""
    ways = []
    if short is not None and short.fits:
        ways.append(f"{short.fits} of these {len(parts)} can have it now")
    if short is not None and short.again is not None:
        ways.append(f"from {stamp(short.again, desk.zone)} on it passes")
    wanted = {comment.kind for part in parts for comment in part.comments}
    persons = list(dict.fromkeys(person for part in parts for person in part.target.persons))
    for other in desk.policy.rewards.values():
        if other.name != kind.name and wanted <= set(other.kinds) and _passes(desk, other, persons, now):
            ways.append(f"--reward {other.name}")
    return ", or ".join([*ways, "answer without a reward"])


def _passes(desk: Desk, kind: RewardKind, persons: Sequence[str], now: datetime) -> bool:
    try:
        return not short_of(kind, persons, _used(desk, kind, persons, now)[0], now, desk.zone)
    except coupons.NoCodes:
        return False


def _refusal(excerpt: str, why: str, suggest: str) -> Refusal:
    return Refusal("no-reward", excerpt[:60], why, suggest)


def draw(desk: Desk, composed: Composed, *, by_hand: bool) -> tuple[Composed, tuple[Drawn, ...]]:
    """Take a code for each part that brings one, and let its text say it; inside the transaction that checked the texts
    and keeps what is drawn (`give`)."""
    if all(part.reward is None for part in composed.parts):
        return composed, ()
    codes = {
        name: _codes(desk, kind_of(desk, name), sum(part.reward == name for part in composed.parts), by_hand=by_hand)
        for name in dict.fromkeys(part.reward for part in composed.parts if part.reward is not None)
    }
    parts, drawn = [], []
    for number, part in enumerate(composed.parts):
        if part.reward is not None:
            code = next(codes[part.reward], None)
            drawn.append(Drawn(number, kind_of(desk, part.reward), part.comments[0], code))
            part = replace(part, text=part.text.replace(PLACEHOLDER, code)) if code is not None else part
        parts.append(part)
    return replace(composed, parts=tuple(parts)), tuple(drawn)


def _codes(desk: Desk, kind: RewardKind, count: int, *, by_hand: bool) -> Iterator[str]:
    if kind.codes is None:
        return iter(())
    if by_hand:
        raise UsageProblem(
            f"The code of {kind.name} is drawn when the reply is approved: it cannot have been posted by hand already."
        )
    if coupons.take_in(desk.store, desk.folder, kind, desk.policy.rewards):
        for remark in coupons.pool(desk.store, desk.folder, kind, desk.policy.rewards).odd:
            desk.say(remark)
    found = desk.store.rewards.free(kind.name, count)
    if len(found) < count:  # the file changed since it was looked at
        raise CaretoolError(f"{kind.codes} has changed meanwhile. Nothing was written: try again.")
    return iter(found)


def give(
    desk: Desk, drawn: Sequence[Drawn], replies: Sequence[Reply], decider: Agent, now: datetime
) -> tuple[Reward, ...]:
    """Keep what was drawn with the replies that bring it (`drawn[n].part` is one's place among them); the same
    transaction."""
    if not drawn:
        return ()
    ids = desk.store.new_ids("w", len(drawn))
    rewards = tuple(
        Reward(
            id=reward_id,
            kind=one.kind.name,
            person=one.comment.person,
            person_name=one.comment.name or one.comment.handle,
            comment=one.comment.id,
            comment_kind=one.comment.kind,
            reply=replies[one.part].id,
            reply_state=replies[one.part].state,
            amount=one.kind.value,
            currency=one.kind.currency,
            state="given",
            agent=decider.id,
            drawn_at=now,
        )
        for reward_id, one in zip(ids, drawn, strict=True)
    )
    codes = {reward.id: one.code for reward, one in zip(rewards, drawn, strict=True) if one.code is not None}
    desk.store.rewards.add(rewards, codes)
    for reward in rewards:
        told = {"kind": reward.kind, "reply": reward.reply}
        desk.store.journal.write("reward-given", [reward.id], agent=decider.id, at=now, codes=told)
    return rewards


def take_back(desk: Desk, replies: Sequence[str], agent: str, now: datetime) -> None:
    """These replies come to nothing: what they would have brought goes back. Whoever ends a reply that nobody has seen
    calls this, in the same transaction."""
    returned = desk.store.rewards.take_back(replies, now)
    if returned:
        desk.store.comments.set_state(_answered_before(desk, replies), "answered", was=("queued",))
        desk.store.journal.write("reward-returned", returned, agent=agent, at=now)


def _answered_before(desk: Desk, replies: Sequence[str]) -> list[str]:
    """Of what these replies answer, what had its answer before: it need not wait again for a present that failed."""
    comments = [comment for reply in desk.store.replies.by_ids(list(replies)) for comment in reply.comments]
    posted = [reply for reply in desk.store.replies.of_comments(comments) if reply.state in ("posted", "unsure")]
    before = {comment for reply in posted if reply.id not in replies for comment in reply.comments}
    return [comment for comment in comments if comment in before]


def taken_from(desk: Desk, reply: Reply) -> str | None:
    """Why a reply may not leave with what it brings: it was returned, and may be somebody else's by now."""
    if any(reward.state == "returned" for reward in desk.store.rewards.of_replies([reply.id])):
        return "what it brings was given to somebody else. Answer its comments again."
    return None


def request_for(desk: Desk, name: str, typed: Sequence[str], text: str | None) -> Request:
    """A private message that brings a reward to people who have had their answer: `typed` are comments, or people (the
    last comment of theirs that it is for). UsageProblem where one still waits for an answer."""
    kind = kind_of(desk, name)
    comments = []
    for one in typed:
        found = desk.store.resolve(one, ("c", "u"))
        if found.startswith("u"):
            comment = _last_of(desk, knowing.somebody(desk, found), kind)
        else:
            (comment,) = desk.store.comments.by_ids([found])
        knowing.refuse_erased(desk, [comment.id])
        if comment.state in ("waiting", "snoozed"):
            raise UsageProblem(
                f"{comment.id} has no answer yet: caretool reply {comment.id} --reward {kind.name} --private"
            )
        comments.append(comment.id)
    ids = tuple(dict.fromkeys(comments))
    return Request(comments=ids, text=text, reward=kind.name, private=True, mode="each", further=True)


def _last_of(desk: Desk, person: str, kind: RewardKind) -> Comment:
    theirs = [one for one in desk.store.comments.of_person(person) if one.state in _HERE and not one.own]
    fitting = [one for one in theirs if one.kind in kind.kinds]
    if not theirs:
        raise NotFound(f"{person} has written nothing that is still there.")
    return max(fitting or theirs, key=lambda one: one.written_at)


def rooms(desk: Desk, now: datetime) -> list[Room]:
    """What is left of each kind."""
    found = []
    for kind in desk.policy.rewards.values():
        try:
            used = _used(desk, kind, (), now)[0]
        except coupons.NoCodes as problem:
            found.append(Room(kind, None, None, None, str(problem)))
            continue
        month = max(0, kind.per_month - used.this_month) if kind.per_month is not None else None
        found.append(Room(kind, used.left, month, kind.budget.amount - used.spent if kind.budget else None))
    return found


def listed(desk: Desk, name: str | None, since: datetime | None) -> tuple[list[Room], list[Reward]]:
    """What is left of each kind (or of one), and what was given of it since a moment (None: ever)."""
    if name is not None:
        kind_of(desk, name)
    left = [room for room in rooms(desk, desk.clock()) if name in (None, room.kind.name)]
    return left, desk.store.rewards.every(since, name)


def report(desk: Desk, since: datetime | None, as_of: datetime, *, with_names: bool) -> RewardRecord:
    """What was given and returned since a moment (None: ever), and what is left now."""
    kinds: Mapping[str, RewardKind] = desk.policy.rewards
    rewards = [one for one in desk.store.rewards.every(since) if one.drawn_at <= as_of]
    left = {room.kind.name: room.left for room in rooms(desk, as_of)}
    zone = desk.zone
    return tally(rewards, kinds, left, since=since, as_of=as_of, zone=zone, with_names=with_names)


def worth(kind: RewardKind) -> str:
    """`thanks (10.00 EUR)`."""
    return f"{kind.name} ({money(kind.value, kind.currency)})" if kind.value is not None else kind.name
