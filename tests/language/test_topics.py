"""The topic of a text, from the templates' examples."""

from __future__ import annotations

import pytest

from caretool.domain.template import Template, Wording
from caretool.language.topics import Topics
from caretool.language.words import split

LATE = Template(
    "delivery-late",
    "delivery-late",
    examples={
        "it": ("il pacco non è ancora arrivato", "quando arriva il mio ordine?", "consegna in ritardo"),
        "en": ("my parcel has not arrived yet", "where is my order?"),
    },
)
BROKEN = Template(
    "parcel-damaged",
    "parcel-damaged",
    examples={
        "it": ("il pacco è arrivato rotto", "la scatola era tutta schiacciata", "vetro in frantumi"),
        "en": ("the parcel arrived broken", "the box was crushed"),
    },
)
HOURS = Template("opening-hours", "opening-hours", examples={"it": ("a che ora aprite?", "siete aperti la domenica?")})


def best(topics: Topics, text: str, language: str) -> tuple[str, float]:
    return topics.rank(split(text), language)[0]


@pytest.mark.parametrize("template", [LATE, BROKEN, HOURS])
def test_an_example_is_its_own_topic_and_surely_so(template: Template) -> None:
    topics = Topics([LATE, BROKEN, HOURS])
    for language, examples in template.examples.items():
        for example in examples:
            topic, confidence = best(topics, example, language)
            assert topic == template.topic
            assert confidence > 0.7


def test_a_text_near_no_example_has_next_to_no_confidence() -> None:
    assert best(Topics([LATE, BROKEN, HOURS]), "stanotte ho sognato un unicorno", "it")[1] < 0.25


def test_other_words_of_the_same_stem_are_recognised() -> None:
    assert best(Topics([LATE, BROKEN, HOURS]), "scatole schiacciate", "it")[0] == "parcel-damaged"


def test_only_examples_in_the_texts_language_count_where_there_are_any() -> None:
    topics = Topics([LATE, BROKEN, HOURS])
    assert {topic for topic, _ in topics.rank(split("a che ora aprite"), "en")} == {"delivery-late", "parcel-damaged"}
    assert best(topics, "a che ora aprite?", "fr")[0] == "opening-hours"


def test_the_matter_of_a_long_letter_is_found_in_its_sentence() -> None:
    text = (
        "Buongiorno a tutti quanti voi. Sono vostra cliente da molti anni e vi seguo sempre con piacere. "
        "La scatola era tutta schiacciata. Resto in attesa di un cortese riscontro, cordiali saluti."
    )
    topic, confidence = best(Topics([LATE, BROKEN, HOURS]), text, "it")
    assert topic == "parcel-damaged"
    assert confidence > 0.8


def test_what_we_answer_names_the_topic_too_without_its_placeholders() -> None:
    answered = Template(
        "warranty",
        "warranty",
        examples={"it": ("si è guastato, che faccio?",)},
        replies={
            "it": Wording(public="{{ person.name }}, la garanzia copre il difetto: {# unicorno #} la ripariamo noi.")
        },
    )
    topics = Topics([LATE, answered])
    assert best(topics, "garanzia sul difetto", "it")[0] == "warranty"
    assert best(topics, "person name unicorno", "it")[1] < 0.2


def test_several_templates_may_share_a_topic() -> None:
    night = Template("night", "opening-hours", examples={"it": ("fate orario notturno?",)})
    ranked = Topics([LATE, HOURS, night]).rank(split("orario notturno"), "it")
    assert sorted(topic for topic, _ in ranked) == ["delivery-late", "opening-hours"]
    assert ranked[0][0] == "opening-hours"


def test_confidences_fall_and_lie_between_nought_and_one() -> None:
    confidences = [confidence for _, confidence in Topics([LATE, BROKEN, HOURS]).rank(split("pacco rotto"), "it")]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 <= confidence <= 1 for confidence in confidences)


def test_without_examples_or_words_there_is_no_topic() -> None:
    assert Topics([]).rank(split("pacco"), "it") == []
    assert Topics([Template("t", "t", examples={"it": ("", "!!")})]).rank(split("pacco"), "it") == []
    assert Topics([LATE]).rank(split("!!"), "it") == []
    assert best(Topics([HOURS]), "siete aperti la domenica?", "it")[1] > 0.5
