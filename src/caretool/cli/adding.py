"""account add, beside what else there is to do with an account: into accounts.toml, key by key where somebody is there
to ask."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from caretool.cli import completing
from caretool.cli.accounts import app as app
from caretool.cli.accounts import check
from caretool.cli.context import AsJson, out, premises_of, say, show, somebody_is_there
from caretool.errors import UsageProblem

if TYPE_CHECKING:
    from caretool.desk.adding import Added, Draft
    from caretool.settings.adding import Question

_WAYS = ("env", "command", "keyring")
_ITEM = re.compile(r"\d+\. |route = ")


@app.command()
def add(
    ctx: typer.Context,
    platform: Annotated[
        str | None,
        typer.Argument(
            metavar="[PLATFORM]",
            help="What kind of place it is; left out: they are listed.",
            autocompletion=completing.platforms,
        ),
    ] = None,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="What the account is called here.")] = None,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A key of the account; token.env=VARIABLE for a secret."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add an account to accounts.toml: says how to get a token, asks what is missing, checks each answer.

    What stands in the file stays as it is, comments too. A secret never goes into it: only where it is kept (a variable
    of the environment, a command that prints it, the system's keyring). In a script --set says all that is needed.

    \b
    Examples:
      caretool account add
      caretool account add mastodon fediverse
      caretool account add mastodon fediverse --set url=https://social.example --set token.env=TOKEN
      caretool account add file reviews --set comments=reviews.csv --set columns.id=COMMENT_ID
    """
    from caretool.desk import adding

    if platform is None:
        show(adding.platforms(), as_json, _platforms_shape, _platforms_text)
        return
    premises = premises_of(ctx)
    draft = adding.begin(premises, platform, name, values or [])
    asked = not as_json and somebody_is_there()
    if asked:
        _ask(draft)
    added = adding.write(premises, draft)
    show(added, as_json, _added_shape, _added_text)
    if asked:
        _offer_check(ctx, added)


def _platforms_shape(found: Mapping[str, str]) -> dict[str, Any]:
    return {"platforms": [{"platform": name, "about": about} for name, about in found.items()]}


def _platforms_text(found: Mapping[str, str]) -> None:
    from caretool.cli.screen import indented

    widest = max(map(len, found))
    for name, about in found.items():
        out(f"{name:<{widest}}  {about}")
    out(indented("\nNext: caretool account add PLATFORM NAME", ""))


def _added_shape(added: Added) -> dict[str, Any]:
    return {
        "account": added.name,
        "platform": added.platform,
        "file": "accounts.toml",
        "line": added.line,
        "variables": list(added.variables),
    }


def _added_text(added: Added) -> None:
    out(f"new  accounts.toml:{added.line} [accounts.{added.name}]")
    for variable in added.variables:
        if not os.environ.get(variable):
            out(f"Next: export {variable}=…")
    out(f"Next: caretool account check {added.name} · caretool fetch {added.name}")


def _ask(draft: Draft) -> None:
    """All that is missing, each until it will do. Raises UsageProblem where somebody leaves: nothing was written."""
    from caretool.cli.screen import indented
    from caretool.pages import page

    answers = draft.answers
    if answers.name is not None and not answers.lacking():
        return
    say("\n".join(indented(one, "", "   " if hangs else "") for one, hangs in _paragraphs(draft.guide)))
    say(f"All of it: {page(f'platforms/{answers.platform}.md')}\n")
    say("Ctrl-C leaves; nothing is written before the end.")
    try:
        if answers.name is None:
            _until_it_will_do(lambda: draft.call(_prompt("What is it called here?", draft.proposed_name())))
        while answers.lacking():
            _until_it_will_do(lambda: _ask_for(draft, answers.lacking()[0]))
        _ask_for_more(draft)
    except typer.Abort:
        raise UsageProblem("Nothing was written.") from None


def _paragraphs(guide: str) -> Iterator[tuple[str, bool]]:
    """The paragraphs of a guide, each as one line, and whether what is folded of it is set in. One ends with its
    sentence; an item goes on where lines are set in; a command stays as it is typed, line by line."""
    found: list[str] = []
    typed = False
    for line in guide.strip().splitlines():
        inside = line.startswith(" ")
        ended = not found or (not inside and (typed or found[-1][-1] in ".:" or _ITEM.match(line) is not None))
        typed = line.startswith("curl ") or (typed and inside)
        if typed or ended:
            found.append(line)
        else:
            found[-1] += f" {line.strip()}"
    for one in found:
        yield one, _ITEM.match(one) is not None


def _ask_for(draft: Draft, question: Question) -> None:
    from caretool.cli.screen import indented

    say(indented(f"\n{question.key}: {question.means}", ""))
    if question.secret:
        where = "Where is it kept: env, command or keyring?"
        if question.instead is None:
            way = _prompt(where, "env")
        else:
            way = _prompt(f"{where} (Enter: {question.instead} instead)", "", shown=False)
            if not way:
                draft.answers.pass_over(question)
                return
        draft.answers.take(question.key, {_way(way): _ask_where(draft, question, _way(way))})
    else:
        said = _prompt(question.key)
        key, equals, value = (part.strip() for part in said.partition("="))
        named = equals and (key == question.key or key.startswith(f"{question.key}."))
        draft.answers.take(*(key, value) if named else (question.key, said))


def _way(said: str) -> str:
    ways = [way for way in _WAYS if way.startswith(said.strip().casefold())]
    if len(ways) != 1:
        raise UsageProblem("Say env, command or keyring; its name there is asked next, the secret itself never.")
    return ways[0]


def _ask_where(draft: Draft, question: Question, way: str) -> object:
    if way == "env":
        return _prompt("In which variable of the environment?", draft.proposed_variable(question.key))
    if way == "keyring":
        return _prompt("Under which service/user?", f"caretool/{draft.answers.name}")
    try:
        return shlex.split(_prompt("Which command prints it?"))
    except ValueError:
        raise UsageProblem("A quote in it is not closed.") from None


def _ask_for_more(draft: Draft) -> None:
    """What may be left out; the account is asked for until it is whole."""
    from caretool.cli.screen import indented

    more = draft.answers.questions()
    if more:
        say("\nWhat may be left out:")
    for question in more:
        say(indented(f"{question.key}: {question.means}", "  "))

    def one_more() -> bool:
        said = _prompt("KEY=VALUE (Enter: nothing more)", "", shown=False)
        if not said:
            draft.answers.table()
            return True
        key, equals, value = said.partition("=")
        if not equals:
            raise UsageProblem("Write KEY=VALUE, or nothing.")
        draft.answers.take(key.strip(), value.strip())
        return False

    while not _until_it_will_do(one_more):
        pass


def _until_it_will_do(ask: Callable[[], bool | None]) -> bool | None:
    while True:
        try:
            return ask()
        except UsageProblem as problem:
            say(str(problem))


def _prompt(question: str, default: str | None = None, *, shown: bool = True) -> str:
    return str(typer.prompt(question, default=default, show_default=shown, err=True)).strip()


def _offer_check(ctx: typer.Context, added: Added) -> None:
    """Ask the platform at once, where the secret is to be had."""
    if any(not os.environ.get(variable) for variable in added.variables):
        return
    try:
        if typer.confirm("Ask the platform now whether it works?", default=True, err=True):
            check(ctx, [added.name])
    except (typer.Abort, typer.Exit):  # the account is added, whatever the platform says
        return
