"""From a request to the texts that would be posted: who is spoken to, in which language, with which times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from caretool.desk import committing, linking, overhearing, rationing, rewarding, shutting, voicing
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
from caretool.domain.ration import too_few
from caretool.domain.template import Template
from caretool.errors import NotFound, UsageProblem


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
    exactly, now = now, now.replace(second=0, microsecond=0)
    comments = desk.store.comments.by_ids(request.comments)
    targets, said_of_voice = _targets(desk, request, comments, exactly)
    shut = [] if request.by_hand else shutting.refusals(desk, targets, exactly)
    overheard = [] if request.by_hand else overhearing.refusals(desk, targets)
    times = _times(desk, request, targets, now)
    parts, refusals = _parts(desk, request, agent, targets, times.due, now)
    unrewarded = rewarding.refusals(desk, request, targets, parts, now)
    committed = committing.commit(desk, request, agent, parts, times.due, now)
    return Composed(
        parts=tuple(parts),
        promises=committed.promises,
        refusals=tuple(
            dict.fromkeys((*shut, *overheard, *times.refusals, *refusals, *committed.refusals, *unrewarded))
        ),
        remarks=(*said_of_voice, *times.remarks, *committed.remarks, *rewarding.remarks(desk, request, targets)),
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


def _targets(
    desk: Desk, request: Request, comments: Sequence[Comment], now: datetime
) -> tuple[list[Target], tuple[str, ...]]:
    """Whom each reply speaks to and with which text, and what is to be said about the choice."""
    template = template_of(desk, request.template) if request.template else None
    if request.text is None and template is None and request.reward is None:
        raise UsageProblem("What should be said? Give --template, --text or --edit.")
    limits = {name: desk.open_platform(desk.account(name)).limits for name in {c.account for c in comments}}
    buckets: dict[tuple[str, ...], list[Comment]] = {}
    modes: dict[tuple[str, ...], Mode] = {}
    people = {name: len({c.person for c in comments if c.account == name}) for name in limits}
    missed: list[str] = []
    for thread, members in _by_thread(comments).items():
        mode = _mode(desk, request, template, members, limits[members[0].account], people[members[0].account])
        if mode == "together" and not request.by_hand:
            members, sentences = shutting.left_out(desk, members, now)
            missed += sentences
        for comment in members:
            key = thread if mode == "together" else (*thread, comment.person)
            buckets.setdefault(key, []).append(comment)
            modes[key] = mode
    targets = []
    voice = voicing.Voicing(desk, request, template)
    for key, members in buckets.items():
        private = members[0].private or request.private
        if request.private and not members[0].private and not limits[members[0].account].private_replies:
            raise UsageProblem(f"{members[0].account} cannot answer a public comment in private.")
        how = voice.choose(members, modes[key], private)
        voiced = (how.language, how.source, how.register, how.variants, how.turn)
        targets.append(Target(tuple(members), modes[key], private, *voiced))
    alike, offers = voicing.same_words(desk, request, targets), voicing.offers(desk, targets)
    said = (missed, rationing.remarks(desk, targets), voice.remarks(), alike, offers)
    return targets, tuple(remark for remarks in said for remark in remarks)


def _by_thread(comments: Sequence[Comment]) -> dict[tuple[str, ...], list[Comment]]:
    """Comments one answer may serve: of one thread of one account, public; private ones and strays stand alone."""
    found: dict[tuple[str, ...], list[Comment]] = {}
    for comment in comments:
        alone = comment.private or comment.thread is None
        key = (comment.account, "", comment.id) if alone else (comment.account, comment.thread or "")
        found.setdefault(key, []).append(comment)
    return found


def _mode(
    desk: Desk, request: Request, template: Template | None, members: Sequence[Comment], limits: Limits, people: int
) -> Mode:
    """`people` is how many are to be answered on the account."""
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
    many = len(persons) >= desk.policy.reply.together_from or too_few(limits.replies_left, people)
    if template is not None:
        return "together" if many and any(w.together for w in template.replies.values()) else "each"
    return "together" if many and "people" in wording.variables(request.text or "") else "each"


def source_of(desk: Desk, request: Request) -> str:
    """The text that the first of these people would get, unrendered: what an editor begins with."""
    return _targets(desk, request, desk.store.comments.by_ids(request.comments), desk.clock())[0][0].source


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
    desk: Desk, request: Request, agent: Agent, targets: Sequence[Target], due: Mapping[str, datetime], now: datetime
) -> tuple[list[Part], list[Refusal]]:
    parts: list[Part] = []
    refusals: list[Refusal] = []
    for target in targets:
        limits = target.within(desk.open_platform(desk.account(target.account)).limits)
        try:
            parts += _render(desk, request, agent, target, due, limits, now)
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
        "reward": "--reward KIND, with --private",
        "link": "{{ links.NAME.url }}",
        "links": "the name of another link",
    }
    return known.get(root, f"--set {name}=…")


def _render(
    desk: Desk,
    request: Request,
    agent: Agent,
    target: Target,
    due: Mapping[str, datetime],
    limits: Limits,
    now: datetime,
) -> list[Part]:
    whens = {kind: spoken(due[kind], target.language, desk.zone) for kind in kinds_named(target.source)}
    people = addressees(_people(target))
    asked = linking.asked_by(target.comments, target.language, _topic(desk, request))
    link = linking.link_for(desk, asked)
    reward = rewarding.brought(desk, request, target.source, private=target.private)

    def text_for(chosen: Sequence[Addressee]) -> str:
        together = target.mode == "together"
        called = named(chosen, limits.together, target.language) if together else chosen[0].called
        values = wording.values(
            agent=agent,
            company=desk.policy.company,
            promises=whens,
            person=None if together else called,
            people=called if together else None,
            given=request.given,
            procedure=procedure_says(desk, request.template, target.language),
            reward=rewarding.shown_in_text(reward, target.language),
            greeting=voicing.greeting(desk, target, called, now),
            link=voicing.linked(link, target.language),
            links=voicing.all_links(desk, target.language),
        )
        text = wording.render(target.source, values, lambda name: linking.helps(desk, name, asked)).strip()
        text = voicing.signed(desk, text, agent, target.account, [person.called for person in chosen])
        return mentioning(text, chosen) if limits.mention_needed else text

    packed = pack(people, text_for, limits) if target.mode == "together" else [tuple(people)]
    parts = []
    for chosen in packed:
        persons = {person.person for person in chosen}
        comments = tuple(comment for comment in target.comments if comment.person in persons)
        brings = reward.name if reward is not None else None
        parts.append(Part(replace(target, comments=comments), chosen, text_for(chosen), whens, brings))
    return parts


def _topic(desk: Desk, request: Request) -> str | None:
    """What the template is about, if there is one."""
    return template_of(desk, request.template).topic if request.template else None


def _people(target: Target) -> list[tuple[str, str, str | None]]:
    found: dict[str, tuple[str, str, str | None]] = {}
    for comment in target.comments:
        found.setdefault(comment.person, (comment.person, comment.handle, comment.name))
    return list(found.values())
