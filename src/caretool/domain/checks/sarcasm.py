"""Sarcasm: phrases that mock whoever reads them, and the customer's own words held up between quotation marks.

Only what is hardly ever meant kindly is here: a false alarm is worse than a miss.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from caretool.domain.checks.reply_text import ReplyText
from caretool.domain.checks.spans import Span, folded, in_tongue, merged, word_set
from caretool.domain.draft import Refusal

_MOCKS: Final = re.compile(
    r"""(?<!\w)(?:
      certo,?[ ]come[ ]no | (?:\A|(?<=[.!?,;:][ ]))come[ ]no(?=[!.,])(?!,[ ]volentieri)
    | complimenti[ ](?:davvero[ ]|vivissimi[ ])?per[ ](?:la|l'|il|i|le)[ ]?(?:sua[ ]|suo[ ]|tua[ ]|tuo[ ]|suoi[ ])?
        (?:educazione|toni|tono|linguaggio|fantasia|memoria|grammatica|italiano|maturita|perspicacia|intelligenza
        |faccia[ ]tosta|simpatia|finezza|eleganza|sagacia|acume)
    | ma[ ]guarda[ ](?:un[ ]po'?|te) | guarda[ ]caso
    | buona[ ]fortuna[ ](?:con|altrove|se[ ](?:pensa|crede)) | (?:buona[ ]fortuna|auguri)[ ]a[ ]trovar\w*
    | come[ ]se[ ](?:fosse[ ](?:facile|niente|colpa[ ]nostra)|non[ ]avessimo[ ]altro|dipendesse[ ]da[ ]noi|noi[ ]\w+)
    | (?:mica[ ]siamo|non[ ]siamo[ ](?:mica[ ])?)[ ]?(?:maghi|indovini|veggenti)
    | (?:ho|abbiamo|avessimo)[ ](?:ancora[ ])?(?:la|una)[ ](?:(?:sfera|palla)[ ]di[ ](?:cristallo|vetro)
        |bacchetta[ ]magica)
    | grazie[ ](?:mille[ ]|tante[ ])?(?:per[ ]la[ ](?:lezione|predica|perla|lezioncina)|per[ ]averci[ ]illuminat\w)
    | se[ ]lo[ ]dice[ ]lei | se[ ]ne[ ]e[ ]convint[oa][ ]lei | beat[oa][ ]lei[ ]che
    | che[ ](?:genio|fenomeno)(?=[!.,]) | (?:sempre|ovviamente)[ ]tutta[ ]colpa[ ]nostra
    | colpa[ ]nostra,?[ ]come[ ]sempre | non[ ]sapevamo[ ]di[ ]avere[ ]a[ ]che[ ]fare | caspita,?[ ]addirittura
    | scus[ai]\w*[ ]se[ ]esistiamo | oh,?[ ]pover(?:in)?[oa] | che[ ](?:tragedia|dramma),[ ]un[oa]?(?!\w)
    | (?:non[ ]abbiamo|avessimo)[ ](?:altro|niente[ ]di[ ]meglio)[ ]da[ ]fare | noi[ ]comuni[ ]mortali
    | (?:immagino|sicuramente|scommetto|si[ ]vede)[ ](?:che[ ])?lei[ ]non[ ]sbagli\w*
    | contributo[ ]illuminante
    | ci[ ]mancava[ ](?:solo|anche)[ ]lei | che[ ]sorpresa[ ]che[ ]lei | le[ ]facciamo[ ]un[ ]monumento

    | (?:\A|(?<=[.!?][ ]))as[ ]if(?=[!.]|[ ](?:we|that|it)[ ]) | good[ ]luck[ ](?:with[ ]that|finding|getting)
    | yeah,?[ ]right(?=[!.]) | oh,?[ ]really(?=[!.?]) | (?:sure|right),[ ](?:because|as[ ]if|whatever)
        | whatever[ ]you[ ]say
    | if[ ]you[ ]say[ ]so | wow,[ ](?:just[ ]wow|what[ ]a[ ]surprise) | surprise,[ ]surprise | big[ ]shock(?=[!.])
    | (?:well[ ]done|congratulations|congrats|kudos|bravo)[ ](?:for|on)[ ](?:(?:your|the|such)[ ])?(?:lovely[ ]
        |great[ ])?
        (?:language|manners|tone|attitude|grammar|reading|finding|noticing|insight|imagination|maturity)
    | thanks?[ ](?:you[ ])?(?:so[ ]much[ ])?for[ ](?:the[ ](?:lecture|lesson|sermon)|enlightening[ ]us|your[ ]wisdom
        |stating[ ]the[ ]obvious)
    | cry[ ]me[ ]a[ ]river | boo[ ]hoo | no[ ]kidding | (?:\A|(?<=[.!?][ ]))you[ ]don't[ ]say(?=[.!?]) | poor[ ]you
        | must[ ]be[ ]nice | silly[ ]us
    | (?:not|aren't)[ ](?:mind[ ]readers|magicians|psychics?|clairvoyants?)
    | (?:have|got)[ ](?:a|no)[ ](?:crystal[ ]ball|magic[ ]wand)
    | (?:always|obviously)[ ](?:all[ ])?our[ ]fault | as[ ]you[ ]so[ ]\w+ly[ ]put[ ]it
    | tell[ ](?:us|me)[ ]something[ ](?:new|we[ ]don't[ ]know) | what[ ]a[ ]genius(?=[!.,])
    | sorry[ ]for[ ]existing | how[ ]will[ ]you[ ](?:ever[ ])?survive | how[ ]original,[ ]another | fun[ ]at[ ]parties
    | (?:us|we)[ ]mere[ ]mortals | (?:sure|bet)[ ]you(?:'ve|[ ]have)?[ ]never[ ]ma[dk]e
    | because[ ]we[ ](?:have|had)[ ]nothing[ ](?:better|else)[ ]to[ ]do | wow,[ ](?:che|what[ ]an?)[ ]
        (?:analisi|scoperta|detective|analysis|discovery|expert|genius)
    | how[ ]dare[ ]we | our[ ]bad[ ]for[ ]not[ ]reading[ ]your[ ]mind

    | (?:buena|mucha)[ ]suerte[ ](?:con[ ]eso|encontrando|buscando) | como[ ]si[ ](?:fuera[ ]facil|no[ ]tuvieramos)
    | no[ ]somos[ ](?:adivinos|magos) | tenemos[ ]una[ ](?:bola[ ]de[ ]cristal|varita[ ]magica)
        | si[ ]usted[ ]lo[ ]dice | si[ ]tu[ ]lo[ ]dices
    | (?:enhorabuena|felicidades)[ ]por[ ](?:su|tu|la|el)[ ](?:educacion|tono|lenguaje|imaginacion|gramatica|paciencia)
    | gracias[ ]por[ ](?:la[ ]leccion|iluminarnos) | mira[ ]tu[ ]por[ ]donde | que[ ]genio(?=[!.,])
    | (?:siempre|toda)[ ](?:es[ ])?culpa[ ]nuestra
    )(?!\w)""",
    re.VERBOSE,
)
# Sincere to whoever praises or asks, mockery to whoever complains.
_TO_THE_ANGRY: Final = re.compile(
    r"""(?<!\w)(?:(?:complimenti[ ]per|(?:well[ ]done|congratulations|congrats|kudos|bravo)[ ](?:for|on)
        |enhorabuena[ ]por|felicidades[ ]por)(?![ ](?:\w+'?[ ]?){0,2}(?:laurea|nascit|matrimoni|nozze
        |bambin|figli|complean|traguard|casa|diploma|baby|wedding|graduat|birth|engagement|job|home|house|boda|bebe|cumple|nacimiento))
    |che[ ]sorpresa(?=[!.,])|what[ ]a[ ]surprise(?=[!.,])|que[ ]sorpresa(?=[!.,]))(?!\w)""",
    re.VERBOSE,
)
_CROSS: Final = frozenset({"complaint", "abuse", "fault"})
# `his "problem"`: the words of whoever complains, so marked that everybody sees what we think of them.
_HELD_UP: Final = re.compile(
    r"""(?<!\w)(?:su[oa]i?|su[eo]|vostr[oaie]|tu[oa]i?|tue|tuo|your|su|sus|cosiddett[oaie]|so-called|presunt[oaie]
    |llamad[oa])[ ]?["“«'‘](?P<words>[^\W\d_]+(?:[ ][^\W\d_]+)?)["”»'’](?!\w)""",
    re.VERBOSE | re.IGNORECASE,
)
_LABELS: Final = word_set(
    "conferma ordine ordini carrello profilo account resi spedizioni preferiti impostazioni area personale dati"
    " buoni orders order basket cart profile account returns wishlist settings details vouchers confirmation pedidos"
    " pedido cesta perfil cuenta devoluciones ajustes"
)
_MEANT: Final = {
    "it": "capisco che sia irritante, e mi scuso",
    "en": "I understand that this is annoying, and I am sorry",
    "es": "entiendo que es molesto y lo siento",
}


def sarcasm(reply: ReplyText) -> Iterator[Refusal]:
    """Words that everybody who reads takes as mockery."""
    plain, offsets = folded(reply.text)
    patterns = (_MOCKS, _TO_THE_ANGRY) if reply.kinds & _CROSS else (_MOCKS,)
    spans = [(offsets[m.start()], offsets[m.end()]) for pattern in patterns for m in pattern.finditer(plain)]
    for start, end in merged((*spans, *_held_up(reply))):
        why = "This reads as mockery, and whoever reads along takes the customer's side."
        yield Refusal("sarcasm", reply.text[start:end], why, in_tongue(_MEANT, reply.language))


def _held_up(reply: ReplyText) -> Iterator[Span]:
    said = None
    for match in _HELD_UP.finditer(reply.text):
        words = folded(match["words"])[0].split()
        said = said if said is not None else {word for one in reply.said for word in re.findall(r"\w+", folded(one)[0])}
        if not _LABELS.intersection(words) and said.issuperset(words):
            yield match.span()
