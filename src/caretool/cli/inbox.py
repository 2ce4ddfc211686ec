"""inbox: what waits, in groups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from caretool.cli import completing
from caretool.cli.context import AsAgent, AsJson, desk_of, out, show
from caretool.cli.screen import count, table, when
from caretool.domain.codes import Kind

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.desk.listing import Awaiting, Inbox, Listed
    from caretool.domain.exchange import Turn


_MOST_UNSURE = 3
_TURNS = 2
_A_DAY = timedelta(days=1)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(inbox)


def inbox(
    ctx: typer.Context,
    account: Annotated[str | None, typer.Option(help="Only this account.", autocompletion=completing.accounts)] = None,
    topic: Annotated[str | None, typer.Option(help="Only this topic.", autocompletion=completing.topics)] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only this kind.")] = None,
    late: Annotated[bool, typer.Option("--late", help="Only what is late.")] = False,
    search: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only groups in which somebody wrote this.")
    ] = None,
    watch: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only what this watch found.", autocompletion=completing.watches),
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

    wanted = listing.Wanted(account, topic, kind, late, search, limit, watch)
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
        "matching": {
            "waiting": found.matching.waiting,
            "late": found.matching.late,
            "groups": found.matching.groups,
        },
        "promises_overdue": found.promises_overdue,
        "outbox": found.outbox,
        "unsure": list(found.unsure),
        "drafts": [
            {
                "id": one.draft.id,
                "agent": one.draft.agent,
                "group": one.draft.group,
                "replies": one.replies,
                "made_at": moment(one.draft.made_at),
                "by": one.draft.by,
                "why": list(one.draft.why),
                "yours": one.yours,
                "stale": one.stale,
            }
            for one in found.drafts
        ],
        "given_back": [
            {"id": one.id, "group": one.group, "by": one.decided_by, "because": one.because} for one in found.given_back
        ],
        "failed": [{"id": one.id, "account": one.account, "error": one.error} for one in found.failed],
        "groups": [listed_shape(listed) for listed in found.groups],
    }


def listed_shape(listed: Listed) -> dict[str, Any]:
    """One group of the inbox."""
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
        "closes_at": shapes.moment(group.closes_at if listed.all_shut else listed.windows.closes_at),
        "private_until": shapes.moment(listed.windows.private_until or group.private_until),
        "shut": listed.windows.shut,
        "late": listed.late,
        "urgency": listed.urgency,
        "why": list(listed.why),
        "escalation": group.escalation,
        "again": group.again,
        "watch": group.watch,
        "claimed_by": listed.claim.agent if listed.claim else None,
        "claimed_until": shapes.moment(listed.claim.until) if listed.claim else None,
        "suggestion": {**asdict(group.suggestion), "alternatives": list(group.suggestion.alternatives)}
        if group.suggestion
        else None,
        "comments": [
            {**shapes.comment(comment), "exchange": shapes.exchange(listed.said.get(comment.id, ()))}
            for comment in listed.comments
        ],
    }


def _inbox_text(found: Inbox, zone: ZoneInfo) -> None:
    from caretool.domain.harmless import one_line
    from caretool.domain.moment import stamp

    yours = [one for one in found.drafts if one.yours]
    stale = len([one for one in yours if one.stale])
    others = len(found.drafts) - len(yours)
    line = [
        *_waiting(found),
        *([f"{count(found.promises_overdue, 'promise', 'promises')} overdue"] if found.promises_overdue else []),
        *([f"{count(len(yours) - stale, 'draft', 'drafts')} to approve"] if len(yours) > stale else []),
        *([f"{count(stale, 'stale draft', 'stale drafts')}"] if stale else []),
        *([f"{count(others, 'draft waits', 'drafts wait')} for others"] if others else []),
        *([f"{count(found.outbox, 'reply', 'replies')} in the outbox"] if found.outbox else []),
    ]
    out(f"{' · '.join(line)}    {stamp(found.as_of, zone)}")
    for reply in found.unsure[:_MOST_UNSURE]:
        out(f"{reply} may or may not have been posted: caretool send, or caretool show {reply}")
    if len(found.unsure) > _MOST_UNSURE:
        out(f"… and {len(found.unsure) - _MOST_UNSURE} more like it")
    for draft in found.given_back:
        group = f" for {draft.group}" if draft.group else ""
        out(f"{draft.id}{group} came back from {draft.decided_by}: {one_line(draft.because or '', 90)}")
    for failed in found.failed:
        out(f"{failed.id} did not go out: {one_line(failed.error or '', 150)}")
    if not found.groups:
        out("Nobody waits here." if not found.waiting else "Nothing matches: see all with caretool inbox")
        _tell_drafts(yours)
        return
    out("")
    drafted = {one.draft.group: one for one in sorted(found.drafts, key=lambda one: one.stale is None)}
    rows = [_inbox_row(listed, found.as_of, zone, drafted.get(listed.group.id)) for listed in found.groups]
    headings = ("due", "group", "people", "where", "what they say", "", "suggested")
    loud = [listed.urgency in ("late", "escalated", "again") for listed in found.groups]
    below = [_below(listed, found.as_of, zone) for listed in found.groups]
    table(headings, rows, loud, below, whole=("due",), least=("", "where"))
    _tell_drafts(yours)
    first = found.groups[0].group
    more = f" · more: --limit {2 * len(found.groups)}" if found.more else ""
    out(f"\nNext: caretool show {first.id} · {_answer_to(found.groups[0])}{more}")


def _tell_drafts(drafts: Sequence[Awaiting]) -> None:
    """What waits for the yes of whoever looks, and what no yes helps any more."""
    if not drafts:
        return
    from caretool.desk.deciding import rejecting

    out("")
    for one in drafts:
        draft = one.draft
        if one.stale:
            back = f"({one.stale} meanwhile): {rejecting(draft)}"
            out(f"{draft.id} by {draft.agent} can no longer be approved {back}")
            continue
        why = f" ({'; '.join(draft.why)})" if draft.why else ""
        replies = count(one.replies, "reply", "replies")
        out(f"To approve: {draft.id}, {replies} by {draft.agent}{why}: caretool approve {draft.id}")


def _waiting(found: Inbox) -> list[str]:
    """How many wait and are late; where only a part was asked for, in that, and of how many."""
    part = found.matching
    if part.groups == found.groups_waiting:
        groups = count(found.groups_waiting, "group", "groups")
        waiting = f"{count(found.waiting, 'comment waits', 'comments wait')} in {groups}"
        return [waiting, *([f"{found.late} late"] if found.late else [])]
    wait = "comment waits" if found.waiting == 1 else "comments wait"
    groups = count(found.groups_waiting, "group", "groups")
    waiting = f"{part.waiting} of {found.waiting} {wait} in {part.groups} of {groups}"
    return [waiting, *([f"{part.late} of {found.late} late"] if found.late else [])]


def _answer_to(listed: Listed) -> str:
    """The command that would most likely be typed next."""
    group = listed.group
    if listed.all_shut:
        return f"caretool close {group.id} --because TEXT"
    if group.kind in ("spam", "abuse") and not group.escalation:
        return f"caretool close {group.id} --because {group.kind}"
    by_hand = group.escalation or group.again or group.suggestion is None
    return f"caretool reply {group.id}" + (" --edit" if by_hand else "")


def _inbox_row(listed: Listed, now: datetime, zone: ZoneInfo, draft: Awaiting | None) -> tuple[str, ...]:
    from caretool.domain.harmless import one_line
    from caretool.domain.masking import roughly_masked

    group = listed.group
    where = group.account + (f" · {one_line(roughly_masked(group.thread_text), 24)}" if group.thread_text else "")
    where += " · private" if group.private else ""
    where = f"watch {group.watch}: {where}" if group.watch else where
    if draft:
        stands = "is stale" if draft.stale else "waits for approval"
        suggested = f"{draft.draft.id} " + ("(its window closed)" if listed.all_shut else stands)
    elif listed.all_shut:
        suggested = "(its window closed)"
    elif group.escalation:
        suggested = f"manager: {group.escalation}"
    elif group.again:
        suggested = f"(see {group.again})"
    elif group.suggestion:
        together = ", together" if group.suggestion.mode == "together" else ""
        sure = "" if group.suggestion.sure else ", manager only" if group.suggestion.reserved else " ?"
        suggested = group.suggestion.template + together + sure
    else:
        suggested = f"({group.kind})"
    if listed.windows.shut and not listed.all_shut:
        suggested = f"{listed.windows.shut} of {group.size} closed · {suggested}"
    if listed.claim:
        suggested = f"{listed.claim.agent} is at it · {suggested}"
    says = listed.why[0] if listed.urgency == "again" else one_line(group.first_text, 44)
    return _due(listed, now, zone), group.id, str(listed.people), where, says, group.language or "", suggested


def _below(listed: Listed, now: datetime, zone: ZoneInfo) -> list[str]:
    """What no column has room for: which windows end within a day, and the last turns of the exchange that the group's
    first comment belongs to, a line each."""
    ends = _ends(listed, now, zone)
    return ([" · ".join(ends)] if ends else []) + [
        _turn_line(turn, zone, turn.masked) for turn in listed.said.get(listed.group.first or "", ())[-_TURNS:]
    ]


def _turn_line(turn: Turn, zone: ZoneInfo, text: str) -> str:
    """One turn of an exchange; whose it is stands before it."""
    from caretool.domain.harmless import one_line, short_name
    from caretool.domain.moment import stamp

    who = f"we ({short_name(turn.by)})" if turn.own else short_name(turn.by)
    return f"{stamp(turn.at, zone)}  {who}: {one_line(text, 90)}"


def _due(listed: Listed, now: datetime, zone: ZoneInfo) -> str:
    """When an answer is due that can still be given; where the platform itself sets the end, that it does."""
    from caretool.domain.moment import stamp

    if listed.all_shut:
        return f"closed {when(listed.group.closes_at, now, zone)}"
    due_at, closes_at = listed.windows.due_at, listed.windows.closes_at
    if closes_at is None or closes_at != due_at:
        return when(due_at or listed.group.due_at, now, zone)
    day, _, hour = stamp(closes_at, zone).rpartition(" ")
    return f"closes {hour}" if stamp(now, zone).startswith(day) else f"closes {day} {hour}"


def _ends(listed: Listed, now: datetime, zone: ZoneInfo) -> list[str]:
    """Which windows end within a day, where the due time does not say it already: the one of every answer, and to what
    is public the one of a private answer."""
    from caretool.domain.moment import stamp

    windows = listed.windows
    ends = {
        "closes": windows.closes_at if windows.closes_at != windows.due_at else None,
        "private until": None if listed.group.private else windows.private_until,
    }
    told = []
    for what, at in ends.items():
        if at is not None and now < at <= now + _A_DAY:
            day, _, hour = stamp(at, zone).rpartition(" ")
            told.append(f"{what} {hour}" if stamp(now, zone).startswith(day) else f"{what} {day.split()[0]} {hour}")
    return told
