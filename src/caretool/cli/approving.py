"""What is told about a draft that waits for a yes: the list of them, one with what it answers, why it waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from caretool.cli.context import out, say
from caretool.cli.screen import count, indented, table
from caretool.domain.harmless import block, one_line, short_name
from caretool.domain.moment import stamp

if TYPE_CHECKING:
    from caretool.desk.approving import Waiting
    from caretool.domain.approval import Awaited
    from caretool.domain.comment import Comment

_MOST = 3
_NAMES = 2


def waiting_shape(found: Sequence[Waiting]) -> dict[str, Any]:
    """Every draft that waits; `yours`: whoever asks may decide on it."""
    return {"drafts": [_draft_shape(one) for one in found]}


def _draft_shape(one: Waiting) -> dict[str, Any]:
    from caretool.reports import shapes

    people = {comment.person: comment.name or comment.handle for comment in one.comments}
    return {
        "id": one.draft.id,
        "agent": one.draft.agent,
        "group": one.draft.group,
        "made_at": shapes.moment(one.draft.made_at),
        "people": [{"id": person, "name": name} for person, name in people.items()],
        "replies": [shapes.reply(reply) for reply in one.replies],
        "by": one.draft.by,
        "who": list(one.who),
        "why": list(one.draft.why),
        "yours": one.yours,
        "stale": one.stale,
    }


def tell_waiting(found: Sequence[Waiting], zone: ZoneInfo) -> None:
    """What waits for whoever is at the desk, and how much waits for others."""
    from caretool.desk.deciding import rejecting

    yours = [one for one in found if one.yours]
    others = [one for one in found if not one.yours]
    if not yours:
        out("Nothing waits for your approval.")
    rows = [
        (
            one.draft.id,
            one.draft.agent,
            _names(one.comments),
            stamp(one.draft.made_at, zone),
            f"stale: {one.stale} meanwhile" if one.stale else "; ".join(one.draft.why),
            one_line(one.replies[0].text, 44) if one.replies else "",
        )
        for one in yours
    ]
    table(("draft", "by", "to", "since", "why it waits", "says"), rows)
    for one in others:
        who = ", ".join(one.who) or "nobody"
        stale = f" (stale: {one.stale} meanwhile)" if one.stale else ""
        out(f"{one.draft.id}, by {one.draft.agent} to {_names(one.comments)}, waits for {who}{stale}.")
    if yours:
        out("")
    for one in yours:
        if one.stale:
            out(f"{one.draft.id} can no longer be approved: {rejecting(one.draft)}")
    if fresh := next((one.draft.id for one in yours if not one.stale), None):
        out(f"Next: caretool approve {fresh}")


def tell_draft(one: Waiting, zone: ZoneInfo, tell: Callable[[str], None] = say) -> None:
    """Who wrote a draft, when, why it waits, and what it answers: talk before a question."""
    why = f", waits because {'; '.join(one.draft.why)}" if one.draft.why else ""
    tell(f"{one.draft.id} by {one.draft.agent}, {stamp(one.draft.made_at, zone)}{why}")
    for comment in one.comments[:_MOST]:
        tell(f"answers {comment.id}, {_name(comment)}:")
        tell(indented(block(one_line(comment.masked, 400))))
    if len(one.comments) > _MOST:
        tell(f"… and {count(len(one.comments) - _MOST, 'comment', 'comments')} more: caretool show {one.draft.id}")


def tell_written(one: Waiting, zone: ZoneInfo) -> None:
    """The same, and the texts as their writer left them."""
    tell_draft(one, zone)
    for reply in one.replies[:_MOST]:
        say(f"{reply.id}, {'in private' if reply.private else 'in public'}, on {reply.account}:")
        say(indented(block(reply.text)))
    if len(one.replies) > _MOST:
        say(f"… {len(one.replies) - _MOST} more like these …")


def awaited_shape(awaited: Awaited | None) -> dict[str, Any] | None:
    """Whose yes a reply waits for, and why; null where it waits for nobody's."""
    return {"by": awaited.by, "who": list(awaited.who), "why": list(awaited.why)} if awaited is not None else None


def awaited_line(awaited: Awaited) -> str:
    """The same in a line."""
    who = "a manager's" if awaited.by == "manager" else "an agent's or a manager's"
    named = f" ({', '.join(awaited.who)})" if awaited.who else ""
    return f"It takes {who} yes{named}: {'; '.join(awaited.why)}."


def _names(comments: Sequence[Comment]) -> str:
    people = list({comment.person: _name(comment) for comment in comments}.values())
    more = f" and {len(people) - _NAMES} more" if len(people) > _NAMES else ""
    return ", ".join(people[:_NAMES]) + more


def _name(comment: Comment) -> str:
    return short_name(comment.name or comment.handle)
