"""A stage for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A desk on a Monday morning, nothing fetched yet."""
    stage = Stage(tmp_path)
    yield stage
    stage.store.close()
