"""The command line: `caretool`."""

from __future__ import annotations

import gc
import io
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, TextIO

import typer
from typer._click.exceptions import ClickException
from typer.core import TyperGroup
from typer.main import get_group

from caretool.cli.context import leave_nothing_behind, say
from caretool.errors import CaretoolError

if TYPE_CHECKING:
    from typer._click import Command, Context

# In the order of `--help`: each command with its module, and its Typer there where it has commands of its own.
COMMANDS = {
    "init": "setup",
    "demo": "setup",
    "fetch": "fetching",
    "triage": "fetching",
    "send": "fetching",
    "inbox": "inbox",
    "show": "showing",
    "check": "checking",
    "reply": "replying",
    "approve": "replying",
    "reject": "replying",
    "retract": "retracting",
    "like": "liking",
    "claim": "claiming",
    "close": "closing",
    "reopen": "closing",
    "snooze": "closing",
    "note": "closing",
    "moderate": "moderating",
    "undo": "undoing",
    "log": "recalling",
    "doctor": "keeping",
    "schedule": "keeping",
    "purge": "purging",
    "backup": "keeping",
    "restore": "keeping",
    "account": "adding:app",
    "promise": "promises:app",
    "case": "cases:app",
    "person": "persons:app",
    "reward": "rewarding:app",
    "report": "reporting:app",
    "policy": "policy:app",
    "template": "policy:templates",
}


class Commands(TyperGroup):
    """The commands, each made from its module when it is asked for: `inbox` need not pay for all the others."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Every name, in the order of `--help`."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """One command, made on first use; None: there is none of this name, and all are made, to suggest one."""
        for name in [cmd_name] if cmd_name in COMMANDS else COMMANDS:
            if name not in self.commands:
                self.commands[name] = _made(name)
        return self.commands.get(cmd_name)


def _made(name: str) -> Command:
    module_name, _, group = COMMANDS[name].partition(":")
    module = import_module(f"caretool.cli.{module_name}")
    part = typer.Typer(rich_markup_mode=None)
    if group:
        part.add_typer(getattr(module, group), name=name)
    else:
        module.register(part)
        named = ((one.name or getattr(one.callback, "__name__", ""), one) for one in part.registered_commands)
        part.registered_commands = [one for known_as, one in named if known_as == name]
    return get_group(part).commands[name]


app = typer.Typer(
    name="caretool",
    cls=Commands,
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
        from importlib.metadata import PackageNotFoundError, version

        from caretool.cli.context import out

        try:
            out(f"caretool {version('caretool')}")
        except PackageNotFoundError:  # run from its sources
            out("caretool, not installed")
        raise typer.Exit


def _docs(wanted: bool) -> None:
    if wanted:
        from caretool.cli.context import out
        from caretool.pages import folder

        out(str(folder()))
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
    docs: Annotated[
        bool,
        typer.Option("--docs", callback=_docs, is_eager=True, help="Print where the pages lie (docs/…) and leave."),
    ] = False,
) -> None:
    ctx.obj = folder


# What typer makes of Ctrl-C.
_INTERRUPTED = 130
_GARBAGE = 50_000


def main() -> None:
    """Run a command; every failure is one line on stderr and an exit code (DESIGN §5)."""
    # A command makes many things that live as long as it does: looking through them for garbage all the time is dear.
    gc.set_threshold(_GARBAGE)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # The matrices in which topics are found are small: more threads than one only get in each other's way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    stdout = sys.stdout
    try:
        sys.exit(_run())
    except CaretoolError as problem:
        say(str(problem))
        sys.exit(problem.exit_code)
    finally:
        _hand_over(stdout)


def _run() -> int:
    """The exit code. What was typed wrongly is repeated without what a terminal would act on: a script may have taken
    it from a stranger."""
    try:
        code = int(app(standalone_mode=False) or 0)
    except typer.Abort:
        say("Aborted!")
        return 1
    except ClickException as problem:
        from caretool.domain.harmless import block

        problem.message = block(problem.message)
        problem.show()
        return problem.exit_code
    if code == _INTERRUPTED:
        say("Stopped: what was stored until then is whole, and the same command goes on from there.")
    return code


def _hand_over(stdout: TextIO) -> None:
    """Write out what is held back. Whoever read us may have left (`| head`): then there is nothing more to say."""
    try:
        stdout.flush()
    except OSError as problem:
        leave_nothing_behind(stdout)
        if not isinstance(problem, BrokenPipeError):
            say(f"The output cannot be written ({problem.strerror}).")
            sys.exit(1)


if __name__ == "__main__":
    main()
