"""Moderate: what the policy would do about comments and why, and doing it on a person's yes (R1).

What is done, and its evidence, is committed before the request leaves. A lost answer leaves it `unsure`; so does a
sender who is gone (the account's lock tells). Everything but a report may be asked of a platform twice, so that doing
it again brings it to its end; a report is never repeated by itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from caretool.desk import looking, tokens, triaging, withdrawing
from caretool.desk.desk import Desk
from caretool.desk.guarding import ability
from caretool.desk.locks import held
from caretool.desk.premises import Premises
from caretool.desk.proposing import PAST, Asked, Proposal, consider, how_to_settle
from caretool.domain.comment import Comment
from caretool.domain.moderation import Evidence, Moderation
from caretool.domain.policy import Action
from caretool.errors import AnswerLost, CaretoolError, PlatformBusy, PlatformFailed, TokenRefused, UsageProblem
from caretool.platforms.platform import Offence, Platform
from caretool.store.moderations import NewModeration, in_force_in
from caretool.store.store import Store

# After these nobody sees the comment any more, or its author: it waits for no answer.
CLOSING: frozenset[Action] = frozenset({"hide", "delete", "ban"})


@dataclass
class Moderated:
    """What became of it: done, failed, unsure; `left` was not tried. `problems` say what did not go well."""

    done: list[Moderation] = field(default_factory=list)
    failed: list[Moderation] = field(default_factory=list)
    unsure: list[Moderation] = field(default_factory=list)
    left: list[Proposal] = field(default_factory=list)
    problems: list[CaretoolError] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 if all was done; 6 if some was; 4 if only tokens were refused; 2 if a person has to decide; else 1."""
        if not self.problems and not self.left:
            return 0
        if self.done:
            return 6
        if not self.problems:
            return 2
        return 4 if all(isinstance(problem, TokenRefused) for problem in self.problems) else 1


def alone(place: Desk | Premises, account: str) -> AbstractContextManager[None]:
    """Hold the account's moderation: nobody else moderates there meanwhile. Waits for whoever does."""
    waiting = f"{account}: waiting for another caretool that is moderating there"
    return held(place, f"{account.encode().hex()}.moderate", waiting)


def moderate(desk: Desk, proposals: Sequence[Proposal], asked: Asked) -> Moderated:
    """Do what was said yes to, account by account; one account's trouble stops no other."""
    outcome = Moderated()
    for account in dict.fromkeys(proposal.comment.account for proposal in proposals):
        theirs = [proposal for proposal in proposals if proposal.comment.account == account]
        try:
            with alone(desk, account):
                _on_account(desk, theirs, asked, outcome)
        except CaretoolError as problem:
            outcome.problems.append(tokens.noted(desk, account, problem, _so_far(account, outcome)))
            tried = {one.comment for one in (*outcome.done, *outcome.failed, *outcome.unsure)}
            outcome.left += [proposal for proposal in theirs if proposal.comment.id not in tried]
    return outcome


def _so_far(account: str, outcome: Moderated) -> str:
    """What was done on an account before it took no more."""
    done = sum(one.account == account for one in outcome.done)
    if done:
        return f"{done} {'thing was' if done == 1 else 'things were'} done there before that."
    more = " more" if any(one.account == account for one in outcome.unsure) else ""
    return f"Nothing{more} was done about any comment there."


def _on_account(desk: Desk, theirs: Sequence[Proposal], asked: Asked, outcome: Moderated) -> None:
    platform = None if asked.by_hand else desk.open_platform(desk.account(theirs[0].comment.account))
    if platform is not None:  # what was deleted or edited there meanwhile is known before anything is done about it
        looking.look(desk, [proposal.comment for proposal in theirs])
    for proposal, today in zip(theirs, _again(desk, theirs, asked), strict=True):
        desk.progress(f"{proposal.comment.account}: {len(outcome.done)} done")
        if today is None:
            told = (
                f"{proposal.comment.id} is not what it was a moment ago: look at it again. Nothing was done about it."
            )
            outcome.problems.append(UsageProblem(told))
            outcome.left.append(proposal)
        else:
            _one(desk, platform, today, asked, outcome)


def _again(desk: Desk, theirs: Sequence[Proposal], asked: Asked) -> list[Proposal | None]:
    """The same as it stands now, under the lock; None where something else would be done now."""
    ids = [proposal.again.id if proposal.again else proposal.comment.id for proposal in theirs]
    plan = consider(desk, ids, replace(asked, still=True))
    found = {proposal.comment.id: proposal for proposal in plan.proposals}
    same: list[Proposal | None] = []
    for proposal in theirs:
        today = found.get(proposal.comment.id)
        agrees = today is not None and today.wants == proposal.wants and today.comment.text == proposal.comment.text
        if today is None or not agrees:
            same.append(None)
        else:
            same.append(replace(today, named=proposal.named, repeated=proposal.repeated))
    return same


def _one(desk: Desk, platform: Platform | None, proposal: Proposal, asked: Asked, outcome: Moderated) -> None:
    if proposal.standing == "done":  # by another process, between the question and the answer
        outcome.done += [proposal.again] if proposal.again else []
        return
    if proposal.again is not None and proposal.action == "report" and not (proposal.repeated or asked.by_hand):
        _unsure(desk, proposal.again.id, outcome)
        return
    if proposal.standing != "ready":
        outcome.left.append(proposal)
        return
    moderation = _begun(desk, proposal, asked)
    if moderation is None:
        told = f"{proposal.comment.id} has changed this very moment: look at it again. Nothing was done about it."
        outcome.problems.append(UsageProblem(told))
        outcome.left.append(proposal)
    elif platform is None:
        outcome.done.append(_done(desk, moderation))
    else:
        _leave(desk, platform, moderation, outcome)


def _begun(desk: Desk, proposal: Proposal, asked: Asked) -> Moderation | None:
    """Commit what is about to be done, and its evidence; None where the comment, or a copy of it, changed since."""
    agent = desk.agent()
    now = desk.clock()
    with desk.store.writing():
        if not _unchanged(desk, proposal):
            return None
        if proposal.again is not None:
            begun = proposal.again.id
            values = {"error": None, "by_hand": int(asked.by_hand or proposal.again.by_hand)}
            if not desk.store.moderations.change(begun, "doing", was=("doing", "unsure"), values=values):
                return None
        else:
            rows = desk.store.moderations.of_comments([proposal.comment.id])
            if any(row.action == proposal.action and row.in_force for row in rows):
                return None
            begun = desk.store.moderations.begin(_new(proposal, asked, agent.id, now), now)
        codes = {"action": proposal.action, "ground": proposal.decision.ground, "comment": proposal.comment.id}
        desk.store.journal.write("moderation-begun", [begun], agent=agent.id, at=now, codes=codes)
    return desk.store.moderations.by_ids([begun])[0]


def _unchanged(desk: Desk, proposal: Proposal) -> bool:
    """Inside the transaction: it says, and was read as, what was decided on; no copy has become a complaint since, and
    none has come that is one."""
    (today,) = desk.store.comments.by_ids([proposal.comment.id])
    if _said(today) != _said(proposal.comment):
        return False
    known = {copy.comment: copy.kind for copy in proposal.copies}
    stored = desk.store.moderations.stored(list({today.id, *known}))
    if any(known.get(one.id, today.kind) != one.kind for one in stored):
        return False
    if proposal.decision.ground in (None, "personal-data"):  # a complaint is no hindrance
        return True
    copies = desk.store.moderations.with_folds({one.fold for one in stored if one.fold})
    return all(one.kind != "complaint" for one in copies)


def _said(comment: Comment) -> tuple[object, ...]:
    return comment.text, comment.kind, comment.personal_data, comment.escalation, comment.state, comment.unread


def _new(proposal: Proposal, asked: Asked, agent: str, now: datetime) -> NewModeration:
    comment = proposal.comment
    return NewModeration(
        comment=comment.id,
        person=comment.person,
        account=comment.account,
        action=proposal.action,
        ground=proposal.decision.ground,
        rule=proposal.decision.rule,
        agent=agent,
        because=asked.because,
        key=secrets.token_hex(16),
        evidence=_evidence(proposal, now),
        by_hand=asked.by_hand,
    )


def _evidence(proposal: Proposal, now: datetime) -> Evidence:
    """What is kept of a comment before something is done about it."""
    comment = proposal.comment
    copies = [copy for copy in proposal.copies if copy.comment != comment.id]
    return Evidence(
        text=comment.text,
        url=comment.url,
        written_at=comment.written_at,
        kept_at=now,
        hash=proposal.hash,
        copies=tuple((copy.comment, copy.account, copy.url) for copy in copies),
    )


def _leave(desk: Desk, platform: Platform, moderation: Moderation, outcome: Moderated) -> None:
    """The request leaves; what comes back is written down."""
    offence = Offence(moderation.native_id, moderation.handle, moderation.ground or "", moderation.key)
    able = ability(platform, moderation.action)
    if able is None:  # `consider` saw that it can
        raise PlatformFailed(f"{moderation.account} cannot {moderation.action}.")
    try:
        handed_to = able(offence)
    except AnswerLost:
        _unsure(desk, moderation.id, outcome)
    except (TokenRefused, PlatformBusy) as problem:
        outcome.failed.append(_failed(desk, moderation, str(problem)))
        raise
    except PlatformFailed as problem:
        outcome.failed.append(_failed(desk, moderation, str(problem)))
        outcome.problems.append(problem)
    except Exception as bug:  # a connector's: whether it was done before it failed, nobody knows
        _unsure(desk, moderation.id, outcome, f"the {moderation.account} connector failed ({bug!r})")
    else:
        outcome.done.append(_done(desk, moderation, handed_to))


def _done(desk: Desk, moderation: Moderation, handed_to: str | None = None) -> Moderation:
    """It is done, or `handed_to` a person in a file: a comment that nobody sees any more waits for no answer, save one
    that was hidden to protect who wrote it."""
    now = desk.clock()
    withdrawn: list[str] = []
    with desk.store.writing():
        (comment,) = desk.store.comments.by_ids([moderation.comment])
        closes = moderation.action in CLOSING and moderation.ground != "personal-data"
        was = comment.state if closes and comment.state in ("waiting", "snoozed") else None
        values = {"done_at": now, "was": was, "error": None, "handed_to": handed_to}
        desk.store.moderations.change(moderation.id, "done", was=("doing",), values=values)
        if was is not None:
            desk.store.comments.set_state([comment.id], "closed", was=(was,))
            triaging.leave_groups(desk, [comment.id])
            why = ", ".join(word for word in (PAST[moderation.action], moderation.ground) if word)
            withdrawn = withdrawing.withdraw(desk, [comment.id], why, moderation.agent, now)
        codes = {"action": moderation.action, "ground": moderation.ground, "comment": comment.id}
        desk.store.journal.write("moderation-done", [moderation.id], agent=moderation.agent, at=now, codes=codes)
    for sentence in withdrawn:
        desk.say(sentence)
    return desk.store.moderations.by_ids([moderation.id])[0]


def _failed(desk: Desk, moderation: Moderation, why: str) -> Moderation:
    now = desk.clock()
    with desk.store.writing():
        desk.store.moderations.change(moderation.id, "failed", was=("doing",), values={"error": why})
        desk.store.journal.write("moderation-failed", [moderation.id], agent=moderation.agent, at=now)
    return desk.store.moderations.by_ids([moderation.id])[0]


def _unsure(desk: Desk, moderation_id: str, outcome: Moderated, why: str = "no answer came back") -> None:
    now = desk.clock()
    with desk.store.writing():
        if desk.store.moderations.change(moderation_id, "unsure", was=("doing",), values={"error": why}):
            agent = desk.store.moderations.by_ids([moderation_id])[0].agent
            desk.store.journal.write("moderation-unsure", [moderation_id], agent=agent, at=now)
    moderation = desk.store.moderations.by_ids([moderation_id])[0]
    outcome.unsure.append(moderation)
    outcome.problems.append(AnswerLost(f"{how_to_settle(moderation)}."))


def after_restore(store: Store, before: Path | None, say: Callable[[str], None]) -> None:
    """Say what holds on the platforms and is not known any more: `store` is the database about to take the place of
    `before` (None: nothing of that could be read)."""
    theirs = in_force_in(before) if before is not None else frozenset()
    lost = len(theirs) - len(store.moderations.by_ids(sorted(theirs)))
    if lost:
        what = "1 thing that was" if lost == 1 else f"{lost} things that were"
        say(f"{what} done about comments since the backup: still so on the platforms, and not known here any more.")
