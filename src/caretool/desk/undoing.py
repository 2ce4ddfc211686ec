"""Undo: what was done about a comment or its author is taken back, as far as the platform lets us.

The platform comes first, then one transaction: doing it again ends whatever was broken off between the two, because to
show what is shown and to let in who is in does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from caretool.desk import permitting, tokens, triaging
from caretool.desk.desk import Desk
from caretool.desk.guarding import reversal
from caretool.desk.moderating import alone
from caretool.desk.proposing import PAST
from caretool.domain.comment import Comment
from caretool.domain.moderation import REVERSIBLE, Moderation
from caretool.errors import CaretoolError, NotFound, PlatformFailed, TokenRefused, UsageProblem
from caretool.platforms.platform import Offence


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back, and the comments that wait again because of it. Who was muted or banned for several comments
    is let in once, for all of them. `handed_to`: the file from which a person carries it out (None: it is done)."""

    moderations: tuple[Moderation, ...]
    comments: tuple[Comment, ...]
    handed_to: str | None = None


def undo(desk: Desk, typed: str, because: str, *, by_hand: bool) -> Undone:
    """Take back what an id of its own, or its comment's, stands for. `by_hand`: a person has done that on the platform.
    UsageProblem where it cannot be; raises as the platform does, and then it counts as done still."""
    moderation = _meant(desk, typed)
    agent = permitting.doer(desk, "undo", [moderation.account])
    with alone(desk, moderation.account):
        (moderation,) = desk.store.moderations.by_ids([moderation.id])
        _refuse_finished(moderation)
        still = f"{moderation.id} counts as done; to try again: caretool undo {moderation.id}"
        with tokens.stopping(desk, moderation.account, f"Nothing was taken back: {still}"):
            handed_to = None if by_hand else _take_back(desk, moderation)
        together = _all_of_it(desk, moderation)
        now = desk.clock()
        with desk.store.writing():
            waiting = _written_down(desk, together, agent.id, because, now)
    ids = [one.id for one in together]
    return Undone(tuple(desk.store.moderations.by_ids(ids)), tuple(desk.store.comments.by_ids(waiting)), handed_to)


def wrongs(desk: Desk) -> list[Moderation]:
    """What is in force about comments that are complaints by now, edited or corrected: somebody should take it back."""
    return desk.store.moderations.of_complaints()


def _meant(desk: Desk, typed: str) -> Moderation:
    found = desk.store.resolve(typed, ("m", "c"))
    if found.startswith("m"):
        return desk.store.moderations.by_ids([found])[0]
    every = desk.store.moderations.of_comments([found])
    in_force = [one for one in every if one.state in ("done", "unsure")]
    if len(in_force) == 1:
        return in_force[0]
    if not in_force:
        raise NotFound(f"Nothing that was done about {found} is in force: `caretool show {found}` tells.")
    which = ", ".join(f"{one.id} ({one.action})" for one in in_force)
    raise UsageProblem(f"Several things were done about {found}: name one of {which}.")


def _refuse_finished(moderation: Moderation) -> None:
    one = moderation
    if one.state not in ("done", "unsure"):
        what = "is undone already" if one.state == "undone" else f"is {one.state}: nothing was done"
        raise UsageProblem(f"{one.id} {what}, there is nothing to take back.")
    if one.action == "unhide":  # to hide it needs a ground, which undoing does not ask for
        hide = f"caretool moderate {one.comment} --action hide --because …"
        raise UsageProblem(f"{one.comment} was shown again on {one.account}; to hide it: {hide}.")
    if one.action not in REVERSIBLE:
        raise UsageProblem(f"{one.comment} was {PAST[one.action]} on {one.account}: there is no way back from that.")


def _take_back(desk: Desk, moderation: Moderation) -> str | None:
    """On the platform; the file from which a person does, if one has to."""
    one = moderation
    if not one.known:
        raise UsageProblem(
            f"Who wrote {one.comment} was forgotten: find them on {one.account} yourself, then say "
            f"`caretool undo {one.id} --by-hand --because …`. Nothing was changed."
        )
    able = reversal(desk.open_platform(desk.account(one.account)), one.action)
    if able is None:
        raise UsageProblem(
            f"{one.account} cannot take that back: do it there yourself, then say "
            f"`caretool undo {one.id} --by-hand --because …`. Nothing was changed."
        )
    try:
        return able(Offence(one.native_id, one.handle, one.ground or "", one.key))
    except TokenRefused:  # it is surely not taken back
        raise
    except CaretoolError:
        desk.say(f"{one.id} counts as done until it is surely taken back; to try again: caretool undo {one.id}")
        raise
    except Exception as bug:  # a connector's: whether it did it before it failed, nobody knows
        desk.say(f"{one.id} counts as done until it is surely taken back; to try again: caretool undo {one.id}")
        raise PlatformFailed(f"The {one.account} connector failed while taking it back ({bug!r}).") from bug


def _all_of_it(desk: Desk, moderation: Moderation) -> list[Moderation]:
    """With who is let in again, all for which they had been kept out."""
    if moderation.action not in ("mute", "ban"):
        return [moderation]
    same = desk.store.moderations.of_author(moderation.account, moderation.handle, moderation.action)
    others = [one for one in same if one.id != moderation.id and one.state in ("done", "unsure")]
    return [moderation, *others]


def _written_down(desk: Desk, together: Sequence[Moderation], agent: str, because: str, now: datetime) -> list[str]:
    """Inside a transaction; the comments that wait again."""
    closed: list[str] = []
    for one in together:
        how = {"undone_at": now, "undone_by": agent, "undone_because": because}
        if desk.store.moderations.change(one.id, "undone", was=("done", "unsure"), values=how):
            closed += [one.comment] if one.was is not None else []
            codes = {"action": one.action, "ground": one.ground, "comment": one.comment}
            desk.store.journal.write("moderation-undone", [one.id], agent=agent, at=now, codes=codes)
    comments = desk.store.comments.by_ids(list(dict.fromkeys(closed)))
    still = [comment.id for comment in comments if comment.state == "closed" and not _kept_out(desk, comment.id)]
    triaging.wait_again(desk, still, was=("closed",))
    return still


def _kept_out(desk: Desk, comment: str) -> bool:
    """Whether something else that closed the comment is in force."""
    return any(one.was is not None and one.in_force for one in desk.store.moderations.of_comments([comment]))
