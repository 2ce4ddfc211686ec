"""account: our presences, how each stands, and what its platform says of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from caretool.cli import completing
from caretool.cli.context import AsJson, desk_of, out, say, show, stays_empty
from caretool.cli.telling import told_of

if TYPE_CHECKING:
    from caretool.desk.visiting import Presence, Visit

app = typer.Typer(
    help="Our accounts: where we are, how each one stands, whether its token still works.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_accounts(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Every account: who we are there, what waits, when it was last fetched. No platform is asked.

    \b
    Examples:
      caretool account list
      caretool account list --json | jq '.accounts[] | select(.state != "ok")'
    """
    from caretool.desk import visiting

    with desk_of(ctx) as desk:
        found = visiting.presences(desk)
        show(found, as_json, presences_shape, lambda value: _presences_text(value, desk.clock(), desk.zone))


def presences_shape(found: Sequence[Presence]) -> dict[str, Any]:
    """Every account as the desk knows it."""
    from caretool.reports.shapes import moment

    accounts = [
        {
            "account": one.account.name,
            "platform": one.account.platform,
            "handle": one.handle,
            "state": one.state,
            "waiting": one.waiting,
            "outbox": one.outbox,
            "unsure": one.unsure,
            "fetched_at": moment(one.fetched_at),
            "failed_at": moment(one.failed_at),
            "error": one.error,
            "expires_at": moment(one.expires_at),
        }
        for one in found
    ]
    return {"accounts": accounts}


def _presences_text(found: Sequence[Presence], now: datetime, zone: ZoneInfo) -> None:
    from caretool.cli.screen import table
    from caretool.desk.tokens import warning
    from caretool.domain.harmless import one_line, short_name

    if not found:
        out("accounts.toml has no account yet: it shows how one is written.")
        return
    rows = [
        (
            one.account.name,
            one.account.platform,
            short_name(one.handle or ""),
            str(one.waiting),
            str(one.outbox) + (f" + {one.unsure} unsure" if one.unsure else ""),
            _ago(one.fetched_at, now, zone),
            f"failed {_ago(one.failed_at, now, zone)}" if one.state == "failed" else one.state.replace("-", " "),
        )
        for one in found
    ]
    headings = ("account", "platform", "we are", "waiting", "outbox", "fetched", "state")
    table(headings, rows, [one.state == "failed" or one.unsure > 0 for one in found])
    for one in found:
        if one.error:
            out(f"\n{one_line(told_of(one.account.name, one.error), 400)}")
        if ending := warning(one.account, one.expires_at, now, zone):
            out(f"\n{one.account.name}: {ending}")
    if any(one.state == "failed" for one in found):
        out("\nNext: caretool account check")


@app.command()
def check(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ACCOUNT]…", help="Only these accounts.", autocompletion=completing.accounts),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask each platform at once: does the token work, who are we, what may we do, for how long.

    Exits 0 if all is well, 4 if a token is missing, refused or lacks a right and nothing else works, 6 if some work, 1
    if none does.

    \b
    Examples:
      caretool account check
      caretool account check fediverse --json
    """
    from caretool.desk import visiting

    with desk_of(ctx) as desk:
        visits = visiting.check(desk, names or [])
        now, zone = desk.clock(), desk.zone
    for visit in visits:
        if visit.error is not None:
            say(told_of(visit.account.name, visit.error))
    exit_code = visiting.failure(visits)
    if not stays_empty(as_json, exit_code):
        show(visits, as_json, visits_shape, lambda value: _visits_text(value, now, zone))
    raise typer.Exit(exit_code)


def visits_shape(visits: Sequence[Visit]) -> dict[str, Any]:
    """What each platform said of our account."""
    from caretool.reports.shapes import moment

    accounts = [
        {
            "account": visit.account.name,
            "platform": visit.account.platform,
            "ok": visit.error is None,
            "handle": visit.checked.handle,
            "name": visit.checked.name,
            "software": visit.checked.software,
            "scopes": list(visit.checked.scopes),
            "missing": list(visit.checked.missing),
            "expires_at": moment(visit.checked.expires_at),
            "requests_left": visit.checked.requests_left,
            "left_until": moment(visit.checked.left_until),
            "replies_left": visit.replies_left,
            "replies_until": moment(visit.replies_until),
            "fetched_at": moment(visit.fetched_at),
            "remarks": list(visit.remarks),
            "error": str(visit.error) if visit.error is not None else None,
        }
        for visit in visits
    ]
    return {"accounts": accounts}


def _ago(at: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    from caretool.cli.screen import when

    if at is None:
        return "never"
    return when(at, now, zone) if now - at >= timedelta(minutes=1) else "just now"


def _visits_text(visits: Sequence[Visit], now: datetime, zone: ZoneInfo) -> None:
    from caretool.domain.harmless import one_line

    for visit in visits:
        out(f"{visit.account.name}  {visit.account.platform}  {'ok' if visit.error is None else 'failed'}")
        for line in _visit_lines(visit, now, zone):
            out(f"    {one_line(line, 300)}")


def _visit_lines(visit: Visit, now: datetime, zone: ZoneInfo) -> Iterator[str]:
    """What a platform said, and the last fetch, a line each; what it does not say is left out."""
    from caretool.domain.harmless import short_name
    from caretool.domain.moment import stamp
    from caretool.domain.ration import Ration

    told = visit.checked
    if told.handle:
        yield f"we are {short_name(told.handle)}" + (f" ({short_name(told.name)})" if told.name else "")
    if told.software:
        yield f"it runs {told.software}"
    if told.scopes:
        yield f"the token may {', '.join(told.scopes)}"
    if told.missing:
        yield f"the token may not {', '.join(told.missing)}"
    if told.expires_at is not None:
        yield f"the token ends {stamp(told.expires_at, zone)}"
    if told.requests_left is not None:
        until = f" until {stamp(told.left_until, zone)}" if told.left_until is not None else ""
        yield f"{told.requests_left} requests left{until}"
    if visit.replies_left is not None:
        yield Ration(visit.account.name, visit.replies_left, visit.replies_until).how_many(zone)
    yield f"last fetched: {_ago(visit.fetched_at, now, zone)}"
    yield from visit.remarks
