from __future__ import annotations

import pytest

from caretool.domain.host import on_this_machine


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1"])
def test_nobody_is_on_the_way_to_ourselves(host: str) -> None:
    assert on_this_machine(host)


@pytest.mark.parametrize(
    "host", ["", "example.org", "localhost.example.org", "10.0.0.1", "127.0.0.1.example.org", "::2"]
)
def test_anywhere_else_somebody_may_be(host: str) -> None:
    assert not on_this_machine(host)
