"""What was and what is, side by side."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from caretool.domain.changed import side_by_side


def test_a_difference_late_in_a_text_is_shown_all_the_same() -> None:
    before = "Buongiorno, " + "il pacco non arriva e nessuno risponde, " * 5 + "vorrei un rimborso."
    now = before.replace("vorrei un rimborso", "ora è arrivato, grazie")
    was, is_now = side_by_side(before, now)
    assert was == "…e nessuno risponde, vorrei un rimborso."
    assert is_now == "…e nessuno risponde, ora è arrivato, grazie."


def test_short_texts_stand_whole() -> None:
    assert side_by_side("il pacco non arriva", "il pacco è arrivato") == ("il pacco non arriva", "il pacco è arrivato")


@given(st.text(), st.text(), st.integers(30, 100))
def test_neither_side_is_longer_than_asked_and_two_that_differ_look_different(
    before: str, now: str, width: int
) -> None:
    was, is_now = side_by_side(before, now, width)
    assert max(len(was), len(is_now)) <= width
    assert (was == is_now) == (before == now)
