"""claim: have a group for yourself while you work on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from caretool.cli import completing
from caretool.cli.context import AsAgent, AsJson, desk_of, out, show
from caretool.errors import UsageProblem

if TYPE_CHECKING:
    from caretool.domain.claim import Claim


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(claim)


def claim(
    ctx: typer.Context,
    group: Annotated[
        str, typer.Argument(metavar="ID", help="A group, or a comment in it.", autocompletion=completing.waiting)
    ],
    length: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="How long: 15m, 2h. Left out: as the policy says.")
    ] = None,
    drop: Annotated[bool, typer.Option("--drop", help="Let go of it.")] = False,
    take_over: Annotated[bool, typer.Option("--take-over", help="Also where somebody else has it; say why.")] = False,
    because: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why it is taken over, in a few words; it is kept.")
    ] = None,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Have a group for yourself, so that nobody else answers, closes or snoozes it meanwhile.

    `reply` does this by itself while you write. It ends by time, when you let go of it, or when the group is empty.
    Exits 5 where somebody else has it.

    \b
    Examples:
      caretool claim gk3f2 --for 1h
      caretool claim gk3f2 --drop
      caretool claim gk3f2 --take-over --because "giulia has gone home"
    """
    from caretool.desk import claiming
    from caretool.domain.duration import Duration
    from caretool.domain.moment import stamp

    if drop and (take_over or length):
        raise UsageProblem("--drop lets go of it: leave --for and --take-over out.")
    if take_over != bool(because and because.strip()):
        raise UsageProblem("--take-over and --because TEXT go together: say why, in a few words.")
    try:
        wanted = Duration.parse(length) if length is not None else None
    except ValueError as problem:
        raise UsageProblem(f"--for: {problem}.") from None
    with desk_of(ctx, agent) as desk:
        if drop:
            found, held = claiming.drop(desk, group)
            told = f"{found} is free." if held else f"{found} was not claimed: there is nothing to let go of."
            show(found, as_json, lambda name: _shape(name, None), lambda _: out(told))
            return
        taken = claiming.claim(desk, group, wanted, because=because if take_over else None)
        until = stamp(taken.until, desk.zone)
    show(taken, as_json, lambda one: _shape(one.group, one), lambda one: out(f"{one.group} is yours until {until}."))


def _shape(group: str, taken: Claim | None) -> dict[str, Any]:
    from caretool.reports.shapes import moment

    return {
        "group": group,
        "claimed_by": taken.agent if taken else None,
        "claimed_until": moment(taken.until) if taken else None,
    }
