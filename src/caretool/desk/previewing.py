"""Preview: every text of the templates as it would read now, to invented people, and what the checks say of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from caretool.desk import committing, composing, linking, registers, rewarding, voicing, weighing
from caretool.desk.desk import Desk
from caretool.desk.load import load_of
from caretool.desk.registers import Wanted
from caretool.domain import checks, voice, wording
from caretool.domain.address import listing
from caretool.domain.deliverability import wished_due
from caretool.domain.draft import Refusal
from caretool.domain.links import Asked
from caretool.domain.moment import spoken
from caretool.domain.policy import Agent
from caretool.domain.template import Form, Template
from caretool.domain.voice import Register
from caretool.language import personal

_FORMS: tuple[Form, ...] = get_args(Form)
_PEOPLE = {
    "it": ("Anna Rossi", "Marco Bianchi", "Lucia Verdi"),
    "en": ("Anna Reed", "Mark White", "Lucy Green"),
    "es": ("Ana Ruiz", "Marcos Blanco", "Lucía Verde"),
}


@dataclass(frozen=True, slots=True)
class Previewed:
    """One text of a template as it would read now, and what the checks say of it. `variant` is its form, `register`
    None for the usual texts; `number` is its place, from 1, among the `of` texts that take turns. `wanted` is who asks
    for another register than it is written in, and which; None: it is tried in its own."""

    template: str
    language: str
    variant: Form
    text: str
    refusals: tuple[Refusal, ...]
    register: Register | None = None
    number: int = 1
    of: int = 1
    wanted: Wanted | None = None


@dataclass(frozen=True, slots=True)
class _Sample:
    """One text of a template; `register` is that in which it speaks, `own` the one it stands under (None: usual)."""

    template: Template
    language: str
    own: Register | None
    register: Register | None
    form: Form
    source: str
    number: int
    of: int
    wanted: Wanted | None = None

    @property
    def together(self) -> bool:
        return self.form == "together"


def preview(desk: Desk, names: Sequence[str]) -> list[Previewed]:
    """Every text of these templates (none named: all)."""
    templates = [composing.template_of(desk, name) for name in names] or list(desk.settings.templates.values())
    now = desk.clock().replace(second=0, microsecond=0)
    return [_previewed(desk, sample, now) for template in templates for sample in _samples(desk, template)]


def _samples(desk: Desk, template: Template) -> Iterator[_Sample]:
    for language, words in template.replies.items():
        usual = voicing.usual(desk.policy.voice, template, language)
        asked = registers.asked(desk.policy.voice, template, language)
        for own, texts in ((None, words), *words.registers.items()):
            for form in _FORMS:
                variants = texts.variants(form)
                # Where the template has no texts for a register that is asked for, these are taken.
                others = [
                    one for one in asked if own is None and not registers.has(template, language, form, one.register)
                ]
                for number, source in enumerate(variants, 1):
                    place = (form, source, number, len(variants))
                    yield _Sample(template, language, own, own or usual, *place)
                    for one in others:
                        yield _Sample(template, language, None, one.register, *place, one)


def _previewed(desk: Desk, sample: _Sample, now: datetime) -> Previewed:
    agent = next(iter(desk.settings.agents.values()), Agent("you", "Dario", "agent", "Dario"))
    people = _PEOPLE.get(sample.language, _PEOPLE["en"])
    asked = Asked((), sample.language, sample.template.topic)
    try:
        values = _values(desk, sample, agent, people, now)
        rendered = wording.render(sample.source, values, lambda name: linking.helps(desk, name, asked))
    except wording.MissingValue as missing:
        return _of(sample, sample.source, (Refusal("missing-value", missing.name, str(missing)),))
    text = voicing.signed(desk, rendered, agent, None, people)
    draft = checks.ReplyText(
        text=text,
        language=sample.language,
        private=sample.form == "private",
        kinds=frozenset(sample.template.kinds),
        agent=agent.name,
        rules=desk.policy.reply,
        personal=personal.find([text], desk.policy.reply.patterns)[0],
        commitments=committing.find_commitments(desk, [text], now)[0],
        names=people,
        ours=committing.our_contacts(desk),
        registers=_registers(sample),
        capitals=weighing.capitals(desk),
    )
    return _of(sample, text, committing.check_text(desk, draft, 1, now))


def _values(desk: Desk, sample: _Sample, agent: Agent, people: Sequence[str], now: datetime) -> Mapping[str, object]:
    language, template = sample.language, sample.template
    called = listing(people, language) if sample.together else people[0]
    link = linking.link_for(desk, Asked((), language, template.topic))
    gives = rewarding.kind_of(desk, template.gives) if template.gives and sample.form == "private" else None
    return wording.values(
        agent=agent,
        company=desk.policy.company,
        promises=_whens(desk, sample, now),
        person=None if sample.together else called,
        people=called if sample.together else None,
        given={need: f"‹{need}›" for need in template.needs},
        procedure=composing.procedure_says(desk, template.id, language),
        reward=rewarding.shown_in_text(gives, language),
        greeting=voice.greeting(called, language, sample.register, now.astimezone(desk.zone).time()),
        link=voicing.linked(link, language),
        links=voicing.all_links(desk, language),
    )


def _whens(desk: Desk, sample: _Sample, now: datetime) -> dict[str, str]:
    wishes = {wish.kind: wish.due for wish in sample.template.promises}
    whens = {}
    for name in composing.kinds_named(sample.source):
        kind = desk.promise_kind(name)
        due = wished_due(kind, 1, wishes.get(name), now, load_of(desk, kind, now))
        if due is not None:
            whens[name] = spoken(due, sample.language, desk.zone)
    return whens


def _registers(sample: _Sample) -> frozenset[Register]:
    if sample.register is None:
        return frozenset()
    return voice.accepted(sample.register, sample.language, several=sample.together)


def _of(sample: _Sample, text: str, refusals: tuple[Refusal, ...]) -> Previewed:
    place = (sample.own, sample.number, sample.of, sample.wanted)
    return Previewed(sample.template.id, sample.language, sample.form, text, refusals, *place)
