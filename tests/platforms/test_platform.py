"""The values that connectors hand over."""

from __future__ import annotations

import pytest

from caretool.platforms.platform import Skipped


@pytest.mark.parametrize("odd", ["a\nb", "\x1b[31mred", "\u202egnp.exe", "\ud800", "x" * 100_000, "", " \x00 "])
def test_what_was_skipped_is_told_in_one_short_line_whatever_strangers_called_it(odd: str) -> None:
    for told in (Skipped(odd, "it has no text").where, Skipped("line 12", odd).why):
        assert told.isprintable()
        assert 1 <= len(told) <= 200
