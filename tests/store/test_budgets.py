"""One budget an account, whoever asks: nobody takes what is not there, and fetching leaves replies their share."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.budget import Bucket, Meter
from caretool.errors import StoreProblem
from caretool.store import budgets as store_budgets
from caretool.store.budgets import Budgets

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SOON = NOW + timedelta(minutes=5)
DAILY = Bucket("units", limit=100, kept=0.5, ends=lambda now: NOW + timedelta(hours=20))


def test_what_nobody_counts_is_always_to_be_had(tmp_path: Path) -> None:
    budgets = Budgets(tmp_path)
    assert budgets.spend("x", Bucket(), 1000, NOW, fetching=True) is None
    assert budgets.left("x", Bucket(), NOW) is None


def test_what_the_platform_says_counts_and_other_processes_know_it(tmp_path: Path) -> None:
    Budgets(tmp_path).told("x", [Meter("", 2, SOON, 300)], NOW)
    budgets = Budgets(tmp_path)
    assert [budgets.spend("x", Bucket(), 1, NOW, fetching=False) for _ in range(2)] == [None, None]
    assert budgets.spend("x", Bucket(), 1, NOW, fetching=False) == Meter("", 0, SOON, 300)
    assert budgets.spend("y", Bucket(), 1, NOW, fetching=False) is None, "another account's is its own"
    assert budgets.spend("x", Bucket("other"), 1, NOW, fetching=False) is None


def test_where_nothing_is_left_what_costs_nothing_waits_too(tmp_path: Path) -> None:
    budgets = Budgets(tmp_path)
    budgets.told("x", [Meter("", 0, SOON)], NOW)
    assert budgets.spend("x", Bucket(), 0, NOW, fetching=False) is not None


def test_what_ended_begins_anew(tmp_path: Path) -> None:
    budgets = Budgets(tmp_path)
    budgets.told("x", [Meter("", 0, SOON, 300)], NOW)
    assert budgets.spend("x", Bucket(), 1, SOON, fetching=False) is None


def test_fetching_leaves_replies_their_share(tmp_path: Path) -> None:
    budgets = Budgets(tmp_path)
    fetched = 0
    while budgets.spend("x", DAILY, 10, NOW, fetching=True) is None:
        fetched += 1
    assert fetched == 5
    posted = 0
    while budgets.spend("x", DAILY, 10, NOW, fetching=False) is None:
        posted += 1
    assert posted == 5


def test_an_answer_that_comes_late_gives_nothing_back(tmp_path: Path) -> None:
    budgets = Budgets(tmp_path)
    budgets.told("x", [Meter("", 10, SOON, 300)], NOW)
    budgets.told("x", [Meter("", 12, SOON, 300)], NOW)
    assert budgets.left("x", Bucket(), NOW) == Meter("", 10, SOON, 300)


def test_an_answer_that_came_is_an_answer_whether_or_not_it_can_be_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_budgets, "_PATIENCE", 1)
    budgets = Budgets(tmp_path)
    assert budgets.spend("x", DAILY, 1, NOW, fetching=False) is None
    with closing(apsw.Connection(str(tmp_path / ".locks" / "budgets.db"))) as other:
        other.execute("BEGIN EXCLUSIVE")
        budgets.told("x", [Meter("units", 5, SOON, 300)], NOW)
        with pytest.raises(StoreProblem):
            budgets.spend("x", DAILY, 1, NOW, fetching=False)
    assert budgets.spend("x", DAILY, 1, NOW, fetching=False) is None


def test_a_pause_within_a_period_forgets_nothing_of_it(tmp_path: Path) -> None:
    budgets = Budgets(tmp_path)
    assert budgets.spend("x", DAILY, 60, NOW, fetching=False) is None
    budgets.told("x", [Meter("units", 0, SOON)], NOW)
    assert budgets.spend("x", DAILY, 1, NOW, fetching=False) == Meter("units pause", 0, SOON)
    assert budgets.spend("x", DAILY, 41, SOON, fetching=False) == Meter("units", 40, DAILY.ends(NOW), 100)
    assert budgets.spend("x", DAILY, 40, SOON, fetching=False) is None


def test_nothing_left_to_the_end_of_a_period_is_no_pause(tmp_path: Path) -> None:
    budgets = Budgets(tmp_path)
    assert budgets.spend("x", DAILY, 60, NOW, fetching=False) is None
    budgets.told("x", [Meter("units", 0, DAILY.ends(NOW))], NOW)
    assert budgets.left("x", DAILY, NOW) == Meter("units", 0, DAILY.ends(NOW), 100)


def test_who_asks_for_years_of_silence_is_asked_again_in_two_days(tmp_path: Path) -> None:
    budgets = Budgets(tmp_path)
    budgets.told("x", [Meter("", 0, datetime(9999, 12, 31, tzinfo=UTC))], NOW)
    assert budgets.spend("x", Bucket(), 1, NOW + timedelta(hours=47), fetching=False) is not None
    assert budgets.spend("x", Bucket(), 1, NOW + timedelta(hours=49), fetching=False) is None


def test_a_new_period_is_believed(tmp_path: Path) -> None:
    budgets = Budgets(tmp_path)
    budgets.told("x", [Meter("", 1, SOON, 300)], NOW)
    later = Meter("", 299, SOON + timedelta(minutes=5), 300)
    budgets.told("x", [later], NOW)
    assert budgets.left("x", Bucket(), NOW) == later


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), max_size=20))
def test_never_more_is_taken_than_there_is(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[int, bool]]
) -> None:
    budgets = Budgets(tmp_path_factory.mktemp("desk"))
    taken = fetched = 0
    for units, fetching in asked:
        if budgets.spend("x", DAILY, units, NOW, fetching=fetching) is None:
            taken += units
            fetched = taken if fetching else fetched
    assert taken <= 100
    assert fetched <= 50


def _greedy(folder: Path) -> int:
    budgets = Budgets(folder)
    return sum(budgets.spend("x", DAILY, 1, NOW, fetching=False) is None for _ in range(80))


def test_two_processes_share_one(tmp_path: Path) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as processes:
        assert sum(processes.map(_greedy, [tmp_path] * 3)) == 100


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / ".locks").mkdir()
    (tmp_path / ".locks" / "budgets.db").write_bytes(b"x" * 5000)
    with pytest.raises(StoreProblem, match=r"budgets\.db: .* remove the file"):
        Budgets(tmp_path).left("x", DAILY, NOW)


def test_what_a_clock_that_was_ahead_left_behind_keeps_nobody_waiting(tmp_path: Path) -> None:
    budgets, ahead = Budgets(tmp_path), NOW + timedelta(days=4 * 365)
    daily = Bucket("daily", limit=100, ends=lambda now: now + timedelta(hours=20))
    budgets.told("x", [Meter("", 0, ahead + timedelta(minutes=5))], ahead)
    assert budgets.spend("x", daily, 100, ahead, fetching=False) is None
    assert budgets.spend("x", Bucket(), 1, NOW, fetching=False) is None
    assert budgets.spend("x", daily, 60, NOW, fetching=False) is None
    assert budgets.left("x", daily, NOW) == Meter("daily", 40, NOW + timedelta(hours=20), 100)
