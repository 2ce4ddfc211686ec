"""What must never stand in public (R8): e-mail, phone, bank account, card, tax code, order number, street address."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from caretool.domain.reading import PersonalData

if TYPE_CHECKING:
    import regex

# A company's own expression sees the text through windows: most that backtrack then have time enough in a long e-mail.
_WINDOW = 1_000
_OVERLAP = 200
# Seconds of processor time for one expression and text, and after how many texts that took longer it is used no more.
_TIME = 0.05
_PATIENCE = 3
_LOOK_BACK = 40
_SHORTEST_PHONE = 9

_WORTH_A_LOOK = re.compile(r"[\d@]|\bat\b|chiocciola", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+%@-])\w[\w.+%-]{0,127}@(?:[\w-]{1,63}\.){1,6}[^\W\d_]{2,24}(?![\w@])")
# "carlo (at) gmail punto com": the dot is spelt out wherever the at stands bare, or "meet us at shop.example" is one.
_DOT = r"(?:\s?[(\[]\s?(?:dot|punto|\.)\s?[)\]]\s?|\s(?:dot|punto)\s)"
_SPELT_EMAIL = re.compile(
    rf"""(?<![\w.+@-])\w[\w.+-]{{0,63}}
    (?: \s?[(\[]\s?(?:at|chiocciola)\s?[)\]]\s? [\w-]{{1,63}} (?:{_DOT}|\.)
    | \s(?:at\s(?!the\b|an?\b|our\b|your\b)|chiocciola\s) [\w-]{{1,63}} {_DOT}
    | \schiocciola\s [\w-]{{1,63}} \. )
    (?:[\w-]{{1,63}} (?:{_DOT}|\.)){{0,2}} [^\W\d_]{{2,24}} (?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
_IBAN = re.compile(r"(?<![^\W_])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}", re.IGNORECASE | re.ASCII)
_TAX_CODE = re.compile(
    r"(?<!\w)[A-Z]{3} ?[A-Z]{3} ?[\dLMNP-V]{2}[A-EHLMPR-T][\dLMNP-V]{2} ?[A-Z][\dLMNP-V]{3}[A-Z](?!\w)",
    re.IGNORECASE | re.ASCII,
)
_LABEL = r"[\s:=(]{0,3}(?:(?:è|e'|is|n\.?|no\.?|number)[\s:]{1,2})?$"
_TAX_CODE_LABEL = re.compile(
    rf"(?<!\w)(?:cod(?:ice|\.)?\s?fisc(?:ale|\.)?|c\.?\s?f\.?|(?:tax|fiscal)\scode){_LABEL}", re.IGNORECASE
)
_VAT_LABEL = re.compile(
    rf"(?<!\w)(?:p(?:artita|\.)?\s?iva|vat(?:\s(?:number|no\.?|id|reg\.?))?){_LABEL}", re.IGNORECASE
)
_PHONE_WORD = (
    r"(?<!\w)(?:call|phone|tel\.?|telefon\w+|cell\.?|cellulare|mobile|text|ring|number|numero|whatsapp|chiam\w+)"
)
_SAYS_PHONE = re.compile(rf"\+|{_PHONE_WORD}", re.IGNORECASE)
_PHONE_LABEL = re.compile(
    rf"""{_PHONE_WORD}
    (?:\s(?:me|us|number|qui|pure|anche|here|di\stelefono)){{0,2}}
    (?:\s(?:on|at|al|allo|il|è|is|n\.))? [\s:.(]{{0,3}}$""",
    re.IGNORECASE | re.VERBOSE,
)
_CARD = re.compile(r"(?<![\w.,/-])[3-6]\d{3}(?:[ -]?\d){11,12}(?!\w)", re.ASCII)
_URL = re.compile(r"(?:https?://|www\.)\S{1,2000}", re.IGNORECASE)

_MARK = r"(?:numero|number|num\b\.?|no\b\.?|nr\b\.?|n\b\.?\s?[°º]?|id\b|code|codice|ref\b\.?|\#|№)"
_ORDER = re.compile(
    rf"""(?<!\w)
    (?: (?P<before>{_MARK}) \s? (?:d[’']\s?|(?:di|del|of)\s)? (?:(?:mio|suo|tuo|the|my|your)\s)? )?
    (?: ordin[ei] | orders? | ord\. )
    (?: [\s:,(]{{0,3}} (?P<after>{_MARK}) )?
    [\s:(]{{0,3}} (?: (?:è|is|was|era)\s (?P<copula>(?:(?:il|la|the)\s)?) (?:{_MARK}\s?)? )?
    (?P<token> (?=[\w\#/.-]{{0,40}}\d) \#? \w{{1,20}} (?:[-/.]\w{{1,20}}){{0,5}} )
    (?! \w | [,.]\d | \s?(?: € | % | euro | eur | gbp | usd | pezzi | pz | articoli | giorni | ore | volte
        | pieces | items | units | copies | days | hours | times ) )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+", re.ASCII)
_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}(?:\1\d{1,4})?", re.ASCII)
_DAY = re.compile(r"(?:0?[1-9]|[12]\d|3[01])([-./])(?:0?[1-9]|1[0-2])\1(?:19|20)\d\d(?:\s\d{1,2})?", re.ASCII)

_NAME = r"(?:(?:di|de|dei|degli|della|delle|del|d['’]|san|santa)\s?)?[A-ZÀ-Ý][\w.'’]{0,30}"
_STREET = re.compile(
    rf"""(?<!\w)(?: (?i:via|viale|v\.le|piazza|p\.zza|piazzale|corso|c\.so|largo|vicolo|strada)
        \s {_NAME} (?:\s{_NAME}){{0,3}} ,?\s (?:n\.?\s?[°º]?\s?)? \d{{1,3}}(?:/?[A-Za-z])?
        (?! [\w:/] | [.,]\d | \s?(?:\d|€|%|ore\b) )
    | \d{{1,4}}[A-Za-z]? \s [A-Z][\w'’]{{1,30}} (?:\s[A-Z][\w'’]{{1,30}}){{0,2}}
        \s (?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive|Square|Boulevard|Terrace|Crescent) (?!\w) )""",
    re.VERBOSE,
)


class OwnPatterns:
    """The company's own regular expressions at work, each for 50 ms of processor time a text at most. One that needed
    more on three texts is not tried again. Not for several threads at once."""

    def __init__(self, patterns: Mapping[str, str]) -> None:
        """`patterns` by name, already validated."""
        self._patterns = dict(patterns)
        self._overruns: Counter[str] = Counter()
        self._remarks: list[str] = []

    def find(self, text: str) -> Iterator[PersonalData]:
        """What they find in a text; for each that could not be tried to the end, that the text is unchecked."""
        for name, pattern in self._patterns.items():
            if self._overruns[name] < _PATIENCE:
                try:
                    yield from _searched(text, name, _compiled(pattern))
                    continue
                except TimeoutError:
                    self._count(name)
            yield PersonalData(name, "", 0, 0, unchecked=True)

    def take_remarks(self) -> list[str]:
        """A sentence for each that took too long, and again once it is used no more; each is told once."""
        remarks, self._remarks = self._remarks, []
        return remarks

    def _count(self, name: str) -> None:
        self._overruns[name] += 1
        slow = f"reply.patterns.{name} in policies.toml takes too long on some texts:"
        if self._overruns[name] == 1:
            self._remarks.append(f"{slow} what it looks for is not found there.")
        if self._overruns[name] == _PATIENCE:
            self._remarks.append(f"{slow} it is not used any more in this run; say it more simply.")


def find(texts: Sequence[str], patterns: Mapping[str, str] | OwnPatterns) -> list[tuple[PersonalData, ...]]:
    """The personal data in each text, in the order of the text.

    `patterns` are the company's own regular expressions by name (already validated); `what` of their findings is that
    name. Who reads text after text hands over one `OwnPatterns`, which remembers those that take too long. Built in:
    e-mail, iban, tax-code, card, order (the number, where the words around it say so), phone (Italian ones,
    international ones with their +, and what is called one: "call 07700 900123"), address. What lies inside another
    finding is left out. A fediverse handle (`@anna@social.example`) is no e-mail.
    """
    own = patterns if isinstance(patterns, OwnPatterns) else OwnPatterns(patterns)
    return [_find(text, own) for text in texts]


def _find(text: str, own: OwnPatterns) -> tuple[PersonalData, ...]:
    found: list[PersonalData] = []
    taken = bytearray(len(text))
    # The surest readings come first: a phone number "found" inside an IBAN is dropped.
    for finding in [*own.find(text), *(_built_in(text) if _WORTH_A_LOOK.search(text) else ())]:
        if finding.unchecked or 0 in taken[finding.start : finding.end]:
            found.append(finding)
            taken[finding.start : finding.end] = b"\1" * (finding.end - finding.start)
    return tuple(sorted(found, key=lambda finding: (finding.start, finding.end)))


def _searched(text: str, name: str, pattern: regex.Pattern[str]) -> list[PersonalData]:
    """All that one expression finds; TimeoutError where its time is over."""
    began = time.process_time()
    found: list[PersonalData] = []
    for begin in range(0, len(text), _WINDOW - _OVERLAP):
        left = _TIME - (time.process_time() - began)
        if left <= 0:
            raise TimeoutError
        matches = pattern.finditer(text, begin, begin + _WINDOW, timeout=left)
        found += [PersonalData(name, match[0], match.start(), match.end()) for match in matches if match[0]]
    return found


def _built_in(text: str) -> Iterator[PersonalData]:
    yield from (_finding("e-mail", match) for pattern in (_EMAIL, _SPELT_EMAIL) for match in pattern.finditer(text))
    yield from _ibans(text)
    yield from _tax_codes(text)
    without_links = _URL.sub(lambda match: " " * len(match[0]), text)
    yield from _cards(without_links)
    yield from _orders(without_links)
    yield from _phones(without_links)
    yield from (_finding("address", match) for match in _STREET.finditer(text))


def _ibans(text: str) -> Iterator[PersonalData]:
    for match in _IBAN.finditer(text):
        from stdnum import iban

        # The expression runs on into the words that follow: the country's length and check digits say where to stop.
        ends = range(match.end(), match.start() + 14, -1)
        end = next((end for end in ends if text[end - 1].isalnum() and iban.is_valid(text[match.start() : end])), None)
        if end is not None:
            yield PersonalData("iban", text[match.start() : end], match.start(), end)


def _tax_codes(text: str) -> Iterator[PersonalData]:
    for match in _TAX_CODE.finditer(text):
        from stdnum.it import codicefiscale

        # A slip in a code that is called one still points at a person.
        if codicefiscale.is_valid(match[0].replace(" ", "")) or _after(_TAX_CODE_LABEL, text, match.start()):
            yield _finding("tax-code", match)


def _cards(text: str) -> Iterator[PersonalData]:
    for match in _CARD.finditer(text):
        from stdnum import luhn

        if luhn.is_valid(re.sub(r"\D", "", match[0])):
            yield _finding("card", match)


def _orders(text: str) -> Iterator[PersonalData]:
    for match in _ORDER.finditer(text):
        token = match["token"].removeprefix("#")
        marked = match["before"] or match["after"] or match["copula"] or token != match["token"]
        digits = sum(character.isdigit() for character in token)
        if digits >= (2 if marked else 3) and not _DATE.fullmatch(token):
            end = match.end("token")
            yield PersonalData("order", token, end - len(token), end)


def _phones(text: str) -> Iterator[PersonalData]:
    if sum(character.isdigit() for character in text) < 6:
        return
    from phonenumbers import Leniency, PhoneNumberMatcher

    taken: list[PersonalData] = []
    for leniency in (Leniency.VALID, Leniency.POSSIBLE) if _SAYS_PHONE.search(text) else (Leniency.VALID,):
        for match in PhoneNumberMatcher(text, "IT", leniency=leniency):
            if any(match.start < other.end and other.start < match.end for other in taken):
                continue
            if leniency == Leniency.POSSIBLE and not _called_a_phone(text, match.start, match.raw_string):
                continue
            other_number = _THOUSANDS.fullmatch(match.raw_string) or _DAY.fullmatch(match.raw_string)
            if not other_number and not _after(_VAT_LABEL, text, match.start):
                taken.append(PersonalData("phone", match.raw_string, match.start, match.end))
    yield from taken


def _called_a_phone(text: str, start: int, number: str) -> bool:
    """Whether a number that no plan knows (of a range nobody has yet, or that only its own country dials) is one."""
    digits = sum(character.isdigit() for character in number)
    if digits < _SHORTEST_PHONE:
        return False
    return number.startswith("+") or (number.startswith(("0", "3")) and _after(_PHONE_LABEL, text, start))


def _after(label: re.Pattern[str], text: str, start: int) -> bool:
    """Whether what stands at `start` is introduced by the label."""
    return label.search(text[max(0, start - _LOOK_BACK) : start]) is not None


def _finding(what: str, match: re.Match[str]) -> PersonalData:
    return PersonalData(what, match[0], match.start(), match.end())


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> regex.Pattern[str]:
    import regex

    return regex.compile(pattern, regex.V0)
