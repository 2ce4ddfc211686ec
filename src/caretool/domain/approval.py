"""Two pairs of eyes: what waits for somebody else's yes, whoever wrote it, and whether anybody could give it (R3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from caretool.domain.codes import Kind, Tone
from caretool.domain.roles import Role, at_least, higher


@dataclass(frozen=True, slots=True)
class ApprovalWhen:
    """What an approval rule looks at; None: does not matter, a list: any of these. All that is named must hold of one
    reply. `promise`: it promises one of these kinds. `people_from`: the whole decision answers so many people, or more.
    `role`: who wrote it is in one of these."""

    kind: tuple[Kind, ...] | None = None
    tone: tuple[Tone, ...] | None = None
    topic: tuple[str, ...] | None = None
    language: tuple[str, ...] | None = None
    account: tuple[str, ...] | None = None
    platform: tuple[str, ...] | None = None
    private: bool | None = None
    template: tuple[str, ...] | None = None
    promise: tuple[str, ...] | None = None
    people_from: int | None = None
    role: tuple[Role, ...] | None = None


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """What matches waits for a second pair of eyes, of somebody of at least the role `by`, never its writer."""

    name: str
    when: ApprovalWhen
    by: Role = "agent"


@dataclass(frozen=True, slots=True)
class Matter:
    """One reply as a rule sees it: what was read in the comments it answers, where it goes, what it promises."""

    kinds: frozenset[str]
    tones: frozenset[str]
    topics: frozenset[str]
    languages: frozenset[str]
    account: str
    platform: str
    private: bool
    template: str | None
    promises: frozenset[str]
    people: int
    role: Role


@dataclass(frozen=True, slots=True)
class Awaited:
    """That a draft waits, for somebody of at least this role, and why, in words without anything of a stranger's. `who`
    are the ids of those who may say yes, once that was looked up."""

    by: Role
    why: tuple[str, ...]
    who: tuple[str, ...] = ()


def awaited(reasons: Iterable[tuple[Role, str]]) -> Awaited | None:
    """All reasons together: the highest role wins; None where there is none."""
    found = list(dict.fromkeys(reasons))
    if not found:
        return None
    by: Role = "agent"
    for role, _ in found:
        by = higher(by, role)
    return Awaited(by, tuple(why for _, why in found))


def matching(rules: Sequence[ApprovalRule], matters: Sequence[Matter]) -> Iterator[tuple[Role, str]]:
    """Of each rule that holds of one of these replies: who may say yes, and why it waits."""
    for rule in rules:
        held = next((words for matter in matters if (words := _held(rule.when, matter)) is not None), None)
        if held is not None:
            yield rule.by, f"rule {rule.name}: {', '.join(held) or 'every reply'}"


def _held(when: ApprovalWhen, matter: Matter) -> list[str] | None:
    """The conditions that hold of one reply, in words; None where one does not."""
    words: list[str] = []
    several: tuple[tuple[str, Sequence[str] | None, frozenset[str]], ...] = (
        ("kind", when.kind, matter.kinds),
        ("tone", when.tone, matter.tones),
        ("topic", when.topic, matter.topics),
        ("language", when.language, matter.languages),
        ("account", when.account, frozenset({matter.account})),
        ("platform", when.platform, frozenset({matter.platform})),
        ("template", when.template, frozenset({matter.template} if matter.template else ())),
        ("promise", when.promise, matter.promises),
        ("role", when.role, frozenset({matter.role})),
    )
    for name, wanted, found in several:
        if wanted is None:
            continue
        both = [one for one in wanted if one in found]
        if not both:
            return None
        words.append(f"{name} {' or '.join(both)}")
    if when.private is not None:
        if when.private is not matter.private:
            return None
        words.append("in private" if when.private else "in public")
    if when.people_from is not None:
        if matter.people < when.people_from:
            return None
        words.append(f"{matter.people} people")
    return words


@dataclass(frozen=True, slots=True)
class Speaker:
    """One agent as far as it decides who may answer and approve where; `accounts`: None: everywhere."""

    id: str
    role: Role
    accounts: tuple[str, ...] | None = None

    def may_use(self, account: str) -> bool:
        """Whether this agent may work there."""
        return self.accounts is None or account in self.accounts


def unfulfillable(
    rule: ApprovalRule, speakers: Sequence[Speaker], platforms: Mapping[str, str]
) -> tuple[str, str] | None:
    """Somebody whose reply nobody else could ever approve under this rule, and the account on which that is so; None:
    there is always somebody. `platforms` has the platform of each account."""
    when = rule.when
    for account, platform in platforms.items():
        if (when.account and account not in when.account) or (when.platform and platform not in when.platform):
            continue
        here = [speaker for speaker in speakers if speaker.may_use(account)]
        for writer in here:
            if when.role and writer.role not in when.role:
                continue
            if not any(other.id != writer.id and at_least(other.role, rule.by) for other in here):
                return writer.id, account
    return None


def unmanaged(speakers: Sequence[Speaker], accounts: Iterable[str]) -> list[str]:
    """The accounts on which no manager may work, though what goes to the manager comes in everywhere."""
    managers = [speaker for speaker in speakers if speaker.role == "manager"]
    return [account for account in accounts if managers and not any(one.may_use(account) for one in managers)]
