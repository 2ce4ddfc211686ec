"""What a watch looks for, and what it does not mean."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.watch import Watch

WATCH = Watch("parcels", ("Bottega Blu", "#bottegablu"), without=("Milano",), languages=("it",))


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("compro da bottega  BLU ogni anno", "it", True),
        ("compro da Bottega\nBlu", None, True),
        ("viva #BottegaBlu!", "it-IT", True),
        ("viva #bottegablubis", "it", False),
        ("la bottega bluastra", "it", False),
        ("una bottega tutta blu", "it", False),
        ("Bottega Blu a Milano", "it", False),
        ("Bottega Blu e il milanoese", "it", True),
        ("I love Bottega Blu", "en", False),
        ("ＢＯＴＴＥＧＡ Blu", "it_CH", True),
        ("", None, False),
    ],
)
def test_whole_words_whatever_their_case_in_the_languages_meant(text: str, language: str | None, found: bool) -> None:
    assert WATCH.finds(text, language) == found


@pytest.mark.parametrize(
    ("word", "text", "found"),
    [
        ("ボテガ", "昨日ボテガで買いました", True),
        ("Bottega", "昨日Bottegaで買いました", True),
        ("Bottega", "昨日Bottegasで買いました", False),
        ("보테가블루", "보테가블루는 정말 좋아요", True),
        ("博泰加", "我在博泰加蓝买的", True),
        ("บอตเตกา", "ฉันชอบบอตเตกามาก", True),
        ("博泰加", "我在别处买的", False),
    ],
)
def test_where_one_cannot_see_where_words_end_any_place_will_do(word: str, text: str, found: bool) -> None:
    assert Watch("w", (word,)).finds(text, None) == found
    assert Watch("w", (), without=(word,)).allows(text, None) != found


@pytest.mark.parametrize(
    "text", ["all’Osteria dell’Orso", "l'osteria dell'orso", "OSTERIA DELLʼORSO", "oste\xadria dell'Orso"]
)
@pytest.mark.parametrize("word", ["Osteria dell'Orso", "osteria dell’orso"])
def test_an_apostrophe_is_one_however_it_is_typed(word: str, text: str) -> None:
    assert Watch("w", (word,)).finds(text, None)
    assert not Watch("w", (), without=(word,)).allows(text, None)


@pytest.mark.parametrize("word", ["", "  ", "\xad", "\u3000"])
def test_a_word_of_which_nobody_sees_anything_is_found_nowhere(word: str) -> None:
    assert not Watch("w", (word,)).finds("Bottega \xad Blu", None)


def test_what_a_platform_found_need_not_hold_the_word_as_we_would_look_for_it() -> None:
    assert WATCH.allows("le botteghe blu", "it")
    assert not WATCH.allows("le botteghe blu di MILANO", "it")


def test_a_word_is_no_pattern() -> None:
    assert replace(WATCH, words=("c++", ".*")).finds("scrivo in c++ da anni", "it")
    assert not replace(WATCH, words=(".*", "[a-z]+")).finds("scrivo", "it")


@given(st.lists(st.text(max_size=20), max_size=4), st.text(max_size=60))
@settings(max_examples=100)
def test_whatever_is_written_nothing_breaks_and_what_finds_allows(words: list[str], text: str) -> None:
    watch = Watch("w", tuple(words), without=("paper",))
    assert not watch.finds(text, None) or watch.allows(text, None)


def test_the_key_is_what_is_looked_for() -> None:
    same = (replace(WATCH, name="x"), replace(WATCH, accounts=("page",)), replace(WATCH, words=WATCH.words[::-1]))
    other = (replace(WATCH, words=("Bottega",)), replace(WATCH, without=()), replace(WATCH, languages=()))
    assert {watch.key for watch in same} == {WATCH.key}
    assert len({watch.key for watch in (WATCH, *other)}) == 4
