from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.settings.relative import relative_words
from caretool.settings.texts import FORMS
from caretool.settings.wording import Means, read_text

MEANS = Means(promises=["reply"], needs=["order"], kinds=["reply", "pickup"], help_page=True)


def objections(text: str, form: str = "public", means: Means = MEANS) -> list[str]:
    return read_text(text, form, means).objections


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (
            "public",
            "{{ person.name }} {{ agent.name }} {{ agent.signature }} {{ company.name }} {{ company.help_page }}",
        ),
        ("public", "{{ promises.reply.when }}"),
        ("together", "{{ people }}, {{ agent.name }}"),
        (
            "private",
            "{{ order }} {{ person.name }} {% if promises.reply is defined %}{{ promises.reply.when }}{% endif %}",
        ),
        ("private", "{% if agent.signature is defined and not order %}{{ order }}{% else %}no{% endif %}{# aside #}"),
        ("public", "100 % { sure }"),
    ],
)
def test_a_text_may_show_what_the_desk_knows(form: str, text: str) -> None:
    assert objections(text, form) == []


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        ("public", "{{ people }}", "{{ people }} stands in together texts only"),
        ("private", "{{ people }}", "{{ people }} stands in together texts only"),
        ("together", "{{ person.name }}", "a together text speaks to several"),
        ("public", "{{ order }}", "it stands in private texts only"),
        ("together", "{{ order }}", "it stands in private texts only"),
        (
            "public",
            "{{ promises.pickup.when }}",
            'not promised by this template: add [[promises]] with kind = "pickup"',
        ),
        ("public", "{{ promises.reply }}", "shows something that is no name and no time by itself"),
        ("public", "{{ person.nme }}", "did you mean 'person.name'?"),
        ("public", "{{ person.name.upper }}", "is no value a public text has"),
        ("public", "{{ promises.replay.when }}", "did you mean 'promises.reply.when'?"),
        ("public", "{{ ''.__class__ }}", "Line 1 of the text does more than a text may"),
        ("public", "{{ person.name", "Line 1 of the text: unexpected end of template"),
        ("public", "ok\n{% if %}", "Line 2 of the text: "),
        ("public", "{% for x in people %}{{ x }}{% endfor %}", "does more than a text may"),
        ("public", "{% include 'x' %}", "does more than a text may"),
        ("public", "{{ agent.name * 1000000 }}", "does more than a text may"),
        ("public", "{{ person.name | upper }}", "does more than a text may"),
        ("public", "{{ " + "(" * 4000, "too involved"),
    ],
)
def test_what_a_text_cannot_show_is_told(form: str, text: str, said: str) -> None:
    found = objections(text, form)
    assert any(said in line for line in found), found


def test_a_help_page_that_is_not_set_cannot_be_shown_save_where_the_text_asks_first() -> None:
    none = Means(promises=[], needs=[], kinds=[], help_page=False)
    assert objections("{{ company.help_page }}", means=none) != []
    assert objections("{% if company.help_page is defined %}{{ company.help_page }}{% endif %}", means=none) == []


def test_each_wrong_value_is_told_once() -> None:
    assert len(objections("{{ a }} {{ b }} {{ a }} domani domani oggi")) == 4


def test_the_kinds_whose_time_is_shown_are_found() -> None:
    assert read_text("x {{ promises.reply.when }}", "public", MEANS).promised == {"reply"}
    assert read_text("x {{ promises.reply }}", "public", MEANS).promised == frozenset()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("la richiamo domani", "domani"),
        ("La richiamo OGGI stesso", "OGGI"),
        ("le rispondo dopodomani", "dopodomani"),
        ("rispondo stasera", "stasera"),
        ("rispondo in giornata", "in giornata"),
        ("rispondo entro 24 ore", "entro 24 ore"),
        ("rispondo entro le prossime 24 ore", "entro le prossime 24 ore"),
        ("rispondo entro\n  24h.", "entro 24h"),
        ("rispondo entro 24-48 ore", "entro 24-48 ore"),
        ("rispondo tra due giorni", "tra due giorni"),
        ("rispondo nelle prossime 48 ore", "nelle prossime 48 ore"),
        ("rispondo entro un'ora", "entro un'ora"),
        ("rispondo entro venerdì", "entro venerdì"),
        ("rispondo la settimana prossima", "settimana prossima"),
        ("rispondo entro fine giornata", "entro fine giornata"),
        ("I'll call you tomorrow", "tomorrow"),
        ("I'll call you today.", "today"),
        ("an answer tonight", "tonight"),
        ("within 24 hours", "within 24 hours"),
        ("within the next 24 hours", "within the next 24 hours"),
        ("in two working days", "in two working days"),
        ("by Monday", "by Monday"),
        ("by the end of the day", "the end of the day"),
        ("within 24 hours from now", "within 24 hours"),
    ],
)
def test_words_that_move_with_the_day_are_found(text: str, words: str) -> None:
    assert relative_words(text) == [words]
    assert any(repr(words) in line or words in line for line in objections(text))


@pytest.mark.parametrize(
    "text",
    [
        "può restituire entro 14 giorni dalla consegna",
        "within 14 days of delivery you can send it back",
        "siamo aperti dal lunedì al venerdì, dalle 9 alle 18",
        "we are open Monday to Friday",
        "il poggio, il domaniale, yesterday's todays",
        "in un attimo, in one piece, in a private message",
        "rispondo {{ promises.reply.when }}",
        "entro i termini di legge",
    ],
)
def test_what_stands_still_is_left_alone(text: str) -> None:
    assert relative_words(text) == []


@given(st.text(alphabet="{}%#'|. ()[]~-+*/\n\"abcnif", max_size=60), st.sampled_from(FORMS))
@settings(max_examples=200)
def test_no_text_breaks_the_reading(text: str, form: str) -> None:
    assert isinstance(objections(text, form), list)
