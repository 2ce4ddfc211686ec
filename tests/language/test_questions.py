"""What a comment asks, and in which language it plainly is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caretool.language.plainly import agrees, language_of
from caretool.language.questions import find


@pytest.mark.parametrize(
    ("text", "sought"),
    [
        ("Quanto costa la spedizione?", ["how-much"]),
        ("quanto costa la console", ["how-much"]),
        ("A quanto viene con lo sconto?", ["how-much"]),
        ("Quanto tempo ci vuole?", ["how-long"]),
        ("Ciao! In quanti giorni consegnate? E quanto costa?", ["how-long", "how-much"]),
        ("Quando arriva il mio ordine?", ["when"]),
        ("A che ora aprite domenica?", ["when"]),
        ("Dov'è il mio pacco?", ["where"]),
        ("Qual è la differenza?", ["which"]),
        ("Buongiorno, è possibile cambiare l'indirizzo?", ["possible"]),
        ("Si può pagare alla consegna?", ["possible"]),
        ("How much is it? Where can I buy it?", ["how-much", "where"]),
        ("How long does it last?", ["how-long"]),
        ("Can I return it in the shop?", ["possible"]),
        ("Which size should I take?", ["which"]),
        ("¿Cuánto cuesta?", ["how-much"]),
        ("¿Dónde está la tienda?", ["where"]),
        ("Bellissimo!", []),
        ("È da quando l'ho comprata che non funziona", []),
        ("Com'è possibile che nessuno risponda?", []),
        ("How is it possible that nobody answers?", []),
        ("How much longer do I have to wait?", []),
        ("Quando vi decidete a rispondere? Vergognatevi", []),
        ("Vergogna, quando arriva?", []),
        ("Il negozio dove ho comprato è chiuso", []),
        ("https://shop.example/quanto?costa=1", []),
        ("?", []),
        ("", []),
    ],
)
def test_plain_questions_are_found_and_anger_is_none(text: str, sought: list[str]) -> None:
    assert [question.sought for question in find(text)] == sought


def test_the_question_is_told_in_its_own_words() -> None:
    (found,) = find("Buongiorno. Mi piace molto! Quanto costa quella blu? Grazie")
    assert found.excerpt == "Quanto costa quella blu?"


@given(st.text(max_size=300))
def test_whatever_is_written_at_most_three_questions_are_found(text: str) -> None:
    found = find(text + " quanto costa? quando arriva? dove? quale?")
    assert 1 <= len(found) <= 3
    assert len({question.sought for question in found}) == len(found)
    assert all(0 < len(question.excerpt) <= 200 for question in found)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Buongiorno, il mio pacco non è ancora arrivato", "it"),
        ("Hello, my parcel has not arrived yet", "en"),
        ("Hola, mi pedido no ha llegado todavía y nadie contesta", "es"),
        ("ok", None),
        ("Grazie mille", None),
        ("Console Pro Edition XL", None),
        ("Mein Paket ist noch nicht angekommen, wo bleibt es denn?", None),
        ("Mon colis n'est toujours pas arrivé, que faire maintenant?", None),
        ("Il pacco: «my parcel has not arrived and you have not answered my e-mail»", None),
        ("Hello the and of: buongiorno il pacco non è arrivato", None),
    ],
)
def test_a_language_is_named_only_where_it_is_certain(text: str, language: str | None) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "language", "agreeing"),
    [
        ("Chiamo da tre giorni e al telefono non risponde nessuno", "it", True),
        ("Chiamo da tre giorni e al telefono non risponde nessuno", "es", False),
        ("I keep calling and nobody picks up", "en", True),
        ("ordine 4711 stato?", "it", False),
        ("La console Pro non parte, error and restart", "it", False),
        ("Console Pro Edition bundle rosso blu", "it", False),
    ],
)
def test_a_few_small_words_agree_with_a_language_that_was_read(text: str, language: str, agreeing: bool) -> None:
    assert agrees(text, language) is agreeing
