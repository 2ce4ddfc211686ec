"""log: who did what and when; is it still what was written; all of it for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from caretool.cli import completing
from caretool.cli.context import AsJson, desk_of, out, out_as_it_is, say, show, show_progress
from caretool.errors import UsageProblem

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from caretool.desk.recalling import Sought
    from caretool.desk.verifying import Verified
    from caretool.domain.log import Line


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(log)


def log(
    ctx: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]…", help="Only what was done with these.", autocompletion=completing.anything),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Not before: 3h or 2 days ago, 2026-11-23, '2026-11-23 18:00'.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--agent", metavar="NAME", help="Only what this agent did.", autocompletion=completing.agents),
    ] = None,
    action: Annotated[
        str | None, typer.Option(metavar="PREFIX", help="Only actions that begin so: promise, reply-posted.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="The newest so many.", show_default="50")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Look whether every line is still what was written. Exits 1 if one is not.")
    ] = False,
    head: Annotated[
        str | None,
        typer.Option(metavar="NUMBER:HASH", help="With --verify: what it printed earlier, and you noted elsewhere."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --verify: look at this file that --jsonl wrote.")
    ] = None,
    as_jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Print every line there is, one JSON object a line, with its hash.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show who did what and when, oldest first: ids and codes, never texts or names. Nothing is ever taken out.

    \b
    Examples:
      caretool log --since "2 days" --agent giulia
      caretool log pq2x7k --json
      caretool log --verify
      caretool log --jsonl > log.jsonl
    """
    from caretool.desk.recalling import Sought

    sought = Sought(ids or (), since, by, action, limit)
    _go_together(sought, verify=verify, whole=verify or as_jsonl, of_verify=(head, file), both=verify and as_jsonl)
    if verify:
        _verify(ctx, head, file, as_json)
    elif as_jsonl:
        _export(ctx)
    else:
        _recall(ctx, sought, as_json)


def _go_together(sought: Sought, *, verify: bool, whole: bool, of_verify: tuple[object, ...], both: bool) -> None:
    if both:
        raise UsageProblem("--verify looks at the log, --jsonl prints it: one of the two.")
    if not verify and any(value is not None for value in of_verify):
        raise UsageProblem("--head and --file say what --verify looks at: add --verify.")
    if whole and sought.narrows:
        raise UsageProblem("A chain holds as a whole: leave out IDs, --since, --agent, --action and --limit.")


def _recall(ctx: typer.Context, sought: Sought, as_json: bool) -> None:
    from caretool.desk import recalling
    from caretool.reports import shapes

    with desk_of(ctx) as desk:
        lines = recalling.recall(desk, sought)
        show(lines, as_json, shapes.log, lambda found: _log_text(found, desk.zone))


def _log_text(lines: list[Line], zone: ZoneInfo) -> None:
    from caretool.cli.screen import table

    rows = [
        (
            str(line.number),
            f"{line.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            line.agent,
            line.action,
            line.subject,
            " ".join(f"{name}={value}" for name, value in line.codes.items()),
        )
        for line in lines
    ]
    table(("line", "at", "agent", "action", "on", "codes"), rows)
    if not rows:
        say("The log has no such line.")


def _export(ctx: typer.Context) -> None:
    from caretool.desk import verifying

    with desk_of(ctx) as desk:
        for line in verifying.exported(desk):
            out_as_it_is(line)


def _verify(ctx: typer.Context, head: str | None, file: Path | None, as_json: bool) -> None:
    from caretool.desk import verifying

    if file is not None:
        found = verifying.verify_file(file, head, show_progress)
    else:
        with desk_of(ctx) as desk:
            found = verifying.verify(desk, head)
    show(found, as_json, _shape, _verified_text)
    if not found.sound:
        raise typer.Exit(1)


def _shape(found: Verified) -> dict[str, Any]:
    return {
        "sound": found.sound,
        "lines": found.lines,
        "head": str(found.head) if found.lines else None,
        "breaks": [{"number": one.number, "what": one.what} for one in found.breaks],
        "more": found.more,
    }


def _verified_text(found: Verified) -> None:
    from caretool.cli.screen import count
    from caretool.pages import page

    for one in found.breaks:
        out(f"Line {one.number} {one.what}.")
    if found.more:
        out(f"… and {found.more:,} more.")
    lines = count(found.lines, "line", "lines")
    if not found.sound:
        out(f"{lines} looked at: the log is not what was written. {page('log.md')} says what then.")
    elif found.lines:
        out(f"{lines} follow from each other. The head of the log is\n{found.head}")
        say(f"Note it elsewhere; later: caretool log --verify --head {found.head}")
    else:
        out("The log has no line yet.")
