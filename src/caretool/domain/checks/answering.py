"""Whether it is an answer at all: in the language of who asked, in the register of the house, to the question."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from caretool.domain.checks.promising import without_time
from caretool.domain.checks.reply_text import OPENING, ReplyText
from caretool.domain.checks.spans import folded
from caretool.domain.draft import Refusal
from caretool.domain.harmless import one_line
from caretool.domain.reading import Sought
from caretool.domain.respeaking import respoken
from caretool.domain.voice import betraying

_LANGUAGES: Final = {"it": "Italian", "en": "English", "es": "Spanish"}
_LONGEST_QUESTION: Final = 90

# What answers any question: a link, a yes or a no, a question back, where it goes on, that we do not know yet.
_ANSWERS_ALL: Final = re.compile(
    r"""https?:// | www\. | \? | (?<!\w)(?:
      no | certo | certamente | esatto | purtroppo | volentieri | assolutamente | in[ ]privato | messaggio[ ]privato
    | (?:mi|ci)[ ](?:scriv|mand|dic|indic|invi|pass|racconti|risponda|contatti|chiami|telefoni|cerchi)\w* | scriv[ae]\w*
    | scrivet\w+ | mandatem\w+ | dit(?:em|ec)i | chiamatec\w+ | (?:ancora[ ])?non[ ](?:lo[ ])?(?:so|sappiamo)
    | yes | yep | sure | certainly | of[ ]course | unfortunately | i'm[ ]afraid | absolutely | private[ ]message
        | in[ ]private
    | (?:send|tell|message|write|email|call|drop|give|let|dm)[ ](?:to[ ])?(?:me|us) | (?:don't|do[ ]not)[ ]know[ ]yet
    | claro | por[ ]supuesto | lamentablemente | por[ ]privado | mensaje[ ]privado | (?:escriba|escribe|mande|diga
        |envie)\w*
    | no[ ]lo[ ]sabemos
    | non[ ](?:\w+[ ]){0,2}ancora | ancora[ ]non | not[ ](?:\w+[ ])?yet | todavia[ ]no | aun[ ]no
    | (?:e|sono|trova)[ ](?:scritt|indicat|riportat|elencat)[oaie] | (?:nella|sulla)[ ](?:scheda|pagina)
    | (?:listed|written|shown)[ ](?:on|in|at) | fuori[ ]produzione | esaurit[oaie] | sold[ ]out | out[ ]of[ ]stock
    | discontinued | agotad[oa]s?
    )(?!\w) | (?:\A|[.!?,:;][ ])si[,.!: ;]""",
    re.VERBOSE,
)
_YES: Final = re.compile(r"(?<!\w)(?:sì|sí)(?!\w)", re.IGNORECASE)
# "Sei" is "you are", too, and "one" may be a lamp.
_NUMBER: Final = (
    r"\d|(?<!\w)(?:due|tre|quattro|cinque|sette|otto|nove|dieci|undici|dodici|quindici|cento|duecento"
    r"|(?:vent|trent|quarant|cinquant|sessant|settant|ottant|novant)[aio]?(?:uno|due|tre|quattro|cinque|sei|sette|otto"
    r"|nove)?|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|hundred"
    r"|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|doce|quince|veinte|treinta|cuarenta|cincuenta|cien)(?!\w)"
)
_SOME: Final = _NUMBER + r"|(?<!\w)one(?!\w)"
_DATA: Final[Mapping[Sought, re.Pattern[str]]] = {
    "how-much": re.compile(
        _NUMBER + r"|[€$£]|(?<!\w)(?:euros?|gratis|gratuit\w*|omaggio|inclus\w+|compres\w+|regal\w+|meno di"
        r"|senza (?:spese|costi)|free|included|less than|under|menos de"
        r"|no (?:charge|cost|fee)|gratuito|incluid\w+|sin coste|sconto|meta prezzo|half price)(?!\w)"
    ),
    "when": re.compile(
        _NUMBER
        + r"|(?<!\w)(?:oggi|domani|dopodomani|ieri|stasera|stamattina|mattin\w+|pomeriggio|sera|subito|adesso|gia"
        r"|settiman\w+"
        r"|mes[ei]|lunedi|martedi|mercoledi|giovedi|venerdi|sabato|domenica|gennaio|febbraio|marzo|aprile|maggio"
        r"|giugno|luglio"
        r"|agosto|settembre|ottobre|novembre|dicembre|natale|pasqua|primavera|estate|autunno|inverno|ogni"
        r"|tutti i giorni"
        r"|chius\w+|closed|cerrad[oa]s?"
        r"|today|tomorrow|yesterday|tonight|morning|afternoon|evening|now|already|week\w*|months?|\w{3,6}days?|january"
        r"|february"
        r"|march|april|may|june|july|august|september|october|november|december|christmas|easter|spring|summer"
        r"|autumn|winter"
        r"|hoy|manana|ayer|tarde|noche|semana\w*|mes|lunes|martes|miercoles|jueves|viernes|sabado|domingo|enero"
        r"|febrero|abril"
        r"|mayo|junio|julio|septiembre|octubre|noviembre|diciembre|navidad|cada|todos los dias)(?!\w)"
    ),
    "where": re.compile(
        r"(?<!\w)(?:via|viale|piazza|corso|largo|vicolo|centro|negozi\w*|magazzin\w*|sede|sit[oi]|online|app|menu"
        r"|pagin[ae]|area personale|profilo|in (?:alto|basso)"
        r"|sezione|scatola|confezione|retro|sotto|sopra|dietro|accanto|davanti|dentro|fondo|ovunque|dappertutto"
        r"|tutta italia"
        r"|(?:lo|la|li|le|si) trov\w+|street|road|square|avenue|lane|shops?|stores?|warehouse|website|site|page"
        r"|section|box"
        r"|back|bottom|top|under|behind|next to|inside|everywhere|anywhere|you(?:'ll| will| can) find|it(?:'s"
        r"| is) (?:in|on|at)"
        r"|calle|avenida|plaza|tienda\w*|almacen|web|caja|debajo|detras|dentro|en todas partes|lo encontrara"
        r"|esta en)(?!\w)"
    ),
    "how-long": re.compile(
        _SOME + r"|(?<!\w)(?:or[ae]|giorn\w+|settiman\w+|mes[ei]|ann[oi]|minut\w+|mattin\w+|sempre"
        r"|morning|evening|tomorrow|hours?|days?|weeks?|months?|years?"
        r"|minutes?|always|forever|horas?|dias?|semanas?|anos?|siempre)(?!\w)"
    ),
    "which": re.compile(
        _SOME
        + r"|[\"“«]|(?<!\w)(?:(?:il|la) (?:prim|second|terz)[oa]|ugual[ei]|the (?:first|second|former|latter|same)"
        r"|(?:el|la) (?:primer|segund)[oa]|iguales|quell[oaie]|entramb\w+|tutt[eio]|qualsiasi|nessun\w*|both|all|either"
        r"|any|none|every|the one|aquell\w+|ambos|ambas|todos|todas|cualquier\w*|ningun\w*)(?!\w)"
    ),
    "possible": re.compile(
        r"(?<!\w)(?:non|si puo|puo|possono|possibil\w+|potete|possiamo|impossibile|basta|bisogna|serve|certa?mente"
        r"|disponibil\w+"
        r"|can|can't|cannot|could|not|possible|impossible|available|do|does|don't|we'll|we will|yes|just|need"
        r"|puede\w*|posible|imposible|podemos|disponible\w*|no hace falta|basta)(?!\w)"
    ),
}
_PLACE: Final = re.compile(
    r"(?<!\w)(?:a|ad|in|at|near|en|presso|vicino a|close to|di fronte a)\s+(?:\w+\s+)?[A-ZÀ-Þ][^\W\d_]+"
)
_NEEDS: Final[Mapping[Sought, str]] = {
    "how-much": "an amount",
    "when": "a day or an hour",
    "where": "a place",
    "how-long": "a number of hours or days",
    "which": "which one",
    "possible": "a yes or a no",
}
_SIZE: Final = re.compile(r"(?<= )X{0,3}[SML](?=[ ,.!?])")
_NAME: Final = re.compile(r"(?<=[^\W\d_] )[A-ZÀ-Þ][^\W\d_]+")
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_STEM: Final = 4
_OPEN: Final[frozenset[Sought]] = frozenset({"which", "possible"})
_TELLS: Final = 3
# Thanks, apologies and names answer nothing, whatever was asked.
_COURTESY: Final = re.compile(
    r"""(?:graz|ringraz|gentil|buongiorno|buonasera|salve|salut|ciao|cordial|messagg|scritt|scriver|contatt|aver(?:ci|mi|lo)
    |aver$|presto|content|felic|liet|piac|opinion|domand|prezios|important|interess|fiduci|aspett|car[oaei]$|davvero|molt
    |sempre|dispiac|scus|capisc|comprend|disag|accadut|delus|attesa|inconven|rammaric|bell[oaie]$|ogni$|cura$|prend|ordin
    |assistenz|client|servizi|nostr|vostr|tutt|sono|siam|abbiam|quest|anche|come$|dell|dall|nell|alla$|alle$|allo$|agli$
    |mille|tant[eo]|scelt
    |thank|hello|dear|kind|regard|warm|best|messag|comment|order|purchas|writ|contact|reach|gett|touch|appreciat|your
    |with|have|very|much|great|happy|glad|love|enjoy|hope|that|this|from|here|team|customer|service|support|sorry|apolog
    |understand|frustrat|wait|feedback|interest|look|forward|hear|seeing
    |siento|disculp|lament|entend|gracias|hola|saludo|mensaje|escrib|contacta|buen[oa]s|dias|tardes|noches)\w*""",
    re.VERBOSE,
)


def wrong_language(reply: ReplyText) -> Iterator[Refusal]:
    """Certainly in another language than that of everybody it speaks to."""
    if reply.written_in is None or not reply.spoken or reply.written_in in reply.spoken:
        return
    theirs = " and ".join(_LANGUAGES.get(tag, tag) for tag in sorted(reply.spoken))
    ours = _LANGUAGES.get(reply.written_in, reply.written_in)
    why = f"This is {ours}, and who reads it wrote in {theirs}."
    first = min(reply.spoken)
    yield Refusal("wrong-language", reply.text[:OPENING], why, f"the same in {_LANGUAGES.get(first, first)}")


def wrong_register(reply: ReplyText) -> Iterator[Refusal]:
    """Lei where the house says tu, or the other way round."""
    if not reply.registers:
        return
    plain = reply.text.replace("’", "'")
    wanted = " or ".join(sorted(reply.registers))
    spoken = reply.text
    for name in reply.names:  # Vi, Tua and Hai are names, too
        spoken = spoken.replace(name, " ", 1)
    for register, words in betraying(spoken, reply.language).items():
        if register not in reply.registers:
            start = plain.find(words)
            excerpt = reply.text[start : start + len(words)]
            why = f"This speaks to the customer as {register}, and here we say {wanted}."
            better = respoken(excerpt.replace("’", "'"), reply.language, register, min(reply.registers))
            yield Refusal("wrong-register", excerpt, why, better)


def unanswered(reply: ReplyText) -> Iterator[Refusal]:
    """A question to which nothing in the text is an answer: no datum of that sort, no link, no time by which."""
    if (
        not reply.questions
        or reply.commitments
        or _ANSWERS_ALL.search(folded(reply.text)[0])
        or _YES.search(reply.text)
    ):
        return
    plain = _without_names(reply)
    told: set[Sought] = set()
    for question in reply.questions:
        if question.sought in told or _answers(question.sought, question.excerpt, plain):
            continue
        told.add(question.sought)
        asked = one_line(question.excerpt, _LONGEST_QUESTION)
        needs = f"{_NEEDS[question.sought]}, a link, or by when you will say"
        why = f'"{asked}" is not answered: it takes {needs}.'
        yield without_time("unanswered-question", reply, (0, min(len(reply.text), OPENING)), why)


def _without_names(reply: ReplyText) -> str:
    text = reply.text
    for name in (*reply.names, reply.agent or ""):
        text = text.replace(name, " ") if name else text
    return text


def _answers(sought: Sought, question: str, text: str) -> bool:
    """Whether it says a datum of the sort, or so much beside courtesy and the question's own words that it may well be
    one: of which and whether, a single word."""
    if _DATA[sought].search(folded(text)[0]) or (sought == "where" and _PLACE.search(text)):
        return True
    if sought == "which" and _SIZE.search(text):
        return True
    asked = {word[:_STEM] for word in _WORD.findall(folded(question)[0])} if sought not in _OPEN else set()
    words = _WORD.findall(folded(_NAME.sub(" ", text))[0])
    told = {word for word in words if word[:_STEM] not in asked and not _COURTESY.fullmatch(word)}
    return len(told) >= (1 if sought in _OPEN else _TELLS)
