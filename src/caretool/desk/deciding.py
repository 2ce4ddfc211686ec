"""Which drafts whoever looks at the inbox may decide on, from what is kept of the settings: the inbox reads none."""

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
