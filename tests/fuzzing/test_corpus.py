"""What was ever reached by fuzzing is reached again, and holds; nothing is needed for it that fuzzing itself needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzzing.groups import GROUPS
from tests.fuzzing.oracles import CORPUS, Fault, Group, calm, steady


@pytest.fixture(scope="module", params=GROUPS)
def group(request: pytest.FixtureRequest) -> Group:
    found = GROUPS[request.param]
    found.warm()
    return found


def test_every_kept_input_holds(group: Group) -> None:
    inputs = sorted(group.corpus.iterdir())
    assert len(inputs) > 20
    for path in inputs:
        try:
            group.judge(path.read_bytes())
        except Exception as failed:
            raise AssertionError(f"{group.name}: {path.name}: {failed}") from failed


def test_every_reader_has_a_seed_that_holds(group: Group) -> None:
    seeds = {seed[:1]: seed for seed in group.seeds()}
    assert {letter.decode() for letter in seeds} == set(group.readers)
    for seed in seeds.values():
        group.judge(seed)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 40, b"c", b"m\n\n", b"pcompany = 1"])
def test_anything_is_read_by_some_reader(group: Group, data: bytes) -> None:
    group.judge(data)


def test_the_corpus_is_small_and_belongs_to_a_group() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} == set(GROUPS)
    assert len(files) < 400
    assert sum(path.stat().st_size for path in files) < 1_000_000


@pytest.mark.parametrize(
    "line", ["", "two\nlines", "\x1b[31m", "x" * 2_000, "Traceback (most recent call last)", "\ud800"]
)
def test_what_nobody_can_read_is_a_fault(line: str) -> None:
    with pytest.raises(Fault):
        calm(line)


def test_what_takes_ever_longer_is_a_fault() -> None:
    def quadratic(text: str) -> int:
        return sum(one == other for one in text for other in text)

    with pytest.raises(Fault, match="longer than in proportion"):
        steady(quadratic, "ab" * 50, quick=0.0)
    steady(len, "abc" * 1_000, quick=0.0)


def test_without_its_engine_fuzzing_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['atheris'] = None; from tests.fuzzing.run import main; sys.exit(main(1, 1, None))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "Fuzzing needs atheris, which this Python does not have: pip install '.[dev,fuzz]'\n"
