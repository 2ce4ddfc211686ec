"""purge: what has been kept as long as the policy says is erased."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from caretool.cli.context import AsAgent, AsJson, Yes, desk_of, out, say, show, somebody_is_there
from caretool.cli.screen import count, table
from caretool.errors import UsageProblem

if TYPE_CHECKING:
    from caretool.desk.purging import Purge


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(purge)


def purge(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be erased; erase nothing.")] = False,
    yes: Yes = False,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Erase what has been kept as long as [retention] in policies.toml says, or the platform allows.

    What still waits stays, and whatever is by somebody to whom a promise or a case runs. Erased comments leave their
    id, time and kind, so that figures stay true and nothing comes in twice. A manager says yes; where nobody is named
    (--as, CARETOOL_AGENT), as in cron, --yes is enough: the policy has said so.

    Backups, exports and the files of replies and actions are not touched; it ends by naming those of the accounts.

    \b
    Examples:
      caretool purge --dry-run
      caretool purge --yes        (for cron: caretool schedule)
    """
    from caretool.desk import purging

    with desk_of(ctx, agent) as desk:
        if not dry_run:
            purging.permit(desk, asked=not yes)
        planned = purging.plan(desk)
        if not as_json:
            _tell(planned)
        agreed = _agreed(planned, dry_run=dry_run, yes=yes)
        erased = purging.purge(desk, planned, asked=not yes) if agreed else 0
        copies = purging.copies(desk)
        # Cron would mail it every night.
        unattended = yes and desk.agent_id is None and not somebody_is_there()
    show((planned, erased, copies), as_json, _shape, lambda _: out(_outcome(planned, erased, dry_run=dry_run)))
    if not unattended and (agreed or dry_run) and (planned.comments or planned.evidence):
        _tell_copies(copies)


def _tell_copies(files: Sequence[Path]) -> None:
    say("Not touched: backups, documents of `person export`, and the files that accounts read and write:")
    for file in files:
        say(f"  {file}")


def _agreed(planned: Purge, *, dry_run: bool, yes: bool) -> bool:
    if dry_run or not (planned.comments or planned.evidence):
        return False
    if yes:
        return True
    if not somebody_is_there():
        raise UsageProblem("Nobody is here to say yes: add --yes, or look first with --dry-run. Nothing was erased.")
    typer.confirm("Erase it for good?", abort=True, err=True)
    return True


def _tell(planned: Purge) -> None:
    rows = [
        (one.account, one.kind or "(unread)", f"{one.length.days} days", str(one.comments), str(one.needed))
        for one in planned.expired
    ]
    table(("account", "kind", "kept for", "to erase", "still needed"), rows)
    if planned.evidence:
        say(f"The words of {count(planned.evidence, 'piece', 'pieces')} of evidence; grounds and hashes stay.")


def _outcome(planned: Purge, erased: int, *, dry_run: bool) -> str:
    if dry_run:
        return f"{count(planned.comments, 'comment', 'comments')} would be erased. Nothing was (--dry-run)."
    return f"{count(erased, 'comment', 'comments')} erased." if erased or planned.evidence else "Nothing to erase."


def _shape(found: tuple[Purge, int, Sequence[Path]]) -> dict[str, Any]:
    from caretool.reports.shapes import moment

    planned, erased, copies = found
    return {
        "expired": [
            {
                "account": one.account,
                "kind": one.kind,
                "days": one.length.days,
                "before": moment(one.before),
                "comments": one.comments,
                "needed": one.needed,
            }
            for one in planned.expired
        ],
        "evidence": planned.evidence,
        "erased": erased,
        "not_touched": [str(one) for one in copies],
    }
