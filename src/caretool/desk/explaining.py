"""Explain: what would be done with a text and why; whether the policy's examples hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from caretool.desk import surroundings, triaging
from caretool.desk.desk import Desk
from caretool.domain.moderation import decide
from caretool.domain.policy import Example
from caretool.domain.reading import Reading, Text


@dataclass(frozen=True, slots=True)
class Explained:
    """What would be done with a text: what was read, the moderation's action, rule and ground, the template, and
    why."""

    text: str
    reading: Reading
    action: str
    rule: str | None
    template: str | None
    why: tuple[str, ...]
    ground: str | None = None


@dataclass(frozen=True, slots=True)
class Tested:
    """One worked example: what it expected and did not find, as `(key, expected, found)`; none: it passes."""

    example: Example
    misses: tuple[tuple[str, str | None, str | None], ...]


def explain(desk: Desk, texts: Sequence[str], account: str | None = None) -> list[Explained]:
    """What the policy in force would do with these texts on an account (none named: any)."""
    ours = desk.account(account) if account else None
    fallback = (ours.language if ours else None) or desk.policy.company.languages[0]
    readings = triaging.make_reader(desk).read([Text(text, fallback) for text in texts])
    topics = {template.topic: template.id for template in desk.settings.templates.values()}
    found = []
    for text, reading in zip(texts, readings, strict=True):
        around = surroundings.around_text(desk, text, ours.name if ours else "")
        decision = decide(reading, desk.policy.moderation, around)
        template = topics.get(reading.topic) if reading.topic and not reading.escalation else None
        why = (*reading.reasons, *decision.why)
        found.append(Explained(text, reading, decision.action, decision.rule, template, why, decision.ground))
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
            "ground": explained.ground,
        }
        misses = tuple((key, want, found[key]) for key, want in example.expect.items() if found[key] != want)
        tested.append(Tested(example, misses))
    return tested
