"""WordPress against the contract of every connector, on its fake."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina

from tests.platforms.contract import (
    ChangesContract,
    CountsContract,
    DeletesContract,
    Harness,
    HidesContract,
    NetworkContract,
    OwnContract,
    PlatformContract,
    RetractsContract,
)
from tests.platforms.fake_wordpress import PASSWORD
from tests.platforms.wordpress_harness import VARIABLE, WordPressHarness


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


class TestContract(
    PlatformContract,
    NetworkContract,
    ChangesContract,
    OwnContract,
    CountsContract,
    RetractsContract,
    HidesContract,
    DeletesContract,
):
    @pytest.fixture
    def harness(self) -> Harness:
        return WordPressHarness()
