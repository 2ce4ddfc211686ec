"""undo: what was done about a comment or its author is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from caretool.cli import completing
from caretool.cli.context import AsAgent, AsJson, Because, desk_of, out, show

if TYPE_CHECKING:
    from caretool.desk.undoing import Undone


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(undo)


def undo(
    ctx: typer.Context,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="What was done (m…), or the comment about which it was.",
            autocompletion=completing.undoable,
        ),
    ],
    because: Because,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="You have taken it back on the platform yourself.")
    ] = False,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Show again what was hidden, let in again who was muted or banned. A comment closed by that waits again.

    What was deleted or reported stays so: no platform takes that back.

    \b
    Example:
      caretool undo m7k2m9 --because "it was a joke among friends"
    """
    from caretool.desk import undoing

    with desk_of(ctx, agent) as desk:
        undone = undoing.undo(desk, subject, because.strip(), by_hand=by_hand)
    show(undone, as_json, _undone_shape, _undone_text)


def _undone_shape(undone: Undone) -> dict[str, Any]:
    from caretool.reports import moderation, shapes

    return {
        "undone": [moderation.one(one) for one in undone.moderations],
        "comments": [shapes.comment(one) for one in undone.comments],
        "handed_to": undone.handed_to,
    }


def _undone_text(undone: Undone) -> None:
    from caretool.cli.screen import count
    from caretool.domain.harmless import one_line

    for one in undone.moderations:
        out(f"{one.id} is undone: the {one.action} of {one.comment} on {one.account}.")
    if undone.handed_to is not None:
        out(f"It stands in {one_line(undone.handed_to)}: nothing changes there until a person carries that out.")
    if undone.comments:
        waits = count(len(undone.comments), "comment waits", "comments wait")
        out(f"{waits} again: caretool show {undone.comments[0].id}")
