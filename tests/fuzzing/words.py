"""Fuzzed: what is read in sentences: commitments, personal data, kinds; checks, masks, template texts, typed times."""

from __future__ import annotations

import re
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from shutil import copytree
from typing import get_args
from zoneinfo import ZoneInfo

from caretool.desk.times import parse_past, parse_time
from caretool.domain import checks, masking
from caretool.domain.codes import Kind, Tone
from caretool.domain.draft import Check, Refusal
from caretool.domain.duration import Duration
from caretool.domain.harmless import block, one_line
from caretool.domain.limits import Limits
from caretool.domain.moment import spoken
from caretool.domain.policy import Settings
from caretool.domain.reading import Commitment, Text
from caretool.domain.wording import MissingValue, render, variables
from caretool.errors import UsageProblem
from caretool.language import commitments, personal
from caretool.language.reading import Reader
from caretool.platforms.registry import settings_models
from caretool.settings.loading import load
from tests.fuzzing.oracles import Group, aware, calm, hold, same, steady, writable

_ROME = ZoneInfo("Europe/Rome")
_LANGUAGES = ("it", "en", "es")
# A Monday at work, a Friday evening, both changes of the clock, the ends of months and years, a leap day, holidays.
_MOMENTS = [
    datetime.fromisoformat(f"{moment}:00Z")
    for moment in (
        "2026-11-23T08:12", "2026-11-27T22:59", "2026-10-25T00:30", "2026-10-25T01:30", "2027-03-28T00:59",
        "2026-12-31T22:30", "2026-12-24T17:00", "2028-02-29T11:00", "2027-01-31T23:30", "2027-02-28T06:00",
        "2026-08-14T12:00", "2026-11-29T12:00",
    )
]  # fmt: skip
_DATA = Path(__file__).parent.parent / "data" / "commitments"
_HOSTILE = "{{ company.name }} {% x %} \x1b[31m </script> =1+1"


@lru_cache(maxsize=1)
def _starter() -> Settings:
    with tempfile.TemporaryDirectory() as name:
        folder = copytree(str(files("caretool") / "starter"), Path(name) / "starter")
        return load(folder, settings_models())


@lru_cache(maxsize=1)
def _reader() -> Reader:
    settings = _starter()
    policy = settings.policy
    return Reader(
        languages=policy.company.languages,
        templates=settings.templates.values(),
        escalations=policy.escalations,
        patterns=policy.reply.patterns,
    )


def _find(texts: list[str], posted_at: datetime) -> list[tuple[Commitment, ...]]:
    policy = _starter().policy
    return commitments.find(
        texts,
        languages=_LANGUAGES,
        kinds=policy.promises,
        calendar=policy.response.calendar,
        zone=_ROME,
        posted_at=posted_at,
        commits=policy.reply.commits,
        harmless=policy.reply.harmless,
    )


def _moment_and_text(data: bytes) -> tuple[datetime, str]:
    return _MOMENTS[(data[0] if data else 0) % len(_MOMENTS)], data[1:].decode(errors="replace")


def _committed(data: bytes) -> None:
    """A reply: what commits us in it stands in it, by an aware time; what is refused says why."""
    posted_at, text = _moment_and_text(data)
    (found,) = _find([text], posted_at)
    kinds = {*_starter().policy.promises, "other", "check"}
    for one in found:
        hold(0 <= one.start < one.end <= len(text), "stands nowhere", one)
        hold(text[one.start : one.end] == one.excerpt and one.excerpt.strip(), "is not what stands there", one)
        hold(one.promise_kind in kinds, "is no kind", one)
        hold(not (one.vague and one.due_at), "is vague and has a time", one)
        hold(not one.relative or one.due_at, "moves without a time", one)
        if one.due_at is not None:
            aware(one.due_at)
            hold(abs(one.due_at.year - posted_at.year) < 300, "is never due", one)
    hold([one.start for one in found] == sorted(one.start for one in found), "are out of order", found)
    same(lambda: _find([text], posted_at)[0], found)
    same(lambda: _find(["Le scrivo domani.", text], posted_at)[1], found)
    _refused(text, found)
    steady(lambda longer: _find([longer], posted_at), text, 0.05)


def _refused(text: str, found: tuple[Commitment, ...]) -> None:
    reply = checks.ReplyText(
        text=text,
        language=_LANGUAGES[len(text) % 3],
        kinds=frozenset({"complaint"}),
        agent="Dario Verdi",
        limits=Limits(length=120),
        rules=_starter().policy.reply,
        personal=personal.find([text], {"own": r"\bBB-\d{4,8}\b"})[0],
        commitments=found,
        names=("Anna Rossi",),
        ours=("@bottegablu.example",),
    )
    refusals = checks.check(reply)
    for refusal in refusals:
        _explained(refusal, text)
    same(lambda: checks.check(reply), refusals)


def _explained(refusal: Refusal, text: str) -> None:
    hold(refusal.check in get_args(Check), "is no check", refusal)
    hold(refusal.excerpt in text, "is not in the text", refusal)
    calm(refusal.why)
    hold(refusal.suggest or "cannot be told" in refusal.why, "says not what would pass", refusal)
    calm(refusal.suggest or "-")


def _exposed(data: bytes) -> None:
    """A comment: personal data stands in it, and no more of it once it is masked; what is shown obeys nobody."""
    text = data.decode(errors="replace")
    (found,) = personal.find([text], {})
    for one in found:
        hold(0 <= one.start < one.end <= len(text), "stands nowhere", one)
        hold(text[one.start : one.end] == one.excerpt, "is not what stands there", one)
    same(lambda: personal.find([text], {})[0], found)
    if len(text) <= masking.READ:
        hidden = masking.masked(text, [(one.start, one.end, one.what) for one in found])
        for one in found:
            again = [other for other in personal.find([hidden], {})[0] if one.excerpt in other.excerpt]
            hold(not again or hidden.count(one.excerpt) < text.count(one.excerpt), "is not masked", one, hidden)
    hold(not re.search(r"\d{5}", masking.masked(text, None)), "is not masked", masking.masked(text, None))
    for shown in (one_line(text), one_line(text, 40), *block(text).split("\n")):
        hold(shown.isprintable() or not shown.strip() or _spaced(shown), "holds what a terminal obeys", shown)
        writable(shown)
    hold(len(one_line(text, 40)) <= 40 and block(block(text)) == block(text), "is not cut, or changes again", text)
    steady(lambda longer: personal.find([longer], {}), text, 0.05)


def _spaced(shown: str) -> bool:
    """Blanks of other widths are no letters to `isprintable`, and harmless."""
    return all(character.isprintable() or character.isspace() for character in shown) and "\n" not in shown


def _read(data: bytes) -> None:
    """A comment, read: one of the kinds and tones, with reasons, the same every time."""
    text = Text(data[1:].decode(errors="replace"), "it", rating=data[0] % 6 or None if data else None)
    (reading,) = _reader().read([text])
    hold(reading.kind in get_args(Kind) and reading.tone in get_args(Tone), "is none of ours", reading)
    hold(0 <= reading.confidence <= 1, "is no confidence", reading)
    for start, end, _ in reading.exposed:
        hold(0 <= start < end <= len(text.text), "stands nowhere", reading)
    for reason in reading.reasons:
        writable(reason)
    same(lambda: _reader().read([Text("grazie", "it"), text])[1], reading)
    steady(lambda longer: _reader().read([Text(longer, "it")]), text.text, 0.05)
    for remark in _reader().take_remarks():
        calm(remark)


def _filled(data: bytes) -> None:
    """A template's text: refused in a sentence, or filled with values that stay values."""
    source = data.decode(errors="replace")
    try:
        names = variables(source)
    except UsageProblem as problem:
        calm(str(problem))
        same(lambda: _refuses(source), True)
        return
    try:
        text = render(source, _values(names))
    except (UsageProblem, MissingValue) as problem:
        calm(str(problem))
        nested = any(name != other and other.startswith(f"{name}.") for name in names for other in names)
        hold(nested or isinstance(problem, UsageProblem), "lacks what it was given", source, names)
    else:
        hold(len(text) <= len(source) * (len(_HOSTILE) + 2), "is longer than its parts", len(text))
        hold(not (names and "{%" not in source) or _HOSTILE in text, "is not shown as it is", source)
    try:
        render(source, {})
    except (UsageProblem, MissingValue) as problem:
        calm(str(problem))
        hold(not isinstance(problem, MissingValue) or problem.name in names, "names what is not there", source)


def _refuses(source: str) -> bool:
    try:
        variables(source)
    except UsageProblem:
        return True
    return False


def _values(names: Iterable[str]) -> Mapping[str, object]:
    whole: dict[str, object] = {}
    for name in sorted(names, key=len):
        inner = whole
        *steps, last = name.split(".")
        for step in steps:
            below = inner.setdefault(step, {})
            inner = below if isinstance(below, dict) else {}
        inner[last] = _HOSTILE
    return whole


def _typed(data: bytes) -> None:
    """A TIME as it is typed in a command, ahead and back, and a length of time."""
    now, text = _moment_and_text(data)
    calendar = _starter().policy.response.calendar
    for parsed in (lambda: parse_time(text, now, _ROME, calendar), lambda: parse_past(text, now, _ROME)):
        try:
            moment = parsed()
        except UsageProblem as problem:
            calm(str(problem))
        else:
            hold(moment.tzinfo is not None and moment.utcoffset() is not None, "has no zone", text, moment)
    try:
        length = Duration.parse(text)
    except ValueError as problem:
        calm(str(problem))
        return
    hold(Duration.parse(str(length)) == length, "is another length", text, length)


def _said(data: bytes) -> None:
    """A time that we say is the time that is found, in each language we say it in."""
    posted_at, _ = _moment_and_text(data)
    minutes = int.from_bytes(data[1:4], "big") % (200 * 24 * 60)
    due_at = (posted_at + timedelta(minutes=minutes + 1)).replace(second=0, microsecond=0)
    says = {"it": "le rispondo qui {}.", "en": "I will answer you here {}.", "es": "le respondo aquí {}."}
    for language, sentence in says.items():
        text = sentence.format(spoken(due_at, language, _ROME))
        (found,) = _find([text], posted_at)
        hold([one.due_at for one in found] == [due_at], "is found as another time", text, found, due_at.isoformat())
        hold(not found[0].relative and not found[0].vague, "moves", text, found)


def _seeds() -> Iterator[bytes]:
    for path in sorted(_DATA.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
            text = re.search(r'"text": "((?:[^"\\]|\\.)*)"', line)
            if text and number % 2 == 0:
                yield b"c" + bytes([65 + number % len(_MOMENTS)]) + text[1].encode()
    for settings_text in _starter().templates.values():
        for wording in settings_text.replies.values():
            yield from (f"f{text}".encode() for text in (wording.public, wording.together, wording.private) if text)
        for examples in settings_text.examples.values():
            yield from (f"kA{text}".encode() for text in examples)
    for example in _starter().policy.examples:
        yield f"kB{example.text}".encode()
        yield f"e{example.text}".encode()
    for text in _PERSONAL:
        yield f"e{text}".encode()
        yield f"cA{text}".encode()
    for text in ("3h", "2 working days", "2026-11-26", "2026-11-26 18:00", "18:00", "2026-11-26T18:00:00+01:00", "90m"):
        yield f"tA{text}".encode()
    yield from (bytes([ord("s"), 65 + at, at, 77, 200]) for at in range(len(_MOMENTS)))
    yield b"f{% if promises.callback is defined and not x %}{{ promises['callback'].when }}{% endif %}{# c #}"
    yield b"f{{ (1).__class__ }}{% for a in b %}{{ a|e }}{% endfor %}{{ self }}{{ a.b.c() }}"


_PERSONAL = (
    "scriva a anna.rossi@example.com o chiami il 333 1234567", "IBAN IT60X0542811101000000123456 grazie",
    "carlo (at) gmail punto com", "codice fiscale RSSCRL80A01H501U", "carta 4111 1111 1111 1111",
    "numero d’ordine: BB-12345678", "abito in via Roma 12, Firenze", "I live at 221B Baker Street",
    "Call me on 07700 900123, please", "P. IVA 12345670017 @anna@social.example https://x.example/4111111111111111",
    "\x1b[31mrosso\x1b[0m \u202egnp.exe Z\u0301\u0302\u0303\u0304\u0305\u0306 \u200b\u3164\ufeff",
)  # fmt: skip


def _words() -> Iterable[str]:
    grammar = files("caretool") / "language" / "grammar"
    found: set[str] = set()
    for language in _LANGUAGES:
        text = (grammar / f"{language}.toml").read_text(encoding="utf-8")
        tomllib.loads(text)
        found |= set(re.findall(r"[^\W\d_]{4,}", text))
    odd = {"\u202e", "\u0301", "{{ ", " }}", "{% if ", "{% endif %}", "+39 333 ", "entro il ", "working days"}
    more = "@x.it n. 31/12 24:00 48h by se if alle 18 29 febbraio"
    return sorted({*sorted(found)[::4], *odd, *more.split()})


GROUP = Group(
    name="commitments",
    readers={
        "c": _committed,
        "e": _exposed,
        "k": _read,
        "f": _filled,
        "t": _typed,
        "s": _said,
    },
    seeds=_seeds,
    words=_words,
    longest=2_000,
    seconds=0.5,
    per_byte=0.001,
)
