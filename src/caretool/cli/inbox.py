"""inbox and show: what waits, and one thing with its history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from caretool.cli import completing
from caretool.cli.context import AsAgent, AsJson, desk_of, out, show
from caretool.cli.screen import count, indented, said, table, when
from caretool.cli.telling import tell_promises
from caretool.domain.codes import Kind

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.desk.listing import Inbox, Listed
    from caretool.desk.showing import Shown
    from caretool.domain.comment import Comment
    from caretool.domain.draft import Reply
    from caretool.domain.group import Group
    from caretool.domain.promise import Promise


_MOST_UNSURE = 3


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(inbox)
    app.command("show")(show_one)


def inbox(
    ctx: typer.Context,
    account: Annotated[str | None, typer.Option(help="Only this account.", autocompletion=completing.accounts)] = None,
    topic: Annotated[str | None, typer.Option(help="Only this topic.", autocompletion=completing.topics)] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only this kind.")] = None,
    late: Annotated[bool, typer.Option("--late", help="Only what is late.")] = False,
    search: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only groups in which somebody wrote this.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many groups.")] = 20,
    as_of: Annotated[str | None, typer.Option(metavar="TIME", help="As it would stand at this time.")] = None,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """What waits for an answer, in groups that one answer serves, most urgent first.

    \b
    Examples:
      caretool inbox
      caretool inbox --late --account console-page
      caretool inbox --json | jq '.groups[0].comments[].text'
    """
    from caretool.desk import listing

    wanted = listing.Wanted(account, topic, kind, late, search, limit)
    with desk_of(ctx, agent) as desk:
        moment = _moment_of(desk, as_of)
        found = listing.inbox(desk, wanted, moment, with_comments=as_json)
        zone = desk.zone
    show(found, as_json, inbox_shape, lambda value: _inbox_text(value, zone))


def _moment_of(desk: Desk, typed: str | None) -> datetime:
    if typed is None:
        return desk.clock()
    from caretool.desk.times import parse_time

    return parse_time(typed, desk.clock(), desk.zone)


def inbox_shape(found: Inbox) -> dict[str, Any]:
    """DESIGN §5, inbox."""
    from caretool.reports.shapes import moment

    return {
        "as_of": moment(found.as_of),
        "waiting": found.waiting,
        "late": found.late,
        "promises_overdue": found.promises_overdue,
        "outbox": found.outbox,
        "unsure": list(found.unsure),
        "drafts": [
            {"id": one.draft.id, "agent": one.draft.agent, "group": one.draft.group, "replies": one.replies}
            for one in found.drafts
        ],
        "groups": [_listed_shape(listed) for listed in found.groups],
    }


def _listed_shape(listed: Listed) -> dict[str, Any]:
    from dataclasses import asdict

    from caretool.reports import shapes

    group = listed.group
    thread = {"id": group.thread, "text": group.thread_text, "url": group.thread_url} if group.thread else None
    return {
        "id": group.id,
        "topic": group.topic,
        "language": group.language,
        "account": group.account,
        "kind": group.kind,
        "thread": thread,
        "size": group.size,
        "people": listed.people,
        "due_at": shapes.moment(group.due_at),
        "late": listed.late,
        "urgency": listed.urgency,
        "why": list(listed.why),
        "escalation": group.escalation,
        "again": group.again,
        "suggestion": {**asdict(group.suggestion), "alternatives": list(group.suggestion.alternatives)}
        if group.suggestion
        else None,
        "comments": [shapes.comment(comment) for comment in listed.comments],
    }


def _inbox_text(found: Inbox, zone: ZoneInfo) -> None:
    from caretool.domain.moment import stamp

    line = [
        f"{count(found.waiting, 'comment waits', 'comments wait')} in {count(found.groups_waiting, 'group', 'groups')}",
        *([f"{found.late} late"] if found.late else []),
        *([f"{count(found.promises_overdue, 'promise', 'promises')} overdue"] if found.promises_overdue else []),
        *([f"{count(len(found.drafts), 'draft', 'drafts')} to approve"] if found.drafts else []),
        *([f"{count(found.outbox, 'reply', 'replies')} in the outbox"] if found.outbox else []),
    ]
    out(f"{' · '.join(line)}    {stamp(found.as_of, zone)}")
    for reply in found.unsure[:_MOST_UNSURE]:
        out(f"{reply} may or may not have been posted: caretool send, or caretool show {reply}")
    if len(found.unsure) > _MOST_UNSURE:
        out(f"… and {len(found.unsure) - _MOST_UNSURE} more like it")
    if not found.groups:
        out("Nobody waits here." if not found.waiting else "Nothing matches: see all with caretool inbox")
        return
    out("")
    drafted = {one.draft.group: one.draft.id for one in found.drafts}
    rows = [_inbox_row(listed, found.as_of, zone, drafted.get(listed.group.id)) for listed in found.groups]
    headings = ("due", "group", "people", "where", "what they say", "", "suggested")
    table(headings, rows, [listed.urgency in ("late", "escalated", "again") for listed in found.groups])
    for one in found.drafts:
        replies = count(one.replies, "reply", "replies")
        out(f"\nTo approve: {one.draft.id}, {replies} by {one.draft.agent}: caretool approve {one.draft.id}")
    first = found.groups[0].group
    more = f" · more: --limit {2 * len(found.groups)}" if found.more else ""
    out(f"\nNext: caretool show {first.id} · {_answer_to(first)}{more}")


def _answer_to(group: Group) -> str:
    """The command that would most likely be typed next."""
    if group.kind in ("spam", "abuse") and not group.escalation:
        return f"caretool close {group.id} --because {group.kind}"
    by_hand = group.escalation or group.again or group.suggestion is None
    return f"caretool reply {group.id}" + (" --edit" if by_hand else "")


def _inbox_row(listed: Listed, now: datetime, zone: ZoneInfo, draft: str | None) -> tuple[str, ...]:
    from caretool.domain.harmless import one_line

    group = listed.group
    where = group.account + (f" · {one_line(group.thread_text, 24)}" if group.thread_text else "")
    where += " · private" if group.private else ""
    if draft:
        suggested = f"{draft} waits for approval"
    elif group.escalation:
        suggested = f"manager: {group.escalation}"
    elif group.again:
        suggested = f"(see {group.again})"
    elif group.suggestion:
        together = ", together" if group.suggestion.mode == "together" else ""
        suggested = group.suggestion.template + together + ("" if group.suggestion.sure else " ?")
    else:
        suggested = f"({group.kind})"
    says = listed.why[0] if listed.urgency == "again" else one_line(group.first_text, 44)
    return when(group.due_at, now, zone), group.id, str(listed.people), where, says, group.language or "", suggested


def show_one(
    ctx: typer.Context,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A comment, thread, group, reply, promise, case or person.",
            autocompletion=completing.anything,
        ),
    ],
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Show a comment, thread, group, reply, promise, case or person with its history.

    \b
    Examples:
      caretool show gk3f2
      caretool show pq2x7
    """
    from caretool.desk import showing

    with desk_of(ctx, agent) as desk:
        found = showing.show(desk, subject)
        zone, now = desk.zone, desk.clock()
    show(found, as_json, _shown_shape, lambda value: _shown_text(value, now, zone))


def _shown_shape(found: Shown) -> dict[str, Any]:
    from caretool.reports import shapes

    return {
        "id": found.id,
        "group": _listed_shape(found.group) if found.group else None,
        "comments": [shapes.comment(one) for one in found.comments],
        "replies": [shapes.reply(one) for one in found.replies],
        "promises": [shapes.promise(one) for one in found.promises],
        "because": found.because,
        "notes": [{"at": shapes.moment(at), "agent": agent, "text": text} for at, agent, text in found.notes],
        "cases": [shapes.case(one.case, one.as_of, one.expected, one.promises) for one in found.cases],
        "revisions": [{"seen_at": shapes.moment(at), "text": text} for at, text in found.revisions],
        "history": [
            {"at": shapes.moment(line.at), "agent": line.agent, "action": line.action, "subject": line.subject}
            for line in found.history
        ],
    }


def _shown_text(found: Shown, now: datetime, zone: ZoneInfo) -> None:
    from caretool.domain.harmless import block
    from caretool.domain.moment import stamp

    if found.group:
        _tell_group(found.group)
    _tell_comments(found, zone)
    for at, text in found.revisions:
        out(f"\n  before {stamp(at, zone)} it said:\n{said(text)}")
    for reply in found.replies:
        _tell_reply(reply, zone)
    if found.cases:
        _tell_cases(found, zone)
    if found.promises:
        out("")
        tell_promises(found.promises, zone)
    if found.id.startswith("p"):
        _tell_end(found.promises[0])
    for at, agent, text in found.notes:
        out(f"\nnote by {agent}, {stamp(at, zone)}: {block(text)}")
    if found.history:
        out("")
    for line in found.history:
        out(f"  {stamp(line.at, zone)}  {line.agent}  {line.action}  {line.subject}")


def _tell_cases(found: Shown, zone: ZoneInfo) -> None:
    from caretool.cli.cases import draw

    for one in found.cases:
        out("")
        draw(one, zone)


def _tell_group(listed: Listed) -> None:
    from caretool.domain.harmless import one_line

    group = listed.group
    people = count(listed.people, "person", "people") if group.size else "nobody waits any more"
    out(f"{group.id} · {people} · {group.account} · {group.topic or group.kind}")
    if listed.why:
        out(indented("\n".join(listed.why)))
    if group.thread_text:
        out(f"    under: {one_line(group.thread_text, 120)}")


def _tell_comments(found: Shown, zone: ZoneInfo) -> None:
    """Each comment; in a group those that say the same are told once."""
    same: dict[str, list[Comment]] = {}
    for comment in found.comments:
        same.setdefault((comment.copy_of or comment.id) if found.group else comment.id, []).append(comment)
    for number, (first, *others) in enumerate(same.values()):
        if found.group or number:
            out("")
        _tell_comment(first, zone, with_reasons=len(found.comments) == 1)
        _tell_same(others)


def _tell_comment(comment: Comment, zone: ZoneInfo, *, with_reasons: bool) -> None:
    from caretool.domain.harmless import one_line
    from caretool.domain.moment import stamp
    from caretool.reports.shapes import why

    name, handle = one_line(comment.name or comment.handle, 40), one_line(comment.handle, 40)
    told = [comment.kind, comment.tone, comment.topic, comment.language, comment.state]
    facts = ["private", *told] if comment.private else told
    out(f"{comment.id}  {name} (@{handle})  {stamp(comment.written_at, zone)}")
    out(said(comment.text))
    out(f"    [{' · '.join(fact for fact in facts if fact)}]")
    if with_reasons:
        out(indented("\n".join(f"because {one_line(reason)}" for reason in why(comment))))


def _tell_same(others: Sequence[Comment]) -> None:
    from caretool.domain.harmless import one_line

    names = ", ".join(f"{one_line(comment.name or comment.handle, 40)} ({comment.id})" for comment in others)
    if names:
        out(indented(f"{count(len(others), 'other says', 'others say')} the same: {names}"))


def _tell_reply(reply: Reply, zone: ZoneInfo) -> None:
    from caretool.domain.harmless import one_line
    from caretool.domain.moment import stamp

    moment = stamp(reply.posted_at or reply.made_at, zone)
    out(f"\n{reply.id}  our reply, {reply.state}, by {reply.agent}  {moment}")
    out(said(reply.text))
    if reply.url:
        out(f"    {one_line(reply.url)}")
    if reply.state == "unsure":
        out(f"    It may or may not be on {reply.account}: `caretool send` looks for it. If you have looked there, say")
        out(f"    `caretool send --was-posted {reply.id}` or `caretool send --was-not-posted {reply.id}`")
    if reply.error:
        out(f"    {one_line(reply.error)}")


def _tell_end(promise: Promise) -> None:
    from caretool.domain.harmless import block

    if promise.moved_to:
        out(f"    moved to {promise.moved_to}" + (" once the customer is told" if promise.state == "running" else ""))
    if promise.because:
        out(indented(f"because {block(promise.because)}"))
    if promise.evidence:
        out(indented(f"evidence: {block(promise.evidence)}"))
