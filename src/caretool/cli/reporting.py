"""report: what cron sends round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

import typer

from caretool.cli.context import desk_of, json_text, out, out_as_it_is

if TYPE_CHECKING:
    from caretool.domain.promise import Overdue

app = typer.Typer(help="Reports, fit for cron.", no_args_is_help=True, rich_markup_mode=None)


Layout = Literal["table", "json", "markdown"]


@app.callback()
def reports() -> None:
    """Reports, fit for cron."""


@app.command()
def overdue(
    ctx: typer.Context,
    layout: Annotated[Layout, typer.Option("--format", help="How it is written.")] = "table",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    as_of: Annotated[str | None, typer.Option(metavar="TIME", help="As it stands at this time.")] = None,
) -> None:
    """Promises past their time, at risk, and due within 24 hours. Exits 8 if something is overdue.

    In a pipe it says nothing if nothing is overdue or at risk, so that cron sends no empty mail.

    \b
    Example (crontab):
      0 8 * * 1-6  caretool -C /srv/desk report overdue --format markdown
    """
    from caretool.desk import promising
    from caretool.desk.times import parse_time

    with desk_of(ctx) as desk:
        moment = parse_time(as_of, desk.clock(), desk.zone) if as_of is not None else desk.clock()
        found = promising.overdue(desk, moment)
        _write(found, "json" if as_json else layout, desk.zone)
    if found.overdue:
        raise typer.Exit(8)


def _write(found: Overdue, layout: Layout, zone: ZoneInfo) -> None:
    import sys

    from caretool.cli.screen import table
    from caretool.domain.moment import stamp
    from caretool.reports import overdue as report
    from caretool.reports import shapes

    if layout == "json":
        out_as_it_is(json_text(shapes.overdue(found)))
        return
    if report.is_quiet(found) and not sys.stdout.isatty():
        return
    if layout == "markdown":
        out(report.markdown(found, zone))
        return
    out(f"Promises on {stamp(found.as_of, zone)}")
    sections = report.sections(found)
    if not sections:
        out("Nothing is overdue, at risk or due within 24 h.")
    for heading, promises in sections:
        out(f"\n{heading} ({len(promises)})")
        table(("due", "promise", "owner", "for", "kind", "said"), [report.row(one, zone) for one in promises])
