from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from caretool.domain.masking import READ, Exposed, masked, roughly_masked


def test_each_piece_is_named_for_what_it_is() -> None:
    text = "Sono Ada, ada@example.com, chiamatemi al 347 1234567."
    exposed = [(10, 25, "e-mail"), (41, 52, "phone")]
    assert masked(text, exposed) == "Sono Ada, ‹e-mail›, chiamatemi al ‹phone›."


def test_what_nobody_has_read_is_masked_roughly() -> None:
    assert masked("scrivi a ada@example.com o 347-123 4567", None) == "scrivi a ‹address› o ‹number›"
    assert masked("grazie, alle 18 va bene", None) == "grazie, alle 18 va bene"


def test_what_comes_after_the_read_part_is_masked_roughly() -> None:
    text = "a" * (READ - 3) + " 347 1234567"
    assert masked(text, [(READ - 2, READ, "phone")]).endswith("a ‹phone›‹number›")
    assert masked("b " * READ + "0347123456", []).endswith("‹number›")


@given(st.data())
def test_nothing_of_what_is_exposed_is_left_and_all_else_is(data: st.DataObject) -> None:
    kept = st.text("abc ", max_size=8)
    secret = st.text("0123456789", min_size=1, max_size=8)
    text, expected = "", ""
    exposed: list[Exposed] = []
    for _ in range(data.draw(st.integers(0, 6))):
        before, hidden = data.draw(kept), data.draw(secret)
        start = len(text) + len(before)
        exposed.append((start, start + len(hidden), "phone"))
        text += before + hidden
        expected += before + "‹phone›"
    assert masked(text, data.draw(st.permutations(exposed))) == expected


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.just("x")), max_size=5))
def test_pieces_may_lie_across_each_other(text: str, spans: list[Exposed]) -> None:
    exposed = [(min(start, end), max(start, end), what) for start, end, what in spans if max(start, end) <= len(text)]
    covered = {at for start, end, _ in exposed for at in range(start, end)}
    left = "".join(character for at, character in enumerate(text) if at not in covered)
    assert masked(text, exposed).replace("‹x›", "") == left or "‹x›" in text


def test_a_long_run_of_digits_and_signs_takes_no_time() -> None:
    assert len(roughly_masked("1 - " * 50_000)) <= 200_000
    assert roughly_masked("@" * 100_000) == "@" * 100_000
