from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.settings.patterns import check


@pytest.mark.parametrize(
    "pattern",
    [
        r"\bBB-\d{4,8}\b",
        r"(?:AB|CD)-\d+",
        r"(?:\d{4}[ -]?){3}\d{4}",
        r"(?i)ordine\s+n\.?\s*\d+",
        r"[A-Z]{2}\d+[A-Z]*",
        r"(?:\d{3})+",
    ],
)
def test_an_ordinary_pattern_is_taken(pattern: str) -> None:
    assert check(pattern) == pattern


@pytest.mark.parametrize(
    "pattern",
    [
        r"(\d+)+$",
        r"(a*)*b",
        r"(?:a|a)*b",
        r"(?:x+x+)+y",
        r"(?:[a-z]+\s?)*!",
        r"((ab?)+c)+",
        r"(?:a{1,3})+b",
        r"x(?=(a+)+$)",
    ],
)
def test_a_repetition_of_what_varies_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="for ever"):
        check(pattern)


@pytest.mark.parametrize("pattern", ["(", "[a", "*", "(?P<a>x)(?P<a>y)", "a{99999999999}", "[[a]", "(" * 150])
def test_what_does_not_compile_is_told(pattern: str) -> None:
    with pytest.raises(ValueError, match="is not a regular expression"):
        check(pattern)


@pytest.mark.parametrize("pattern", ["", "x*", "a?|b", "(?:)"])
def test_a_pattern_that_finds_nothing_everywhere_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="matches where nothing is"):
        check(pattern)


def test_a_pattern_has_a_length() -> None:
    with pytest.raises(ValueError, match="longer than 200"):
        check("x" * 201)


@given(st.text(alphabet="ab+*?(|){1,3}", max_size=12))
@settings(max_examples=150, deadline=None)
def test_what_is_taken_does_not_hang(pattern: str) -> None:
    try:
        compiled = re.compile(check(pattern))
    except ValueError:
        return
    began = time.process_time()
    compiled.search("ab" * 40 + "a" * 40 + "!")
    assert time.process_time() - began < 1
