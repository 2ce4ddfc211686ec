"""From a request to the texts that would be posted: who is spoken to, in which language, with which times."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from caretool.desk import committing
from caretool.desk.desk import Desk
from caretool.desk.load import load_of
from caretool.desk.request import Composed, Part, Request, Target
from caretool.domain import wording
from caretool.domain.address import addressees, mentioning, named
from caretool.domain.calendar import after
from caretool.domain.checks import refusal_for
from caretool.domain.comment import Comment
from caretool.domain.deliverability import judge, wished_due
from caretool.domain.draft import Addressee, Mode, Refusal
from caretool.domain.duration import Duration
from caretool.domain.limits import Limits
from caretool.domain.moment import spoken, stamp
from caretool.domain.packing import TooLongForOne, pack
from caretool.domain.policy import Agent
from caretool.domain.reading import Text
from caretool.domain.template import Template, Wording
from caretool.errors import NotFound, UsageProblem
from caretool.language.languages import Languages

_JINJA = re.compile(r"\{[{%].*?[%}]\}")


@dataclass(frozen=True, slots=True)
class _Times:
    """The due times texts may name, by kind, with what was refused and remarked on the way."""

    due: Mapping[str, datetime]
    refusals: tuple[Refusal, ...]
    remarks: tuple[str, ...]


def compose(desk: Desk, request: Request, agent: Agent, now: datetime) -> Composed:
    """Every text of this request, its promises and its refusals; nothing is written.

    `now` is cut to the minute, as times are said in minutes. Call it inside `store.writing()` to rely on the answer.
    """
    now = now.replace(second=0, microsecond=0)
    comments = desk.store.comments.by_ids(request.comments)
    targets = _targets(desk, request, comments)
    times = _times(desk, request, targets, now)
    parts, refusals = _parts(desk, request, agent, targets, times.due)
    committed = committing.commit(desk, request, agent, parts, times.due, now)
    return Composed(
        parts=tuple(parts),
        promises=committed.promises,
        refusals=tuple(dict.fromkeys((*times.refusals, *refusals, *committed.refusals))),
        remarks=(*times.remarks, *committed.remarks),
    )


def template_of(desk: Desk, name: str) -> Template:
    """A template by its id; NotFound names the nearest."""
    templates = desk.settings.templates
    if name in templates:
        return templates[name]
    from rapidfuzz import fuzz, process

    near = process.extractOne(name, list(templates), scorer=fuzz.ratio, score_cutoff=60)
    hint = f"did you mean {near[0]!r}?" if near else "`caretool template list` shows them."
    raise NotFound(f"No template is called {name!r}: {hint}")


def procedure_says(desk: Desk, template: str | None, language: str) -> str | None:
    """What the procedure that a template names says of itself; None: there is none."""
    found = desk.settings.templates.get(template) if template is not None else None
    procedure = desk.policy.procedures.get(found.procedure) if found is not None and found.procedure else None
    return procedure.says.get(language) if procedure is not None else None


def _targets(desk: Desk, request: Request, comments: Sequence[Comment]) -> list[Target]:
    template = template_of(desk, request.template) if request.template else None
    if request.text is None and template is None:
        raise UsageProblem("What should be said? Give --template, --text or --edit.")
    limits = {name: desk.open_platform(desk.account(name)).limits for name in {c.account for c in comments}}
    buckets: dict[tuple[str, ...], list[Comment]] = {}
    modes: dict[tuple[str, ...], Mode] = {}
    for thread, members in _by_thread(comments).items():
        mode = _mode(desk, request, template, members, limits[members[0].account])
        for comment in members:
            key = thread if mode == "together" else (*thread, comment.person)
            buckets.setdefault(key, []).append(comment)
            modes[key] = mode
    targets = []
    for key, members in buckets.items():
        private = members[0].private or request.private
        if request.private and not members[0].private and not limits[members[0].account].private_replies:
            raise UsageProblem(f"{members[0].account} cannot answer a public comment in private.")
        language, source = _source(desk, request, template, members, modes[key], private)
        targets.append(Target(tuple(members), modes[key], private, language, source))
    return targets


def _by_thread(comments: Sequence[Comment]) -> dict[tuple[str, ...], list[Comment]]:
    """Comments one answer may serve: of one thread of one account, public; private ones and strays stand alone."""
    found: dict[tuple[str, ...], list[Comment]] = {}
    for comment in comments:
        alone = comment.private or comment.thread is None
        key = (comment.account, "", comment.id) if alone else (comment.account, comment.thread or "")
        found.setdefault(key, []).append(comment)
    return found


def _mode(desk: Desk, request: Request, template: Template | None, members: Sequence[Comment], limits: Limits) -> Mode:
    possible = (
        limits.together != "no" and members[0].thread is not None and not members[0].private and not request.private
    )
    if request.mode == "together":
        if not possible:
            raise UsageProblem(
                f"{members[0].account}: one answer together needs public comments of one thread "
                "on a platform that has it; use --mode each."
            )
        return "together"
    if request.mode == "each" or not possible:
        return "each"
    persons = {comment.person for comment in members}
    many = len(persons) >= desk.policy.reply.together_from
    if template is not None:
        return "together" if many and any(w.together for w in template.replies.values()) else "each"
    return "together" if many and "people" in wording.variables(request.text or "") else "each"


def _source(
    desk: Desk, request: Request, template: Template | None, members: Sequence[Comment], mode: Mode, private: bool
) -> tuple[str, str]:
    """The language to answer in, and the text to render."""
    languages = desk.policy.company.languages
    votes = [comment.language for comment in members if comment.language in languages]
    wanted = max(languages, key=votes.count)
    if request.text is not None:
        return _written_in(desk, request.text, wanted), request.text
    assert template is not None
    variant = "private" if private else "together" if mode == "together" else "public"
    for language in dict.fromkeys((wanted, *languages)):
        text = getattr(template.replies.get(language, Wording()), variant)
        if text:
            return language, text
    raise UsageProblem(
        f"Template {template.id!r} has no {variant} text"
        + (": comments in private need one; use --text." if private else "; use --mode each, --text or another one.")
    )


def source_of(desk: Desk, request: Request) -> str:
    """The text that the first of these people would get, unrendered: what an editor begins with."""
    return _targets(desk, request, desk.store.comments.by_ids(request.comments))[0].source


def _written_in(desk: Desk, text: str, otherwise: str) -> str:
    """The company's language in which somebody typed a text. It matters only where names or times are filled in."""
    languages = desk.policy.company.languages
    names = wording.variables(text)
    if len(languages) == 1 or not any(name == "people" or name.startswith("promises.") for name in names):
        return otherwise
    found, _ = Languages(languages).name(Text(_JINJA.sub(" ", text), otherwise))
    return found if found in languages else otherwise


def _times(desk: Desk, request: Request, targets: Sequence[Target], now: datetime) -> _Times:
    """The due time of every kind the texts name with `promises.K.when` (DESIGN §6: given, the wish, the kind's, the
    earliest)."""
    wanted: dict[str, int] = {}
    for target in targets:
        for name in kinds_named(target.source):
            wanted[name] = wanted.get(name, 0) + len(target.persons)
    wishes = {}
    if request.template and request.text is None:
        wishes = {wish.kind: wish.due for wish in template_of(desk, request.template).promises}
    due: dict[str, datetime] = {name: datetime.fromisoformat(at) for name, at in request.promises}
    refusals: list[Refusal] = []
    remarks: list[str] = []
    for name, count in wanted.items():
        if name in due:
            continue
        kind = desk.promise_kind(name)
        wish = wishes.get(name) or kind.due
        load = load_of(desk, kind, now)
        found = wished_due(kind, count, wish, now, load)
        limit = wish or kind.latest or Duration(7, "days")
        asked = after(now, limit, kind.calendar, kind.zone, "closing")
        if found is None:
            verdict = judge(kind, count, asked, now, load)
            excerpt = f"{{{{ promises.{name}.when }}}}"
            refusals.append(refusal_for(verdict, excerpt, kind, count, asked, targets[0].language, desk.zone))
        elif wish is not None and found != asked:
            said, instead = stamp(asked, desk.zone), stamp(found, desk.zone)
            remarks.append(f"{name}: {said} does not pass; the text says {instead} instead.")
        due[name] = found or asked
    return _Times(due, tuple(refusals), tuple(remarks))


def kinds_named(source: str) -> list[str]:
    """The promise kinds whose time a text names, in the order in which it does."""
    names = sorted(wording.variables(source), key=source.find)
    return [name.split(".")[1] for name in names if name.startswith("promises.")]


def _parts(
    desk: Desk, request: Request, agent: Agent, targets: Sequence[Target], due: Mapping[str, datetime]
) -> tuple[list[Part], list[Refusal]]:
    parts: list[Part] = []
    refusals: list[Refusal] = []
    for target in targets:
        limits = desk.open_platform(desk.account(target.account)).limits.beside(target.warning)
        try:
            parts += _render(desk, request, agent, target, due, limits)
        except wording.MissingValue as missing:
            suggest = _instead_of(missing.name)
            refusals.append(Refusal("missing-value", f"{{{{ {missing.name} }}}}", str(missing), suggest))
        except TooLongForOne as problem:
            refusals.append(
                Refusal(
                    "too-long",
                    target.source[:60],
                    f"{problem}; {target.account} takes {limits.length} characters.",
                    f"Make it {problem.over} characters shorter.",
                )
            )
    return parts, refusals


def _instead_of(name: str) -> str:
    """What to do about a value that a text names and nobody has given."""
    root, _, rest = name.partition(".")
    known = {
        "people": "{{ person.name }}, or --mode together",
        "person": "{{ people }}, or --mode each",
        "promises": f"--promise {rest.partition('.')[0]}@TIME",
    }
    return known.get(root, f"--set {name}=…")


def _render(
    desk: Desk, request: Request, agent: Agent, target: Target, due: Mapping[str, datetime], limits: Limits
) -> list[Part]:
    whens = {kind: spoken(due[kind], target.language, desk.zone) for kind in kinds_named(target.source)}
    people = addressees(_people(target))

    def text_for(chosen: Sequence[Addressee]) -> str:
        together = target.mode == "together"
        values = wording.values(
            agent=agent,
            company=desk.policy.company,
            promises=whens,
            person=None if together else chosen[0].called,
            people=named(chosen, limits.together, target.language) if together else None,
            given=request.given,
            procedure=procedure_says(desk, request.template, target.language),
        )
        text = wording.render(target.source, values).strip()
        return mentioning(text, chosen) if limits.mention_needed else text

    packed = pack(people, text_for, limits) if target.mode == "together" else [tuple(people)]
    parts = []
    for chosen in packed:
        persons = {person.person for person in chosen}
        comments = tuple(comment for comment in target.comments if comment.person in persons)
        parts.append(Part(replace(target, comments=comments), chosen, text_for(chosen), whens))
    return parts


def _people(target: Target) -> list[tuple[str, str, str | None]]:
    found: dict[str, tuple[str, str, str | None]] = {}
    for comment in target.comments:
        found.setdefault(comment.person, (comment.person, comment.handle, comment.name))
    return list(found.values())
