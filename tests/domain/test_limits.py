from __future__ import annotations

from caretool.domain.limits import Limits


def test_a_content_warning_takes_its_place_from_the_text() -> None:
    limits = Limits(length=500, measure=lambda text: 2 * len(text))
    assert limits.beside("cibo").length == 492
    assert limits.beside("cibo").measure("abc") == 6


def test_without_a_warning_or_a_limit_nothing_changes() -> None:
    assert Limits(length=500).beside(None) == Limits(length=500)
    assert Limits(length=500).beside("") == Limits(length=500)
    assert Limits().beside("cibo") == Limits()


def test_a_warning_longer_than_the_limit_leaves_nothing() -> None:
    assert Limits(length=3).beside("cibo").length == 0
