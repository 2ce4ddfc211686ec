"""What sort of comment a text is and how it feels: rules over the cue lists in `cues/*.toml`.

The rules lean to the customer (R1): whoever has a grievance complains, whatever words or links come with it; abuse and
spam are only what is nothing else.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from caretool.domain.comment import Kind, Tone
from caretool.language.words import LINK, READ, CueIndex, Hit, Words

_SELLING: Final = re.compile(
    r"//(?:[\w-]+\.)*(?:gofundme|indiegogo|kickstarter|patreon|onlyfans|adf|binbox|twitch|soundcloud|reverbnation|tsu)"
    r"\.(?:com|ly|io|tv|co)\b|[?&](?:ref|aff|affiliate\w*)=",
    re.IGNORECASE,
)
"""Links to begging, selling oneself and paid clicks, and links with a referrer to be paid."""

LISTED: Final = ("it", "en")
"""The languages that have cue lists; a text in any other is judged by rating, question mark and spam alone."""

_EVERYWHERE: Final = ("spam", "promotion")
_IN_ANY_LISTED: Final = ("vulgar", "insult")
_NEGATABLE: Final = frozenset({"complaint", "anger", "praise", "fault", "resolved"})
_REACH: Final = {"praise": 3, "resolved": 3, "complaint": 2, "anger": 2, "fault": 1}
_GAPPED: Final = frozenset({"complaint", "fault", "anger"})
_PILED: Final = 3
"""Things wrong from which on a complaint is angry without a word of anger."""
_GREETING: Final = 2
_SHOUTING_FROM: Final = 12
_MERE_ABUSE: Final = 7
"""Words beside the insults up to which a text says nothing but them."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What was found in a text, by the label of its cue list, and what its look and its stars say."""

    hits: Mapping[str, tuple[Hit, ...]]
    words: int = 0
    rating: int | None = None
    asks: bool = False
    shouts: bool = False
    link: bool = False
    sells: bool = False
    numbers: bool = False

    def count(self, *labels: str) -> int:
        """How many places in the text these lists were found at."""
        return sum(len({hit.start for hit in self.hits.get(label, ())}) for label in labels)

    def say(self, *labels: str) -> str:
        """The words found, at most three, quoted."""
        said = dict.fromkeys(hit.excerpt for label in labels for hit in self.hits.get(label, ()))
        return ", ".join(f"'{excerpt}'" for excerpt in list(said)[:3])

    @property
    def grievance(self) -> bool:
        """Whether a customer's matter shows: something went wrong, or what the company does is spoken of."""
        return self.count("complaint", "anger", "fault", "matter") > 0

    @property
    def sneers(self) -> bool:
        """Whether vulgar words stand beside trouble: praise among them is none."""
        mocked = self.count("praise") and self.count("matter") and self.count("lack")
        return bool(self.count("vulgar") and (mocked or self.count("complaint", "fault")))

    @property
    def mere_insult(self) -> bool:
        """Whether next to nothing is said beside the insults."""
        rude = _covered(hit for label in ("insult", "vulgar", "contempt") for hit in self.hits.get(label, ()))
        return self.count("insult") > 0 and not self.numbers and self.words - len(rude) <= _MERE_ABUSE


@cache
def cue_lists(language: str) -> Mapping[str, tuple[str, ...]]:
    """The shipped lists of a language in `LISTED`, by label."""
    source = files("caretool.language").joinpath("cues", f"{language}.toml").read_text(encoding="utf-8")
    return {label: tuple(cues) for label, cues in tomllib.loads(source).items()}


@cache
def _index(language: str) -> CueIndex:
    lists: dict[str, tuple[str, ...]] = dict(cue_lists(language)) if language in LISTED else {}
    shared = _EVERYWHERE + (_IN_ANY_LISTED if language in LISTED else ())
    for label in shared:
        lists[label] = tuple(dict.fromkeys(cue for listed in LISTED for cue in cue_lists(listed)[label]))
    return CueIndex(lists, adjacent=frozenset(lists) - _GAPPED)


@cache
def idioms() -> CueIndex:
    """Idioms of every listed language: words that do not mean what they say."""
    return CueIndex({"idiom": [cue for listed in LISTED for cue in cue_lists(listed)["idiom"]]}, adjacent=("idiom",))


def look_up(text: str, words: Words, language: str, rating: int | None) -> Signs:
    """Look a text up in the lists of `language`: idioms and what is negated are taken out, praise that is negated
    ("not happy") counts as anger."""
    found = _index(language).find(words)
    idle = _covered(hit for hit in found if hit.label == "idiom")
    negations = {hit.start for hit in found if hit.label == "negation"} - idle
    hollow = _covered(hit for hit in found if hit.label == "hollow")
    kept: dict[str, list[Hit]] = {}
    for hit in found:
        span = range(hit.start, hit.end)
        if hit.label != "vulgar" and not idle.isdisjoint(span):
            continue
        if hit.label == "praise" and not hollow.isdisjoint(span):
            continue
        if hit.label == "interrogative" and not _opens(hit, words):
            continue
        if not _negated(hit, words, negations):
            kept.setdefault(hit.label, []).append(hit)
        elif hit.label == "praise":
            start = max(at for at in negations if at < hit.start)
            kept.setdefault("anger", []).append(Hit("anger", start, hit.end, " ".join(words.tokens[start : hit.end])))
    head = text[:READ]
    return Signs(
        {label: tuple(hits) for label, hits in kept.items()},
        words=len(words.tokens),
        rating=rating,
        asks="?" in LINK.sub(" ", head),
        shouts=_shouts(head),
        link=LINK.search(head) is not None,
        sells=any(_SELLING.search(address) for address in LINK.findall(head)),
        numbers=any(char.isdecimal() for token in words.tokens for char in token),
    )


def _covered(hits: Iterable[Hit]) -> set[int]:
    return {at for hit in hits for at in range(hit.start, hit.end)}


def _negated(hit: Hit, words: Words, negations: set[int]) -> bool:
    if hit.label not in _NEGATABLE:
        return False
    before = range(max(0, hit.start - _REACH[hit.label]), hit.start)
    return any(at in negations and words.clauses[at] == words.clauses[hit.start] for at in before)


def _opens(hit: Hit, words: Words) -> bool:
    """Whether it opens its sentence, a word or two of greeting before it at most."""
    return hit.start - words.sentences.index(words.sentences[hit.start]) <= _GREETING


def _shouts(text: str) -> bool:
    """An exclamation mark, or capitals throughout."""
    letters = [char for char in text if char.isalpha()]
    capitals = sum(char.isupper() for char in letters)
    return "!" in text or (len(letters) >= _SHOUTING_FROM and capitals * 10 > len(letters) * 7)


def judge_kind(signs: Signs) -> tuple[Kind, str]:
    """The kind and the reason for it."""
    for judge in (_refuse, _by_rating, _complain, _wish, _thank, _lack):
        verdict = judge(signs)
        if verdict is not None:
            return verdict
    return "chatter", "chatter: nothing asked, blamed or praised"


def _refuse(signs: Signs) -> tuple[Kind, str] | None:
    """Spam and abuse: nothing in which a customer could be speaking of his own matter."""
    wronged = signs.count("complaint", "anger", "fault")
    if signs.count("spam") and (not wronged or (signs.count("spam") > 1 and not signs.count("matter"))):
        return "spam", f"spam: {signs.say('spam')}"
    if signs.sells and not wronged:
        return "spam", "spam: a link that sells, begs or pays for clicks"
    if signs.count("promotion") + signs.link > 1 and signs.count("promotion") and not signs.grievance:
        return "spam", f"spam: {signs.say('promotion')}{' with a link' if signs.link else ''}"
    if signs.mere_insult and not signs.grievance and not signs.asks and not (signs.rating or 0) > 2:
        return "abuse", f"abuse: {signs.say('insult')} and no grievance"
    return None


def _by_rating(signs: Signs) -> tuple[Kind, str] | None:
    if signs.rating is None or 2 < signs.rating < 4:
        return None
    stars = f"{signs.rating} star{'s' * (signs.rating != 1)}"
    if signs.rating <= 2:
        return "complaint", f"complaint: {stars}"
    return None if _wrong(signs) else ("praise", f"praise: {stars}")


def _wrong(signs: Signs) -> bool:
    """Whether what is wrong outweighs what is praised."""
    wrong = signs.count("complaint") + 2 * signs.count("anger", "contempt") + 2 * signs.count("insult")
    wrong += signs.count("vulgar") if signs.sneers else 0
    right = signs.count("praise") + 2 * signs.count("resolved")
    return wrong > 0 and wrong * 2 > right


def _complain(signs: Signs) -> tuple[Kind, str] | None:
    heated = signs.count("anger", "contempt", "insult")
    if signs.count("fault") and not heated:
        return "fault", f"fault: {signs.say('fault')}"
    if not _wrong(signs):
        return None
    if not heated and signs.count("suggestion"):
        return "suggestion", f"suggestion: {signs.say('suggestion')}"
    return "complaint", f"complaint: {signs.say('anger', 'complaint', 'contempt', 'insult', 'vulgar')}"


def _wish(signs: Signs) -> tuple[Kind, str] | None:
    if signs.count("suggestion"):
        return "suggestion", f"suggestion: {signs.say('suggestion')}"
    praised = signs.count("praise") and not signs.asks
    if signs.count("question") and not praised:
        return "question", f"question: {signs.say('question')}"
    if signs.count("request") and not praised:
        return "request", f"request: {signs.say('request')}"
    if signs.asks:
        return "question", "question: '?'"
    return None


def _thank(signs: Signs) -> tuple[Kind, str] | None:
    if signs.count("praise", "resolved"):
        return "praise", f"praise: {signs.say('praise', 'resolved')}"
    if signs.count("question", "interrogative"):
        return "question", f"question: {signs.say('question', 'interrogative')}"
    if signs.count("thanks"):
        return "praise", f"praise: {signs.say('thanks')}"
    return None


def _lack(signs: Signs) -> tuple[Kind, str] | None:
    """A bare statement about a customer's matter with a "not" in it: "the coupon is not accepted at the till"."""
    if signs.count("matter") and signs.count("lack"):
        return "complaint", f"complaint: {signs.say('lack')} with {signs.say('matter')}"
    return None


def judge_tone(signs: Signs, kind: Kind) -> tuple[Tone, str]:
    """The tone and the reason for it."""
    wrong = _wrong(signs)
    if kind == "abuse" or (wrong and signs.count("anger", "contempt", "insult", "vulgar")):
        return "angry", f"angry: {signs.say('anger', 'contempt', 'insult', 'vulgar')}"
    if kind == "complaint" and signs.shouts:
        return "angry", "angry: shouts"
    if kind == "complaint" and signs.count("complaint") >= _PILED:
        return "angry", f"angry: {signs.say('complaint')}"
    if kind == "complaint" and signs.rating == 1:
        return "angry", "angry: 1 star"
    if kind in ("complaint", "fault", "spam") or wrong:
        return "neutral", "neutral: no feeling named"
    praised = kind == "praise" or signs.count("praise")
    if praised and signs.count("vulgar"):
        return "neutral", f"neutral: {signs.say('vulgar')} beside praise"
    if praised:
        return "pleased", f"pleased: {signs.say('praise', 'thanks') or 'praise'}"
    return "neutral", "neutral: no feeling named"
