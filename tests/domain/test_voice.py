"""How we speak to people: Lei, tu, voi; the greeting; the signature."""

from __future__ import annotations

import tomllib
from datetime import time
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import caretool
from caretool.domain.respeaking import respoken
from caretool.domain.voice import (
    REGISTERS,
    AccountVoice,
    Register,
    ThreadVoice,
    Voice,
    accepted,
    betraying,
    greeting,
    registers_in,
    signed,
    signs,
    wanted_register,
    wrong_registers,
)

REPLIES = Path(str(caretool.__file__)).parent / "starter" / "templates" / "replies"
registers = st.sampled_from(get_args(Register)) | st.none()
hours = st.times()


@pytest.mark.parametrize(
    ("language", "register", "hour", "said"),
    [
        ("it", "lei", time(9, 12), "Buongiorno Sig.ra Rossi"),
        ("it", "lei", time(16, 59), "Buongiorno Sig.ra Rossi"),
        ("it", "lei", time(17), "Buonasera Sig.ra Rossi"),
        ("it", "voi", time(23, 59), "Buonasera Sig.ra Rossi"),
        ("it", "tu", time(9), "Ciao Sig.ra Rossi"),
        ("it", "tu", time(22), "Ciao Sig.ra Rossi"),
        ("it", None, time(0), "Buongiorno Sig.ra Rossi"),
        ("es", "usted", time(13, 59), "Buenos días Sig.ra Rossi"),
        ("es", "usted", time(14), "Buenas tardes Sig.ra Rossi"),
        ("es", None, time(20), "Buenas noches Sig.ra Rossi"),
        ("es", "vosotros", time(20), "Hola Sig.ra Rossi"),
        ("en", None, time(20), "Hello Sig.ra Rossi"),
        ("fr", None, time(9), "Hello Sig.ra Rossi"),
    ],
)
def test_the_greeting_goes_by_register_language_and_hour(
    language: str, register: Register | None, hour: time, said: str
) -> None:
    assert greeting("Sig.ra Rossi", language, register, hour) == said


@given(st.text(min_size=1, max_size=40), st.sampled_from(["it", "es", "en", "fr", ""]), registers, hours)
@settings(max_examples=100)
def test_a_greeting_is_a_word_or_two_and_the_name_as_it_is_called(
    called: str, language: str, register: Register | None, hour: time
) -> None:
    said = greeting(called, language, register, hour)
    assert said.endswith(f" {called}")
    words = said.removesuffix(f" {called}")
    every = {"Buongiorno", "Buonasera", "Ciao", "Buenos días", "Buenas tardes", "Buenas noches", "Hola", "Hello"}
    assert words in every
    assert said == greeting(called, language, register, hour)


def test_the_nearest_that_was_said_wins() -> None:
    voice = Voice(
        register={"it": "lei", "es": "usted"},
        accounts={"instagram": AccountVoice(register={"it": "voi"})},
        threads=(ThreadVoice("https://x.example/1/", {"it": "tu"}),),
    )

    def wanted(language: str, account: str, template: Register | None = None, thread: str | None = None) -> str | None:
        own: dict[str, Register] = {language: template} if template else {}
        return wanted_register(voice, own, language, account, (None, thread))

    assert wanted("it", "page") == "lei"
    assert wanted("it", "instagram") == "voi"
    assert wanted("it", "instagram", template="lei") == "lei"
    assert wanted("it", "instagram", template="lei", thread="https://x.example/1") == "tu"
    assert wanted("it", "instagram", thread="https://x.example/12") == "voi"
    assert wanted("es", "instagram", thread="https://x.example/1") == "usted"
    assert wanted("en", "instagram") is None


def test_a_thread_is_named_by_its_id_too() -> None:
    voice = Voice(threads=(ThreadVoice("post-7", {"it": "tu"}),))
    assert wanted_register(voice, {}, "it", "page", ("post-7", None)) == "tu"
    assert wanted_register(voice, {}, "it", "page", (None, None)) is None


def test_a_customer_of_the_same_name_is_no_signature() -> None:
    assert signed("Buongiorno Dario Neri, eccomi.", "Dario", ("Dario Neri",)) == "Buongiorno Dario Neri, eccomi.\nDario"
    assert signed("Buongiorno Dario, sono Dario.", "Dario", ("Dario",)) == "Buongiorno Dario, sono Dario."
    assert signed("Alla prossima!", "Al") == "Alla prossima!\nAl"


def test_the_signature_stands_on_a_line_of_its_own_once() -> None:
    assert signed("Grazie!", "Dario, assistenza") == "Grazie!\nDario, assistenza"
    assert signed("Grazie!\n\ndario,  assistenza", "Dario, assistenza") == "Grazie!\n\ndario,  assistenza"
    assert signed("Grazie!", None) == "Grazie!"


@given(st.text(max_size=60), st.text(min_size=1, max_size=20))
@settings(max_examples=100)
def test_a_text_is_signed_at_most_once(text: str, signature: str) -> None:
    once = signed(text, signature)
    assert signed(once, signature) == once
    assert once.startswith(text)


def test_an_account_signs_as_it_says_else_as_all_do() -> None:
    voice = Voice(signature="append", accounts={"x": AccountVoice(signature="none"), "y": AccountVoice()})
    assert (signs(voice, None), signs(voice, "x"), signs(voice, "y"), signs(voice, "z")) == (True, False, True, True)


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("it", "Le rispondo qui entro domani.", {"lei"}),
        ("it", "La richiamiamo, mi mandi una foto.", {"lei"}),
        ("it", "Vorrei aiutarla, a lei la scelta.", {"lei"}),
        ("it", "Il suo pacco è partito.", {"lei"}),
        ("it", "Gliene mandiamo un altro: chieda pure a me.", {"lei"}),
        ("it", "Ti rispondo qui.", {"tu"}),
        ("it", "Il tuo pacco è partito, hai ragione.", {"tu"}),
        ("it", "Scrivimi il numero in privato.", {"tu"}),
        ("it", "Inviaci una foto.", {"tu"}),
        ("it", "Vi rispondo qui, scrivetemi in privato.", {"voi"}),
        ("it", "Se avete domande, il vostro ordine è qui.", {"voi"}),
        ("it", "Ti scrivo del suo collega.", {"tu"}),  # "suo" is his
        ("it", "Le rispondo qui, scrivimi pure.", {"lei", "tu"}),
        ("it", "Sei pezzi, la lampada, le sedie, la foto, le mani.", set()),
        ("it", "Grazie, un saluto da Dario.", set()),
        ("es", "Le respondo aquí, escríbame.", {"usted"}),
        ("es", "Su pedido ha salido.", {"usted"}),
        ("es", "Te respondo aquí, tu pedido ha salido.", {"tu"}),
        ("es", "Os respondemos aquí, escribidnos.", {"vosotros"}),
        ("es", "Gracias, un saludo.", set()),
        ("en", "I'll reply to you here, your parcel has left.", set()),
        ("fr", "Tu es là", set()),
    ],
)
def test_a_text_betrays_how_it_speaks(language: str, text: str, found: set[Register]) -> None:
    assert registers_in(text, language) == found
    assert registers_in(text.upper() if language == "en" else text.replace("'", "’"), language) == found


@pytest.mark.parametrize(
    ("language", "register", "text"),
    [
        ("it", "tu", "Ciao Anna, se mi mandi il numero in privato ti rispondo qui."),
        ("it", "tu", "Ciao Anna, quando ci contatti tieni a portata di mano il tuo numero."),
        ("it", "tu", "Ciao Anna, la foto che ci mandi aiuta il magazzino: te la chiedo in privato, ti va?"),
        ("it", "tu", "Ciao Anna, le tue scarpe le ho spedite ieri, la lampada la spediamo oggi."),
        ("it", "tu", "Ciao Anna, ho parlato con la collega e per lei va bene: ti faccio sapere qui."),
        ("it", "lei", "Buongiorno Anna, lei scrive «ti ho aspettato tutto il giorno»: le chiedo scusa."),
        ("it", "lei", 'Buongiorno Anna, "non vi credo più" lo capisco, e le chiedo scusa.'),
        ("it", "lei", "Buongiorno Anna, non vi è alcun costo: le spedisco il modulo."),
        ("es", "tu", "Hola Ana, te esperamos: les hemos avisado a los compañeros."),
        ("es", "tu", "Hola Ana, la tienda le enviará la factura a tu empresa."),
    ],
)
def test_who_else_a_text_speaks_of_and_what_it_quotes_is_no_register(
    language: str, register: Register, text: str
) -> None:
    assert wrong_registers(text, language, register, several=False) == frozenset()


def test_the_words_that_betray_it_are_told() -> None:
    assert betraying("Buongiorno, ti scrivo: le rispondo.", "it") == {"lei": "le rispondo", "tu": "ti"}


def test_several_people_are_spoken_to_in_the_plural() -> None:
    assert accepted("lei", "it", several=True) == {"voi"}
    assert accepted("lei", "it", several=False) == {"lei"}
    assert accepted("usted", "es", several=True) == {"usted"}
    assert wrong_registers("Vi rispondo qui.", "it", "lei", several=True) == frozenset()
    assert wrong_registers("Le rispondo qui.", "it", "lei", several=True) == {"lei"}
    assert wrong_registers("Ti rispondo qui.", "it", None, several=False) == frozenset()


@given(st.sampled_from(sorted(REGISTERS)), st.data(), st.booleans())
@settings(max_examples=30)
def test_what_is_accepted_is_a_register_of_the_language(language: str, data: st.DataObject, several: bool) -> None:
    register = data.draw(st.sampled_from(REGISTERS[language]))
    assert accepted(register, language, several=several) <= set(REGISTERS[language])


@given(st.text(max_size=200), st.sampled_from(["it", "es", "en"]))
@settings(max_examples=100)
def test_only_registers_of_the_language_are_heard(text: str, language: str) -> None:
    assert registers_in(text, language) <= set(REGISTERS.get(language, ()))


@pytest.mark.parametrize("path", sorted(REPLIES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_starters_italian_texts_say_lei_to_one_and_voi_to_many(path: Path) -> None:
    words = tomllib.loads(path.read_text(encoding="utf-8"))["reply"]["it"]
    for form, texts in words.items():
        for text in [texts] if isinstance(texts, str) else texts:
            assert wrong_registers(text, "it", "lei", several=form == "together") == frozenset(), text


@pytest.mark.parametrize(
    ("words", "language", "found", "wanted", "better"),
    [
        ("suo", "it", "lei", "tu", "tuo"),
        ("Tua", "it", "tu", "lei", "Sua"),
        ("hai", "it", "tu", "voi", "avete"),
        ("le rispondo", "it", "lei", "tu", "ti rispondo"),
        ("La ringrazio", "it", "lei", "voi", "Vi ringrazio"),
        ("gliela mando", "it", "lei", "tu", "te la mando"),
        ("aiutarla", "it", "lei", "tu", "aiutarti"),
        ("a te", "it", "tu", "lei", "a lei"),
        ("vi", "it", "voi", "tu", "ti"),
        ("tus", "es", "tu", "usted", "sus"),
    ],
)
def test_words_of_one_register_are_said_in_another(
    words: str, language: str, found: Register, wanted: Register, better: str
) -> None:
    assert respoken(words, language, found, wanted) == better
    assert wrong_registers(better, language, wanted, several=False) == frozenset()


@pytest.mark.parametrize("words", ["ti", "scrivimi", "t'ho scritto", "aiutarti"])
def test_what_hangs_on_more_than_the_words_is_not_said_for_them(words: str) -> None:
    assert respoken(words, "it", "tu", "lei") is None
