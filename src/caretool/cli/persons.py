"""person: one human being across all accounts: shown, handed out, forgotten, linked."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from caretool.cli import completing
from caretool.cli.context import AsAgent, AsJson, Because, Yes, desk_of, out, say, show, somebody_is_there
from caretool.cli.screen import count, said, table
from caretool.cli.telling import said_in, tell_promises
from caretool.errors import UsageProblem

if TYPE_CHECKING:
    from caretool.desk.forgetting import Forgotten, Plan
    from caretool.desk.persons import Exported
    from caretool.desk.tracing import Trace
    from caretool.domain.person import Dossier, Person

app = typer.Typer(
    help=(
        "Persons: one human being across all accounts, and what they may ask for: to see it, to have it, to be "
        "forgotten.\n\n"
        "A person is named by id (u…), by handle or by name; where several could be meant, they are listed."
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
)
PersonId = Annotated[
    str, typer.Argument(metavar="PERSON", help="By id, handle or name.", autocompletion=completing.persons)
]


@app.command("show")
def show_person(ctx: typer.Context, person: PersonId, agent: AsAgent = None, as_json: AsJson = False) -> None:
    """Everything about one person: accounts, comments, replies, promises, cases, rewards, moderation, notes.

    Personal data in comments is masked on the screen; --json and `person export` hold all of it, for an agent or a
    manager, and that somebody looked is logged.

    \b
    Examples:
      caretool person show anna.neri
      caretool person show u4k2m9x --json
    """
    from caretool.desk import persons
    from caretool.reports import person as report

    with desk_of(ctx, agent) as desk:
        meant = persons.find(desk, person)
        found = persons.unmasked(desk, meant) if as_json else persons.dossier(desk, meant)
        zone = desk.zone
    show(found, as_json, report.dossier, lambda one: _dossier_text(one, zone))


@app.command("export")
def export_person(
    ctx: typer.Context,
    person: PersonId,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to (default: person-ID-DATE.json in the workspace).")
    ] = None,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Write everything about one person into one JSON document that they can read themselves.

    It is readable by you alone, and nothing is overwritten. An answer to several people names the others too.

    \b
    Example:
      caretool person export anna.neri for-anna.json
    """
    from caretool.desk import persons

    with desk_of(ctx, agent) as desk:
        exported = persons.export(desk, persons.find(desk, person), file)
    show(exported, as_json, _exported_shape, lambda one: out(f"{one.file}  {one.size:,} bytes"))


def _exported_shape(one: Exported) -> dict[str, Any]:
    return {"person": one.person, "file": str(one.file), "bytes": one.size}


@app.command()
def link(
    ctx: typer.Context,
    person: PersonId,
    other: Annotated[
        str, typer.Argument(metavar="OTHER", help="Who turned out to be them.", autocompletion=completing.persons)
    ],
    because: Because,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Two persons are one human being: what is the second's is the first's from now on.

    \b
    Example:
      caretool person link u4k2m9x u9qd3ma --because "same order number, says so herself"
    """
    from caretool.desk import persons
    from caretool.reports import person as report

    with desk_of(ctx, agent) as desk:
        linked = persons.link(desk, person, other, because)
    show(linked, as_json, report.person, _person_text)


@app.command()
def unlink(
    ctx: typer.Context,
    other: Annotated[
        str, typer.Argument(metavar="ID", help="The id that was linked.", autocompletion=completing.persons)
    ],
    because: Because,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Undo a link: what was theirs is theirs again, and what has come since from their authors.

    \b
    Example:
      caretool person unlink u9qd3ma --because "her sister"
    """
    from caretool.desk import persons
    from caretool.reports import person as report

    with desk_of(ctx, agent) as desk:
        alone = persons.unlink(desk, other, because)
    show(alone, as_json, report.person, _person_text)


@app.command()
def forget(
    ctx: typer.Context,
    person: PersonId,
    delete_backups: Annotated[
        bool, typer.Option("--delete-backups", help="Delete the backups made by caretool that (may) hold them.")
    ] = False,
    yes: Yes = False,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Erase one person everywhere, after a manager's yes. It cannot be undone, and they do not come back by a fetch.

    First it shows what goes, what ends and what stays, and which of your files still hold them. In what other people
    wrote, only the whole name and the handle go: a first name alone stays.

    Said of who was forgotten already, it looks for backups of before, and with --delete-backups deletes those that
    caretool made. Exits 6 if bytes of them are left in the database's files, because somebody else has it open: the
    next fetch takes them out.

    \b
    Examples:
      caretool person forget anna.neri
      caretool person forget u4k2m9x --yes --delete-backups --json
    """
    from caretool.desk import forgetting, persons

    with desk_of(ctx, agent) as desk:
        plan = forgetting.consider(desk, persons.find(desk, person))
        _agreed(plan, yes, delete_backups=delete_backups)
        done = forgetting.forget(desk, plan, delete_backups=delete_backups)
    show(done, as_json, _forgotten_shape, _forgotten_text)
    if not done.whole:
        raise typer.Exit(6)


def _agreed(plan: Plan, yes: bool, *, delete_backups: bool) -> None:
    """Say what would be done, on stderr, and go on only with a yes."""
    from caretool.cli.conversation import ask

    forgotten = plan.person.forgotten_at is not None
    if forgotten and not (delete_backups and any(one.ours for one in plan.files)):
        return
    for line in _files_lines(plan) if forgotten else _plan_lines(plan):
        say(line)
    if plan.stops:
        raise UsageProblem(f"{' '.join(plan.stops)} Nothing was written.")
    if not (yes or somebody_is_there()):
        raise UsageProblem("Nobody is here to say yes: add --yes. Nothing was written.")
    if not yes:
        ask("Delete the backups that caretool made?" if forgotten else f"Forget {plan.person.id} for good?")


def _plan_lines(plan: Plan) -> list[str]:
    from caretool.domain.harmless import short_name

    theirs = plan.theirs
    goes = [
        count(len(theirs.comments), "comment", "comments"),
        count(len(theirs.alone), "reply to them alone", "replies to them alone"),
        count(len(theirs.notes), "note", "notes"),
    ]
    lines = [
        f"{plan.person.id} {short_name(plan.person.name)}",
        f"Goes: the words of {', '.join(goes)}; their names and handles.",
    ]
    if theirs.together:
        lines.append(f"Their name goes from {count(len(theirs.together), 'reply', 'replies')} to several people.")
    lines += [f"Ends: promise {one.id} ({one.kind}): nobody is left to keep it for." for one in plan.promises]
    lines += [f"Ends: case {one.id} ({one.procedure})." for one in plan.cases]
    lines += [f"Will not go out: {one.id}." for one in plan.withdrawn]
    lines += [f"Rejected: draft {one.id}." for one in plan.drafts]
    lines += [f"Nobody will know whether {one.id} was posted: look on {one.account}." for one in plan.doubtful]
    if plan.waiting_again:
        lines.append(f"Wait again: {', '.join(plan.waiting_again)}, whom the same reply would have answered.")
    lines.append("In what others wrote, the whole name and handle go; a part of the name, or a nickname, stays.")
    lines.append("Stays: ids, times, counts, kinds; of what was done about them its ground and a hash; the log.")
    lines += [
        f"Shares a name with {one.id} {short_name(one.name)}: the name stays, unless you link them."
        for one in plan.namesakes
    ]
    lines += [
        f"Perhaps the same: {one.id} {short_name(one.name)}. Nothing of theirs goes, unless you link them."
        for one in plan.perhaps
    ]
    lines += _files_lines(plan)
    return [*lines, "What stands on the platforms, in mails and in other people's copies is not ours to take out."]


def _files_lines(plan: Plan) -> list[str]:
    return [f"Also in {one.file}: {one.advice}." for one in plan.files]


def _forgotten_shape(done: Forgotten) -> dict[str, Any]:
    plan = done.plan
    return {
        "person": plan.person.id,
        "comments": len(plan.theirs.comments),
        "replies": [*plan.theirs.alone, *plan.theirs.together],
        "promises_ended": [one.id for one in plan.promises],
        "cases_ended": [one.id for one in plan.cases],
        "withdrawn": [one.id for one in plan.withdrawn],
        "rejected": [one.id for one in plan.drafts],
        "doubtful": [one.id for one in plan.doubtful],
        "namesakes": [one.id for one in plan.namesakes],
        "perhaps": [one.id for one in plan.perhaps],
        "whole": done.whole,
        "deleted": [str(one) for one in done.deleted],
        "files": [_trace_shape(one) for one in done.files],
    }


def _trace_shape(one: Trace) -> dict[str, Any]:
    return {"file": str(one.file), "what": one.what, "advice": one.advice}


def _forgotten_text(done: Forgotten) -> None:
    out(f"{done.plan.person.id} is forgotten.")
    for file in done.deleted:
        out(f"deleted {file}")
    for trace in done.files:
        out(f"still there: {trace.file}: {trace.advice}")
    if not done.whole:
        out("Bytes of what was erased are left in the database's files until the next fetch.")


def _person_text(one: Person) -> None:
    from caretool.domain.harmless import short_name

    out(f"{one.id}  {short_name(one.name)}")
    if one.linked_to:
        out(f"linked to {one.linked_to}")
    if one.forgotten_at:
        out(f"forgotten {one.forgotten_at:%Y-%m-%d}")
    rows = [
        (alias.account, short_name(alias.handle), short_name(alias.name or ""), str(alias.followers or ""))
        for alias in one.aliases
    ]
    table(("account", "handle", "name", "followers"), rows)


def _dossier_text(one: Dossier, zone: ZoneInfo) -> None:
    from caretool.domain.masking import masked
    from caretool.domain.moment import stamp

    _person_text(one.person)
    if one.selves:
        out(f"known before as {', '.join(one.selves)}")
    for comment in one.comments:
        out(f"\n{comment.id}  {stamp(comment.written_at, zone)}  {comment.account}  {comment.state}")
        out(said_in(comment, partial(masked, exposed=comment.exposed)))
        if comment.id in one.revisions:
            out(f"    edited {count(len(one.revisions[comment.id]), 'time', 'times')}")
    for reply in one.replies:
        out(f"\n{reply.id}  {reply.state}  by {reply.agent}")
        out(said(reply.text))
    if one.promises:
        out("")
        tell_promises(one.promises, zone)
    for title, rows in (
        ("cases", [(case.id, case.procedure, case.state) for case in one.cases]),
        ("rewards", [(str(row["id"]), str(row["kind"]), str(row["state"])) for row in one.rewards]),
        ("moderation", [(str(row["id"]), str(row["action"]), str(row["state"])) for row in one.moderation]),
    ):
        if rows:
            out("")
            table((title, "", ""), rows)
    _notes_text(one, zone)


def _notes_text(one: Dossier, zone: ZoneInfo) -> None:
    from caretool.domain.moment import stamp

    for note in one.notes:
        out(f"\nnote on {note.subject}, {stamp(note.at, zone)}, {note.agent}:")
        out(said(note.text))
