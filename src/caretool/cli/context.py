"""What every command shares: the workspace it works in, who is at the desk, where output goes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, TextIO, TypeVar

import typer

from caretool.cli import completing
from caretool.errors import CaretoolError, UsageProblem

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.desk.premises import Premises

Value = TypeVar("Value")


def _not_empty(reason: str | None) -> str | None:
    if reason is not None and not reason.strip():
        raise typer.BadParameter("say why in a few words")
    return reason


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout instead of a table.")]
AsAgent = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="AGENT",
        help="Who is answering (default: CARETOOL_AGENT, or the only one).",
        autocompletion=completing.agents,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
Because = Annotated[
    str, typer.Option("--because", metavar="TEXT", callback=_not_empty, help="Why, in a few words; it is kept.")
]
BecauseOrAsked = Annotated[
    str | None,
    typer.Option(
        "--because", metavar="TEXT", callback=_not_empty, help="Why, in a few words; it is kept. At a terminal: asked."
    ),
]
Ids = Annotated[
    list[str],
    typer.Argument(
        metavar="ID…",
        help="Ids of comments or groups, as `caretool inbox` shows them.",
        autocompletion=completing.waiting,
    ),
]


def say(sentence: str) -> None:
    """Talk goes to stderr."""
    from caretool.domain.harmless import block

    _line.clear()
    print(block(sentence), file=sys.stderr)  # noqa: T201


class _TransientLine:
    """One line of progress on a terminal's stderr, overwritten by the next and gone before anything else is said."""

    def __init__(self) -> None:
        self._shown = False

    def show(self, sentence: str) -> None:
        if sys.stderr.isatty():
            from caretool.domain.harmless import one_line

            sys.stderr.write(f"\r\x1b[2K{one_line(sentence, 78)}")
            sys.stderr.flush()
            self._shown = True

    def clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
            self._shown = False


_line = _TransientLine()


def show_progress(sentence: str) -> None:
    """How far it is, on a terminal."""
    _line.show(sentence)


def clear_progress() -> None:
    """Take the line of progress away before something else is written to the terminal."""
    _line.clear()


def out(text: str) -> None:
    """Data goes to stdout."""
    from caretool.domain.harmless import block

    out_as_it_is(block(text))


def out_as_it_is(text: str) -> None:
    """The same for what other programs read, in which nothing is left out: whatever a terminal would act on has to
    stand escaped in it."""
    _line.clear()
    try:
        print(text)  # noqa: T201
    except OSError as problem:
        leave_nothing_behind(sys.stdout)
        if not isinstance(problem, BrokenPipeError):  # whoever read us may leave (`| head`): the rest is for nobody
            raise CaretoolError(f"The output cannot be written ({problem.strerror}).") from problem


def leave_nothing_behind(stream: TextIO) -> None:
    """Let what is still to be written vanish: also what Python would flush at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def desk_of(ctx: typer.Context, agent: str | None = None) -> Iterator[Desk]:
    """The desk of the workspace chosen with -C, CARETOOL_WORKSPACE or the folder."""
    from caretool import workspace

    with workspace.open_desk(workspace.find(ctx.obj), agent, say, _line.show) as desk:
        try:
            yield desk
        finally:
            _line.clear()


def premises_of(ctx: typer.Context, agent: str | None = None) -> Premises:
    """The workspace chosen in the same way, nothing of it opened."""
    from caretool import workspace

    return workspace.premises(workspace.find(ctx.obj), agent, say, _line.show)


def show(value: Value, as_json: bool, shape: Callable[[Value], Any], text: Callable[[Value], None]) -> None:
    """The one way results are shown: the same value as JSON or for people."""
    if as_json:
        out_as_it_is(json_text(shape(value)))
    else:
        text(value)


def stays_empty(as_json: bool, exit_code: int) -> bool:
    """Whether stdout stays empty because nothing of what was asked could be done: then programs get no JSON."""
    return as_json and exit_code in (1, 4)


def json_text(value: Any, *, one_line: bool = False) -> str:
    """One JSON value, indented on a terminal. What that would act on or hide (controls, bidi, invisible) stands in it
    escaped."""
    from caretool.domain.harmless import UNSEEN

    text = json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() and not one_line else None)
    return UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text)


def given_or_piped(text: str | None) -> str:
    """What was typed as an argument, else what is piped in; bytes that are no UTF-8 are replaced."""
    if text is not None:
        return text
    piped = "" if sys.stdin.isatty() else sys.stdin.buffer.read().decode("utf-8", "replace").strip()
    if not piped:
        raise UsageProblem("Give a TEXT, or pipe one in.")
    return piped


def said_or_asked(because: str | None, as_json: bool) -> str:
    """Why: as it was said, else as somebody answers at a terminal. UsageProblem where nobody is there."""
    if because is None and (as_json or not somebody_is_there()):
        raise UsageProblem('Say why, in a few words: --because "…". It is kept.')
    while not (because and because.strip()):
        because = str(typer.prompt("Why, in a few words?", err=True))
    return because


def somebody_is_there() -> bool:
    """Whether a question would be seen and could be answered."""
    return sys.stdin.isatty() and sys.stderr.isatty()
