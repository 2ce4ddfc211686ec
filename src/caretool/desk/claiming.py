"""Claims: who is at work on a group has it alone, until it is answered, let go of, or the time is over (R3).

A claim is taken, and looked for before anything is written, under the write lock: so two never hold one group, and who
holds none cannot write where somebody else does.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from caretool.desk import permitting
from caretool.desk.desk import Desk
from caretool.domain.calendar import after
from caretool.domain.claim import Claim, claimable
from caretool.domain.draft import Refusal
from caretool.domain.duration import Duration
from caretool.domain.moment import stamp
from caretool.errors import CaretoolError, Claimed, NotFound, UsageProblem


def against(desk: Desk, comments: Sequence[str], agent: str) -> list[Refusal]:
    """Why this agent may not write about these comments now: somebody else is at work on their groups. Inside
    `store.writing()` it stays true until the end."""
    held = _of_others(desk, _groups(desk, comments), agent, desk.clock())
    return [_refusal(desk, claim) for claim in held]


def respect(desk: Desk, comments: Sequence[str], agent: str) -> None:
    """Claimed where somebody else is at work on the groups of these comments."""
    held = _of_others(desk, _groups(desk, comments), agent, desk.clock())
    if held:
        raise Claimed(f"{_who(desk, held[0])} Nothing was changed.")


@dataclass
class Answering:
    """The claim of whoever is answering these comments: taken with the first question or editor, renewed with each
    further one, let go of in the end. What `caretool claim` had taken before stays, and ends no earlier than this."""

    desk: Desk
    comments: Sequence[str]
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    taken: bool = False

    def take(self) -> list[Refusal]:
        """Claim their groups from now on; the refusals where somebody else has one, and then nothing is claimed."""
        desk = self.desk
        agent = desk.agent()
        with desk.store.writing():
            now = desk.clock()
            groups = _groups(desk, self.comments)
            held = _of_others(desk, groups, agent.id, now)
            if held:
                return [_refusal(desk, claim) for claim in held]
            running = desk.store.claims.running(now, groups)
            free = [name for name in groups if name not in running or not running[name].by_hand]
            until = _until(desk, now, None)
            ending = [running[name] for name in groups if name not in free and running[name].until < until]
            desk.store.claims.put([replace(one, until=until) for one in ending])
            desk.store.claims.put([Claim(name, agent.id, now, until, self.key) for name in free])
        self.taken = bool(free)
        return []

    def let_go(self) -> None:
        """End it; where that cannot be written it ends by time."""
        if self.taken:
            with suppress(CaretoolError), self.desk.store.writing():
                self.desk.store.claims.let_go(self.key)


@contextmanager
def answering(desk: Desk, comments: Sequence[str]) -> Iterator[Answering]:
    """A claim that is let go of in every way out; a process that is killed leaves it to end by time."""
    claim = Answering(desk, comments)
    try:
        yield claim
    finally:
        claim.let_go()


def claim(desk: Desk, typed: str, length: Duration | None = None, *, because: str | None = None) -> Claim:
    """Take a group for so long (None: as long as the policy says), or go on holding it. `because`: it is taken over
    from whoever has it; Claimed where somebody has it and no reason is given."""
    group = _group(desk, typed)
    agent = permitting.doer(desk, "claim", [_account(desk, group)])
    with desk.store.writing():
        now = desk.clock()
        if not desk.store.claims.alive([group]):
            raise NotFound(f"Nobody waits in {group} any more: there is nothing to claim.")
        held = _of_others(desk, [group], agent.id, now)
        if held and because is None:
            instead = ", or take it over with --take-over --because TEXT" if permitting.may(agent, "take-over") else ""
            raise Claimed(f"{_who(desk, held[0])} Wait{instead}.")
        if held:
            permitting.demand(desk, agent, "take-over")
            desk.store.journal.note(group, because or "", agent=agent.id, at=now)
        taken = Claim(group, agent.id, now, _until(desk, now, length), uuid.uuid4().hex, by_hand=True)
        desk.store.claims.clear(now)
        desk.store.claims.put([taken])
        action = "claim-taken-over" if held else "claimed"
        codes: dict[str, str | int | None] = {"from": held[0].agent} if held else {}
        desk.store.journal.write(action, [group], agent=agent.id, at=now, codes=codes)
    return taken


def drop(desk: Desk, typed: str) -> tuple[str, bool]:
    """Let go of a group: its id, and whether there was a claim to let go of. Claimed where it is somebody else's."""
    group = _group(desk, typed)
    agent = desk.agent()
    with desk.store.writing():
        now = desk.clock()
        running = desk.store.claims.running(now, [group])
        if group in running and running[group].agent != agent.id:
            instead = " To take it over: --take-over --because TEXT." if permitting.may(agent, "take-over") else ""
            raise Claimed(f"{_who(desk, running[group])}{instead}")
        if group in running:
            desk.store.claims.let_go(running[group].key)
            desk.store.journal.write("claim-dropped", [group], agent=agent.id, at=now)
    return group, group in running


def _group(desk: Desk, typed: str) -> str:
    found = desk.store.resolve(typed, ("g", "c"))
    if found.startswith("g"):
        return found
    group = desk.store.comments.by_ids([found])[0].group
    if group is None:
        raise NotFound(f"{found} is in no group: nobody waits there.")
    return group


def _account(desk: Desk, group: str) -> str:
    found = desk.store.groups.by_id(group)
    assert found is not None
    return found.account


def _groups(desk: Desk, comments: Sequence[str]) -> list[str]:
    """The groups in which these comments wait."""
    return desk.store.claims.alive(desk.store.groups.of_comments(comments))


def _of_others(desk: Desk, groups: Sequence[str], agent: str, now: datetime) -> list[Claim]:
    running = desk.store.claims.running(now, groups)
    return [running[name] for name in groups if name in running and running[name].agent != agent]


def _until(desk: Desk, now: datetime, length: Duration | None) -> datetime:
    length = length or desk.policy.reply.claim
    if not claimable(length):
        raise UsageProblem(f"'{length}' is no time for a claim: write one from 1m to 24h.")
    return after(now, length, None, desk.zone, "closing")


def _who(desk: Desk, held: Claim) -> str:
    return f"{held.agent} is at work on {held.group} until {stamp(held.until, desk.zone)}."


def _refusal(desk: Desk, held: Claim) -> Refusal:
    able = permitting.may(desk.agent(), "take-over")
    instead = f", or take it over: caretool claim {held.group} --take-over --because TEXT" if able else "."
    suggest = f"Wait{instead}"
    return Refusal("claimed", held.group, _who(desk, held), suggest)
