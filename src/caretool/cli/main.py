"""The command line: `caretool`."""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated, TextIO

import typer

from caretool.cli import closing, fetching, inbox, policy, promises, replying, reporting, setup
from caretool.cli.context import say
from caretool.errors import CaretoolError

app = typer.Typer(
    name="caretool",
    help=(
        "The desk for people who answer a company's comments in public: answer everyone by name, promise only what "
        "can be delivered, keep every promise.\n\n"
        "A day at the desk:\n\n\b\n"
        "  caretool fetch                    what is new, from every account\n"
        "  caretool inbox                    who waits, most urgent first\n"
        "  caretool reply gk3f2              answer a group: suggestion, checks, your yes\n"
        "  caretool promise list             what was promised, by when\n"
        "  caretool report overdue           for cron: exits 8 if something is overdue\n\n"
        "New here? `caretool demo` shows the whole way without network; `caretool init DIR` makes a workspace."
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        from caretool.cli.context import out

        out(f"caretool {version('caretool')}")
        raise typer.Exit


@app.callback()
def choose_workspace(
    ctx: typer.Context,
    folder: Annotated[
        str | None,
        typer.Option("-C", metavar="DIR", help="The workspace (default: CARETOOL_WORKSPACE, or the nearest upwards)."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    ctx.obj = folder


for module in (setup, fetching, inbox, replying, closing):
    module.register(app)
app.add_typer(promises.app, name="promise")
app.add_typer(reporting.app, name="report")
app.add_typer(policy.app, name="policy")
app.add_typer(policy.templates, name="template")


def main() -> None:
    """Run a command; every failure is one line on stderr and an exit code (DESIGN §5)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # The matrices in which topics are found are small: more threads than one only get in each other's way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    stdout = sys.stdout
    try:
        app()
    except CaretoolError as problem:
        say(str(problem))
        sys.exit(problem.exit_code)
    finally:
        _hand_over(stdout)


def _hand_over(stdout: TextIO) -> None:
    """Write out what is held back. Whoever read us may have left (`| head`): then there is nothing more to say."""
    try:
        stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
