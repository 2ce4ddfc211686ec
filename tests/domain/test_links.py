"""Which page of the catalogue answers whom, and why."""

from __future__ import annotations

import time
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.links import Asked, Link, best, fitting, nearest


def link(name: str, **more: object) -> Link:
    values: dict[str, object] = {
        "name": name,
        "url": f"https://shop.example/{name}",
        "kind": "product",
        "title": {"it": name.title(), "en": name.title()},
        "languages": ("it", "en"),
        **more,
    }
    return Link(**values)  # type: ignore[arg-type]


NILO = link("nilo", topics=("price",), cues={"it": ("lampada nilo", "nilo"), "en": ("nilo",)})
SOFA = link("sofa", topics=("price", "out-of-stock"), cues={"it": ("divan*",)})
PRICES = link("prices", kind="help", topics=("price",))
VIDEO = link("video", kind="video", cues={"it": ("mont* lampada",)})
ENGLISH = link("english", topics=("price",), languages=("en",))
BARE = link("bare")
ALL = (PRICES, NILO, SOFA, VIDEO, ENGLISH, BARE)


def asked(*texts: str, topic: str | None = "price", language: str = "it", post: str | None = None) -> Asked:
    return Asked(texts, language, topic, post)


def named(fits: object) -> list[str]:
    return [fit.link.name for fit in fits]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("question", "names"),
    [
        (asked("Quanto costa la lampada NILO?"), ["nilo", "prices"]),
        (asked("Quanto costa?"), ["prices"]),
        (asked("Quanto costa?", post="La nuova Nilo è qui"), ["nilo", "prices"]),
        (asked("Quanto costano i divani?"), ["sofa", "prices"]),
        (asked("I divani?", topic="warranty"), []),
        (asked("I divani?", topic=None), []),
        (asked("Come si monta questa bella lampada?", topic=None), ["video"]),
        (asked("Come si monta quella vostra nuova bella lampada?", topic=None), []),
        (asked("Nilorosso", topic=None), []),
        (asked("How much is the Nilo?", language="en"), ["nilo", "prices", "english"]),
        (asked("Combien?", language="fr"), []),
    ],
)
def test_a_link_fits_where_all_holds_that_it_names(question: Asked, names: list[str]) -> None:
    assert named(fitting(ALL, question)) == names


def test_it_says_why() -> None:
    (first, second) = fitting(ALL, asked("La nilo?", "Quanto costa?", "E la Nilo verde?"))
    assert (first.title, first.texts, first.why) == ("Nilo", 2, ('they say "nilo" (2 of 3)', "its topic is price"))
    assert (second.title, second.texts, second.why) == ("Prices", 3, ("its topic is price",))
    assert fitting([NILO], asked("Quanto?", post="Nilo!"))[0].why[0] == 'the post says "nilo"'


def test_an_answer_for_many_links_what_at_least_half_of_them_ask_for() -> None:
    few, half = asked("La nilo?", "Quanto?", "Prezzo?"), asked("La nilo?", "Quanto?")
    assert best([NILO, PRICES], few).link is PRICES  # type: ignore[union-attr]
    assert best([NILO, PRICES], half).link is NILO  # type: ignore[union-attr]
    assert best([NILO], few) is None
    assert best([], few) is None


def test_the_nearest_entries_say_what_they_miss() -> None:
    found = {entry.name: wrong for entry, wrong in nearest(ALL, asked("La sedia?", topic="warranty"))}
    assert len(found) == 3
    assert found["prices"] == "is for price"
    assert found["video"] == "has words that nobody says"
    assert [wrong for _, wrong in nearest([BARE, ENGLISH], asked())] == ["has neither topics nor cues", "is not in it"]
    assert nearest([NILO], asked("Nilo?", "a", "b"))[0][1] == "has words that most do not say"


@pytest.mark.parametrize("order", list(permutations([NILO, PRICES, SOFA])))
def test_what_is_named_goes_before_what_is_general_in_any_order(order: tuple[Link, ...]) -> None:
    assert best(order, asked("La Nilo?")).link is NILO  # type: ignore[union-attr]


WORDS = ("la", "lampada", "nilo", "divani", "quanto", "costa", "?", ",", "mont", "monta")
words = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
questions = st.builds(
    Asked,
    texts=st.lists(words, max_size=4).map(tuple),
    language=st.sampled_from(["it", "en", "fr"]),
    topic=st.sampled_from(["price", "warranty", None]),
    thread_text=words | st.none(),
)


@given(questions)
@settings(max_examples=150)
def test_what_fits_holds_all_that_it_names_and_the_best_is_among_it(question: Asked) -> None:
    fits = fitting(ALL, question)
    chosen = best(ALL, question)
    assert chosen is None or chosen in fits
    for fit in fits:
        assert question.language in fit.link.languages
        assert not fit.link.topics or question.topic in fit.link.topics
        assert fit.why
    assert {entry.name for entry, _ in nearest(ALL, question)}.isdisjoint({chosen.link.name} if chosen else set())


def test_a_hostile_text_takes_no_time() -> None:
    text = asked("mont " + "a " * 50_000, "nilo" * 20_000, " " * 100_000, topic=None)
    start = time.process_time()
    fitting(ALL, text)
    assert time.process_time() - start < 0.5
