"""doctor, schedule, backup, restore: what keeps a desk running."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from caretool.cli.context import AsAgent, AsJson, Yes, out, premises_of, say, show
from caretool.errors import UsageProblem

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from caretool.desk.keeping import BackedUp, Exchange, Restored
    from caretool.desk.premises import Premises
    from caretool.desk.scheduling import Schedule
    from caretool.domain.health import Finding
    from caretool.store.copies import Contents


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(doctor)
    app.command()(schedule)
    app.command()(backup)
    app.command()(restore)


def doctor(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Look whether all is well: settings, database, outbox, accounts, secrets, clock. Exits 1 if something is wrong.

    It works whatever is broken, and changes nothing, save that kept counts that differ from the rows are made anew.

    \b
    Example (crontab):
      30 6 * * 1  caretool -C /srv/desk doctor
    """
    from caretool.desk import examining
    from caretool.reports import shapes

    findings = examining.examine(premises_of(ctx))
    show(findings, as_json, shapes.examined, _findings_text)
    if any(finding.condition == "wrong" for finding in findings):
        raise typer.Exit(1)


def _findings_text(findings: list[Finding]) -> None:
    from caretool.domain.harmless import one_line

    words = {"ok": "ok", "warning": "warning", "wrong": "WRONG"}
    widest = max(len(finding.check) for finding in findings)
    for finding in findings:
        check = finding.check.ljust(widest)
        fix = f" → {one_line(finding.fix)}" if finding.fix else ""
        out(f"{words[finding.condition]:<7}  {check}  {one_line(finding.says, 300)}{fix}")
    wrong = [finding for finding in findings if finding.condition == "wrong"]
    warnings = [finding for finding in findings if finding.condition == "warning"]
    out(f"{len(wrong)} wrong, {len(warnings)} to know." if wrong or warnings else "All is well.")


def schedule(
    ctx: typer.Context,
    systemd: Annotated[bool, typer.Option("--systemd", help="Units and timers for systemd instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print lines for cron that fetch, send, report, back up and look after this desk. Nothing is installed.

    \b
    Examples:
      caretool -C /srv/desk schedule
      caretool -C /srv/desk schedule --systemd
    """
    from caretool.desk import scheduling

    planned = scheduling.schedule(premises_of(ctx), _program())
    show(planned, as_json, _schedule_shape, _units_text if systemd else _crontab_text)


def _program() -> list[str]:
    """The words that start this program again from anywhere."""
    import shutil

    started = shutil.which(sys.argv[0])
    if started is None or Path(started).suffix == ".py":
        return [sys.executable, "-m", "caretool.cli.main"]
    return [str(Path(started).absolute())]


def _schedule_shape(planned: Schedule) -> dict[str, Any]:
    return {
        "cron": [{"does": line.says, "line": line.text} for line in planned.lines],
        "systemd": [{"name": unit.name, "text": unit.text} for unit in planned.units],
        "variables": list(planned.variables),
    }


def _crontab_text(planned: Schedule) -> None:
    from caretool.desk.scheduling import CRON_NOTES

    for note in (f"caretool in {planned.folder}", *CRON_NOTES):
        out(f"# {note}")
    for name in planned.variables:
        out(f"# {name}=")
    for line in planned.lines:
        out(f"\n# {line.says}\n{line.text}")


def _units_text(planned: Schedule) -> None:
    from caretool.desk.scheduling import SYSTEMD_NOTES

    for note in (f"caretool in {planned.folder}", *SYSTEMD_NOTES):
        out(f"# {note}")
    for name in planned.variables:
        out(f"# {name}=")
    for unit in planned.units:
        out(f"\n# ~/.config/systemd/user/{unit.name}\n{unit.text}".rstrip("\n"))


def backup(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to (default: backups/caretool-DATE-TIME.db).")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Delete all but the N newest that caretool named.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Copy the database while others work in it. The copy is whole, checked, and readable by you alone.

    It holds the database, not accounts.toml, policies.toml, templates and secrets. Overwrites nothing.

    \b
    Examples:
      caretool backup
      caretool backup --keep 14
      caretool backup /media/stick
    """
    from caretool.desk import keeping

    made = keeping.backup(premises_of(ctx), file, keep)
    show(made, as_json, _backup_shape, _backup_text)


def _backup_shape(made: BackedUp) -> dict[str, Any]:
    return {"file": str(made.file), "bytes": made.size, "deleted": [str(path) for path in made.deleted]}


def _backup_text(made: BackedUp) -> None:
    from caretool.domain.health import size_of

    out(f"{made.file}  {size_of(made.size)}")
    for path in made.deleted:
        out(f"deleted {path}")


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    yes: Yes = False,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Go back to a backup, after a manager's yes. What is there now is kept beside the backups.

    What had not been posted yet at the time of the backup may have been since: it becomes unsure, and `caretool send`
    looks on the platform before it posts anything.

    \b
    Example:
      caretool restore backups/caretool-20261123-021700.db
    """
    from caretool.desk import keeping

    premises = premises_of(ctx, agent)
    restored = keeping.restore(premises, file, _agreement(yes, premises))
    show(restored, as_json, _restored_shape, _restored_text)


def _agreement(yes: bool, premises: Premises) -> Callable[[Exchange], None]:
    from caretool.cli.context import somebody_is_there
    from caretool.cli.conversation import ask

    def agree(exchange: Exchange) -> None:
        zone = premises.zone
        say(f"now:   {_told(exchange.now, zone) if exchange.now else exchange.damage or 'there is no database'}")
        say(f"then:  {_told(exchange.then, zone)}")
        if not (yes or somebody_is_there()):
            raise UsageProblem("Nobody is here to say yes: add --yes. Nothing was written.")
        if not yes:
            ask("Put the backup in the place of what is there now?")

    return agree


def _told(contents: Contents, zone: ZoneInfo | None) -> str:
    from caretool.cli.screen import count
    from caretool.domain.health import moment_of

    comments = count(contents.comments, "comment", "comments")
    posted = count(contents.posted, "reply posted", "replies posted")
    promises = count(contents.open_promises, "promise open", "promises open")
    newest = moment_of(contents.newest, zone) if contents.newest else "none"
    return f"{comments}, {posted}, {promises}, newest entry {newest}"


def _restored_shape(restored: Restored) -> dict[str, Any]:
    kept = str(restored.kept) if restored.kept is not None else None
    return {
        "file": str(restored.exchange.file),
        "kept": kept,
        "unsure": restored.unsure,
        "forgotten": restored.forgotten,
    }


def _restored_text(restored: Restored) -> None:
    out(f"Restored from {restored.exchange.file}.")
    if restored.kept is not None:
        out(f"What was there before is kept in {restored.kept}.")
    if restored.unsure:
        out(f"{restored.unsure} may have been posted since the backup: caretool send looks before it posts.")
    if restored.forgotten:
        out(f"{restored.forgotten} of the people in it had been forgotten since, and were forgotten in it again.")
    out("Next: caretool doctor, then caretool fetch")
