from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.language.personal import find
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
        r"\b[A-Z]{2,5}(?:-[A-Z0-9]{2,8}){1,4}\b",
        r"pratica \{\d+\}",
        r"x\N{EURO SIGN}",
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
        r"(?:a|aa)+$",
        r"(\w+)\1{2}\d",
        r"(?:\w+\s*)+:",
        r"^(([a-z])+.)+[A-Z]([a-z])+$",
        r"(?:BB-)+(\d|\d\d)+z",
    ],
)
def test_an_explosive_pattern_is_refused_at_once(pattern: str) -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match=r"takes too long on long texts: .*say how often"):
        check(pattern)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("pattern", [r"a*a*a*b\d", r"(?:.*,){9}x", r"\w*\w*\w*-", r"\s*\s*\s*\n\w"])
def test_one_that_grows_with_a_power_of_the_text_is_refused_too(pattern: str) -> None:
    with pytest.raises(ValueError, match="takes too long on long texts"):
        check(pattern)


@pytest.mark.parametrize("pattern", ["(", "[a", "*", "(?P<a>x)(?P<a>y)", "a{99999999999}", "[[a]", "(" * 150, r"\p{L}"])
def test_what_does_not_compile_is_told(pattern: str) -> None:
    with pytest.raises(ValueError, match="is not a regular expression"):
        check(pattern)


@pytest.mark.parametrize("pattern", [r"BB-\d{e<=2}", "a{x}", "(?:ab){i}"])
def test_what_would_match_roughly_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="a brace that is no count"):
        check(pattern)


@pytest.mark.parametrize("pattern", ["", "x*", "a?|b", "(?:)"])
def test_a_pattern_that_finds_nothing_everywhere_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="matches where nothing is"):
        check(pattern)


def test_a_pattern_has_a_length() -> None:
    with pytest.raises(ValueError, match="longer than 200"):
        check("x" * 201)


@given(st.text(alphabet="ab+*?(|){1,3}.\\d", max_size=12), st.sampled_from(["ab", "a", "b1", "x"]))
@settings(max_examples=100, deadline=None)
def test_what_is_taken_is_bounded_on_any_text(pattern: str, unit: str) -> None:
    try:
        check(pattern)
    except ValueError:
        return
    began = time.process_time()
    find([(unit * 2_500) + "!"], {"own": pattern})
    assert time.process_time() - began < 1
