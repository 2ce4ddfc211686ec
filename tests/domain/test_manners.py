"""How we speak: shouting, sarcasm, blame, the language, the register, the question; measured on invented replies."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from caretool.domain.checks import ReplyText, check
from caretool.domain.draft import Check
from caretool.domain.reading import Commitment, Question
from caretool.language import plainly, questions

FOLDER = Path(__file__).parent / "manners"
GOOD = tomllib.loads((FOLDER / "good.toml").read_text("utf-8"))
BAD = tomllib.loads((FOLDER / "bad.toml").read_text("utf-8"))
MANNERS: frozenset[Check] = frozenset({"shouting", "sarcasm", "blame", "wrong-language", "unanswered-question"})
SECOND_LOOK = {"shouting": 1.0, "sarcasm": 0.8, "blame": 0.75}
MILLISECONDS = 2
HOSTILE_SECONDS = 1.5


def answer(text: str, language: str, asked: str = "", **more: Any) -> ReplyText:
    """A reply to one comment, with what was read in both."""
    theirs = plainly.language_of(asked)
    return ReplyText(
        text,
        language,
        names=("MARIO ROSSI", "JOHN SMITH", "Anna"),
        said=(asked,) if asked else (),
        questions=questions.find(asked),
        written_in=plainly.language_of(text, 8),
        spoken=frozenset({theirs}) if theirs else frozenset(),
        **more,
    )


def refused(reply: ReplyText) -> list[tuple[str, str]]:
    return [(one.check, one.excerpt) for one in check(reply) if one.check in MANNERS]


def answers(of: dict[str, Any], key: str) -> Iterator[tuple[str, str, str]]:
    for entry in of[key]:
        yield from ((entry["asked"], entry.get("language", "it"), text) for text in entry["texts"])


@pytest.mark.parametrize("kinds", [frozenset(), frozenset({"complaint"})], ids=["to anybody", "to a complaint"])
@pytest.mark.parametrize(("language", "text"), [(tag, text) for tag in ("it", "en", "es") for text in GOOD[tag]])
def test_a_good_reply_is_not_refused(language: str, text: str, kinds: Any) -> None:
    assert refused(answer(text, language, kinds=kinds)) == []


@pytest.mark.parametrize(("asked", "language", "text"), list(answers(GOOD, "answers")))
def test_what_answers_the_question_is_not_refused(asked: str, language: str, text: str) -> None:
    assert refused(answer(text, language, asked)) == []


@pytest.mark.parametrize(
    ("name", "language", "text"),
    [(name, tag, text) for name in ("shouting", "sarcasm", "blame") for tag in BAD[name] for text in BAD[name][tag]],
)
def test_a_bad_reply_is_refused_with_its_words_and_better_ones(name: str, language: str, text: str) -> None:
    found = [one for one in check(answer(text, language)) if one.check == name]
    assert found
    for one in found:
        assert one.excerpt in text
        assert one.suggest
        assert refused(ReplyText(one.suggest, language)) == []


@pytest.mark.parametrize("name", list(SECOND_LOOK))
def test_words_nobody_had_in_mind_are_refused_as_often_as_before(name: str) -> None:
    texts = [(tag, text) for tag in BAD["second"][name] for text in BAD["second"][name][tag]]
    found = [name in dict(refused(answer(text, tag, kinds=frozenset({"complaint"})))) for tag, text in texts]
    assert sum(found) / len(found) >= SECOND_LOOK[name]


@pytest.mark.parametrize(("asked", "language", "text"), list(answers(BAD, "unanswered")))
def test_a_question_that_is_passed_over_is_told_in_its_own_words(asked: str, language: str, text: str) -> None:
    signed = text.replace("Dario", "Dario, assistenza clienti di Bottega Blu")
    (found,) = [
        one for one in check(answer(text, language, asked, agent="Dario")) if one.check == "unanswered-question"
    ]
    assert [one.why for one in check(answer(signed, language, asked, agent="Dario"))][-1] == found.why
    assert asked in found.why
    assert "a link, or by when" in found.why
    assert found.suggest


@pytest.mark.parametrize(("asked", "language", "text"), list(answers(BAD, "elsewhere")))
def test_an_answer_in_another_language_is_refused(asked: str, language: str, text: str) -> None:
    assert [name for name, _ in refused(answer(text, language, asked))] == ["wrong-language"]


def test_a_promise_answers_any_question() -> None:
    text = "Buongiorno Anna, le rispondo qui domani. Dario"
    promise = Commitment("le rispondo qui domani", 17, 39, "reply", None, conditional=True)
    assert refused(answer(text, "it", "Quanto costa?", commitments=(promise,))) == []


def test_a_name_in_the_text_does_not_answer_the_question() -> None:
    question = (Question("which", "Quale mi consigliate?"),)
    reply = ReplyText("Grazie a lei, gentile Anna, un saluto.", "it", names=("Anna",), questions=question)
    assert [one.check for one in check(reply)] == ["unanswered-question"]


def test_the_language_of_somebody_who_writes_little_is_not_guessed() -> None:
    long = GOOD["en"][0]
    assert refused(answer(long, "it", "ok grazie")) == []
    assert refused(answer("Thank you!", "it", "Buongiorno, il mio pacco non è ancora arrivato")) == []
    assert refused(answer(long + " «Buongiorno, sono Dario e ho letto il suo messaggio»", "en", long)) == []


def test_the_register_of_the_house_is_kept_where_it_says_one() -> None:
    text = "Ciao Anna, ti rispondo qui, e il tuo pacco parte oggi."
    assert check(ReplyText(text, "it")) == ()
    (found,) = check(ReplyText(text, "it", registers=frozenset({"lei"})))
    assert (found.check, found.excerpt) == ("wrong-register", "ti")
    assert "as tu, and here we say lei" in found.why
    assert check(ReplyText(text, "it", registers=frozenset({"tu"}))) == ()
    assert found.suggest is None


def test_a_name_that_is_a_pronoun_too_is_no_register() -> None:
    reply = ReplyText("Buongiorno Vi Tran, grazie a lei.", "it", names=("Vi Tran",), registers=frozenset({"lei"}))
    assert check(reply) == ()
    assert [one.excerpt for one in check(replace(reply, text="Buongiorno Vi Tran, vi aspetto."))] == ["vi"]


@pytest.mark.parametrize(
    ("text", "capitals", "excerpt"),
    [
        ("La CONSOLE PRO EDITION costa 300 euro", (), None),
        ("Il modello ASUS ROG STRIX GTX ha 8 GB", (), None),
        ("Il MERCATINO DEL BORGO è aperto", ("mercatino", "del", "borgo"), None),
        ("Il MERCATINO DEL BORGO è aperto", (), "MERCATINO DEL BORGO"),
        ("MARIO ROSSI, PER FAVORE ci scriva", (), "PER FAVORE"),
        ("Grazie!!", (), None),
        ("Grazie!!!", (), "!!!"),
        ("davvero?!?", (), "?!?"),
        ("Vedi https://shop.example/IL/SUO/NON e #NONSOLOMODA @LA_TUA_IL", (), None),
        ("Prema «AVVIA IL CICLO» e poi «NON SPEGNERE»", (), None),
        ("I AM SORRY, WE HAVE FOUND IT", (), "I AM SORRY, WE HAVE FOUND IT"),
    ],
)
def test_names_and_abbreviations_are_no_shouting(text: str, capitals: tuple[str, ...], excerpt: str | None) -> None:
    reply = ReplyText(text, "it", names=("MARIO ROSSI",), capitals=frozenset(capitals))
    found = [one for _, one in refused(reply)]
    assert found == ([] if excerpt is None else [excerpt.removeprefix("I ")])


@pytest.mark.parametrize(
    ("text", "excerpt"),
    [
        ("BASTA LAMENTELE, per favore", "BASTA LAMENTELE"),
        ("UN SALUTO A TUTTI dal negozio", "UN SALUTO A TUTTI"),
        ("Buongiorno, sono GIULIA E URLO TANTO", "URLO TANTO"),
        ("Il reso è GRATUITO E VELOCE", "GRATUITO E VELOCE"),
        ("THANKS A MILLION for waiting", "THANKS A MILLION"),
    ],
)
def test_a_run_of_words_in_capitals_is_one_finding(text: str, excerpt: str) -> None:
    assert refused(replace(answer(text, "it"), agent="Giulia")) == [("shouting", excerpt)]


@pytest.mark.parametrize(
    ("text", "said", "told"),
    [
        ('Abbiamo visto il suo "problema" e lo risolviamo', "Ho un problema con la lampada", True),
        ("Capiamo la sua «urgenza»", "È un'urgenza!", True),
        ('We have seen your "urgent" message', "This is urgent", True),
        ('Abbiamo visto il suo "problema"', "La lampada non va", False),
        ('Prema il pulsante "problema"', "Ho un problema", False),
        ('La trova nella sua "area personale"', "non trovo l'area personale", False),
    ],
)
def test_the_customers_own_words_are_not_held_up(text: str, said: str, told: bool) -> None:
    assert (refused(ReplyText(text, "it", said=(said,))) != []) is told


def test_what_is_sincere_to_who_praises_mocks_who_complains() -> None:
    text = "Complimenti per la scelta! Dario"
    assert refused(ReplyText(text, "it", kinds=frozenset({"praise"}))) == []
    assert refused(ReplyText(text, "it", kinds=frozenset({"complaint"}))) == [("sarcasm", "Complimenti per")]


def test_a_check_that_is_off_refuses_nothing() -> None:
    assert check(ReplyText("Grazie!!!", "it", off=frozenset({"shouting"}))) == ()


def test_all_checks_on_one_text_take_milliseconds() -> None:
    text = (GOOD["it"][0] * 3)[:300]
    many = [answer(f"{text}{n}", "it", "Quanto costa? E quando arriva?", agent="Dario") for n in range(50)]
    best = min(_seconds(many) for _ in range(3))
    assert 1000 * best / len(many) <= MILLISECONDS


def _seconds(replies: list[ReplyText]) -> float:
    started = time.process_time()
    for reply in replies:
        check(reply)
    return time.process_time() - started


PILES = (
    "A", "A ", "LA IL ", "!", "?!", "il ", "errore del ", 'il suo "a ', "lei lei avrebbe ", "se avesse x ", ". ",
    "complimenti per la ", "wow, ", "{{ ", "«", "“a ", "@", "x@", "http://", "#a", "é", "a-", "a'", "1 ", "NON ",
    "mi scriv ", " ", "\n", "because of the ", "you should have ", "certo,", "quanto ", "quando?", "dove, ",
    "non siamo mica ",
)  # fmt: skip


@pytest.mark.parametrize("piece", PILES)
def test_a_huge_text_is_checked_in_bounded_time(piece: str) -> None:
    pile = piece * (100_000 // len(piece))
    started = time.process_time()
    check(answer(pile, "it", pile, registers=frozenset({"lei"}), kinds=frozenset({"complaint"})))
    assert time.process_time() - started < HOSTILE_SECONDS
