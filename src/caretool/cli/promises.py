"""promise: the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from caretool.cli import completing
from caretool.cli.context import AsAgent, AsJson, Because, Yes, desk_of, out, say, show, somebody_is_there
from caretool.cli.telling import tell_promises, tell_refusals

if TYPE_CHECKING:
    from caretool.desk.foreseeing import Foreseen, Room
    from caretool.desk.promising import Changed
    from caretool.domain.promise import Promise

app = typer.Typer(
    help="The ledger of promises: each with its person, its owner and the time by which it must be kept.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_SHOWN = 10
PromiseIds = Annotated[
    list[str],
    typer.Argument(
        metavar="ID…",
        help="Promises, as `caretool promise list` shows them.",
        autocompletion=completing.open_promises,
    ),
]
Due = Annotated[str, typer.Option("--due", metavar="TIME", help="2h, 2 working days, 2026-11-26, '2026-11-26 18:00'.")]


Send = Annotated[bool, typer.Option("--send", help="Post the message to the customer at once, after your yes.")]


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
    because: Because,
    due: Annotated[
        str | None,
        typer.Option("--due", metavar="TIME", help="By when (default: the earliest that passes, if you agree)."),
    ] = None,
    told: Annotated[bool, typer.Option("--told", help="The customer knows already (a call, for instance).")] = False,
    send: Send = False,
    yes: Yes = False,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Give a promise a new time; refused (exit 5) if it cannot be kept. The old one runs until the customer is told.

    The message to the customer is drafted, ready to be copied; --send posts it at once, as a reply to the comment that
    the promise was made to (exit 5 if it is refused: then nothing was moved). Without --due the earliest time that
    passes is proposed.

    \b
    Examples:
      caretool promise move pq2x7 --due 2026-11-27 --because "courier on strike" --send
      caretool promise move pq2x7 --told --because "called them at 9"
    """
    from caretool.cli import apologies

    with desk_of(ctx, agent) as desk:
        asked = apologies.Asked(because, send, yes, due=due, told=told)
        apologies.tell(desk, apologies.move(desk, promise, asked), as_json)


@app.command("break")
def break_promise(
    ctx: typer.Context,
    ids: PromiseIds,
    because: Because,
    instead: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What happens instead, in words to the customer.")
    ] = None,
    send: Send = False,
    yes: Yes = False,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """It was not kept and will not be.

    An apology with what happens instead is drafted, ready to be copied; --send posts it at once, checked like any reply
    (exit 5 if it is refused: then nothing was changed; 6 if only some went out).

    \b
    Examples:
      caretool promise break pq2x7 --because "the article is no longer made"
      caretool promise break pq2x7 --because "sold out" --instead "I'll refund you by Friday" --send
    """
    from caretool.cli import apologies

    with desk_of(ctx, agent) as desk:
        asked = apologies.Asked(because, send, yes, instead=instead)
        apologies.tell(desk, apologies.break_(desk, ids, asked), as_json)


@app.command("hand-over")
def hand_over(
    ctx: typer.Context,
    old: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="OWNER",
            help="Who keeps them now: an owner or an agent.",
            autocompletion=completing.keepers,
        ),
    ],
    new: Annotated[
        str,
        typer.Option("--to", metavar="OWNER", help="Who keeps them from now on.", autocompletion=completing.keepers),
    ],
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="Only this kind.", autocompletion=completing.promise_kinds)
    ] = None,
    because: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; it is kept as a note on each.")] = None,
    yes: Yes = False,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Whoever leaves hands every open promise of theirs to somebody else.

    \b
    Example:
      caretool promise hand-over --from marta --to luca --because "marta has left"
    """
    from caretool.desk import handing_over

    with desk_of(ctx, agent) as desk:
        found = handing_over.consider(desk, old, new, kind)
        if not yes:
            _ask_for(found, new, desk.zone)
        changed = handing_over.hand_over(desk, old, new, kind, because)
        show(changed, as_json, changed_shape, lambda value: tell_promises(value.promises, desk.zone))
        if named := handing_over.still_named(desk, old, kind):
            say(f"policies.toml still names {old} for {', '.join(named)}: new promises go there until it is changed.")


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


@app.command()
def room(
    ctx: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(metavar="KIND", help="A kind of the policy.", autocompletion=completing.promise_kinds),
    ],
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Up to this day (default: two weeks).")] = None,
    as_json: AsJson = False,
) -> None:
    """How many of a kind can be kept, day by day, how many are taken, and why a day has none.

    What is open is planned as early as it can be kept; what is due later gives way to something more urgent.

    \b
    Example:
      caretool promise room pickup --until 2026-12-31
    """
    from caretool.desk import foreseeing
    from caretool.desk.times import parse_time

    with desk_of(ctx) as desk:
        now, calendar = desk.clock(), desk.promise_kind(kind).calendar
        last = parse_time(until, now, desk.zone, calendar) if until is not None else None
        show(foreseeing.room(desk, kind, now, last), as_json, _room_shape, _room_text)


def _room_shape(found: Room) -> dict[str, Any]:
    from caretool.reports import shapes

    days = [{**one._asdict(), "day": one.day.isoformat()} for one in found.days]
    return {"kind": found.kind, "as_of": shapes.moment(found.as_of), "days": days}


def _room_text(found: Room) -> None:
    from caretool.cli.screen import table
    from caretool.domain.moment import day_stamp

    rows = [
        (
            day_stamp(one.day),
            *("any" if number is None else str(number) for number in (one.capacity, one.taken, one.left)),
            one.why or "",
        )
        for one in found.days
    ]
    table(("day", "units", "taken", "left", ""), rows)


@app.command()
def foresee(ctx: typer.Context, agent: AsAgent = None, as_json: AsJson = False) -> None:
    """Open promises that can no longer be kept, by when each could be, and what to tell its customer.

    A blackout, a closed day or a smaller capacity make promises late that were sound when they were made. Nothing is
    moved by itself: move them in the order shown, then tell their customers.

    \b
    Example:
      caretool promise foresee
    """
    from caretool.desk import foreseeing
    from caretool.reports import shapes

    with desk_of(ctx, agent) as desk:
        now = desk.clock()
        found = foreseeing.foresee(desk, now)
        show(
            found,
            as_json,
            lambda every: {"as_of": shapes.moment(now), "foreseen": [_foreseen_shape(one) for one in every]},
            lambda every: _foreseen_text(every, desk.zone),
        )


def _foreseen_shape(one: Foreseen) -> dict[str, Any]:
    from caretool.reports import shapes

    return {
        "promise": shapes.promise(one.promise),
        "why": one.why,
        "new_due_at": shapes.moment(one.new_due_at),
        "comment": one.comment,
        "text": one.text,
    }


def _foreseen_text(found: Sequence[Foreseen], zone: ZoneInfo) -> None:
    """What is late with its cause, and the commands that put it right."""
    from shlex import quote

    from caretool.domain.harmless import one_line, short_name
    from caretool.domain.moment import stamp

    if not found:
        out("Every open promise can be kept as things stand, save what is overdue.")
    for one in found:
        promise = one.promise
        out(f"{promise.id}  {promise.kind} for {short_name(promise.person_name)}, due {stamp(promise.due_at, zone)}")
        out(f"  {one_line(one.why)}")
        if one.new_due_at is None:
            out("  There is no time for it that could be promised: tell the customer, then release or break it.")
            continue
        due = f"{one.new_due_at.astimezone(zone):%Y-%m-%d %H:%M}"
        out(f"  caretool promise move {promise.id} --due {quote(due)} --because {quote(one_line(one.why))}")
        out(f"  {one_line(one.text or '', 1_000)}")


def _ask_for(promises: Sequence[Promise], to: str, zone: ZoneInfo) -> None:
    """Show what would change hands; UsageProblem without a yes."""
    from caretool.cli.conversation import ask
    from caretool.cli.screen import count
    from caretool.domain.harmless import short_name
    from caretool.domain.moment import stamp
    from caretool.errors import UsageProblem

    if not somebody_is_there():
        raise UsageProblem("Nobody is here to say yes: add --yes. Nothing was written.")
    for one in promises[:_SHOWN]:
        say(f"{one.id}  {stamp(one.due_at, zone)}  {one.kind}  {short_name(one.person_name)}")
    if len(promises) > _SHOWN:
        say(f"… and {len(promises) - _SHOWN} more")
    ask(f"Hand {count(len(promises), 'promise', 'promises')} over to {to}?")


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
