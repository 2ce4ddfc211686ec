"""policy and template: are they sound, what would they do, how would they read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from caretool.cli import completing
from caretool.cli.context import AsJson, desk_of, given_or_piped, out, out_as_it_is, say, show

if TYPE_CHECKING:
    from caretool.desk.explaining import Explained, Tested
    from caretool.desk.previewing import Previewed
    from caretool.domain.template import Template

app = typer.Typer(
    help="The rules of the house: are they sound, what would they do.", no_args_is_help=True, rich_markup_mode=None
)
templates = typer.Typer(
    help="The Q&A templates: which there are, how they read.", no_args_is_help=True, rich_markup_mode=None
)
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[T]…", help="Templates by id (default: all).", autocompletion=completing.templates),
]


@app.command("check")
def check_policy(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Check accounts.toml, policies.toml and every template; all problems at once, each with file and line.

    \b
    Example:
      caretool policy check
    """
    from caretool import workspace
    from caretool.desk import coupons, foreseeing, registers, watching
    from caretool.errors import SettingsProblem

    folder = workspace.find(ctx.obj)
    try:
        settings = workspace.settings_of(folder)
    except SettingsProblem as found:
        say("\n".join(found.problems) if as_json else f"{found}\n{len(found.problems)} to mend.")
        raise typer.Exit(2) from None
    counts = {
        "accounts": len(settings.accounts),
        "templates": len(settings.templates),
        "promise_kinds": len(settings.policy.promises),
    }
    foreseen = workspace.foreseen(folder, settings)
    show(counts, as_json, lambda found: {**found, "problems": 0, "foreseen": foreseen}, _sound_text)
    unfound = watching.remarks(settings, workspace.opened(folder, settings)) if settings.policy.watches else ()
    for remark in (*coupons.remarks(folder, settings.policy.rewards), *registers.remarks(settings), *unfound):
        say(remark)
    if sentence := foreseeing.reminder(foreseen):
        say(sentence)


def _sound_text(counts: Mapping[str, int]) -> None:
    from caretool.cli.screen import count

    words = [what.replace("_", " ") for what in counts]
    told = [count(number, word[:-1], word) for number, word in zip(counts.values(), words, strict=True)]
    out(f"All is sound: {', '.join(told)}.")


@app.command()
def explain(
    ctx: typer.Context,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="A comment (default: stdin).")] = None,
    account: Annotated[
        str | None,
        typer.Option(help="As if it were written on this account.", autocompletion=completing.accounts),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What would be done with this comment, and which words and rules say so.

    \b
    Example:
      caretool policy explain "Vergogna, il pacco non arriva e nessuno risponde!"
    """
    from caretool.desk import explaining

    with desk_of(ctx) as desk:
        found = explaining.explain(desk, [given_or_piped(text)], account)[0]
    show(found, as_json, _explained_shape, _explained_text)


def _explained_shape(found: Explained) -> dict[str, Any]:
    reading = found.reading
    return {
        "kind": reading.kind,
        "tone": reading.tone,
        "topic": reading.topic,
        "language": reading.language,
        "escalation": reading.escalation,
        "confidence": round(reading.confidence, 3),
        "template": found.template,
        "action": found.action,
        "rule": found.rule,
        "ground": found.ground,
        "why": list(found.why),
    }


def _explained_text(found: Explained) -> None:
    from caretool.domain.harmless import one_line

    reading = found.reading
    facts = [reading.kind, reading.tone, reading.topic or "no topic", reading.language]
    out(" · ".join(facts) + (f" · {reading.escalation}: for the manager" if reading.escalation else ""))
    ground = f", ground {found.ground}" if found.ground else ""
    out(f"moderation: {found.action}" + (f" (rule {found.rule!r}{ground})" if found.rule else ""))
    out(f"answer: {found.template or 'none of the templates'}")
    for reason in found.why:
        out(f"  because {one_line(reason)}")


@app.command("test")
def run_examples(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Run the worked examples of policies.toml. Exits 1 if one does not come out as expected.

    \b
    Example:
      caretool policy test
    """
    from caretool.desk import explaining

    with desk_of(ctx) as desk:
        found = explaining.test(desk)
    show(found, as_json, _tested_shape, _tested_text)
    if any(one.misses for one in found):
        raise typer.Exit(1)


def _tested_shape(found: list[Tested]) -> dict[str, Any]:
    missed = [
        {
            "text": one.example.text,
            "misses": [{"key": k, "expected": want, "found": got} for k, want, got in one.misses],
        }
        for one in found
        if one.misses
    ]
    return {"examples": len(found), "failed": missed}


def _tested_text(found: list[Tested]) -> None:
    from caretool.domain.harmless import one_line

    for one in found:
        if one.misses:
            out(f"✗ {one_line(one.example.text, 90)}")
        for key, wanted, got in one.misses:
            out(f"    {key}: expected {wanted}, found {got}")
    passed = sum(not one.misses for one in found)
    out(f"{passed} of {len(found)} examples pass.")


@app.command("show")
def show_policy(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Print the policy in force, with every default filled in, as TOML.

    \b
    Example:
      caretool policy show > in-force.toml
    """
    import tomllib

    from caretool import workspace
    from caretool.settings.in_force import policy_as_toml

    text = policy_as_toml(workspace.settings_of(workspace.find(ctx.obj)))
    show(text, as_json, lambda toml: _jsonable(tomllib.loads(toml)), lambda toml: out_as_it_is(_escaped(toml.rstrip())))


def _escaped(toml: str) -> str:
    """What a terminal would act on or hide stands in the texts escaped."""
    from caretool.domain.harmless import UNSEEN

    return UNSEEN.sub(lambda found: f"\\U{ord(found[0]):08X}", toml)


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    return value if isinstance(value, (str, int, float, bool)) else str(value)


@templates.command("list")
def list_templates(ctx: typer.Context, as_json: AsJson = False) -> None:
    """The templates with their languages and what they promise.

    \b
    Example:
      caretool template list
    """
    with desk_of(ctx) as desk:
        found = list(desk.settings.templates.values())
    show(found, as_json, lambda every: {"templates": [_template_shape(one) for one in every]}, _templates_text)


def _template_shape(one: Template) -> dict[str, Any]:
    return {
        "id": one.id,
        "topic": one.topic,
        "kinds": list(one.kinds),
        "languages": list(one.replies),
        "needs": list(one.needs),
        "promises": [{"kind": wish.kind, "due": str(wish.due) if wish.due else None} for wish in one.promises],
        "reserved": one.reserved,
    }


def _templates_text(found: list[Template]) -> None:
    from caretool.cli.screen import table

    rows = [
        (
            one.id,
            ", ".join(one.kinds),
            " ".join(one.replies),
            ", ".join(f"{wish.kind} {wish.due or ''}".strip() for wish in one.promises),
        )
        for one in found
    ]
    table(("template", "answers", "in", "promises"), rows)


@templates.command("check")
def check_templates(ctx: typer.Context, names: Names = None, as_json: AsJson = False) -> None:
    """Render every text of the templates and run the checks on it. Exits 5 if one would be refused.

    A text is also tried in each register that an account or a thread asks of it.

    \b
    Example:
      caretool template check
    """
    from caretool.desk import previewing

    with desk_of(ctx) as desk:
        found = previewing.preview(desk, names or [])
    refused = [one for one in found if one.refusals]
    show(found, as_json, _previewed_shape, lambda _: _refused_text(refused, len(found)))
    if refused:
        raise typer.Exit(5)


@templates.command()
def preview(ctx: typer.Context, names: Names = None, as_json: AsJson = False) -> None:
    """Show how templates would read now, with invented people.

    \b
    Example:
      caretool template preview delivery-late
    """
    from caretool.desk import previewing

    with desk_of(ctx) as desk:
        found = previewing.preview(desk, names or [])
    show(found, as_json, _previewed_shape, _previewed_text)


def _previewed_shape(found: list[Previewed]) -> dict[str, Any]:
    from caretool.reports import shapes

    return {
        "texts": [
            {
                "template": one.template,
                "language": one.language,
                "variant": one.variant,
                "register": one.register,
                "number": one.number,
                "wanted": {"register": one.wanted.register, "by": one.wanted.by} if one.wanted else None,
                "text": one.text,
                "refused": [shapes.refusal(refusal) for refusal in one.refusals],
            }
            for one in found
        ]
    }


def _which(one: Previewed) -> str:
    turn = f"{one.number} of {one.of}" if one.of > 1 else ""
    wanted = f"{one.wanted.by} asks for {one.wanted.register}" if one.wanted else ""
    return " · ".join(filter(None, (one.template, one.language, one.register, one.variant, turn, wanted)))


def _previewed_text(found: list[Previewed]) -> None:
    from caretool.cli.screen import indented

    for one in found:
        if one.wanted and not one.refusals:
            continue
        out(_which(one))
        if one.wanted:
            out(f"    refused there: {', '.join(dict.fromkeys(refusal.check for refusal in one.refusals))}\n")
            continue
        out(indented(one.text))
        out("")


def _refused_text(refused: list[Previewed], whole: int) -> None:
    for one in refused:
        out(_which(one))
        for refusal in one.refusals:
            out(f'    {refusal.check}: "{refusal.excerpt}": {refusal.why}')
    out(f"{whole - len(refused)} of {whole} texts pass.")
