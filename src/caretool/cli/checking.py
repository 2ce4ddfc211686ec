"""check: the checks on a text that answers nothing yet, for drafts elsewhere, other tools, a pipeline."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from caretool.cli import completing
from caretool.cli.context import AsJson, desk_of, given_or_piped, json_text, out, out_as_it_is, say, show
from caretool.errors import CaretoolError, UsageProblem

if TYPE_CHECKING:
    from caretool.desk.checking import Answered, Question
    from caretool.desk.desk import Desk


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(
    ctx: typer.Context,
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="A reply (default: stdin).")] = None,
    account: Annotated[
        str | None, typer.Option(help="It is for this account: its length counts.", autocompletion=completing.accounts)
    ] = None,
    language: Annotated[str | None, typer.Option(help="It is in this language (default: recognised).")] = None,
    private: Annotated[bool, typer.Option("--private", help="Only one person will read it.")] = False,
    as_of: Annotated[str | None, typer.Option(metavar="TIME", help="The moment of posting (default: now).")] = None,
    lines: Annotated[
        bool, typer.Option("--jsonl", help="Texts on stdin, one JSON object a line; answers too.")
    ] = False,
    agent: Annotated[
        str | None,
        typer.Option("--as", metavar="AGENT", help="It has to name this agent.", autocompletion=completing.agents),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The checks on a text without a comment: what it commits us to, what would be refused and what would pass.

    Nothing is written. Exits 5 if anything is refused. With --jsonl a line in is {"id", "text"} and perhaps "language",
    "posted_at", "account", "private"; a line out has the same "id". A line that is none is told, and exits 6.

    \b
    Examples:
      caretool check "Buongiorno, sono Dario: il corriere passa domani."
      caretool check --account fediverse --json < reply.txt
      caretool check --jsonl --as-of 2026-11-23T09:12:00+01:00 < replies.jsonl
    """
    from caretool.desk import checking
    from caretool.desk.times import parse_time

    with desk_of(ctx, agent) as desk:
        moment = parse_time(as_of, desk.clock(), desk.zone) if as_of is not None else desk.clock()
        signed = agent is not None
        question = checking.Question("" if lines else given_or_piped(text), moment, language, account, private, signed)
        if lines:
            raise typer.Exit(_each_line(desk, sys.stdin.buffer, question))
        found = checking.check(desk, question)
        show(found, as_json, _shape, lambda answered: _tell(answered, desk.zone))
    raise typer.Exit(5 if found.refusals else 0)


def _each_line(desk: Desk, lines: Iterable[bytes], otherwise: Question) -> int:
    """Answer line by line, so that the other end of a pipe need not wait; the exit code."""
    from caretool.desk import checking

    refused = unread = False
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            name, question = _question(line, otherwise)
            found = checking.check(desk, question)
        except CaretoolError as problem:
            unread = True
            say(f"line {number}: {problem}")
            continue
        refused = refused or bool(found.refusals)
        out_as_it_is(json_text({"id": name, **_shape(found)}, one_line=True))
        sys.stdout.flush()
    return 6 if unread else 5 if refused else 0


def _question(line: bytes, otherwise: Question) -> tuple[Any, Question]:
    import json
    from dataclasses import replace

    try:
        values = json.loads(line.decode("utf-8", "replace"))
    except ValueError:
        raise UsageProblem("this is not JSON.") from None
    if not isinstance(values, dict) or not isinstance(values.get("text"), str) or "id" not in values:
        raise UsageProblem('write {"id": …, "text": "…"}.')
    given: dict[str, Any] = {}
    for key, kind in (("text", str), ("language", str), ("account", str), ("private", bool)):
        if values.get(key) is not None:
            if not isinstance(values[key], kind):
                raise UsageProblem(f'"{key}" must be {"true or false" if kind is bool else "a text"}.')
            given[key] = values[key]
    if values.get("posted_at") is not None:
        given["posted_at"] = _moment(values["posted_at"])
    return values["id"], replace(otherwise, **given)


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageProblem('"posted_at" must be a moment like 2026-11-23T09:12:00+01:00.')
    return moment


def _shape(found: Answered) -> dict[str, Any]:
    """DESIGN §5, check."""
    from caretool.reports import shapes

    return {
        "commitments": [shapes.commitment(one) for one in found.commitments],
        "refused": [shapes.refusal(one) for one in found.refusals],
    }


def _tell(found: Answered, zone: ZoneInfo) -> None:
    from caretool.cli.telling import tell_refusals
    from caretool.domain.harmless import one_line
    from caretool.domain.moment import stamp

    for one in found.commitments:
        when = f"by {stamp(one.due_at, zone)}" if one.due_at else "at no time in particular"
        condition = ", on a condition" if one.conditional else ""
        out(f'Promises: {one.promise_kind} {when}{condition}: "{one_line(one.excerpt, 90)}"')
    tell_refusals(found.refusals, zone)
    if not found.refusals:
        out("All checks pass.")
