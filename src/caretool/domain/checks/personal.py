"""Personal data do not go out in public."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from caretool.domain.checks.reply_text import OPENING, ReplyText
from caretool.domain.checks.spans import in_tongue, occurrences
from caretool.domain.draft import Refusal
from caretool.domain.reading import PersonalData

_PRIVATELY: Final = {
    "it": "ci mandi {data} in un messaggio privato",
    "en": "please send us {data} in a private message",
    "es": "envíenos {data} en un mensaje privado",
}
_DATA: Final = {
    "e-mail": (
        "An e-mail address",
        {"it": "il suo indirizzo e-mail", "en": "your e-mail address", "es": "su dirección de correo"},
    ),
    "phone": (
        "A phone number",
        {"it": "il suo numero di telefono", "en": "your phone number", "es": "su número de teléfono"},
    ),
    "iban": ("An IBAN", {"it": "il suo IBAN", "en": "your IBAN", "es": "su IBAN"}),
    "tax-code": ("A tax code", {"it": "il suo codice fiscale", "en": "your tax code", "es": "su NIF"}),
    "card": ("A card number", {"it": "i dati del pagamento", "en": "your payment details", "es": "los datos del pago"}),
    "order": ("An order number", {"it": "il numero d'ordine", "en": "your order number", "es": "el número de pedido"}),
    "address": ("A street address", {"it": "il suo indirizzo", "en": "your address", "es": "su dirección"}),
}
_THIS: Final = {"it": "questi dati", "en": "these details", "es": "estos datos"}
_SHORTEST_NUMBER: Final = 6


def personal_data(reply: ReplyText) -> Iterator[Refusal]:
    """Personal data in a public text."""
    for finding in () if reply.private else reply.personal:
        if finding.unchecked:
            what = f"what the policy keeps private ({finding.what})"
            why = f"Whether this holds {what} cannot be told: the pattern takes too long on it."
            mend = f"Shorten the text, or mend reply.patterns.{finding.what} in policies.toml."
            yield Refusal("personal-data", reply.text[:OPENING], f"{why} {mend}")
        elif not _known_to_all(finding, reply):
            what, words = _DATA.get(finding.what, (f"What the policy keeps private ({finding.what})", _THIS))
            data = in_tongue(words, reply.language)
            suggest = in_tongue(_PRIVATELY, reply.language).format(data=data)
            yield Refusal("personal-data", finding.excerpt, f"{what} does not go out in public.", suggest)


def _known_to_all(finding: PersonalData, reply: ReplyText) -> bool:
    """Whether it is part of a name the reply calls somebody by, or a contact of ours however it is written."""
    for known in (*reply.names, *reply.ours):
        if any(start <= finding.start and finding.end <= end for start, end in occurrences(known, reply.text)):
            return True
        if finding.what == "phone" and "://" not in known and _same_number(known, finding.excerpt):
            return True
        if finding.what == "e-mail" and known.startswith("@") and finding.excerpt.casefold().endswith(known.casefold()):
            return True
    return False


def _same_number(one: str, other: str) -> bool:
    """With and without the country's prefix."""
    shorter, longer = sorted((re.sub(r"\D", "", one), re.sub(r"\D", "", other)), key=len)
    return len(shorter) >= _SHORTEST_NUMBER and longer.endswith(shorter)
