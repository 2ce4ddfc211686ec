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


def test_a_private_reply_has_a_length_of_its_own_where_the_platform_says_so() -> None:
    limits = Limits(length=2200, private_length=1000, private_measure=lambda text: len(text.encode()))
    assert limits.of_one(private=False) == limits
    private = limits.of_one(private=True)
    assert (private.length, private.measure("è")) == (1000, 2)
    assert Limits(length=500).of_one(private=True) == Limits(length=500)


def test_a_warning_longer_than_the_limit_leaves_nothing() -> None:
    assert Limits(length=3).beside("cibo").length == 0
