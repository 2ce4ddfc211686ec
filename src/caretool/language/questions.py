"""What a comment asks: how much, when, where, how long, which, whether it can be done. Only plain questions count; what
is asked in anger ("quando vi decidete?", "how is it possible that…") is a complaint, and has checks of its own."""

from __future__ import annotations

import re
from typing import Final

from caretool.domain.reading import Question, Sought
from caretool.language.words import LINK, MENTION, fold

_READ: Final = 2_000
_MOST: Final = 3
_LONGEST: Final = 200
_SENTENCE: Final = re.compile(r"[^.!?\n;]+[.!?;]*")
# In the order in which they are tried: "quanto tempo" before "quanto".
_SOUGHT: Final[tuple[tuple[Sought, re.Pattern[str]], ...]] = (
    (
        "how-long",
        re.compile(
            r"\b(?:quanto (?:tempo|dura\w*|ci (?:mett\w+|vuole|vogliono)|devo aspettare|si aspetta)"
            r"|quant[ie] (?:giorni|ore|minuti"
            r"|mesi|anni|settimane)|per quanto|how (?:long|many (?:days|hours|weeks|months|years|minutes))"
            r"|cuanto (?:tiempo|tarda\w*|dura)|cuant[oa]s (?:dias|horas|semanas|meses))\b"
        ),
    ),
    (
        "how-much",
        re.compile(
            r"\b(?:quanto (?:cost\w+|vien\w+|si paga|pago|devo pagare|spendo|sarebbe)|a quanto|(?:che"
            r"|qual e il) (?:prezzo|costo)"
            r"|quant(?:o|i soldi) (?:e|sono)|quali sono (?:i prezzi|le spese|i costi)|how much|what(?:'?s"
            r"| is) the (?:price|cost)"
            r"|what (?:does it|do they|would it) cost|cuanto (?:cuesta\w*|vale\w*|es|seria)|(?:que"
            r"|cual es el) precio)\b"
        ),
    ),
    (
        "when",
        re.compile(
            r"\b(?:quando|a che ora|che (?:giorno|orari\w?)|in che data|entro quando|when|what (?:time|day|date)"
            r"|by when|cuando|a que hora|que dia|que horario)\b"
        ),
    ),
    (
        "where",
        re.compile(r"\b(?:dove|dov e|in (?:che|quale|quali) (?:negozi\w?|citta|via|zona)|where|which shop|donde)\b"),
    ),
    (
        "possible",
        re.compile(
            r"(?:^|, ?|\b(?:ma|e|o|but|and|so|y|pero|buongiorno|salve|ciao|hi|hello|hey|hola) )(?:e possibile"
            r"|sarebbe possibile"
            r"|si puo|si possono|posso|possiamo|potrei|potreste|is it possible|would it be possible|can i|can we"
            r"|could i|may i"
            r"|can you|do you (?:ship|deliver|have|sell|accept|take)|es posible|se puede|puedo|podria|podriamos)\b"
        ),
    ),
    (
        "which",
        re.compile(
            r"\b(?:qual(?:e|i)?|che (?:modell\w|tagli\w|misur\w|color\w|version\w|tipo|marca|differenza)|which"
            r"|what (?:size|model"
            r"|colou?r|version|brand|type)|cual(?:es)?|que (?:modelo|talla|color|version|marca))\b"
        ),
    ),
)
_RHETORICAL: Final = re.compile(
    r"\b(?:com ?e(?:'| )? possibile|quando mai|quando vi |fino a quando|quanto ancora|da quando|quando si"
    r"|chi vi"
    r"|how (?:is it|can it be) possible|how is that possible|how much (?:longer|more)|since when|how long (?:do i"
    r"|must i|are you)"
    r"|when (?:are you|will you) (?:ever|finally|going to learn)|whenever|which is|como es posible|hasta cuando"
    r"|desde cuando"
    r"|vergogn\w+|truffa\w*|scam\w*|disgrac\w+|shame|il quale|la quale|del quale|nel quale|per cui)\b"
)
_OPENS: Final = frozenset({"how-long", "how-much", "where"})


def find(text: str) -> tuple[Question, ...]:
    """The questions in a comment, at most three, one of a sort. A sentence is a question if it ends in a question mark,
    or if the whole comment is short and begins like one ("quanto costa")."""
    bare = MENTION.sub(" ", LINK.sub(" ", text[:_READ]))
    found: dict[Sought, Question] = {}
    for match in _SENTENCE.finditer(bare):
        sentence = match[0].strip()
        plain = re.sub(r"['’]", " ", fold(sentence)).strip()
        asked = "?" in sentence
        if not plain or (not asked and match.start() > 0) or _RHETORICAL.search(plain):
            continue
        for sought, cues in _SOUGHT:
            cue = cues.search(plain)
            if cue and (asked or (sought in _OPENS and cue.start() == 0)):
                found.setdefault(sought, Question(sought, sentence[:_LONGEST]))
                break
    return tuple(found.values())[:_MOST]
