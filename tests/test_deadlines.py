"""One thread ends whatever takes too long, and nothing else."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest

from caretool.http.deadlines import Deadlines

_LONG, _SHORT = 600.0, 0.05


def test_what_takes_too_long_is_ended() -> None:
    ended = threading.Event()
    with Deadlines().within(_SHORT, ended.set):
        assert ended.wait(30)


def test_what_is_done_in_time_is_left_alone() -> None:
    deadlines, ended, later = Deadlines(), threading.Event(), threading.Event()
    with deadlines.within(_SHORT, ended.set):
        pass
    with deadlines.within(2 * _SHORT, later.set):  # when this one is ended, the time of the first was over, too
        assert later.wait(30)
    assert not ended.is_set()


def test_a_shorter_deadline_does_not_wait_for_a_longer_one() -> None:
    deadlines, long, short = Deadlines(), threading.Event(), threading.Event()
    with deadlines.within(_LONG, long.set):
        for _ in range(2):
            short.clear()
            with deadlines.within(_SHORT, short.set):
                assert short.wait(30)
    assert not long.is_set()


def test_many_at_once_need_one_thread() -> None:
    deadlines = Deadlines()
    before = threading.active_count()
    with ExitStack() as all_of_them:
        for _ in range(50):
            all_of_them.enter_context(deadlines.within(_LONG, lambda: None))
        assert threading.active_count() == before + 1


def test_each_of_many_is_ended_once() -> None:
    deadlines, calls, done = Deadlines(), list[int](), threading.Barrier(11)

    def one(number: int) -> None:
        ended = threading.Event()

        def end() -> None:
            calls.append(number)
            ended.set()

        with deadlines.within(_SHORT, end):
            assert ended.wait(30)
        done.wait(30)

    for number in range(10):
        threading.Thread(target=one, args=(number,), daemon=True).start()
    done.wait(30)
    assert sorted(calls) == list(range(10))


def test_one_that_cannot_be_ended_takes_nobody_with_it() -> None:
    deadlines, tried, ended = Deadlines(), threading.Event(), threading.Event()

    def fail() -> None:
        tried.set()
        raise OSError("closed already")

    with deadlines.within(_SHORT, fail):
        assert tried.wait(30)
    with deadlines.within(_SHORT, ended.set):
        assert ended.wait(30)


def test_what_is_done_while_another_is_being_ended_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("caretool.http.deadlines.time.monotonic", lambda: now[0])
    deadlines, ending, done, ended = Deadlines(), threading.Event(), threading.Event(), threading.Event()

    def slowly() -> None:
        ending.set()
        assert done.wait(30)

    with ExitStack() as late, deadlines.within(_LONG, slowly):
        late.enter_context(deadlines.within(_LONG, ended.set))
        now[0] = 2 * _LONG  # both are late when the thread looks again, which a shorter deadline makes it do
        with deadlines.within(-2 * _LONG, lambda: None):
            assert ending.wait(30)
        late.close()
        done.set()
    after = threading.Event()
    with deadlines.within(0, after.set):
        assert after.wait(30)
    assert not ended.is_set()
