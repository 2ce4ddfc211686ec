"""How X weighs a text, by the public table of twitter-text (tests/data/twitter-text)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from caretool.platforms.x.weighted import links, weighted

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "twitter-text" / "weighted.json").read_text("utf-8")
)
PIECES = [
    "a",
    "Sig",
    "ra",
    ".",
    ".",
    "it",
    "com",
    "http://",
    "https://",
    "中国",
    "рф",
    "/",
    "(",
    ")",
    "?q=",
    "@",
    "-",
    "_",
    " ",
    "é",
]


@pytest.mark.parametrize("case", CASES, ids=[f"{number} {case['description']}" for number, case in enumerate(CASES)])
def test_a_text_is_as_long_as_the_public_table_says(case: dict[str, Any]) -> None:
    assert weighted(case["text"]) == case["weightedLength"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Gentile Sig.ra Bianchi, la dott.ssa Rossi risponde entro le 18.30.", []),
        ("Vedi bottegablu.it/aiuto, o bottegablu.shop.", ["bottegablu.it/aiuto", "bottegablu.shop"]),
        ("(https://bottegablu.it/aiuto?ordine=4711&lingua=it#oggi).", ["https://bottegablu.it/aiuto?ordine=4711&lingua=it#oggi"]),
        ("https://it.wikipedia.org/wiki/Blu_(colore) ecco", ["https://it.wikipedia.org/wiki/Blu_(colore)"]),
        ("scrivi a info@bottegablu.it", []),
        ("@bottegablu.it #a.it $b.it", []),
        ("è pronto.Arriva domani", []),
        ("これは。example.com中国語", ["example.com"]),
        ("http://☃.net/neve http://-no.com http://no_.com", ["http://☃.net/neve"]),
        ("пример.рф e http://пример.рф", ["http://пример.рф"]),
        ("a.com-b.it c.it_d e_f.it", ["a.com-b.it", "c.it"]),
    ],
)  # fmt: skip
def test_a_link_is_what_x_makes_one(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in links(text)] == found


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("Buongiorno è già così", 21),
        ("e\u0301", 1),
        ("“Anna” — sì…", 13),
        ("1️⃣ © ❤️ 🇮🇹 👨‍👩‍👧‍👦", 14),
        ("https://bottegablu.it/aiuto/spedizioni/e/altro/ancora, grazie", 31),
    ],
)
def test_letters_are_one_and_what_is_wide_is_two(text: str, length: int) -> None:
    assert weighted(text) == length


@settings(max_examples=150)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example("a.it/x(y")
def test_links_stand_one_after_the_other_and_weigh_23_each(text: str) -> None:
    spans = links(text)
    places = [0, *(place for span in spans for place in span), len(text)]
    assert places == sorted(places)
    assert weighted(text) >= 23 * len(spans)


@pytest.mark.parametrize("piece", ["a.", "a_b.", "é.", "-a.", "中文.", "http://", "@a ", "(a(", "👨\u200d"])
@pytest.mark.parametrize("end", ["", "com", "/" + "(" * 400])
def test_no_text_takes_long_to_weigh(piece: str, end: str) -> None:
    """Tried at one beginning after the other, each of these would take minutes."""
    assert weighted(piece * 6000 + end) > 0
