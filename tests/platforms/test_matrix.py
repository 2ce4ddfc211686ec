from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.platforms import contract
from tests.platforms.fake_matrix import TOKEN
from tests.platforms.matrix_harness import VARIABLE, MatrixHarness


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)


class TestMatrix(
    contract.PlatformContract,
    contract.NetworkContract,
    contract.ChangesContract,
    contract.OwnContract,
    contract.CountsContract,
    contract.RetractsContract,
    contract.DeletesContract,
    contract.BansContract,
    contract.ReportsContract,
    contract.LikesContract,
):
    @pytest.fixture
    def harness(self) -> Iterator[MatrixHarness]:
        return MatrixHarness()
