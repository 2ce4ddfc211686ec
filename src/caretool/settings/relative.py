"""Words whose meaning moves with the day they are read on ("domani", "within 24 hours"): a template is written once
and read on any day, so its times come from `{{ promises.….when }}` alone."""

from __future__ import annotations

import re

_AMOUNT_IT = (
    r"(?:\d{1,4}(?:\s*[-/–]\s*\d{1,4})?|un|uno|una|due|tre|quattro|cinque|sei|sette|otto|dieci|dodici|quindici|"
    r"ventiquattro|quarantotto|pochi|poche|qualche|un paio d[i'’])"
)
_AMOUNT_EN = (
    r"(?:\d{1,4}(?:\s*[-/–]\s*\d{1,4})?|an?|one|two|three|four|five|six|seven|eight|ten|twelve|fifteen|"
    r"twenty-four|forty-eight|a few|a couple of|some)"
)
_UNIT_IT = r"(?:min|minut[oi]|h|or[ae]|g|gg|giorn[oi]|settiman[ae]|mes[ei])"
_UNIT_EN = r"(?:min|mins|minutes?|h|hrs?|hours?|(?:(?:working|business) )?days?|weeks?|months?)"
_WEEKDAY_IT = r"(?:luned[iì]|marted[iì]|mercoled[iì]|gioved[iì]|venerd[iì]|sabato|domenica)"
_WEEKDAY_EN = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
# "entro 14 giorni dalla consegna" counts from something else than the day of reading: it does not move.
_ANCHOR_IT = r"(?!\s+(?:lavorativi\s+)?(?:d(?:al|alla|allo|ai|alle)\b|dall['’]))"
_ANCHOR_EN = r"(?!\s+(?:of|from|after|following)\b(?!\s+(?:now|today)\b))"

_ITALIAN = (
    r"oggi|domani|domattina|dopodomani|stasera|stamattina|stamani|stamane|stanotte|in giornata",
    r"quest[ao] (?:sera|mattina|notte|pomeriggio|settimana|mese)",
    r"prossima settimana|settimana prossima|prossimo mese|mese prossimo",
    r"entro (?:la )?(?:sera|serata|giornata|settimana)|entro (?:il )?mese",
    r"(?:entro )?(?:la )?fine (?:della )?(?:giornata|settimana)|fine (?:del )?mese",
    rf"(?:entro|tra|fra|nelle|nei|in)(?: (?:le|i|gli|circa|massimo|al massimo))?(?: prossim[ei])? "
    rf"{_AMOUNT_IT}\s?{_UNIT_IT}{_ANCHOR_IT}",
    rf"(?:entro|tra|fra) (?:un['’]ora|mezz['’]ora){_ANCHOR_IT}",
    rf"(?:entro|prima di|da) {_WEEKDAY_IT}(?! al?\b)|{_WEEKDAY_IT} prossim[oa]|prossim[oa] {_WEEKDAY_IT}",
)
_ENGLISH = (
    r"today|tomorrow|tonight|this (?:morning|afternoon|evening|week|month)|next (?:week|month)|eod|eow",
    r"(?:the )?end of (?:the )?(?:day|week|month)|within the (?:hour|day|week)",
    rf"(?:within|in|in under|in less than|in the next|within the next|over the next)(?: about)? "
    rf"{_AMOUNT_EN}\s?{_UNIT_EN}{_ANCHOR_EN}",
    rf"(?:by|before|until|next) {_WEEKDAY_EN}",
)
_RELATIVE = re.compile(rf"(?<!\w)(?:{'|'.join((*_ITALIAN, *_ENGLISH))})(?!\w)", re.IGNORECASE)


def relative_words(text: str) -> list[str]:
    """Each relative time in the text, as it is written there."""
    return [match[0] for match in _RELATIVE.finditer(" ".join(text.split()))]
