"""report: what cron sends round."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

import typer

from caretool.cli import completing
from caretool.cli.context import desk_of, json_text, out, out_as_it_is, say
from caretool.errors import UsageProblem

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from caretool.desk.desk import Desk
    from caretool.desk.notifying import Notified
    from caretool.domain.promise import Stage
    from caretool.reports.sheet import Sheet

app = typer.Typer(help="Reports, fit for cron.", no_args_is_help=True, rich_markup_mode=None)


Tabled = Literal["table", "json", "markdown", "html", "csv"]
Layout = Literal["table", "json", "markdown", "html", "csv", "ics"]

Format = Annotated[
    Layout, typer.Option("--format", help="How it is written. ics: a calendar of all that is open, to subscribe to.")
]
Json = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
AsOf = Annotated[str | None, typer.Option(metavar="TIME", help="As it stands at this time.")]
Notify = Annotated[
    bool, typer.Option("--notify", help="Tell owners of their own as well, each promise once, and again if it worsens.")
]


@dataclass(frozen=True)
class _Written:
    """One report in every layout, each made when it is asked for. `quiet`: nobody needs to read it."""

    quiet: bool
    shape: Callable[[], dict[str, Any]]
    sheet: Callable[[], Sheet]
    csv: Callable[[], str]
    ics: Callable[[], bytes]


class _Tables(Protocol):
    """A module of `caretool.reports` whose report is no calendar; `found` is its own value."""

    def shape(self, found: Any) -> dict[str, Any]: ...

    def sheet(self, found: Any, zone: ZoneInfo) -> Sheet: ...

    def csv(self, found: Any) -> str: ...


def _tabled(report: _Tables, found: object, zone: ZoneInfo, *, quiet: bool) -> _Written:
    return _Written(
        quiet=quiet,
        shape=lambda: report.shape(found),
        sheet=lambda: report.sheet(found, zone),
        csv=lambda: report.csv(found),
        ics=bytes,
    )


@app.callback()
def reports() -> None:
    """Reports, fit for cron."""


@app.command()
def overdue(
    ctx: typer.Context,
    layout: Format = "table",
    as_json: Json = False,
    as_of: AsOf = None,
    notify: Notify = False,
) -> None:
    """Promises past their time, at risk, and due within 24 hours. Exits 8 if something is overdue.

    In a pipe it says nothing if nothing is overdue or at risk, so that cron sends no empty mail. With --notify it
    exits 6 if some could not be told, 1 if nobody could.

    \b
    Examples (the second for a crontab):
      caretool report overdue --format markdown
      10 * * * *  caretool -C /srv/desk report overdue --notify >/dev/null
    """
    from caretool.desk import reporting
    from caretool.domain.promise import STAGES
    from caretool.reports import csv, shapes, sheet

    with desk_of(ctx) as desk:
        moment = _moment(desk, as_of, notify)
        told = _told(desk, STAGES[1:], None) if notify else None
        found = reporting.overdue(desk, moment)
        written = _Written(
            quiet=not (found.overdue or found.at_risk),
            shape=lambda: shapes.overdue(found),
            sheet=lambda: sheet.of_overdue(found, desk.zone),
            csv=lambda: csv.of_overdue(found),
            ics=lambda: _feed(desk, moment, None),
        )
        _write(written, "json" if as_json else layout, told)
    _leave_if_untold(told)
    if found.overdue:
        raise typer.Exit(8)


@app.command()
def today(
    ctx: typer.Context,
    owner: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only what this owner has to do.", autocompletion=completing.keepers),
    ] = None,
    layout: Format = "table",
    as_json: Json = False,
    as_of: AsOf = None,
    notify: Notify = False,
) -> None:
    """What each owner has to do: overdue, at risk, due within 24 hours. In a pipe it says nothing if that is nothing.

    With --notify it exits 6 if some could not be told, 1 if nobody could.

    \b
    Examples (the second for a crontab):
      caretool report today --owner logistics
      30 7 * * 1-6  caretool -C /srv/desk report today --notify >/dev/null
    """
    from caretool.desk import reporting
    from caretool.domain.promise import STAGES
    from caretool.reports import csv, shapes, sheet

    with desk_of(ctx) as desk:
        moment = _moment(desk, as_of, notify)
        found = reporting.today(desk, moment, owner)
        told = _told(desk, STAGES, owner) if notify else None
        written = _Written(
            quiet=not found.owners,
            shape=lambda: shapes.today(found),
            sheet=lambda: sheet.of_today(found, desk.zone),
            csv=lambda: csv.of_today(found),
            ics=lambda: _feed(desk, moment, owner),
        )
        _write(written, "json" if as_json else layout, told)
    _leave_if_untold(told)


@app.command()
def promises(
    ctx: typer.Context,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="What ended since then (default: ever).")] = None,
    layout: Annotated[Tabled, typer.Option("--format", help="How it is written.")] = "table",
    as_json: Json = False,
    as_of: AsOf = None,
) -> None:
    """How many promises were kept, by kind, owner and week, and how late the late ones were.

    Also how often a check changed what was about to be said, and which words somebody said to be no promise
    (`--not-a-promise`), to be looked at again.

    \b
    Example:
      caretool report promises --since "30 days" --format markdown
    """
    from caretool.desk import recounting
    from caretool.desk.times import parse_past
    from caretool.reports import promises as report

    with desk_of(ctx) as desk:
        moment = _moment(desk, as_of, notify=False)
        found = recounting.recount(desk, parse_past(since, moment, desk.zone) if since else None, moment)
        _write(_tabled(report, found, desk.zone, quiet=False), "json" if as_json else layout, None)


@app.command()
def rewards(
    ctx: typer.Context,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="From this time on (default: from the beginning).")
    ] = None,
    names: Annotated[bool, typer.Option("--names", help="Also each reward, with who got it.")] = False,
    layout: Annotated[Tabled, typer.Option("--format", help="How it is written.")] = "table",
    as_json: Json = False,
    as_of: AsOf = None,
) -> None:
    """What was given: how many, what it cost against the budget, for which kinds of comment, by whom; no codes.

    \b
    Example:
      caretool report rewards --since "90 days" --format csv
    """
    from caretool.desk import rewarding
    from caretool.desk.times import parse_past
    from caretool.reports import rewards as report

    with desk_of(ctx) as desk:
        moment = _moment(desk, as_of, notify=False)
        beginning = parse_past(since, moment, desk.zone) if since else None
        found = rewarding.report(desk, beginning, moment, with_names=names)
        _write(_tabled(report, found, desk.zone, quiet=False), "json" if as_json else layout, None)


@app.command()
def suggestions(
    ctx: typer.Context,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="From this time on (default: from the beginning).")
    ] = None,
    kind: Annotated[
        Literal["suggestion", "fault"] | None, typer.Option(help="Only suggestions, or only faults (default: both).")
    ] = None,
    layout: Annotated[Tabled, typer.Option("--format", help="How it is written.")] = "table",
    as_json: Json = False,
    as_of: AsOf = None,
    notify: Annotated[
        str | None, typer.Option("--notify", metavar="OWNER", help="Send it to this owner of accounts.toml as well.")
    ] = None,
) -> None:
    """What people suggest and which faults they report, for whoever makes the product: how often, by how many.

    What says the same, or nearly, counts as one; personal data is masked. With --notify it exits 6 if some could not be
    told, 1 if nobody could; an empty report is not sent.

    \b
    Examples (the second for a crontab):
      caretool report suggestions --since "30 days" --format html
      0 8 * * 1  caretool -C /srv/desk report suggestions --since "7 days" --notify product >/dev/null
    """
    from caretool.desk import collecting
    from caretool.desk.times import parse_past
    from caretool.reports import suggestions as report

    with desk_of(ctx) as desk:
        moment = _moment(desk, as_of, notify=notify is not None)
        beginning = parse_past(since, moment, desk.zone) if since else None
        found = collecting.collect(desk, beginning, moment, collecting.KINDS if kind is None else (kind,))
        told = collecting.tell(desk, notify, found) if notify is not None else None
        _write(_tabled(report, found, desk.zone, quiet=not found.suggestions), "json" if as_json else layout, told)
    _leave_if_some_untold(told)


@app.command()
def moderation(
    ctx: typer.Context,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="What was done since then (default: ever).")] = None,
    layout: Annotated[Tabled, typer.Option("--format", help="How it is written.")] = "table",
    as_json: Json = False,
    as_of: AsOf = None,
    notify: Annotated[
        str | None, typer.Option("--notify", metavar="OWNER", help="Send it to this owner of accounts.toml as well.")
    ] = None,
) -> None:
    """Who was hidden, muted, banned or reported, on which grounds, and the list that anyone may audit.

    It holds ids, codes and figures: no text, no name. With --notify it exits 6 if some could not be told, 1 if nobody
    could.

    \b
    Example:
      caretool report moderation --since "90 days" --format markdown
    """
    from caretool.desk import auditing
    from caretool.desk.times import parse_past
    from caretool.reports import moderation as report

    with desk_of(ctx) as desk:
        moment = _moment(desk, as_of, notify=notify is not None)
        beginning = parse_past(since, moment, desk.zone) if since else None
        found = auditing.look_over(desk, beginning, moment)
        told = auditing.tell(desk, notify, found) if notify is not None else None
        _write(_tabled(report, found, desk.zone, quiet=not found.entries), "json" if as_json else layout, told)
    _leave_if_some_untold(told)


def _moment(desk: Desk, as_of: str | None, notify: bool) -> datetime:
    from caretool.desk.times import parse_time

    if as_of is None:
        return desk.clock()
    if notify:
        raise UsageProblem("Owners are told how it stands now: leave out --as-of, or --notify.")
    return parse_time(as_of, desk.clock(), desk.zone)


def _told(desk: Desk, stages: Sequence[Stage], owner: str | None) -> Notified:
    from caretool.cli.screen import count
    from caretool.desk import notifying

    told = notifying.notify(desk, stages, owner)
    for name in told.unreachable:
        say(f'{name} was not told: add notify = ["mailto:…"] to [owners.{name}] in accounts.toml.')
    for problem in told.problems:
        say(str(problem))
    if sys.stderr.isatty():  # cron would mail it
        for one in told.told:
            say(f"{one.owner} was told of {count(len(one.promises), 'promise', 'promises')}.")
    return told


def _leave_if_some_untold(told: Notified | None) -> None:
    """The same, and why."""
    for problem in told.problems if told is not None else ():
        say(str(problem))
    _leave_if_untold(told)


def _leave_if_untold(told: Notified | None) -> None:
    """A failure to tell somebody comes first: whoever looks after the desk has to know."""
    if told is not None and told.exit_code:
        raise typer.Exit(told.exit_code)


def _feed(desk: Desk, as_of: datetime, owner: str | None) -> bytes:
    from caretool.desk import reporting
    from caretool.reports import ics

    name = f"{desk.policy.company.name}: promises{f' ({owner})' if owner else ''}"
    return ics.calendar(reporting.open_promises(desk, as_of, owner), name, as_of, desk.zone)


def _write(report: _Written, layout: Layout, told: Notified | None) -> None:
    if layout == "json":
        out_as_it_is(json_text(report.shape() | ({} if told is None else {"notified": _notified(told)})))
    elif layout == "csv":
        sys.stdout.write(report.csv())
    elif layout == "ics":
        sys.stdout.write(report.ics().decode())
    elif layout == "html":
        from caretool.reports.html import html

        out_as_it_is(html(report.sheet()).rstrip("\n"))
    elif report.quiet and not sys.stdout.isatty():
        return
    elif layout == "markdown":
        from caretool.reports.markdown import markdown

        out(markdown(report.sheet()))
    else:
        _table(report.sheet())


def _notified(told: Notified) -> list[dict[str, Any]]:
    return [{"owner": one.owner, "promises": list(one.promises)} for one in told.told]


def _table(sheet: Sheet) -> None:
    from caretool.cli.screen import table

    out(sheet.title)
    if not sheet.sections:
        out(sheet.nothing)
    for section in sheet.sections:
        out(f"\n{section.heading}")
        table(section.columns, section.rows)
