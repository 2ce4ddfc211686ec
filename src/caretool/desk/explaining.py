"""Explain: what would be done with a text and why; whether the policy's examples and the templates hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from caretool.desk import committing, composing, triaging
from caretool.desk.desk import Desk
from caretool.desk.load import load_of
from caretool.domain import checks, wording
from caretool.domain.address import listing
from caretool.domain.deliverability import wished_due
from caretool.domain.draft import Refusal
from caretool.domain.moderation import decide
from caretool.domain.moment import spoken
from caretool.domain.policy import Agent, Example
from caretool.domain.reading import Reading, Text
from caretool.domain.template import Template, Wording
from caretool.language import personal
from caretool.language.alike import fold_key

VARIANTS = ("public", "together", "private")
_PEOPLE = {"it": ("Anna Rossi", "Marco Bianchi", "Lucia Verdi"), "en": ("Anna Reed", "Mark White", "Lucy Green")}


@dataclass(frozen=True, slots=True)
class Explained:
    """What would be done with a text: what was read, the moderation's action and rule, the template, and why."""

    text: str
    reading: Reading
    action: str
    rule: str | None
    template: str | None
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tested:
    """One worked example: what it expected and did not find, as `(key, expected, found)`; none: it passes."""

    example: Example
    misses: tuple[tuple[str, str | None, str | None], ...]


@dataclass(frozen=True, slots=True)
class Previewed:
    """One text of a template as it would read now, and what the checks say of it."""

    template: str
    language: str
    variant: str
    text: str
    refusals: tuple[Refusal, ...]


def explain(desk: Desk, texts: Sequence[str], account: str | None = None) -> list[Explained]:
    """What the policy in force would do with these texts on an account (none named: any)."""
    ours = desk.account(account) if account else None
    fallback = (ours.language if ours else None) or desk.policy.company.languages[0]
    readings = triaging.make_reader(desk).read([Text(text, fallback) for text in texts])
    topics = {template.topic: template.id for template in desk.settings.templates.values()}
    found = []
    for text, reading in zip(texts, readings, strict=True):
        action, rule, why = decide(
            reading,
            desk.policy.moderation,
            account=ours.name if ours else "",
            platform=ours.platform if ours else "",
            copies_on=max(1, desk.store.comments.copies_on(fold_key(text))),
        )
        template = topics.get(reading.topic) if reading.topic and not reading.escalation else None
        found.append(Explained(text, reading, action, rule, template, (*reading.reasons, *why)))
    return found


def test(desk: Desk) -> list[Tested]:
    """Run the policy's worked examples."""
    examples = desk.policy.examples
    tested = []
    for example, explained in zip(examples, explain(desk, [example.text for example in examples]), strict=True):
        reading = explained.reading
        found = {
            "kind": reading.kind,
            "tone": reading.tone,
            "topic": reading.topic,
            "language": reading.language,
            "escalation": reading.escalation,
            "action": explained.action,
        }
        misses = tuple((key, want, found[key]) for key, want in example.expect.items() if found[key] != want)
        tested.append(Tested(example, misses))
    return tested


def preview(desk: Desk, names: Sequence[str]) -> list[Previewed]:
    """Every text of these templates (none named: all) as it would read now, with invented people, and checked."""
    templates = [composing.template_of(desk, name) for name in names] or list(desk.settings.templates.values())
    found = []
    for template in templates:
        for language, words in template.replies.items():
            for variant in VARIANTS:
                if getattr(words, variant):
                    found.append(_previewed(desk, template, language, words, variant))
    return found


def _previewed(desk: Desk, template: Template, language: str, words: Wording, variant: str) -> Previewed:
    source = str(getattr(words, variant))
    agent = next(iter(desk.settings.agents.values()), Agent("you", "Dario", "agent", "Dario"))
    people = _PEOPLE.get(language, _PEOPLE["en"])
    now = desk.clock().replace(second=0, microsecond=0)
    wishes = {wish.kind: wish.due for wish in template.promises}
    whens = {}
    for name in composing.kinds_named(source):
        kind = desk.promise_kind(name)
        due = wished_due(kind, 1, wishes.get(name), now, load_of(desk, kind, now))
        if due is not None:
            whens[name] = spoken(due, language, desk.zone)
    values = wording.values(
        agent=agent,
        company=desk.policy.company,
        promises=whens,
        person=None if variant == "together" else people[0],
        people=listing(people, language) if variant == "together" else None,
        given={need: f"‹{need}›" for need in template.needs},
        procedure=composing.procedure_says(desk, template.id, language),
    )
    try:
        text = wording.render(source, values)
    except wording.MissingValue as missing:
        refused = Refusal("missing-value", missing.name, str(missing))
        return Previewed(template.id, language, variant, source, (refused,))
    draft = checks.ReplyText(
        text=text,
        language=language,
        private=variant == "private",
        kinds=frozenset(template.kinds),
        agent=agent.name,
        rules=desk.policy.reply,
        personal=personal.find([text], desk.policy.reply.patterns)[0],
        commitments=committing.find_commitments(desk, [text], now)[0],
        names=people,
        ours=committing.our_contacts(desk),
    )
    return Previewed(template.id, language, variant, text, committing.check_text(desk, draft, 1, now))
