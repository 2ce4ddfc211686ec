"""show: one thing with its history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from caretool.cli import completing
from caretool.cli.context import AsAgent, AsJson, desk_of, out, show
from caretool.cli.inbox import listed_shape
from caretool.cli.screen import count, indented, said
from caretool.cli.telling import said_in, tell_promises

if TYPE_CHECKING:
    from caretool.desk.listing import Listed
    from caretool.desk.showing import Shown
    from caretool.domain.comment import Comment
    from caretool.domain.draft import Reply
    from caretool.domain.exchange import Turn
    from caretool.domain.links import Fit
    from caretool.domain.log import Line
    from caretool.domain.promise import Promise
    from caretool.domain.reward import Reward
    from caretool.domain.waiver import Kept

_NAMED = 8


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("show")(show_one)


def show_one(
    ctx: typer.Context,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A comment, thread, group, reply, promise, case, reward, person or what moderation did (m…).",
            autocompletion=completing.anything,
        ),
    ],
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="With the personal data in comments; that you looked is logged.")
    ] = False,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Show a comment, thread, group, reply, promise, case, reward or person with its history.

    Personal data in comments (order and phone numbers, addresses…) is masked on the screen; --json holds all of it.

    \b
    Examples:
      caretool show gk3f2
      caretool show pq2x7
      caretool show c4n8kd --unmasked
    """
    from caretool.desk import showing

    with desk_of(ctx, agent) as desk:
        found = showing.show(desk, subject, unmasked=unmasked)
        zone, now = desk.zone, desk.clock()
    show(found, as_json, _shown_shape, lambda value: _shown_text(value, now, zone))


def _shown_shape(found: Shown) -> dict[str, Any]:
    from caretool.reports import moderation, rewards, shapes

    return {
        "id": found.id,
        "group": listed_shape(found.group) if found.group else None,
        "waits_in": found.waits_in,
        "comments": [
            {**shapes.comment(one), "exchange": shapes.exchange(found.said.get(one.id, ()))} for one in found.comments
        ],
        "replies": [shapes.reply(one) for one in found.replies],
        "promises": [shapes.promise(one) for one in found.promises],
        "because": found.because,
        "waived": [
            {"check": one.check, "excerpt": one.words, "by": one.by, "asked": one.asked} for one in found.waived
        ],
        "notes": [{"at": shapes.moment(at), "agent": agent, "text": text} for at, agent, text in found.notes],
        "rewards": [rewards.reward(one) for one in found.rewards],
        "links": [shapes.link(one) for one in found.links],
        "moderations": [moderation.one(one) for one in found.moderations],
        "cases": [shapes.case(one.case, one.as_of, one.expected, one.promises) for one in found.cases],
        "revisions": [{"seen_at": shapes.moment(at), "text": text} for at, text in found.revisions],
        "history": [
            {"at": shapes.moment(line.at), "agent": line.agent, "action": line.action, "subject": line.subject}
            for line in found.history
        ],
    }


def _shown_text(found: Shown, now: datetime, zone: ZoneInfo) -> None:
    from caretool.domain.harmless import block
    from caretool.domain.masking import roughly_masked
    from caretool.domain.moment import stamp

    if found.group:
        _tell_group(found.group, found.waits_in)
    _tell_comments(found, now, zone)
    for at, text in found.revisions:
        out(f"\n  before {stamp(at, zone)} it said:\n{said(text, str if found.unmasked else roughly_masked)}")
    _tell_links(found.links)
    for reply in found.replies:
        _tell_reply(reply, zone)
    _tell_waived(found.waived)
    _tell_rewards(found.rewards, zone)
    _tell_moderations(found, zone)
    _tell_cases(found, zone)
    if found.promises:
        out("")
        tell_promises(found.promises, zone)
    if found.id.startswith("p"):
        _tell_end(found.promises[0])
    for at, agent, text in found.notes:
        out(f"\nnote by {agent}, {stamp(at, zone)}: {block(text)}")
    _tell_history(found.history, zone)


def _tell_history(history: Sequence[Line], zone: ZoneInfo) -> None:
    """Who did what when; what was done to many at once in one line."""
    from caretool.domain.moment import stamp

    if history:
        out("")
    for (at, agent, action), lines in groupby(history, key=lambda line: (line.at, line.agent, line.action)):
        ids = [line.subject for line in lines]
        more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
        out(f"  {stamp(at, zone)}  {agent}  {action}  {', '.join(ids[:_NAMED])}{more}")


def _tell_links(links: Sequence[Fit]) -> None:
    """Pages that an answer may link."""
    for fit in links:
        out(f"\n  a link may help: {fit.title}, {fit.link.url}\n    because {'; '.join(fit.why)}")


def _tell_waived(waived: Sequence[Kept]) -> None:
    from caretool.domain.harmless import one_line

    for one in waived:
        who = f"{one.by} asks to waive" if one.asked else f"waived by {one.by}:"
        out(f'  {who} {one.check} "{one_line(one.words, 90)}"')


def _tell_moderations(found: Shown, zone: ZoneInfo) -> None:
    if found.moderations:
        from caretool.cli.moderating import tell_moderations

        tell_moderations(found.moderations, zone, unmasked=found.unmasked)


def _tell_cases(found: Shown, zone: ZoneInfo) -> None:
    if not found.cases:
        return
    from caretool.cli.cases import draw

    for one in found.cases:
        out("")
        draw(one, zone)


def _tell_group(listed: Listed, waits_in: str | None) -> None:
    from caretool.domain.harmless import one_line
    from caretool.domain.masking import roughly_masked

    group = listed.group
    people = count(listed.people, "person", "people") if group.size else "nobody waits any more"
    people += f"; the same waits in {waits_in} now" if waits_in else ""
    out(f"{group.id} · {people} · {group.account} · {group.topic or group.kind}")
    if listed.why:
        out(indented("\n".join(listed.why)))
    if group.thread_text:
        out(f"    under: {one_line(roughly_masked(group.thread_text), 120)}")


def _tell_comments(found: Shown, now: datetime, zone: ZoneInfo) -> None:
    """Each comment; in a group those that say the same are told once."""
    same: dict[str, list[Comment]] = {}
    for comment in found.comments:
        same.setdefault((comment.copy_of or comment.id) if found.group else comment.id, []).append(comment)
    for number, (first, *others) in enumerate(same.values()):
        if found.group or number:
            out("")
        _tell_exchange(found.said.get(first.id, ()), zone, unmasked=found.unmasked)
        _tell_comment(first, now, zone, unmasked=found.unmasked, with_reasons=len(found.comments) == 1)
        _tell_same(others)


def _tell_exchange(turns: Sequence[Turn], zone: ZoneInfo, *, unmasked: bool) -> None:
    from caretool.domain.harmless import short_name
    from caretool.domain.moment import stamp

    for turn in turns:
        who = f"we ({short_name(turn.by)})" if turn.own else short_name(turn.by)
        out(f"    {stamp(turn.at, zone)}  {who} said before:")
        out(indented(said(turn.text if unmasked else turn.masked)))


def _tell_comment(comment: Comment, now: datetime, zone: ZoneInfo, *, unmasked: bool, with_reasons: bool) -> None:
    from caretool.domain.harmless import one_line, short_name
    from caretool.domain.masking import masked
    from caretool.domain.moment import stamp
    from caretool.reports.shapes import why

    name = short_name(comment.author)
    who = name if comment.erased else f"{name} ({short_name(comment.handle)})"
    told = [comment.kind, comment.tone, comment.topic, comment.language, comment.state]
    told += [f"watch: {comment.watch}"] if comment.watch else []
    facts = ["private", *told] if comment.private else told
    out(f"{comment.id}  {who}  {stamp(comment.written_at, zone)}")
    out(said_in(comment, str if unmasked else partial(masked, exposed=comment.exposed)))
    if not unmasked and comment.masked != comment.text:
        out(f"    (masked: caretool show {comment.id} --unmasked)")
    out(f"    [{' · '.join(fact for fact in facts if fact)}]")
    if comment.url and (comment.watch or comment.form == "entry"):  # it stands on no page of ours
        out(f"    {one_line(comment.url)}")
    for what, at in (("an answer", comment.closes_at), ("a private answer", comment.private_until)):
        if at is not None:
            out(f"    the platform {'takes' if now < at else 'took'} {what} until {stamp(at, zone)}")
    if with_reasons:
        out(indented("\n".join(f"because {one_line(reason)}" for reason in why(comment))))


def _tell_same(others: Sequence[Comment]) -> None:
    from caretool.domain.harmless import short_name

    names = ", ".join(f"{short_name(comment.author)} ({comment.id})" for comment in others)
    if names:
        out(indented(f"{count(len(others), 'other says', 'others say')} the same: {names}"))


def _tell_reply(reply: Reply, zone: ZoneInfo) -> None:
    from caretool.domain.harmless import one_line
    from caretool.domain.moment import stamp

    moment = stamp(reply.posted_at or reply.made_at, zone)
    became = f", {reply.state}, by {reply.agent}"
    if reply.state == "rejected":  # by somebody else than who wrote it
        became = f" by {reply.agent}, {'withdrawn' if (reply.error or '').startswith('withdrawn by ') else 'rejected'}"
    out(f"\n{reply.id}  our reply{became}  {moment}")
    out(said(reply.text))
    if reply.url:
        out(f"    {one_line(reply.url)}")
    if reply.state == "unsure":
        out(f"    It may or may not be on {reply.account}: `caretool send` looks for it. If you have looked there, say")
        out(f"    `caretool send --was-posted {reply.id}` or `caretool send --was-not-posted {reply.id}`")
    if reply.error:
        out(f"    {one_line(reply.error)}")


def _tell_rewards(rewards: Sequence[Reward], zone: ZoneInfo) -> None:
    from caretool.domain.moment import stamp
    from caretool.domain.reward import money

    for one in rewards:
        worth = f" ({money(one.amount, one.currency)})" if one.amount is not None else ""
        out(f"\n{one.id}  {one.kind}{worth}, {one.stands}, by {one.agent}  {stamp(one.drawn_at, zone)}")


def _tell_end(promise: Promise) -> None:
    from caretool.domain.harmless import block

    if promise.moved_to:
        out(f"    moved to {promise.moved_to}" + (" once the customer is told" if promise.state == "running" else ""))
    if promise.because:
        out(indented(f"because {block(promise.because)}"))
    if promise.evidence:
        out(indented(f"evidence: {block(promise.evidence)}"))
