"""promise: the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from caretool.cli import completing
from caretool.cli.context import AsAgent, AsJson, Because, desk_of, out, say, show
from caretool.cli.telling import tell_promises, tell_refusals

if TYPE_CHECKING:
    from caretool.desk.promising import Changed
    from caretool.domain.promise import Promise

app = typer.Typer(
    help="The ledger of promises: each with its person, its owner and the time by which it must be kept.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_WAITS_AGAIN = "Their answered comment waits again with: caretool reopen ID --because TEXT"
PromiseIds = Annotated[
    list[str],
    typer.Argument(
        metavar="ID…",
        help="Promises, as `caretool promise list` shows them.",
        autocompletion=completing.open_promises,
    ),
]
Due = Annotated[str, typer.Option("--due", metavar="TIME", help="2h, 2 working days, 2026-11-26, '2026-11-26 18:00'.")]


@app.command("list")
def list_promises(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="How many.")] = None,
    as_json: AsJson = False,
) -> None:
    """Open promises, the earliest due first.

    \b
    Examples:
      caretool promise list
      caretool promise list --all --json
    """
    from caretool.desk import promising

    with desk_of(ctx) as desk:
        found = promising.ledger(desk, everything=everything, limit=limit)
        show(found, as_json, _ledger_shape, lambda promises: _ledger_text(promises, desk.zone))


def _ledger_shape(promises: Sequence[Promise]) -> dict[str, Any]:
    from caretool.reports import shapes

    return {"promises": [shapes.promise(one) for one in promises]}


def _ledger_text(promises: Sequence[Promise], zone: ZoneInfo) -> None:
    if promises:
        tell_promises(promises, zone)
    else:
        out("No promise is open.")


@app.command()
def add(
    ctx: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="A kind of the policy: callback, pickup, …",
            autocompletion=completing.promise_kinds,
        ),
    ],
    person: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="PERSON",
            help="A person, or a comment of theirs, by id.",
            autocompletion=completing.people,
        ),
    ],
    due: Due,
    text: Annotated[str | None, typer.Option(help="What was said (default: the kind's standard wording).")] = None,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Log a promise made elsewhere: on the phone, in the shop. Refused (exit 5) if it cannot be kept.

    \b
    Example:
      caretool promise add callback --for c7k2m9 --due "2026-11-24 12:00"
    """
    from caretool.desk import promising
    from caretool.desk.times import parse_time

    with desk_of(ctx, agent) as desk:
        calendar = desk.policy.promises[kind].calendar if kind in desk.policy.promises else None
        changed = promising.add(desk, kind, person, parse_time(due, desk.clock(), desk.zone, calendar), text)
        _tell_change(changed, as_json, desk.zone)


@app.command()
def keep(
    ctx: typer.Context,
    ids: PromiseIds,
    evidence: Annotated[str | None, typer.Option(help="What shows it: a text, an address, a file.")] = None,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """What was promised has been done.

    \b
    Example:
      caretool promise keep pq2x7 --evidence "called at 11:40, spoke to Ms Rossi"
    """
    from caretool.desk import promising

    with desk_of(ctx, agent) as desk:
        _tell_change(promising.keep(desk, ids, evidence), as_json, desk.zone)


@app.command()
def move(
    ctx: typer.Context,
    promise: Annotated[
        str,
        typer.Argument(metavar="ID", help="A running promise.", autocompletion=completing.open_promises),
    ],
    due: Due,
    because: Because,
    told: Annotated[bool, typer.Option("--told", help="The customer knows already (a call, for instance).")] = False,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Give a promise a new time; refused (exit 5) if it cannot be kept. The old one runs until the customer is told.

    Tell them with a reply that says the new time (`caretool reply COMMENT --text …`), or say --told.

    \b
    Example:
      caretool promise move pq2x7 --due 2026-11-27 --because "courier on strike"
    """
    from caretool.desk import promising
    from caretool.desk.times import parse_time

    with desk_of(ctx, agent) as desk:
        moment = parse_time(due, desk.clock(), desk.zone, promising.calendar_of(desk, promise))
        changed = promising.move(desk, promise, moment, because, told=told)
        _tell_change(changed, as_json, desk.zone)
    if not told:
        say(f"Now tell the customer: {changed.promises[-1].id} runs once a reply says the new time. {_WAITS_AGAIN}")


@app.command("break")
def break_promise(
    ctx: typer.Context, ids: PromiseIds, because: Because, agent: AsAgent = None, as_json: AsJson = False
) -> None:
    """It was not kept and will not be.

    \b
    Example:
      caretool promise break pq2x7 --because "the article is no longer made"
    """
    from caretool.desk import promising

    with desk_of(ctx, agent) as desk:
        _tell_change(promising.end(desk, ids, "broken", because), as_json, desk.zone)


@app.command()
def release(
    ctx: typer.Context, ids: PromiseIds, because: Because, agent: AsAgent = None, as_json: AsJson = False
) -> None:
    """The customer no longer needs it.

    \b
    Example:
      caretool promise release pq2x7 --because "cancelled the order"
    """
    from caretool.desk import promising

    with desk_of(ctx, agent) as desk:
        _tell_change(promising.end(desk, ids, "released", because), as_json, desk.zone)


def _tell_change(changed: Changed, as_json: bool, zone: ZoneInfo) -> None:
    """What a change came to; a refusal exits 5."""

    if not as_json:
        tell_refusals(changed.refusals, zone)
    if as_json or not changed.refusals:
        show(changed, as_json, changed_shape, lambda value: tell_promises(value.promises, zone))
    if changed.refusals:
        raise typer.Exit(5)


def changed_shape(changed: Changed) -> dict[str, Any]:
    """Every change of the ledger."""
    from caretool.reports import shapes

    return {
        "promises": [shapes.promise(one) for one in changed.promises],
        "refused": [shapes.refusal(one) for one in changed.refusals],
    }
