"""The report on moderation: as headings and tables, as CSV, as JSON. It holds ids, codes and figures alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from caretool.domain.audit import Audit, Lifted, Reach, Tally
from caretool.domain.harmless import one_line
from caretool.domain.moderation import Moderation
from caretool.domain.moment import stamp
from caretool.reports.csv import written
from caretool.reports.letter import Letter
from caretool.reports.shapes import Shape, moment
from caretool.reports.sheet import Section, Sheet

_TALLIES = ("ground", "action", "times", "undone", "unsure", "after (median)")
_REACHES = ("account", "silenced", "banned", "followers", "silenced per 10,000", "banned per 10,000")
_ENTRIES = ("id", "when", "account", "action", "ground", "rule", "by", "evidence", "state", "undone")
_LIFTED = ("done", "comment", "corrected", "by", "to")
_CSV = (
    "id", "at", "account", "action", "ground", "rule", "agent", "by_hand", "evidence", "state", "undone_at",
    "undone_by", "handed_to",
)  # fmt: skip


def stands(done: Moderation) -> str:
    """How it stands, in words: who does it on the platform is said, because `done` alone is not always seen there."""
    if done.state == "done" and done.handed_to is not None:
        return f"written to {one_line(done.handed_to)}"
    return "done by hand" if done.state == "done" and done.by_hand else done.state


def one(done: Moderation) -> Shape:
    """One thing that was done, for programs; its evidence without the text."""
    evidence = done.evidence
    return {
        "id": done.id,
        "comment": done.comment,
        "person": done.person,
        "account": done.account,
        "action": done.action,
        "ground": done.ground,
        "rule": done.rule,
        "state": done.state,
        "agent": done.agent,
        "because": done.because,
        "by_hand": done.by_hand,
        "handed_to": done.handed_to,
        "made_at": moment(done.made_at),
        "done_at": moment(done.done_at),
        "error": done.error,
        "undone_at": moment(done.undone_at),
        "undone_by": done.undone_by,
        "undone_because": done.undone_because,
        "evidence": {
            "url": evidence.url,
            "written_at": moment(evidence.written_at),
            "kept_at": moment(evidence.kept_at),
            "hash": evidence.hash,
            "copies": [{"comment": c, "account": account, "url": url} for c, account, url in evidence.copies],
        }
        if evidence is not None
        else None,
    }


def sheet(report: Audit, zone: ZoneInfo) -> Sheet:
    """For people: by ground and action, by account, then the list that anyone may audit."""
    until = stamp(report.as_of, zone)
    period = f"until {until}" if report.since is None else f"from {stamp(report.since, zone)} to {until}"
    return Sheet(
        f"Moderation {period}", tuple(_sections(report, zone)), "Nobody was hidden, deleted, muted, banned or reported."
    )


def _sections(report: Audit, zone: ZoneInfo) -> Iterator[Section]:
    if not report.entries:
        return
    yield Section("By ground and action", 1, _TALLIES, tuple(_told(tally) for tally in report.tallies))
    rows = tuple(_reach(reach) for reach in (*report.reaches, report.known))
    yield Section("By account, per 10,000 followers", 1, _REACHES, rows)
    entries = tuple(_entry(entry, zone) for entry in report.entries)
    if report.lifted:
        lifted = tuple(_lifted(one, zone) for one in report.lifted)
        yield Section("Read as a complaint before a person said it is none", 1, _LIFTED, lifted)
    yield Section(f"All that was done ({len(entries)})", 1, _ENTRIES, entries)


def _told(tally: Tally) -> tuple[str, ...]:
    numbers = (tally.number, tally.undone, tally.unsure)
    return (tally.ground or "–", tally.action, *map(str, numbers), _length(tally.median_after))


def _reach(reach: Reach) -> tuple[str, ...]:
    rates = (reach.per(reach.silenced), reach.per(reach.banned))
    name = "all whose followers are known" if reach.account == "all" else reach.account
    followers = "unknown" if reach.followers is None else str(reach.followers)
    return (
        name,
        str(reach.silenced),
        str(reach.banned),
        followers,
        *("–" if rate is None else f"{rate:.2f}" for rate in rates),
    )


def _entry(entry: Moderation, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        entry.id,
        stamp(entry.done_at or entry.made_at, zone),
        entry.account,
        entry.action,
        entry.ground or "–",
        one_line(entry.rule or "by a person", 40),
        entry.agent,
        f"{entry.evidence.hash[:16]}…" if entry.evidence is not None else "",
        stands(entry),
        f"{stamp(entry.undone_at, zone)}, {entry.undone_by}" if entry.undone_at is not None else "",
    )


def _lifted(lifted: Lifted, zone: ZoneInfo) -> tuple[str, ...]:
    return lifted.moderation, lifted.comment, stamp(lifted.at, zone), lifted.agent, lifted.kind


def _length(length: timedelta | None) -> str:
    if length is None:
        return ""
    minutes = int(length.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{length.days} days"


def letter(report: Audit, company: str, zone: ZoneInfo) -> Letter:
    """The report as it is mailed."""
    from caretool.reports.html import html

    whole = sheet(report, zone)
    lines = [whole.title, *([] if whole.sections else ["", whole.nothing])]
    for section in whole.sections:
        lines += ["", section.heading, *(" · ".join(cell for cell in row if cell) for row in section.rows)]
    counted = f"{len(report.entries)} done about comments and their authors"
    return Letter(
        subject=f"{one_line(company, 60)}: {whole.title}",
        text="\n".join([*lines, ""]),
        short=f"{counted}: caretool report moderation",
        html=html(whole),
    )


def csv(report: Audit) -> str:
    """A line for each thing that was done; times in UTC."""
    return written(_CSV, (tuple(map(_cell, _line(one))) for one in report.entries))


def _cell(value: str | bool | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value or ""


def _line(entry: Moderation) -> tuple[str | bool | None, ...]:
    return (
        entry.id,
        moment(entry.done_at or entry.made_at),
        entry.account,
        entry.action,
        entry.ground,
        entry.rule,
        entry.agent,
        entry.by_hand,
        entry.evidence.hash if entry.evidence is not None else None,
        entry.state,
        moment(entry.undone_at),
        entry.undone_by,
        entry.handed_to,
    )


def shape(report: Audit) -> Shape:
    """The JSON."""
    return {
        "since": moment(report.since),
        "as_of": moment(report.as_of),
        "tallies": [
            {
                "ground": tally.ground or None,
                "action": tally.action,
                "number": tally.number,
                "undone": tally.undone,
                "unsure": tally.unsure,
                "median_after_minutes": None
                if tally.median_after is None
                else int(tally.median_after.total_seconds() // 60),
            }
            for tally in report.tallies
        ],
        "accounts": [_reach_shape(reach) for reach in report.reaches],
        "known": _reach_shape(report.known),
        "lifted": [
            {
                "comment": one.comment,
                "kind": one.kind,
                "agent": one.agent,
                "at": moment(one.at),
                "moderation": one.moderation,
            }
            for one in report.lifted
        ],
        "entries": [dict(zip(_CSV, _line(entry), strict=True)) for entry in report.entries],
    }


def _reach_shape(reach: Reach) -> Shape:
    rates = {"silenced_per_10000": reach.per(reach.silenced), "banned_per_10000": reach.per(reach.banned)}
    return {
        "account": reach.account,
        "silenced": reach.silenced,
        "banned": reach.banned,
        "followers": reach.followers,
        **{name: None if rate is None else round(rate, 4) for name, rate in rates.items()},
    }
