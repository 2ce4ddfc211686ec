"""The reader: what sort of comment each text is (language, kind, tone, topic, what must reach a person), and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from caretool.domain.reading import Reading, Text
from caretool.language.kinds import Signs, idioms, judge_kind, judge_tone, look_up
from caretool.language.languages import Languages
from caretool.language.topics import Topics
from caretool.language.words import READ, CueIndex, Words, split

if TYPE_CHECKING:
    from caretool.domain.comment import Kind
    from caretool.domain.masking import Exposed
    from caretool.domain.policy import Escalation
    from caretool.domain.template import Template
    from caretool.language.personal import OwnPatterns

NEAR_ENOUGH: Final = 0.33
"""Below this confidence no topic is named."""

_TELLING: Final = 0.6
"""From this confidence on, a topic says the kind of a text in which no cue was found."""

_ALTERNATIVES: Final = 3
_TROUBLE: Final = frozenset({"complaint", "question", "request", "fault"})
_EXPOSED: Final = frozenset({"e-mail", "phone", "iban", "card", "tax-code", "address"})


class Reader:
    """Reads texts in bulk by the settings it was made from. Making it costs nothing: what is heavy is loaded and worked
    out when the first text needs it. Not for several threads at once."""

    def __init__(
        self,
        *,
        languages: Sequence[str],
        templates: Iterable[Template],
        escalations: Sequence[Escalation],
        patterns: Mapping[str, str],
    ) -> None:
        """`languages` are the company's, `patterns` its own expressions for what must not be public, by name."""
        templates = tuple(templates)
        self._speaks = tuple(languages)
        self._languages = Languages(languages)
        self._topics = Topics(templates)
        self._kinds = _kinds_of(templates)
        self._escalations = _Escalations(escalations)
        self._patterns = dict(patterns)
        self._own: OwnPatterns | None = None

    def read(self, texts: Sequence[Text]) -> list[Reading]:
        """One reading a text, in order. Only the first 5,000 characters of each are looked at."""
        from caretool.language import personal

        self._own = self._own or personal.OwnPatterns(self._patterns)
        exposed = personal.find([text.text[:READ] for text in texts], self._own)
        return [
            self._read(text, tuple((one.start, one.end, one.what) for one in data if not one.unchecked))
            for text, data in zip(texts, exposed, strict=True)
        ]

    def take_remarks(self) -> list[str]:
        """What became of the company's own expressions on the way, a sentence each, once."""
        return self._own.take_remarks() if self._own else []

    def _read(self, text: Text, data: tuple[Exposed, ...]) -> Reading:
        exposed = sorted({what for _, _, what in data} & _EXPOSED)
        words = split(text.text)
        language, because, found = self._look_up(text, words)
        reasons = [f"language: {language} ({because})"]
        kind, reason = judge_kind(found)
        ranked = [] if kind in ("spam", "abuse") else self._rank(words, language, kind)
        topic, confidence = ranked[0] if ranked else (None, 0.0)
        kinds = self._kinds.get(topic or "", ())
        if kind == "chatter" and topic and kinds and kind not in kinds and confidence >= _TELLING:
            kind, reason = kinds[0], f"{kinds[0]}: what '{topic}' is about"
        tone, mood = judge_tone(found, kind)
        reasons += [reason, mood]
        escalation, word = self._escalations.find(words, language)
        reasons += [f"topic: {topic} ({confidence:.2f})"] if topic else []
        reasons += [f"escalation: {escalation} ({word})"] if escalation else []
        reasons += [f"vulgar: {found.say('vulgar', 'insult')}"] if found.count("vulgar", "insult") else []
        reasons += [f"personal data: {', '.join(exposed)}"] if exposed else []
        return Reading(
            language=language,
            kind=kind,
            tone=tone,
            topic=topic,
            confidence=confidence,
            alternatives=tuple(ranked[1 : _ALTERNATIVES + 1]),
            escalation=escalation,
            vulgar=found.count("vulgar", "insult") > 0,
            personal_data=bool(exposed),
            reasons=tuple(reasons),
            exposed=data,
        )

    def _look_up(self, text: Text, words: Words) -> tuple[str, str, Signs]:
        """The language, what told it, and what its cue lists find. A language that was only assumed, and in which
        nothing is found, gives way to another of the company's in which something is."""
        language, because = self._languages.name(text)
        found = look_up(text.text, words, language, text.rating)
        if because == "fallback" and not found.hits:
            for other in self._speaks:
                tried = look_up(text.text, words, other, text.rating)
                if tried.hits:
                    return other, "cues", tried
        return language, because, found

    def _rank(self, words: Words, language: str, kind: Kind) -> list[tuple[str, float]]:
        """Topics by confidence, best first, none where the best is not near enough; one whose templates are not for
        this kind counts for less."""
        weighed = [
            (topic, round(confidence * _fit(kind, self._kinds.get(topic, ())), 4))
            for topic, confidence in self._topics.rank(words, language)
        ]
        weighed.sort(key=lambda pair: -pair[1])
        best = [pair for pair in weighed[: _ALTERNATIVES + 1] if pair[1] > 0]
        return best if best and best[0][1] >= NEAR_ENOUGH else []


class _Escalations:
    """The policy's escalations, in its order: a text's own language first, then every other language's cues."""

    def __init__(self, escalations: Sequence[Escalation]) -> None:
        self._names = [escalation.name for escalation in escalations]
        languages = {language for escalation in escalations for language in escalation.cues}
        self._indexes = {
            language: CueIndex({str(at): each.cues.get(language, ()) for at, each in enumerate(escalations)})
            for language in sorted(languages)
        }

    def find(self, words: Words, language: str) -> tuple[str | None, str]:
        """The first escalation a cue of which is in the text, and the words found; cues within idioms do not count."""
        idle: set[int] | None = None
        for each in sorted(self._indexes, key=lambda other: other != language):
            hits = self._indexes[each].find(words)
            if hits and idle is None:
                idle = {at for hit in idioms().find(words) for at in range(hit.start, hit.end)}
            first = min(
                (hit for hit in hits if not idle or idle.isdisjoint(range(hit.start, hit.end))),
                key=lambda hit: int(hit.label),
                default=None,
            )
            if first:
                return self._names[int(first.label)], f"'{first.excerpt}'"
        return None, ""


def _kinds_of(templates: Iterable[Template]) -> dict[str, tuple[Kind, ...]]:
    """The kinds each topic is for; none named by one of its templates means all."""
    kinds: dict[str, tuple[Kind, ...]] = {}
    unbound = set()
    for template in templates:
        if not template.kinds:
            unbound.add(template.topic)
        kinds[template.topic] = tuple(dict.fromkeys((*kinds.get(template.topic, ()), *template.kinds)))
    return {topic: () if topic in unbound else named for topic, named in kinds.items()}


def _fit(kind: Kind, kinds: Sequence[Kind]) -> float:
    """How much of a topic's confidence stays for a text of this kind; kinds are easily mistaken within their family."""
    if not kinds or kind in kinds or kind == "chatter":
        return 1.0
    return 0.8 if kind in _TROUBLE and not _TROUBLE.isdisjoint(kinds) else 0.5
