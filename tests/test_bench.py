"""The bench runs and its table reads well; how fast anything is, it says itself, and no test asks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bench.__main__ import main, print_table
from bench.parts import PARTS, Figure, Scale, ledger, look, store
from bench.stores import NOW, Size, at_work, lay

TINY = Scale(many=60, waiting=30, few=20, stored=20, open_promises=12, closed_promises=40, runs=1)
LINE = re.compile(r"\| [^|]+ \| [\d,.]+ ms \| (?:\d+\.\d\d)? \| [^|]* \| [^|]* \| (?:ok|MISSED)? \|")


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARETOOL_NOW", NOW.isoformat())


@pytest.mark.parametrize("part", [look, ledger, store])
def test_a_part_measures_what_it_says(part: object, tmp_path: Path) -> None:
    figures = part(tmp_path, TINY, lambda _: None)  # type: ignore[operator]
    assert all(figure.seconds > 0 for figure in figures)
    assert any(figure.most for figure in figures)


def test_a_made_up_store_is_one_the_desk_could_have_made(tmp_path: Path) -> None:
    with at_work(lay(tmp_path / "desk", Size(400, 110, 7, 20))) as desk:
        assert desk.store.counts.differences() == ()
        assert desk.store.comments.count_waiting(NOW)[0] == 110
        assert desk.store.comments.matching("corriere")
        assert len(desk.store.promises.open()) == 7


def test_the_table_is_markdown_with_the_machine_named(capsys: pytest.CaptureFixture[str]) -> None:
    figures = [Figure("one", 0.1), Figure("two", 1.5, 16, "a floor", 15), Figure("three", 0.02, 2, "a floor", 15, 12)]
    print_table(figures, quick=False)
    machine, _, heading, rule, *lines = capsys.readouterr().out.splitlines()
    assert "Python" in machine
    assert "SQLite" in machine
    assert heading.count("|") == rule.count("|") == 7
    assert len(lines) == 3
    assert all(LINE.fullmatch(line) for line in lines), lines
    assert "MISSED" in lines[1]


def test_a_part_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nothing"])
    assert ", ".join(PARTS) in capsys.readouterr().err
