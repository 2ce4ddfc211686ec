"""case: where each procedure stands for each person, and its steps done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from caretool.cli import completing
from caretool.cli.context import AsAgent, AsJson, Because, desk_of, out, say, show
from caretool.cli.screen import table, when

if TYPE_CHECKING:
    from caretool.desk.proceeding import Followed
    from caretool.domain.procedure import CaseStep
    from caretool.domain.promise import Promise

app = typer.Typer(
    help=(
        "Cases: each a run of a procedure of the policy for one person, step by step.\n\n"
        "Answering with a template that names a procedure starts one; `caretool show CASE` draws where it stands."
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
)
CaseId = Annotated[
    str,
    typer.Argument(metavar="CASE", help="A running case.", autocompletion=completing.running_cases),
]
StepName = Annotated[
    str, typer.Argument(metavar="STEP", help="The step that has its turn, by name: nobody does another by mistake.")
]


@app.command("list")
def list_cases(
    ctx: typer.Context,
    late: Annotated[bool, typer.Option("--late", help="Only those whose step is late.")] = False,
    owner: Annotated[
        str | None, typer.Option(help="Only those that wait for this owner.", autocompletion=completing.keepers)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Running cases, the first due on top, those that wait for the customer last.

    \b
    Examples:
      caretool case list --late
      caretool case list --owner logistics --json
    """
    from caretool.desk import proceeding

    with desk_of(ctx) as desk:
        found = proceeding.cases(desk, everything=everything, late=late, owner=owner)
        zone = desk.zone
    show(found, as_json, _cases_shape, lambda cases: _list_text(cases, zone, some=late or owner is not None))


@app.command()
def start(
    ctx: typer.Context,
    procedure: Annotated[
        str,
        typer.Argument(metavar="PROCEDURE", help="One of the policy.", autocompletion=completing.procedures),
    ],
    person: Annotated[
        str,
        typer.Option(
            "--for", metavar="COMMENT", help="A comment, or a person, by id.", autocompletion=completing.people
        ),
    ],
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Start a case by hand: for what was told on the phone, or answered without the template.

    \b
    Example:
      caretool case start damaged-parcel --for c7k2m9
    """
    from caretool.desk import proceeding

    with desk_of(ctx, agent) as desk:
        _tell(proceeding.start(desk, procedure, person), as_json, desk.zone)


@app.command()
def done(
    ctx: typer.Context,
    case: CaseId,
    step: StepName,
    evidence: Annotated[str | None, typer.Option(help="What shows it: a text, an address, a file.")] = None,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """A step has been done: its promise is kept with it, and the next step has its turn.

    \b
    Example:
      caretool case done k2m9qa courier --evidence "case 88231"
    """
    from caretool.desk import proceeding

    with desk_of(ctx, agent) as desk:
        _tell(proceeding.done(desk, case, step, evidence), as_json, desk.zone)


@app.command()
def skip(
    ctx: typer.Context, case: CaseId, step: StepName, because: Because, agent: AsAgent = None, as_json: AsJson = False
) -> None:
    """The step that has its turn is not needed; the next has its turn. What it had promised runs on in the ledger.

    \b
    Example:
      caretool case skip k2m9qa photo --because "brought it to the shop"
    """
    from caretool.desk import proceeding

    with desk_of(ctx, agent) as desk:
        _tell(proceeding.skip(desk, case, step, because), as_json, desk.zone)


@app.command()
def close(ctx: typer.Context, case: CaseId, because: Because, agent: AsAgent = None, as_json: AsJson = False) -> None:
    """Give a case up before its end. What it had promised runs on in the ledger.

    \b
    Example:
      caretool case close k2m9qa --because "no photo after two reminders"
    """
    from caretool.desk import proceeding

    with desk_of(ctx, agent) as desk:
        _tell(proceeding.close(desk, case, because), as_json, desk.zone)


def _tell(found: Followed, as_json: bool, zone: ZoneInfo) -> None:
    """A case after a change, and what it leaves behind in the ledger."""
    show(found, as_json, _case_shape, lambda value: draw(value, zone))
    ended = [p for place, one in enumerate(found.case.steps) if one.ended_at for p in found.promises.get(place, ())]
    left = [promise.id for promise in ended if promise.state in ("logged", "running")]
    if left:
        say(f"Still promised: {', '.join(left)}. Keep, move, break or release: caretool promise --help")


def _case_shape(found: Followed) -> dict[str, Any]:
    from caretool.reports import shapes

    return shapes.case(found.case, found.as_of, found.expected, found.promises)


def _cases_shape(found: Sequence[Followed]) -> dict[str, Any]:
    return {"cases": [_case_shape(one) for one in found]}


def _list_text(found: Sequence[Followed], zone: ZoneInfo, *, some: bool) -> None:
    """`some`: only some of them were asked for."""
    from caretool.domain.harmless import NAME_COLUMN, short_name

    if not found:
        out("No case matches." if some else "No case is running.")
        return
    rows = [
        (
            _now(one.case.now, one.as_of, zone) if one.case.now else one.case.state,
            one.case.id,
            one.case.procedure,
            short_name(one.case.person_name, NAME_COLUMN),
            one.case.now.step.name if one.case.now else "",
            one.case.now.step.owner if one.case.now else "",
            _owed(one, zone),
        )
        for one in found
    ]
    table(("stands", "case", "procedure", "for", "step", "owner", "promised"), rows, [one.late for one in found])


def _owed(found: Followed, zone: ZoneInfo) -> str:
    """The first open promise of a case, and how it stands."""
    first = min(found.open_promises, key=lambda promise: promise.due_at, default=None)
    return "" if first is None else _promise(first.id, first.kind, first.due_at, _risk(first), zone)


def _promise(promise_id: str, kind: str, due_at: datetime, risk: str, zone: ZoneInfo) -> str:
    from caretool.domain.moment import stamp

    return f"{promise_id} {kind} by {stamp(due_at, zone)}, {risk}"


def _risk(promise: Promise) -> str:
    return "OVERDUE" if promise.overdue else "at risk" if promise.at_risk else str(promise.state)


def draw(found: Followed, zone: ZoneInfo) -> None:
    """Where a case stands, a line a step: done, NOW, next; for whom, by when, what it keeps."""
    from caretool.domain.harmless import block, short_name
    from caretool.domain.moment import stamp

    case = found.case
    ended = f" since {stamp(case.ended_at, zone)}" if case.ended_at else ""
    late = " · LATE" if found.late else ""
    out(f"{case.id}  {case.procedure} for {short_name(case.person_name)} · {case.state}{ended}{late}")
    if case.because:
        out(f"    because {block(case.because)}")
    rows = [_row(found, place, zone) for place in range(len(case.steps))]
    table(("", "step", "owner", "when", "promised", "evidence"), rows, [one.state == "now" for one in case.steps])
    if case.now is not None:
        if case.now.step.does:
            out(f"Now: {block(case.now.step.does)}")
        asked = " --evidence TEXT" if case.now.step.evidence else ""
        out(f"Next: caretool case done {case.id} {case.now.step.name}{asked}")


def _row(found: Followed, place: int, zone: ZoneInfo) -> tuple[str, ...]:
    from caretool.domain.moment import stamp

    one, ends = found.case.steps[place], found.expected[place]
    if one.ended_at is not None:
        moment = stamp(one.ended_at, zone) if one.state != "dropped" else ""
    elif one.state == "now":
        moment = _now(one, found.as_of, zone)
    else:
        moment = "when the customer does" if one.step.due is None else f"by {stamp(ends, zone)}" if ends else ""
    mark = {"now": "NOW", "ahead": "next"}.get(one.state, one.state)
    kept = [_promise(p.id, p.kind, p.due_at, _risk(p), zone) for p in found.promises.get(place, ())]
    promised = "; ".join(kept) or (f"{one.step.promise}: not said yet" if _unsaid(one) else "")
    return mark, one.step.name, one.step.owner, moment, promised, one.evidence or one.because or ""


def _unsaid(one: CaseStep) -> bool:
    return one.step.promise is not None and one.state in ("now", "ahead")


def _now(one: CaseStep, now: datetime, zone: ZoneInfo) -> str:
    """How much time the step that has its turn has, or whom it waits for and what could be done about it."""
    if one.due_at is not None:
        return f"LATE: due {when(one.due_at, now, zone)}" if one.late(now) else f"due {when(one.due_at, now, zone)}"
    if one.close_at is not None and one.close_at < now:
        return "waits for the customer: close it"
    if one.remind_at is not None and one.remind_at < now:
        return "waits for the customer: ask again"
    return "waits for the customer"
