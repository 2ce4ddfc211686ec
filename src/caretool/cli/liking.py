"""like: a sign that we have read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from caretool.cli import completing
from caretool.cli.context import AsAgent, AsJson, desk_of, out, show, stays_empty
from caretool.cli.telling import tell_problems

if TYPE_CHECKING:
    from caretool.desk.liking import Liked
    from caretool.domain.comment import Comment


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(like)


def like(
    ctx: typer.Context,
    ids: Annotated[
        list[str],
        typer.Argument(
            metavar="ID…",
            help="Comments; a group stands for those of it that wait.",
            autocompletion=completing.likable,
        ),
    ],
    undo: Annotated[bool, typer.Option("--undo", help="Take it back.")] = False,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Like comments as our account, where the platform has that. It answers nobody: they still wait.

    The platform keeps what is liked; `caretool show` has it in the history only. Exits 6 if only some could be liked, 4
    if none for want of a token, 1 if none could.

    \b
    Examples:
      caretool like c7k2m9
      caretool like c7k2m9 --undo
    """
    from caretool.desk import liking

    with desk_of(ctx, agent) as desk:
        liked = liking.like(desk, ids, undo=undo)
    tell_problems(liked.problems)
    if not stays_empty(as_json, liked.exit_code):
        show(liked, as_json, lambda value: liked_shape(value, undo=undo), lambda value: _liked_text(value, undo=undo))
    raise typer.Exit(liked.exit_code)


def liked_shape(liked: Liked, *, undo: bool) -> dict[str, Any]:
    """Ids of what is liked now, or no longer."""
    return {"unliked" if undo else "liked": _ids(liked.comments)}


def _liked_text(liked: Liked, *, undo: bool) -> None:
    if liked.comments:
        out(f"{'No longer liked' if undo else 'Liked'}: {', '.join(_ids(liked.comments))}")


def _ids(comments: Sequence[Comment]) -> list[str]:
    return [comment.id for comment in comments]
