"""Exact and near copies."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.language.alike import fold_key, near, near_copies

LATE = "Il mio pacco non è ancora arrivato, aspetto da due settimane"


def test_case_punctuation_emoji_links_and_mentions_make_no_other_text() -> None:
    assert fold_key("Vergogna, il pacco NON È arrivato!!! 😡 @bottega https://x.example/1") == fold_key(
        "vergogna il pacco non e arrivato"
    )


def test_another_order_number_is_another_text() -> None:
    assert fold_key("ordine 4711") != fold_key("ordine 4712")


def test_a_text_of_nothing_but_a_link_or_emoji_equals_only_itself() -> None:
    assert fold_key("https://a.example/1") != fold_key("https://a.example/2")
    assert fold_key("❤️") != fold_key("😡")
    assert fold_key("") == ""


def test_a_copy_with_a_word_or_a_letter_changed_is_near() -> None:
    texts = [
        LATE,
        "A che ora aprite la domenica?",
        "il mio pacco non è ancora arivato, aspetto da due settimane!!",
        "Aspetto da due settimane, il mio pacco non è ancora arrivato",
        LATE.upper(),
    ]
    assert near_copies(texts) == [0, 1, 0, 0, 0]


def test_the_opposite_is_no_copy() -> None:
    assert near_copies(["Il pacco è arrivato ieri mattina", "Il pacco non è arrivato ieri mattina"]) == [0, 1]
    assert near_copies(["I do like your new shop window", "I don't like your new shop window"]) == [0, 1]


def test_no_texts_have_no_copies() -> None:
    assert near_copies([]) == []
    assert near_copies(["", "", "a"]) == [0, 0, 2]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from([LATE, LATE + "!", "grazie"])), max_size=12))
def test_whoever_is_copied_is_no_copy_and_came_first(texts: list[str]) -> None:
    firsts = near_copies(texts)
    assert len(firsts) == len(texts)
    assert all(firsts[first] == first <= at for at, first in enumerate(firsts))
    assert all(firsts[at] == firsts[texts.index(text)] for at, text in enumerate(texts))


def test_thousands_of_texts_take_seconds() -> None:
    words = ("pacco", "ordine", "corriere", "rimborso", "taglia", "colore", "negozio", "telefono", "fattura", "sconto")
    texts = [" ".join(words[(at * k + at // k) % len(words)] for k in range(1, 12)) + f" {at}" for at in range(3_000)]
    started = time.process_time()
    near_copies([*texts, *texts, "x" * 1_000_000])
    assert time.process_time() - started < 5


def test_near_holds_every_text_against_the_one_as_near_copies_does() -> None:
    text = "Seguite tutti il mio canale di cucina, ogni giorno una ricetta nuova"
    others = [text.upper(), text + " davvero", "non " + text, "Quando arriva il mio ordine?", ""]
    assert near(text, others) == [True, True, False, False, False]
