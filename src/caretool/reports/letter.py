"""What one owner is told: a subject with the numbers, plain text, a few lines for a chat, and HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from caretool.domain.harmless import one_line, short_name
from caretool.domain.moment import stamp
from caretool.domain.promise import Overdue, Promise, Stage
from caretool.reports.addresses import web_address
from caretool.reports.html import html
from caretool.reports.sheet import HEADINGS, of_owner

_WORDS: dict[Stage, str] = {"overdue": "overdue", "at-risk": "at risk", "due-next": "due within 24 h"}
# What calls everybody in a chat, becomes a link, or is markup there, as a look-alike that does nothing.
_INERT = str.maketrans({"@": "＠", "<": "‹", ">": "›", "&": "＆", "*": "∗", "_": "＿", "`": "ˋ", "~": "∼", "|": "¦"})


@dataclass(frozen=True, slots=True)
class Letter:
    """The same thing said in four lengths."""

    subject: str
    text: str
    short: str
    html: str


def letter(owner: str, company: str, news: Overdue, known: Overdue, zone: ZoneInfo) -> Letter:
    """`news` is what they are told, `known` what they were told before and is still open (its numbers only)."""
    subject = f"{one_line(company, 60)}: {_counted(news)} ({owner})"
    note = f"Told before and still open: {_counted(known)}." if any(found for _, found in known.staged) else ""
    title = f"{owner}: promises on {stamp(news.as_of, zone)}"
    return Letter(
        subject=subject,
        text="\n".join([title, *_lines(news, zone), *(["", note] if note else []), ""]),
        short="\n".join(_short(news, zone)),
        html=html(of_owner(news, title, zone), note),
    )


def _counted(report: Overdue) -> str:
    return ", ".join(f"{len(promises)} {_WORDS[stage]}" for stage, promises in report.staged if promises)


def _lines(report: Overdue, zone: ZoneInfo) -> Iterator[str]:
    for stage, promises in report.staged:
        if promises:
            yield from ("", f"{HEADINGS[stage]} ({len(promises)})")
        for promise in promises:
            yield from ("", f"{stamp(promise.due_at, zone)}  {promise.kind} for {short_name(promise.person_name)}")
            yield from (f"    {line}" for line in (one_line(promise.text, 300), _where(promise)) if line)


def _short(report: Overdue, zone: ZoneInfo) -> Iterator[str]:
    for stage, promises in report.staged:
        for promise in promises:
            name = short_name(promise.person_name).replace("://", " ").translate(_INERT)
            yield f"{_WORDS[stage]}: {stamp(promise.due_at, zone)}, {promise.kind} for {name} ({promise.id})"


def _where(promise: Promise) -> str:
    url = web_address(promise.url)
    return f"{promise.id}  {url}" if url else promise.id
