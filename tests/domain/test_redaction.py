"""What somebody is known by and what only they wrote is taken out; what is anybody's stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caretool.domain.redaction import MASK, QUOTE, Quotes, Redactor, Terms, deep

THEN = datetime(2026, 11, 23, 8, tzinfo=UTC)
ROSA = Redactor(
    Terms(
        names=("rosa.verdi77", "Rosa Verdi", "rosa@posta.example"),
        mentions=("rosa",),
        numbers=("3331234567",),
        parts=("Rosa", "Verdi"),
    )
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("ha ragione Rosa Verdi!", f"ha ragione {MASK}!"),
        ("ha ragione ROSA VERDI", f"ha ragione {MASK}"),
        ("@rosa.verdi77 dimmi", f"{MASK} dimmi"),
        ("https://x.example/@rosa.verdi77/12", f"https://x.example/{MASK}/12"),
        ("rosa.verdi778 è un'altra", "rosa.verdi778 è un'altra"),
        ("una rosa rossa", "una rosa rossa"),
        ("cara @rosa, ciao", f"cara {MASK}, ciao"),
        ("@rosa@altrove.example non è lei", "@rosa@altrove.example non è lei"),
        ("chiamate il 333 123 4567", f"chiamate il {MASK}"),
        ("chiamate il 333.123.45.67 ora", f"chiamate il {MASK} ora"),
        ("l'ordine 33312345678", "l'ordine 33312345678"),
        ("scrivete a Rosa@Posta.example", f"scrivete a {MASK}"),
    ],
)
def test_what_names_them_goes_as_a_whole_word(text: str, left: str) -> None:
    assert ROSA.masked(text) == left


def test_a_part_of_a_name_goes_only_from_what_was_said_to_them() -> None:
    assert ROSA.redacted("la signora Verdi, una rosa") == "la signora Verdi, una rosa"
    assert ROSA.erased_from("Gentile Verdi, buongiorno") == f"Gentile {MASK}, buongiorno"


def test_a_name_in_a_script_without_spaces_is_found_within_words() -> None:
    assert Redactor(Terms(names=("田中太郎",))).masked("昨日田中太郎さんが") == f"昨日{MASK}さんが"


def test_the_two_spellings_of_an_accent_are_one_name() -> None:
    assert Redactor(Terms(names=("Jos\u00e9 Marr\u00f3n",))).masked("ciao Jose\u0301 Marro\u0301n!") == f"ciao {MASK}!"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Zeno Quaglià", "https://x.example/u/Zeno%20Quagli%C3%A0/1"),
        ("Zeno Quaglià", "https://x.example/?u=zeno+quagli%c3%a0/1"),
        ("zeno/quaglia", "https://x.example/u/zeno%2Fquaglia/1"),
        ("Tom O'Hara & Co", "https://x.example/u/Tom O&#39;Hara &amp; Co/1"),
        ("Tom O'Hara & Co", "https://x.example/u/Tom O&#x27;Hara &amp; Co/1"),
        ("Jan Groß", "https://x.example/u/JAN GROSS/1"),
    ],
)
def test_a_name_is_found_as_it_stands_in_an_address_or_in_html(name: str, text: str) -> None:
    left = Redactor(Terms(names=(name,))).masked(text)
    assert MASK in left
    assert left.endswith(f"{MASK}/1")


def test_what_others_are_called_is_spared_and_nothing_longer() -> None:
    redactor = Redactor(Terms(names=("anna", "anna.neri.80"), mentions=("anna",), spared=("anna.neri",)))
    told = "anna e @anna, anna.neri e @anna.neri, anna.neri.80"
    assert redactor.masked(told) == f"{MASK} e {MASK}, anna.neri e @anna.neri, {MASK}"


def test_what_we_said_before_they_wrote_it_is_ours_and_what_we_said_after_is_theirs() -> None:
    told = "Mia nonna piange da tre giorni per la lampada."
    for hours, left in ((-1, told), (1, MASK)):
        quotes = Quotes([(told, THEN)])
        quotes.shared(told, THEN + timedelta(hours=hours))
        assert quotes.taken_out(told) == left


def test_what_others_wrote_too_is_not_theirs() -> None:
    quotes = Quotes([("Il pacco non è ancora arrivato. Mia nonna piange da tre giorni.", THEN)])
    quotes.shared("Anche a me: Il pacco non è ancora arrivato.")
    told = "Il pacco non è ancora arrivato. Mia nonna piange da tre giorni."
    left = quotes.taken_out(f"Scrive: {told}")
    assert left == f"Scrive: Il pacco non{MASK}"
    assert quotes.taken_out("Il pacco non è ancora arrivato.") == "Il pacco non è ancora arrivato."


texts = st.text(max_size=120)


@given(st.lists(texts, max_size=4), st.lists(texts, max_size=4), texts, texts)
def test_no_run_that_only_they_wrote_is_left(theirs: list[str], others: list[str], before: str, after: str) -> None:
    quotes = Quotes((text, THEN) for text in theirs)
    for text in others:
        quotes.shared(text)
    shared = {text[at : at + QUOTE] for text in others for at in range(len(text) - QUOTE + 1)}
    for text in theirs:
        left = quotes.taken_out(before + text + after)
        for at in range(len(text) - QUOTE + 1):
            run = text[at : at + QUOTE]
            assert run in shared or run not in left or MASK in run


names = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=2, max_size=20)


@given(names, texts, texts)
def test_a_name_between_blanks_is_always_found(name: str, before: str, after: str) -> None:
    left = Redactor(Terms(names=(name,))).masked(f"{before} {name} {after}")
    assert f" {name} " not in left or name in before or name in after or name in f" {MASK} "


@given(st.recursive(st.none() | st.integers() | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)))
def test_in_json_only_texts_change(value: object) -> None:
    assert deep(value, lambda text: text) == value
