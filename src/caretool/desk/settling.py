"""Settle by hand: a person has looked where the platform cannot tell whether an unsure reply was posted (DESIGN §4.3).

The platform is asked once more all the same: what it has found by now is posted, whatever was said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from caretool.desk import permitting, promising, sending, tokens
from caretool.desk.desk import Desk
from caretool.desk.sending import Sent
from caretool.domain.draft import Reply
from caretool.domain.policy import Agent
from caretool.errors import CaretoolError, PlatformFailed, UsageProblem
from caretool.platforms.platform import Posted


def settle(desk: Desk, was_posted: Sequence[str], was_not_posted: Sequence[str], url: str | None) -> Sent:
    """Take a person's word for these unsure replies; those that were not posted go out now, checked as any other. `url`
    is where the one that was posted stands."""
    permitting.doer(desk, "settle")
    there, missing = _unsure(desk, was_posted), _unsure(desk, was_not_posted)
    agent = permitting.doer(desk, "settle", [reply.account for reply in (*there, *missing)])
    both = {reply.id for reply in there} & {reply.id for reply in missing}
    if both:
        raise UsageProblem(f"{min(both)} was posted or was not: say one of them.")
    if url is not None and len(there) != 1:
        raise UsageProblem("--url says where one reply stands: give it with one --was-posted.")
    if url is not None and not re.match(r"https?://[^\s/]", url):
        raise UsageProblem(f"--url {url!r}: write the address at which it stands: https://…")
    for reply in there:
        _seen(desk, reply, agent, url)
    found = [reply for reply in missing if _found_after_all(desk, reply, agent)]
    for reply in found:
        desk.say(f"{reply.id} is on {reply.account} after all: it counts as posted.")
    again = [reply.id for reply in missing if reply not in found]
    sent = sending.send(desk, again) if again else Sent()
    sent.posted[:0] = desk.store.replies.by_ids([reply.id for reply in (*there, *found)])
    return sent


def _unsure(desk: Desk, typed: Sequence[str]) -> list[Reply]:
    ids = dict.fromkeys(desk.store.resolve(one, ("r",)) for one in typed)
    replies = desk.store.replies.by_ids(list(ids))
    for reply in replies:
        _refuse_certain(reply)
    return replies


def _refuse_certain(reply: Reply) -> None:
    if reply.state == "sending":
        raise UsageProblem(f"{reply.id} is being sent, or its sender was cut off: run `caretool send` first.")
    if reply.state != "unsure":
        raise UsageProblem(f"{reply.id} is {reply.state}: there is no doubt about it to be settled.")


def _seen(desk: Desk, reply: Reply, agent: Agent, url: str | None) -> None:
    """A person found it there. The platform may know its id, without which it cannot be retracted."""
    with sending.alone(desk, reply.account):
        _refuse_certain(desk.store.replies.by_ids([reply.id])[0])
        try:
            found = _looked_for(desk, reply)
        except CaretoolError:  # their word is enough
            found = None
        with desk.store.writing():
            desk.store.journal.write("reply-seen-posted", [reply.id], agent=agent.id, at=desk.clock())
            if found is not None:
                sending.posted(desk, reply, found.native_id, found.posted_at, url or found.url)
            else:
                sending.posted(desk, reply, None, reply.sending_at or reply.made_at, url)


def _found_after_all(desk: Desk, reply: Reply, agent: Agent) -> bool:
    """A person did not find it there. Nor does the platform: back into the outbox, its promises not yet made."""
    with sending.alone(desk, reply.account):
        _refuse_certain(desk.store.replies.by_ids([reply.id])[0])
        try:
            found = _looked_for(desk, reply)
        except PlatformFailed:  # it cannot be looked for, which is why a person was asked
            found = None
        if found is not None:
            sending.posted(desk, reply, found.native_id, found.posted_at, found.url)
            return True
        with desk.store.writing():
            desk.store.replies.change(reply.id, "approved", was=("unsure",), looked_at=None)
            promises = [promise.id for promise in desk.store.promises.of_replies([reply.id])]
            promising.change(desk, promises, "logged", was=("running",))
            desk.store.journal.write("reply-seen-missing", [reply.id], agent=agent.id, at=desk.clock())
    return False


def _looked_for(desk: Desk, reply: Reply) -> Posted | None:
    with tokens.stopping(desk, reply.account, f"Nothing was changed: {reply.id} stays unsure."):
        return desk.open_platform(desk.account(reply.account)).find(sending.outgoing(desk, reply))
