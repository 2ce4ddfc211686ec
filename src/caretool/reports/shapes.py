"""The JSON shapes other programs rely on (DESIGN §5), for values of the domain. Times are RFC 3339 in UTC with `Z`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, get_args

from caretool.domain.comment import Comment, Kind, Tone
from caretool.domain.draft import Refusal, Reply
from caretool.domain.exchange import Turn
from caretool.domain.health import Finding
from caretool.domain.links import Fit
from caretool.domain.log import Line
from caretool.domain.procedure import Case
from caretool.domain.promise import Overdue, Promise, Today
from caretool.domain.reading import Commitment

Shape = dict[str, Any]

_DECIDED: Final = {"kind": get_args(Kind), "tone": get_args(Tone), "topic": ("topic",)}
"""How the reasons begin that decided what a person may have corrected."""


def moment(at: datetime | None) -> str | None:
    """RFC 3339 in UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else None


def promise(one: Promise) -> Shape:
    """One promise; `id` and `reply` are null where it is not logged."""
    return {
        "id": one.id or None,
        "kind": one.kind,
        "person": {"id": one.person_id, "name": one.person_name},
        "text": one.text,
        "due_at": moment(one.due_at),
        "state": one.state,
        "owner": one.owner,
        "reply": one.reply,
        "overdue": one.overdue,
        "at_risk": one.at_risk,
        "escalated_to": one.escalated_to,
        "moved_to": one.moved_to,
        "evidence": one.evidence,
    }


def refusal(one: Refusal) -> Shape:
    """One reason why a draft may not go out."""
    return {
        "check": one.check,
        "excerpt": one.excerpt,
        "why": one.why,
        "suggest": one.suggest,
        "promise_kind": one.promise_kind,
        "asked_due_at": moment(one.asked_due_at),
        "earliest_due_at": moment(one.earliest_due_at),
        "fits": one.fits,
    }


def commitment(one: Commitment) -> Shape:
    """Words that commit us."""
    return {
        "excerpt": one.excerpt,
        "promise_kind": one.promise_kind,
        "due_at": moment(one.due_at),
        "vague": one.vague,
        "conditional": one.conditional,
    }


def reply(one: Reply) -> Shape:
    """One reply; `id` is null in a dry run and where it was refused."""
    return {
        "id": one.id or None,
        "state": one.state,
        "mode": one.mode,
        "private": one.private,
        "account": one.account,
        "text": one.text,
        "to": list(one.to),
        "url": one.url,
        "posted_at": moment(one.posted_at),
        "error": one.error,
    }


def link(one: Fit) -> Shape:
    """A page that may be linked in an answer."""
    return {
        "name": one.link.name,
        "kind": one.link.kind,
        "url": one.link.url,
        "title": one.title,
        "why": list(one.why),
    }


def comment(one: Comment) -> Shape:
    """One comment with what was read in it."""
    return {
        "id": one.id,
        "native_id": one.native_id,
        "account": one.account,
        "form": one.form,
        "author": {"handle": one.handle, "name": one.name},
        "person": one.person,
        "text": one.text,
        "language": one.language,
        "kind": one.kind,
        "tone": one.tone,
        "topic": one.topic,
        "state": one.state,
        "group": one.group if one.state == "waiting" else None,
        "private": one.private,
        "written_at": moment(one.written_at),
        "url": one.url,
        "due_at": moment(one.due_at),
        "closes_at": moment(one.closes_at),
        "private_until": moment(one.private_until),
        "watch": one.watch,
        "copy_of": one.copy_of,
        "again": one.again if one.state == "waiting" else None,
        "snoozed_until": moment(one.snoozed_until) if one.state == "snoozed" else None,
        "why": why(one),
    }


def exchange(turns: Sequence[Turn]) -> list[Shape]:
    """What was said before, oldest first."""
    return [{"at": moment(turn.at), "by": turn.by, "own": turn.own, "text": turn.text} for turn in turns]


def case(
    one: Case, as_of: datetime, expected: Sequence[datetime | None], promises: Mapping[int, Sequence[Promise]]
) -> Shape:
    """One case with its steps; `step` is the one that has its turn. `expected_at`: when a step will have ended if each
    takes its time; `promises` by the place of the step that keeps them."""
    return {
        "id": one.id,
        "procedure": one.procedure,
        "person": {"id": one.person_id, "name": one.person_name},
        "comment": one.comment,
        "state": one.state,
        "late": one.late(as_of),
        "step": one.now.step.name if one.now else None,
        "owner": one.now.step.owner if one.now else None,
        "due_at": moment(one.now.due_at) if one.now else None,
        "started_at": moment(one.started_at),
        "ended_at": moment(one.ended_at),
        "because": one.because,
        "steps": [
            {
                "name": step.step.name,
                "does": step.step.does,
                "owner": step.step.owner,
                "waits_for": step.step.waits_for,
                "state": step.state,
                "began_at": moment(step.began_at),
                "due_at": moment(step.due_at),
                "late": step.late(as_of),
                "expected_at": moment(expected[place]),
                "remind_at": moment(step.remind_at),
                "close_at": moment(step.close_at),
                "ended_at": moment(step.ended_at),
                "evidence": step.evidence,
                "because": step.because,
                "promise_kind": step.step.promise,
                "promises": [promise(kept) for kept in promises.get(place, ())],
            }
            for place, step in enumerate(one.steps)
        ],
    }


def why(one: Comment) -> list[str]:
    """What decided the reading, and what is odd about the comment."""
    undated = [] if one.dated else ["the platform gives no date: it counts from the first fetch"]
    corrected = [f"{name}: corrected by a person" for name in one.corrected]
    again = [f"writes again while promise {one.again} runs"] if one.again and one.state == "waiting" else []
    overruled = {word for name in one.corrected for word in _DECIDED.get(name, ())}
    read = [reason for reason in one.reasons if reason.partition(":")[0] not in overruled]
    closes = ["due when the platform closes its window"] if one.due_at and one.due_at == one.closes_at else []
    found = [f"watch {one.watch}: found, not said to us"] if one.watch else []
    return [*again, *found, *closes, *read, *corrected, *undated]


def overdue(report: Overdue) -> Shape:
    """The overdue report."""
    return {"as_of": moment(report.as_of), **_by_stage(report)}


def today(report: Today) -> Shape:
    """The report by owner."""
    owners = [{"owner": owner, **_by_stage(theirs)} for owner, theirs in report.owners.items()]
    return {"as_of": moment(report.as_of), "owners": owners}


def _by_stage(report: Overdue) -> Shape:
    return {
        stage.replace("-", "_"): [{**promise(one), "url": one.url} for one in promises]
        for stage, promises in report.staged
    }


def log(lines: Sequence[Line]) -> Shape:
    """Lines of the log."""
    return {
        "log": [
            {
                "number": line.number,
                "at": moment(line.at),
                "agent": line.agent,
                "action": line.action,
                "subject": line.subject,
                "codes": dict(line.codes),
            }
            for line in lines
        ]
    }


def examined(findings: Sequence[Finding]) -> Shape:
    """What the doctor found; `ok` where nothing is wrong (there may be warnings)."""
    return {
        "ok": all(one.condition != "wrong" for one in findings),
        "checks": [
            {"check": one.check, "condition": one.condition, "says": one.says, "fix": one.fix} for one in findings
        ],
    }
