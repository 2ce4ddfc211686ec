from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.language.personal import OwnPatterns, find


def kinds(text: str, patterns: dict[str, str] | None = None) -> list[tuple[str, str]]:
    return [(finding.what, finding.excerpt) for finding in find([text], patterns or {})[0]]


@pytest.mark.parametrize(
    ("text", "what", "excerpt"),
    [
        ("scriva a anna.rossi@example.com.", "e-mail", "anna.rossi@example.com"),
        ("chiamami al 333 1234567", "phone", "333 1234567"),
        ("tel. 055/123456", "phone", "055/123456"),
        ("call +44 20 7946 0958 please", "phone", "+44 20 7946 0958"),
        ("0039 333 1234567", "phone", "0039 333 1234567"),
        ("IBAN IT60X0542811101000000123456 grazie", "iban", "IT60X0542811101000000123456"),
        ("iban it60 x054 2811 1010 0000 0123 456 grazie mille", "iban", "it60 x054 2811 1010 0000 0123 456"),
        ("GB82 WEST 1234 5698 7654 32", "iban", "GB82 WEST 1234 5698 7654 32"),
        ("il mio codice è rssmra80a01h501u", "tax-code", "rssmra80a01h501u"),
        ("codice fiscale RSSCRL80A01H501U", "tax-code", "RSSCRL80A01H501U"),
        ("il mio C.F. è: RSSCRL80A01H501U", "tax-code", "RSSCRL80A01H501U"),
        ("my number is +44 7700 900123", "phone", "+44 7700 900123"),
        ("+44 7700 900123", "phone", "+44 7700 900123"),
        ("Call me on 07700 900123, please", "phone", "07700 900123"),
        ("whatsapp: 07700 900123", "phone", "07700 900123"),
        ("chiamami al 07700 900123", "phone", "07700 900123"),
        ("il mio numero è 07700 900123", "phone", "07700 900123"),
        ("carlo (at) gmail punto com", "e-mail", "carlo (at) gmail punto com"),
        ("scriva a carlo.verdi chiocciola gmail punto com", "e-mail", "carlo.verdi chiocciola gmail punto com"),
        ("carlo[at]gmail.com", "e-mail", "carlo[at]gmail.com"),
        ("carlo at gmail dot com", "e-mail", "carlo at gmail dot com"),
        ("carta 4111 1111 1111 1111", "card", "4111 1111 1111 1111"),
        ("abito in via Roma 12, Firenze", "address", "via Roma 12"),
        ("I live at 221B Baker Street", "address", "221B Baker Street"),
    ],
)
def test_what_must_not_be_public_is_found(text: str, what: str, excerpt: str) -> None:
    assert kinds(text) == [(what, excerpt)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("ordine n. 4711", "4711"),
        ("Ordine 4711: la console doveva arrivare", "4711"),
        ("n° ordine BB-12345", "BB-12345"),
        ("numero d’ordine: 12345678", "12345678"),
        ("il numero del mio ordine è 4711", "4711"),
        ("ordine #BB-77", "BB-77"),
        ("order #4711", "4711"),
        ("my order number is 4711.", "4711"),
        ("order no. 4711, thanks", "4711"),
    ],
)
def test_an_order_number_is_found_by_the_words_around_it(text: str, number: str) -> None:
    assert kinds(text) == [("order", number)]


@pytest.mark.parametrize(
    "text",
    [
        "in order to get 100 people",
        "l'ordine del 12/03/2026, un ordine 12/03/2026",
        "ho fatto un ordine 3 giorni fa",
        "un ordine 59,90 e uno da 1.299,00 euro",
        "un ordine 150 euro",
        "@anna@social.example buongiorno",
        "giovedì 26 novembre alle 18:00, 2026-11-21 10:30:00",
        "2.000.000 di follower e 3.471.234.567 visualizzazioni",
        "tracking 1Z999AA10123456784",
        "https://shop.example/articles/3331234567",
        "via e-mail 24 ore su 24, via WhatsApp 24/7, in corso Natale 2026",
        "carta 4111 1111 1111 1112",
        "RSSMRA80A01H501X",
        "P.IVA 01234567890, partita IVA: 06655971007, VAT number IT06655971007",
        "chiamami il 03/12/2026 alle 10:00, il numero 07700 è per tutti",
        "call us on 03.12.2026 or from 09:00 to 18:00",
        "+2000000 visualizzazioni, +30 per cento in 07-11-2026 18:00",
        "numero 123456789012 di spedizione, 07700 900123 pezzi",
        "we are at shop.example (at last), meet us at the dot com stand",
    ],
)
def test_dates_prices_links_and_handles_are_left_alone(text: str) -> None:
    assert kinds(text) == []


def test_the_company_has_patterns_of_its_own() -> None:
    assert kinds("pratica BB-123 e BB-456", {"case": r"BB-\d{3}"}) == [("case", "BB-123"), ("case", "BB-456")]


def test_a_pattern_that_backtracks_stays_bounded_in_a_long_text_and_finds_what_is_at_its_end() -> None:
    text = "a" * 20_000 + " BB-123"
    assert kinds(text, {"slow": r"(?:a*b)", "case": r"BB-\d{3}"}) == [("case", "BB-123")]


def test_what_stands_inside_another_finding_is_told_once() -> None:
    assert kinds("ordine 3331234567") == [("order", "3331234567")]
    assert kinds("BB-12345 ordine BB-12345", {"own": r"BB-\d+"}) == [("own", "BB-12345")] * 2


def test_a_text_without_a_digit_or_an_at_sign_loads_no_library() -> None:
    code = (
        "import sys; from caretool.language.personal import find; find(['Buongiorno, dove siete?'], {});"
        "sys.exit(any(name.partition('.')[0] in ('phonenumbers', 'stdnum') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


PIECES = ["ordine", "n.", "4711", "#", "+39", "333", "1234567", "IT60", "a@b.it", "via", "Roma", "12", "\n"]
texts = st.text(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=20).map(" ".join)


@given(texts)
@settings(max_examples=150, deadline=None)
def test_findings_are_pieces_of_the_text_in_order(text: str) -> None:
    (findings,) = find([text], {"digits": r"\d{9}"})
    assert all(text[finding.start : finding.end] == finding.excerpt for finding in findings)
    assert [finding.start for finding in findings] == sorted(finding.start for finding in findings)


EXPLOSIVE = r"(?:x+x+)+y"


def test_a_text_on_which_a_pattern_takes_too_long_is_unchecked_and_costs_little() -> None:
    began = time.process_time()
    (findings,) = find(["x" * 20_000 + " a@b.it"], {"slow": EXPLOSIVE})
    assert time.process_time() - began < 1
    assert [(one.what, one.unchecked) for one in findings] == [("slow", True), ("e-mail", False)]
    assert find(["xx"], {"slow": EXPLOSIVE}) == [()]


def test_a_pattern_that_took_too_long_three_times_is_left_alone_and_told_once() -> None:
    own = OwnPatterns({"slow": EXPLOSIVE, "case": r"BB-\d{3}"})
    began = time.process_time()
    found = find(["x" * 1_000 + " BB-123"] * 200, own)
    assert time.process_time() - began < 1
    assert all([(one.what, one.unchecked) for one in each] == [("slow", True), ("case", False)] for each in found)
    first, last = own.take_remarks()
    assert first.startswith("reply.patterns.slow in policies.toml takes too long on some texts")
    assert "not used any more" in last
    find(["x" * 1_000], own)
    assert own.take_remarks() == []
