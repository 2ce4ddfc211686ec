from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.harmless import UNSEEN, block, one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a[31mb"),
        ("a\x9b31mb\x07\x08", "a31mb"),
        ("a\r\nb\rc\x0bd\x85e\u2028f", "a\nb\nc\nd\ne\nf"),
        ("a\tb", "a b"),
        ("\u202eab\u2066\u200b\ufeff\xad\U000e0041", "ab"),
        ("a\u3164\u115f\u034fb", "ab"),
        ("\ud83d", "\ufffd"),
        ("e\u0301 Z\u0300\u0301\u0302\u0303\u0304\u0305", "e\u0301 Z\u0300\u0301\u0302\u0303"),
        ("שָׁלוֹם ❤️ नमस्ते", "שָׁלוֹם ❤️ नमस्ते"),
    ],
)
def test_what_acts_or_hides_is_left_out(text: str, shown: str) -> None:
    assert block(text) == shown


@given(st.text())
@settings(max_examples=150)
def test_what_is_shown_is_shown_the_same_again(text: str) -> None:
    shown = block(text)
    assert block(shown) == shown
    assert UNSEEN.search(shown) is None
    assert {c for c in shown if unicodedata.category(c)[0] == "C"} <= {"\n"}
    assert "\n" not in one_line(text, 20)
    assert len(one_line(text, 20)) <= 20


@pytest.mark.parametrize("text", ["a" * 10**6, "Z" + "\u0301" * 10**6, "\x1b[31m" * 200_000, "é\n" * 500_000])
def test_a_million_characters_take_a_moment(text: str) -> None:
    began = time.process_time()
    block(text)
    assert time.process_time() - began < 2
