"""Waive: somebody answers for a check that does not count this once; it is shown, kept with the draft and logged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from caretool.desk import permitting
from caretool.desk.desk import Desk
from caretool.desk.request import Composed, Request
from caretool.domain import roles
from caretool.domain.draft import Check, Draft, Refusal, Reply
from caretool.domain.policy import Agent
from caretool.domain.reward import PLACEHOLDER
from caretool.domain.waiver import CHECKS, INSTEAD, WAIVED_BY, Kept, Waived, apply, may_waive
from caretool.errors import UsageProblem


def named(typed: Iterable[str]) -> tuple[Check, ...]:
    """The checks that were typed; UsageProblem for one that is none, or that nobody waives, with the proper way."""
    return tuple(dict.fromkeys(_named(name.strip()) for name in typed))


def _named(name: str) -> Check:
    check = next((one for one in CHECKS if one == name), None)
    if check is None:
        from rapidfuzz import fuzz, process

        near = process.extractOne(name, CHECKS, scorer=fuzz.ratio, score_cutoff=60)
        hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(WAIVED_BY)}."
        raise UsageProblem(f"--waive {name!r}: {hint}")
    if check not in WAIVED_BY:
        raise UsageProblem(f"{check} cannot be waived: {INSTEAD[check]}.")
    return check


def waived(desk: Desk, composed: Composed, request: Request, agent: Agent) -> Composed:
    """What is refused without what this agent waives. Somebody who may not yet speak alone only asks for it; what a
    draft's writer asked for is told, and takes the word of whoever approves."""
    rules = desk.policy.checks
    asks = agent.role == "trainee" or request.draft
    found = apply(composed.refusals, request.waive, by=agent.id, wish=asks, role=agent.role, rules=rules)
    remarks = [*_not_theirs(desk, found.refusals, request.waive, agent)]
    remarks += [f"--waive {check}: it had refused nothing." for check in found.idle]
    left = {refusal.check for refusal in found.refusals}
    asked = {one.check: one.by for one in request.waived if one.check in left and one.check not in request.waive}
    remarks += [f"{by} asks to waive {check}: add --waive {check} to answer for it." for check, by in asked.items()]
    return replace(
        composed, refusals=found.refusals, waived=found.waived, remarks=(*composed.remarks, *dict.fromkeys(remarks))
    )


def _not_theirs(desk: Desk, refusals: Sequence[Refusal], names: Sequence[Check], agent: Agent) -> Iterator[str]:
    for check in dict.fromkeys(refusal.check for refusal in refusals if refusal.check in names):
        who = desk.policy.checks.who(check)
        if who == "nobody":
            yield f"Nobody waives {check} here: [checks] waive in policies.toml says so."
        else:
            able = ", ".join(permitting.who_may(desk, who, [], but=agent.id))
            named = f" ({able})" if able else ""
            yield f"{agent.id} is {agent.role}: {roles.who(who)} waives {check}{named}."


def way_out(desk: Desk, refusals: Sequence[Refusal]) -> str | None:
    """How all of these could be waived by whoever is at the desk, in one line; None: not all of them could."""
    role = desk.agent().role
    checks = list(dict.fromkeys(refusal.check for refusal in refusals))
    if not checks or not all(may_waive(role, check, desk.policy.checks) for check in checks):
        return None
    return f"To answer for it all the same: {' '.join(f'--waive {check}' for check in checks)}"


def keep(
    desk: Desk, draft: Draft, found: Sequence[Waived], replies: Sequence[Reply], agent: Agent, now: datetime
) -> None:
    """With the draft what was waived in it, by whom; in the log which checks. Inside the transaction that writes it."""
    if not found:
        return
    request = Request.from_json(draft.request)
    waits = draft.state == "awaiting"
    ours = [Kept(one.refusal.check, one.refusal.excerpt, one.by, waits) for one in found]
    done = {(one.check, one.words) for one in ours}
    before = [one for one in request.waived if (one.check, one.words) not in done]
    desk.store.replies.keep_request(draft.id, replace(request, waived=(*before, *ours)).to_json())
    if waits:
        _log(desk, "waiver-asked", [draft.id], [one.refusal for one in found], agent, now)
        return
    for reply in replies:
        theirs = [one.refusal for one in found if _stands_in(one.refusal.excerpt, reply.text)]
        if theirs:
            _log(desk, "check-waived", [reply.id], theirs, agent, now)


def _log(
    desk: Desk, action: str, subjects: Sequence[str], refusals: Sequence[Refusal], agent: Agent, now: datetime
) -> None:
    codes = dict(Counter[str](refusal.check for refusal in refusals))
    desk.store.journal.write(action, subjects, agent=agent.id, at=now, codes=codes)


def kept(desk: Desk, replies: Sequence[Reply]) -> tuple[Kept, ...]:
    """What was waived in these replies, or was asked to be."""
    found: list[Kept] = []
    for name in dict.fromkeys(reply.draft for reply in replies):
        draft = desk.store.replies.draft(name)
        texts = [reply.text for reply in replies if reply.draft == name]
        asked = Request.from_json(draft.request).waived if draft is not None else ()
        found += [one for one in asked if any(_stands_in(one.words, text) for text in texts)]
    return tuple(dict.fromkeys(found))


def _stands_in(words: str, text: str) -> bool:
    """Whether a reply says these words, which were looked at before its code was drawn."""
    return all(piece in text for piece in words.split(PLACEHOLDER))
