"""Who may be hidden, deleted, muted or banned, and for what (R1): never somebody for complaining."""

from __future__ import annotations

from collections.abc import Sequence

from caretool.domain.policy import Action, ModerationRule, When
from caretool.domain.reading import Reading

SILENCING: frozenset[Action] = frozenset({"hide", "delete", "mute", "ban"})
GROUNDS = (
    'kind = "spam", kind = "abuse" (vulgar insult without a grievance), same_message_profiles = 2 or more, '
    "or, only to hide, personal_data = true"
)
_SILENCEABLE = frozenset({"spam", "abuse"})
_PROFILES = 2


def grounded(when: When, action: Action) -> str | None:
    """Whether a rule may load: None if it may, else one sentence that says why not and what would do.

    A rule that silences must *require* a ground of R1. A condition that only narrows (angry, one topic, one language)
    is none, and neither is an empty `when`.
    """
    if action not in SILENCING:
        return None
    protects = action == "hide" and when.personal_data is True
    if when.kind is not None and "complaint" in when.kind and not protects:
        return f"nobody may be silenced for complaining: {action!r} needs a ground other than a complaint, {GROUNDS}"
    spam_or_abuse = bool(when.kind) and _SILENCEABLE.issuperset(when.kind or ())
    repeated = when.same_message_profiles is not None and when.same_message_profiles >= _PROFILES
    if protects or spam_or_abuse or repeated:
        return None
    return f"this could silence a complaint: {action!r} needs a ground in `when`, {GROUNDS}"


def decide(
    reading: Reading, rules: Sequence[ModerationRule], *, account: str, platform: str, copies_on: int
) -> tuple[Action, str | None, tuple[str, ...]]:
    """What the rules would do with a comment: the action, the rule's name (None: no rule), and why.

    `copies_on` is on how many of our profiles the same message of this author stands, this one counted. The first rule
    that matches wins. A silencing rule without a ground never applies, and none applies to what was read as a
    complaint, save hiding one that exposes personal data.
    """
    spared: list[str] = []
    for rule in rules:
        matched = _matched(rule.when, reading, account, platform, copies_on)
        if matched is None:
            continue
        protection = _protection(rule, reading)
        if protection is None:
            return rule.action, rule.name, (*spared, *(matched or ("the rule asks for nothing",)))
        spared.append(f"rule {rule.name!r} is not applied: {protection}")
    return "leave", None, (*spared, "no moderation rule applies")


def _protection(rule: ModerationRule, reading: Reading) -> str | None:
    if rule.action not in SILENCING:
        return None
    if reading.kind == "complaint":
        hides_exposed_data = rule.action == "hide" and rule.when.personal_data is True and reading.personal_data
        return None if hides_exposed_data else "a complaint is never silenced"
    return None if grounded(rule.when, rule.action) is None else "it has no ground"


def _matched(when: When, reading: Reading, account: str, platform: str, copies_on: int) -> tuple[str, ...] | None:
    """The conditions that hold, in words; None where one does not."""
    among: tuple[tuple[str, Sequence[str] | None, str | None], ...] = (
        ("kind", when.kind, reading.kind),
        ("tone", when.tone, reading.tone),
        ("topic", when.topic, reading.topic),
        ("language", when.language, reading.language),
        ("account", when.account, account),
        ("platform", when.platform, platform),
    )
    reasons: list[str] = []
    for name, wanted, found in among:
        if wanted is None:
            continue
        if found not in wanted:
            return None
        reasons.append(f"{name} is {found}")
    if when.same_message_profiles is not None:
        if copies_on < when.same_message_profiles:
            return None
        reasons.append(f"the same message stands on {copies_on} profiles")
    if when.personal_data is not None:
        if reading.personal_data is not when.personal_data:
            return None
        reasons.append("it exposes personal data" if when.personal_data else "it exposes no personal data")
    return tuple(reasons)
