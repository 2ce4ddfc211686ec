"""init and demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from caretool.cli.context import AsJson, out, show


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(demo)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder; made if it is not there.")],
    as_json: AsJson = False,
) -> None:
    """Make a workspace: the starter policy, Q&A templates and a commented accounts.toml.

    Overwrites nothing: what is there stays, what is missing is added.

    \b
    Example:
      caretool init desk && cd desk && caretool fetch && caretool inbox
    """
    from caretool import workspace

    made = workspace.create(folder)
    show(made, as_json, lambda new: {"folder": str(folder), "new": new}, lambda new: _made_text(folder, new))


def _made_text(folder: Path, made: list[str]) -> None:
    for name in made:
        out(f"new  {name}")
    out(f"{folder} is ready." if made else f"{folder} has everything already; nothing was changed.")
    out(f"Next: edit {folder / 'accounts.toml'}, then caretool -C {folder} fetch")


def demo() -> None:
    """Show the whole way on invented comments: fetch, inbox, one answer for many, a refusal, promises, overdue.

    Works in a throw-away folder, without network, at a fixed moment, so that it reads the same every day.

    \b
    Example:
      caretool demo | less
    """
    from caretool.cli.demo import walk

    walk()
