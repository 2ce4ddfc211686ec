"""How we speak to people: the register (Lei, tu, voi), the greeting, the signature (R5; pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import Final, Literal

Register = Literal["lei", "tu", "voi", "usted", "vosotros"]
Signing = Literal["append", "none"]
Registers = Mapping[str, Register]
"""Which register in which language."""

REGISTERS: Final[Mapping[str, tuple[Register, ...]]] = {
    "it": ("lei", "tu", "voi"),
    "es": ("usted", "tu", "vosotros"),
}
_PLURALS: Final[Mapping[str, Mapping[Register, Register]]] = {
    "it": {"lei": "voi", "tu": "voi"},
    "es": {"tu": "vosotros"},  # the plural of usted is ustedes, and counts as usted
}
_FAMILIAR: Final = frozenset({"tu", "vosotros"})
# From which hour on how one greets; the first begins with the day.
_GREETINGS: Final[Mapping[str, tuple[tuple[time, str], ...]]] = {
    "it": ((time(0), "Buongiorno"), (time(17), "Buonasera")),
    "es": ((time(0), "Buenos días"), (time(14), "Buenas tardes"), (time(20), "Buenas noches")),
    "en": ((time(0), "Hello"),),
}
_FAMILIAR_GREETINGS: Final = {"it": "Ciao", "es": "Hola", "en": "Hello"}


@dataclass(frozen=True, slots=True)
class AccountVoice:
    """What one account says otherwise than the company; None and empty: as the company does."""

    register: Registers = field(default_factory=dict)
    signature: Signing | None = None


@dataclass(frozen=True, slots=True)
class ThreadVoice:
    """How people are spoken to under one thread, by its address or its native id."""

    thread: str
    register: Registers


@dataclass(frozen=True, slots=True)
class Voice:
    """How the company speaks. A language without a register: nobody has said, and nothing is held against a text."""

    register: Registers = field(default_factory=dict)
    signature: Signing = "none"
    accounts: Mapping[str, AccountVoice] = field(default_factory=dict)
    threads: tuple[ThreadVoice, ...] = ()


def wanted_register(
    voice: Voice, of_template: Registers, language: str, account: str, thread: Sequence[str | None]
) -> Register | None:
    """The register of a reply: the nearest that was said of thread, template, account, company; None: nobody said.

    `thread` is how the thread may be named: its native id, its address.
    """
    names = {_bare(name) for name in thread if name}
    threads = (one.register for one in voice.threads if _bare(one.thread) in names)
    account_voice = voice.accounts.get(account, AccountVoice())
    for registers in (*threads, of_template, account_voice.register, voice.register):
        if language in registers:
            return registers[language]
    return None


def _bare(thread: str) -> str:
    return thread.strip().rstrip("/")


def signs(voice: Voice, account: str | None) -> bool:
    """Whether a reply on this account ends with the agent's signature (None: on none in particular)."""
    own = voice.accounts.get(account or "", AccountVoice()).signature
    return (own or voice.signature) == "append"


def signed(text: str, signature: str | None, names: Sequence[str] = ()) -> str:
    """The text with the signature on a line of its own, unless the text shows it already. `names` are the people it
    speaks to: one of the same name is no signature."""
    if not signature:
        return text
    others = text
    for name in names:
        others = others.replace(name, " ", 1)
    if re.search(rf"(?<!\w){re.escape(_folded(signature))}(?!\w)", _folded(others)):
        return text
    return f"{text}\n{signature}"


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def greeting(called: str, language: str, register: Register | None, hour: time) -> str:
    """`{{ greeting }}`: "Buongiorno Sig.ra Rossi", "Ciao Anna, Bruno e Carla", "Hello Anna".

    `called` is who it greets, as they may be called in our voice (`address`): nobody's gender or title is guessed.
    `register` None greets politely. `hour` is the clock at the desk. English, and any language that is not known here,
    greets alike at any hour.
    """
    code = language if language in _GREETINGS else "en"
    if register in _FAMILIAR:
        word = _FAMILIAR_GREETINGS[code]
    else:
        word = next(word for begin, word in reversed(_GREETINGS[code]) if hour >= begin)
    return f"{word} {called}"


def accepted(register: Register, language: str, *, several: bool) -> frozenset[Register]:
    """The registers a text may show where this one is wanted: of `several` people, that of their plural."""
    plural = _PLURALS.get(language, {}).get(register, register)
    return frozenset({plural}) if several else frozenset({register})


def wrong_registers(text: str, language: str, register: Register | None, *, several: bool) -> frozenset[Register]:
    """The registers in a text that contradict the one wanted (None: none does)."""
    if register is None:
        return frozenset()
    return registers_in(text, language) - accepted(register, language, several=several)


def registers_in(text: str, language: str) -> frozenset[Register]:
    """The registers in which a text speaks to whoever reads it; empty where it does not show, and in English.

    Narrow: words that could be of somebody else ("il suo", "per lei", "le spedisco") count only where nothing else
    tells, and what stands between quotation marks does not.
    """
    return frozenset(betraying(text, language))


def betraying(text: str, language: str) -> dict[Register, str]:
    """The same, each with the first words that betray it."""
    plain = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), text).replace("’", "'")
    for cues in (_CUES, _HINTS):
        found = {
            register: match[0]
            for register, cue in cues.get(language, {}).items()
            if (match := cue.search(plain)) is not None
        }
        if found:
            return found
    return {}


def _cue(*words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w'])(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)


_QUOTED: Final = re.compile(r"«[^»\n]{1,200}»|[“\"][^”\"\n]{1,200}[”\"]")
# "la" and "le" are articles, too: before a verb in the first person they are whom we speak to, or what we speak of ("le
# scarpe le ho spedite"). Some things are only done to people.
_WE_TELL_IT: Final = (
    r"(?:prego|prometto|(?:ringrazi|rispond|scriv|richiam|chied|assicur|augur|rimbors|garantisc|aggiorn|contatt|salut)"
    r"(?:o|iamo|eremo|iremo|erò|irò))"
)
_WE_DO_IT: Final = (
    r"(?:ho|abbiamo|avrò|posso|possiamo|do|dò|diamo|darò|farò|faccio|voglio|vorrei|devo|tengo|metto"
    r"|\w{3,}(?:iamo|emo|erò|irò)|(?:mand|invi|conferm|aspett|propon|segnal|comunic|sped|spedisc|restituisc|offr|regal"
    r"|consigli|suggerisc|anticip|ricord|indic|spieg|lasci|chiam|accompagn|capisc|aiut|verific|raccont|dic|inoltr|gir)o)"
)
_PLEASE_IT: Final = (
    r"(?:scriva|mandi|invii|dica|contatti|scusi|perdoni|chiami|risponda|legga|guardi|provi|chieda|attenda|controlli"
    r"|segnali|indichi|inoltri|creda|permetta|lasci|spieghi|racconti|confermi|faccia|aspetti|passi)"
)
_TO_IT: Final = "(?:risponder|scriver|mandar|inviar|dir|dar|far|spedir|rimborsar|chieder|assicurar|garantir|offrir)"
_WHOM_IT: Final = "(?:aiutar|richiamar|ringraziar|contattar|sentir|risentir|invitar|rassicurar|aggiornar|accoglier)"
# "Mi mandi" is an order to Lei, and after these what you do.
_NO_ORDER_IT: Final = "(?<!se )(?<!quando )(?<!appena )(?<!che )"
# "sei" is six, and "ha", "può", "deve" are anybody's: they tell nothing.
_CUES: Final[Mapping[str, Mapping[Register, re.Pattern[str]]]] = {
    "it": {
        "lei": _cue(
            r"lei (?:ha|è|può|vuole|deve|aveva|voleva|stess[oa]|scrive|dice|trova|riceve|aspetta)",
            rf"(?<!te )(?<!ve )(?:le|la) (?:ne )?{_WE_TELL_IT}",
            rf"gliel[aoie] (?:{_WE_TELL_IT}|{_WE_DO_IT})",
            rf"{_NO_ORDER_IT}(?:mi|ci|me|ce) (?:l[aoie] |ne )?{_PLEASE_IT}",
            rf"{_NO_ORDER_IT}{_PLEASE_IT} (?:pure|anche pure|qui|a me)",
            f"{_TO_IT}le",
            f"{_WHOM_IT}la",
        ),
        "tu": _cue(
            *("ti", "tu", "tua", "tuo", "tuoi", "tue", r"t'\w+", r"(?:a|per|con|di|da|su) te"),
            *("hai", "puoi", "vuoi", "devi", "potrai", "avrai", "riceverai", "troverai", "vedrai", "potresti"),
            r"(?:scrivi|manda|invia|dim|fam|rispondi|chiama|conferma|lascia|segnala|indica|racconta|spiega)m[ie](?:l[oaie])?",
            "(?:scrivi|manda|invia|dic|facc|rispondi|chiama|contatta|conferma|segnala|racconta)ci",
            f"(?:{_TO_IT}|{_WHOM_IT})ti",
        ),
        "voi": _cue(
            *(r"vi(?! (?:è|era|sarà|sia)(?!\w))", "voi", "vostr[aoie]", r"v'(?!è(?!\w))\w+", "ve l[aoie]", "ve ne"),
            *("avete", "siete", "potete", "volete", "dovete", "sapete", "potrete", "avrete", "riceverete", "troverete"),
            "(?:scrive|manda|invia|di|fa|risponde|chiama|conferma|segnala|indica|racconta)te(?:mi|ci|mel[oaie]|cel[oaie])",
            f"(?:{_TO_IT}|{_WHOM_IT})vi",
        ),
    },
    "es": {
        "usted": _cue(
            "ustedes?",
            "(?:contestar|responder|escribir|enviar|decir|dar|ayudar)les?",
            r"(?:escr[ií]ba|env[ií]e|mande|d[ií]ga|h[aá]ga|ind[ií]que|conf[ií]rme|cont[aá]cte|perm[ií]ta|disc[uú]lpe"
            r"|perd[oó]ne|cu[eé]nte|ll[aá]me)n?(?:me|nos)(?:l[oa]s?)?",
        ),
        "tu": _cue(
            *("tú", "ti", "te", "tus?", "tuy[oa]s?", "contigo", "puedes", "quieres", "tienes", "has", "eres", "debes"),
            *("podrás", "tendrás", "recibirás", "verás"),
            r"(?:escr[ií]be|env[ií]a|m[aá]nda|d[ií]|h[aá]z|ind[ií]ca|conf[ií]rma|cont[aá]cta|cu[eé]nta|ll[aá]ma)(?:me|nos)"
            r"(?:l[oa]s?)?",
            "(?:responder|escribir|enviar|decir|dar|ayudar|llamar|contestar)te",
        ),
        "vosotros": _cue(
            *("vosotr[oa]s", "os", "vuestr[oa]s?"),
            *("podéis", "queréis", "tenéis", "habéis", "sois", "debéis", "podréis"),
            "(?:escribid|enviad|mandad|decid|haced|indicad|confirmad|contactad|contad|llamad)(?:me|nos)(?:l[oa]s?)?",
        ),
    },
}
_HINTED_IT: Final = rf"(?<!te )(?<!ve )(?:le|la) (?:ne )?{_WE_DO_IT}"
_HINTS: Final[Mapping[str, Mapping[Register, re.Pattern[str]]]] = {
    "it": {"lei": _cue("suo", "sua", "suoi", "sue", r"(?:a|per|con|di|da|su) lei", _HINTED_IT)},
    "es": {
        "usted": _cue(
            *("su", "sus", "suy[oa]s?"),
            r"les? (?:he|hemos|(?:escrib|respond|contest|env[ií]|mand|confirm|llam|agrade|asegur|devolve|ofre|prome)\w*"
            r"|pido|ruego|esperamos|atiendo|atendemos)",
        )
    },
}
