"""Blame: the seller answers for the whole delivery, and the customer is nobody to put it on either (R5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from caretool.domain.checks.reply_text import OPENING, ReplyText
from caretool.domain.checks.spans import Span, folded, in_tongue, merged, phrases
from caretool.domain.draft import Refusal

_CARRIERS: Final = (
    r"(?:gls|brt|bartolini|sda|dhl|ups|fed[ ]?ex|tnt|nexive|poste(?:[ ]italiane)?|inpost|milkman|royal[ ]mail|hermes"
    r"|evri|yodel|dpd|parcel[ ]?force|amazon[ ](?:logistics|logistica)|usps|correos|chronopost|mondial[ ]relay)"
)
_OTHERS_IT: Final = rf"(?:corrier[ei]|fornitor[ei]|spedizionier[ei]|trasportator[ei]|vettor[ei]|{_CARRIERS})"
_OTHERS_EN: Final = (
    rf"(?:couriers?|carriers?|suppliers?|(?:courier|delivery)[ ]compan(?:y|ies)|(?:delivery[ ])?drivers?|{_CARRIERS})"
)
_OF_IT: Final = r"(?:del|dei|dello|degli|delle|della|di)"
_BY_IT: Final = rf"(?:{_OF_IT}|dal|dai|dallo|dagli|dalle|dalla|da)"
_BLAME: Final = re.compile(
    rf"""(?<!\w)(?:(?:il|i|lo|gli|la|le|the|our)[ ])?(?:nostr[oi][ ])?(?:
      (?:colpa|responsabilita|errore|sbaglio|negligenza)[ ](?:e[ ](?:tutta[ ])?)?{_OF_IT}[ ](?:\w+[ ])?{_OTHERS_IT}
    | {_OTHERS_IT}[ ](?:che[ ])?(?:(?:ci|vi|le|ti|lo|la)[ ])?(?:ha|hanno)[ ](?:sbagliato|perso|smarrito|danneggiato
        |rotto|distrutto|rovinato|schiacciato|fatto[ ](?:un[ ]errore|cadere)|delus[oi]|abbandonat[oi])
    | e[ ]stat[oa][ ](?:(?:il|la)[ ](?:\w+[ ])?{_OTHERS_IT}|{_CARRIERS})
    | (?:a[ ]causa|dipende|il[ ]problema[ ]e)[ ]{_BY_IT}[ ](?:\w+[ ])?{_OTHERS_IT}
    | (?:dovut[oaie]|imputabil[ei])[ ](?:a|al|ai|allo|agli|alla|alle)[ ](?:\w+[ ])?{_OTHERS_IT}
    | non[ ]e[ ](?:colpa|responsabilita)[ ]nostra | non[ ]dipende[ ]da[ ]noi
    | (?:colpa|responsabilita|errore|sbaglio|negligenza)[ ]loro
    | {_OTHERS_EN}(?:'s?)?[ ](?:fault|mistake|error|blunder) | their[ ](?:own[ ])?(?:fault|mistake|error|blunder)
    | (?:fault|mistake|error)[ ](?:of|by|lies[ ]with|is[ ]with)[ ](?:(?:the|our|a|your)[ ])?{_OTHERS_EN}
    | {_OTHERS_EN}[ ](?:has[ ]|have[ ])?(?:let[ ](?:us|you)[ ]down|lost|damaged|broke|broken|destroyed|ruined|crushed
        |smashed|dropped|misplaced|mishandled|messed[ ]up|screwed[ ]up|failed[ ]us|made[ ]a[ ]mistake)
    | {_OTHERS_EN}[ ](?:is|are)[ ](?:to[ ]blame|at[ ]fault)
    | (?:blame|blaming|because[ ]of|due[ ]to|caused[ ]by|(?:is|was|are|were|it's)[ ](?:all[ ])?down[ ]to)[ ]
        (?:(?:the|our)[ ])?{_OTHERS_EN}
    | (?:not|isn't|wasn't)[ ]our[ ](?:fault|responsibility)
    )(?!\w)""",
    re.VERBOSE,
)
_TO_CARE_IT: Final = (
    r"(?:(?:legger|controllar|verificar|pensar|saper|chieder|avvisar|segnalar|contattar|aspettar|attender|guardar"
    r"|informar|accorger|sceglier|compilar)\w*|(?:fare|prestare)[ ](?:piu[ ])?attenzione"
    r"|stare[ ](?:piu[ ])?attent[oaie])"
)
_CARED_IT: Final = (
    r"(?:lett[oaie]|controllat[oaie]|verificat[oaie]|pensato|saputo|chiesto|avvisat[oaie]|segnalat[oaie]"
    r"|contattat[oaie]"
    r"|aspettato|atteso|guardat[oaie]|scelt[oaie]|compilat[oaie]|(?:fatto|prestato)[ ](?:piu[ ])?attenzione)"
)
_CARED_EN: Final = (
    r"(?:read|checked|known|told|asked|waited|looked|paid[ ](?:more[ ])?attention|been[ ]more[ ](?:careful|patient)"
    r"|contacted|called|warned|noticed|followed|bothered|thought|listened|chosen|ordered[ ](?:earlier|sooner))"
)
_CARE_ES: Final = (
    r"(?:leer(?:lo|la)?|leido|comprobar(?:lo|la)?|comprobado|mirar(?:lo)?|mirado|preguntar|preguntado|avisar(?:nos)?"
    r"|avisado|esperar|esperado|saber(?:lo)?|sabido|pensar(?:lo)?|pensado|fijarse|fijado|elegir|elegido"
    r"|prestar[ ](?:mas[ ])?atencion|prestado[ ](?:mas[ ])?atencion)"
)
_SCOLDS: Final = re.compile(
    rf"""(?<!\w)(?:
      se[ ](?:(?:lei[ ]|voi[ ])?(?:avesse|aveste)|tu[ ]avessi)[ ](?:(?!stat)\w+[ ])?{_CARED_IT}
    | (?:(?:lei|voi)[ ](?:\w+[ ])?(?:avrebbe|avreste)|avresti|avreste)[ ](?:\w+[ ])?dovuto[ ]{_TO_CARE_IT}
    | (?:(?:lei|voi)[ ](?:\w+[ ])?(?:doveva|dovevate)|dovevi|dovevate)[ ]{_TO_CARE_IT}
    | (?:\A|(?<=[.!?;:,][ ]))(?:ma[ ]|pero[ ]|forse[ ]|comunque[ ])?(?:avrebbe[ ]dovuto|doveva)[ ]{_TO_CARE_IT}
    | poteva[ ]{_TO_CARE_IT} | (?:lei[ ]ha[ ]sbagliato|ha[ ]sbagliato[ ]lei) | l'ha[ ](?:rott|rovinat)[oa][ ]lei
    | la[ ]prossima[ ]volta,?[ ](?:legga|controlli|guardi|faccia|stia|chieda|ci[ ]pensi) | se[ ](?:lei[ ])?leggesse
    | next[ ]time,?[ ](?:please[ ])?(?:read|check|look|be[ ]more|pay[ ]attention|think|ask) | you[ ]broke[ ]it
    | you[ ]might[ ]want[ ]to[ ](?:read|check|look|think)[ ](?:\w+[ ]){0, 3}before
    | bastava[ ](?:solo[ ])?(?:legger|controllar|guardar|chieder)\w*
    | (?:(?:la[ ])?colpa[ ]e|e[ ](?:solo[ ]|tutta[ ])?colpa)[ ](?:solo[ ]|tutta[ ])?(?:sua|tua|vostra)
    | (?:un|l'|suo|tuo)[ ]?(?:errore|sbaglio|disattenzione|negligenza)[ ](?:suo|tuo|vostro|sua|tua|vostra
        |da[ ]parte[ ]sua)
    | (?:lei|tu|voi)[ ]non[ ](?:ha|hai|avete)[ ](?:\w+[ ])?(?:letto|capito|controllato|ascoltato|seguito|guardato)
    | you[ ](?:really[ ]|clearly[ ])?(?:should|could|ought[ ]to)[ ]have[ ](?:(?!been[ ])\w+[ ])?{_CARED_EN}
    | if[ ]you(?:[ ]had|'d)[ ](?:only[ ]|just[ ]|actually[ ]|bothered[ ]to[ ])?(?:read|{_CARED_EN})
    | had[ ]you[ ](?:only[ ]|just[ ])?{_CARED_EN}
    | you[ ](?:clearly[ ]|obviously[ ]|simply[ ])?(?:failed|neglected|did[ ]not[ ]bother|didn't[ ]bother)[ ]to[ ]\w+
    | you[ ](?:clearly|obviously)[ ](?:did[ ]not|didn't|have[ ]not|haven't)[ ]\w+
    | you[ ](?:did[ ]not|didn't)[ ](?:listen|pay[ ]attention|read)
    | your[ ](?:own[ ])?(?:fault|mistake|negligence|carelessness|error(?![ ](?:message|code|report|log|page)))
    | you[ ](?:only[ ]have|have[ ]only)[ ]yourself[ ]to[ ]blame | you[ ]are[ ]to[ ]blame
    | si[ ](?:usted[ ]hubiera|usted[ ]hubiese|tu[ ]hubieras|hubieras|hubieses|lo[ ]hubiera)[ ](?:\w+[ ])?{_CARE_ES}
    | (?:usted[ ](?:deberia|debia|tendria[ ]que|tenia[ ]que)|deberias|tendrias[ ]que
        |tenias[ ]que)[ ](?:haber[ ])?{_CARE_ES}
    | (?:\A|(?<=[.!?;:,][ ]))(?:deberia|tendria[ ]que)[ ]haber[ ]{_CARE_ES}
    | (?:es|fue|ha[ ]sido)[ ](?:culpa|error|un[ ]error)[ ](?:suya|suyo|tuya|tuyo|vuestra|vuestro)
    )(?!\w)""",
    re.VERBOSE,
)
_DENIED: Final = re.compile(r"(?<!\w)(?:non|no|not|never|isn't|wasn't)(?: \w+){0,2}[ ']$")
_OWNS_UP: Final = {
    "it": "la consegna è responsabilità nostra",
    "en": "the delivery is our responsibility",
    "es": "la entrega es responsabilidad nuestra",
}
_WAS_UNCLEAR: Final = {
    "it": "mi scuso se non era chiaro",
    "en": "I am sorry that this was not clear",
    "es": "siento que no estuviera claro",
}


def blame(reply: ReplyText) -> Iterator[Refusal]:
    """Somebody else is blamed: the courier, the supplier, or whoever we are talking to."""
    plain, offsets = folded(reply.text)
    spans = phrases(reply.text, (), reply.rules.blame) + _blaming(_BLAME, plain, offsets)
    for start, end in merged(spans):
        why = "The seller answers for the whole delivery: nobody else is blamed in public."
        yield Refusal("blame", reply.text[start:end], why, in_tongue(_OWNS_UP, reply.language))
    for start, end in merged(_blaming(_SCOLDS, plain, offsets)):
        why = "This puts it on the customer: say what can be done now instead."
        yield Refusal("blame", reply.text[start:end], why, in_tongue(_WAS_UNCLEAR, reply.language))


def _blaming(pattern: re.Pattern[str], plain: str, offsets: tuple[int, ...]) -> list[Span]:
    """Where it is found and not denied ("it is not the courier's fault")."""
    return [
        (offsets[match.start()], offsets[match.end()])
        for match in pattern.finditer(plain)
        if not _DENIED.search(plain, max(0, match.start() - OPENING), match.start())
    ]
