"""Which drafts whoever looks at the inbox may decide on, and which can still be approved: from what is kept, as the
inbox reads no settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from caretool.domain.roles import Role, at_least

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.domain.draft import Draft
    from caretool.domain.policy import Agent

KEPT = "speakers"
_BECAME: Mapping[str, str] = {"queued": "answered", "answered": "answered", "closed": "closed", "gone": "deleted"}
Speakers = Mapping[str, tuple[Role, Sequence[str] | None]]


def to_text(agents: Mapping[str, Agent]) -> str:
    """What has to be kept of the agents, whenever the settings are worked in."""
    return json.dumps({agent.id: [agent.role, agent.accounts] for agent in agents.values()})


def among(desk: Desk, drafts: Sequence[Draft]) -> set[str]:
    """The ids of those drafts that whoever looks may decide on; all of them where nobody said who it is."""
    me = desk.onlooker()
    if not me:
        return {draft.id for draft in drafts}
    kept = desk.store.kept(KEPT) or to_text(desk.settings.agents)
    speakers: Speakers = json.loads(kept)
    role, accounts = speakers.get(me, ("trainee", None))
    decided = {draft.id for draft in drafts if draft.agent != me and at_least(role, draft.by)}
    if accounts is not None:
        for draft in list(decided):
            if any(reply.account not in accounts for reply in desk.store.replies.of_draft(draft)):
                decided.remove(draft)
    return decided


def done(draft: Draft, state: str) -> str | None:
    """What became of a comment in this state that a draft answers, in a word; None: it can still be answered."""
    further = json.loads(draft.request).get("further", False)  # what is answered may be answered again
    return None if further and state == "answered" else _BECAME.get(state)


def stale(draft: Draft, states: Sequence[str]) -> str | None:
    """What became of the comments of a draft, of which these are the states, where it keeps the draft from being
    approved: "closed", or "2 of 5 closed or answered"; None: all of them can still be answered."""
    became = [word for state in states if (word := done(draft, state))]
    words = " or ".join(dict.fromkeys(became))
    return (words if len(became) == len(states) else f"{len(became)} of {len(states)} {words}") if became else None


def rejecting(draft: Draft) -> str:
    """The command that gives a draft back to its writer."""
    return f"caretool reject {draft.id} --because TEXT"
