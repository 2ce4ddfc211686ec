"""What moderation decided, as the `file` platform writes it down for a person."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caretool.errors import AnswerLost, PlatformBusy
from caretool.platforms.file.connector import FilePlatform
from caretool.platforms.platform import Offence
from tests.platforms.contract import offence
from tests.platforms.test_file import actions, open_file

LINE = "console-page-actions.jsonl"


def opened(folder: Path, **keys: str) -> FilePlatform:
    platform = open_file(folder, **keys)
    assert isinstance(platform, FilePlatform)
    return platform


def full_disk(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_line_says_what_to_do_with_what_on_which_ground(tmp_path: Path) -> None:
    opened(tmp_path).ban(Offence("c1", "anna", "abuse", "a1"))
    assert actions(tmp_path) == [
        {"action": "ban", "native_id": "c1", "handle": "anna", "ground": "abuse", "at": "2026-11-23T12:00:00Z",
         "key": "a1"}
    ]  # fmt: skip
    assert stat.S_IMODE((tmp_path / LINE).stat().st_mode) == 0o600


def test_the_file_is_the_one_that_the_settings_name(tmp_path: Path) -> None:
    opened(tmp_path, actions="done.jsonl").hide(offence())
    assert json.loads((tmp_path / "done.jsonl").read_text())["action"] == "hide"
    assert not (tmp_path / LINE).exists()


def test_each_says_in_which_file_a_person_finds_it(tmp_path: Path) -> None:
    platform = opened(tmp_path)
    every = (platform.hide, platform.unhide, platform.delete, platform.mute, platform.unmute, platform.ban)
    for act in (*every, platform.unban, platform.report):
        assert act(offence()) == LINE
        assert act(offence()) == LINE  # also where it stood there before
    assert opened(tmp_path, actions="done.jsonl").hide(offence()) == "done.jsonl"


def test_the_same_key_is_written_once_and_another_is_another_line(tmp_path: Path) -> None:
    for key in ("a1", "a1", "a2", "a1"):
        opened(tmp_path).report(offence(key=key))
    assert [line["key"] for line in actions(tmp_path)] == ["a1", "a2"]


@given(st.text(), st.text())
def test_a_strangers_id_and_handle_stay_two_values_of_one_line(native_id: str, handle: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(2):
            opened(folder).hide(Offence(native_id, handle, "spam", "a1"))
        written = (folder / LINE).read_bytes().decode()
        assert len(written.splitlines()) == 1
        line = json.loads(written)
        assert list(line) == ["action", "native_id", "handle", "ground", "at", "key"]
        assert (line["action"], line["ground"], line["key"]) == ("hide", "spam", "a1")
        assert [file.name for file in folder.iterdir()] == [LINE]


def test_many_at_once_write_each_key_once(tmp_path: Path) -> None:
    def ban(number: int) -> None:
        opened(tmp_path).ban(offence(number % 5))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ban, range(40)))
    assert sorted(line["key"] for line in actions(tmp_path)) == ["a0", "a1", "a2", "a3", "a4"]


def test_a_line_that_somebody_else_is_writing_is_waited_for_and_not_written_again(tmp_path: Path) -> None:
    with (tmp_path / LINE).open("ab", buffering=0) as other, ThreadPoolExecutor(1) as pool:
        fcntl.flock(other, fcntl.LOCK_EX)
        other.write(b'{"action": "ban", "native_id": "c0", ')
        banning = pool.submit(opened(tmp_path).ban, offence(0))
        with pytest.raises(TimeoutError):
            banning.result(timeout=0.1)
        other.write(b'"key": "a0"}\n')
        fcntl.flock(other, fcntl.LOCK_UN)
        banning.result(timeout=5)
    assert [line["key"] for line in actions(tmp_path)] == ["a0"]


@pytest.mark.parametrize("cut", [1, 5, 12, 60])
def test_half_a_line_that_a_crash_left_goes_and_the_action_is_written_whole(tmp_path: Path, cut: int) -> None:
    platform = opened(tmp_path)
    platform.hide(offence(0))
    whole = (tmp_path / LINE).read_bytes()
    platform.ban(offence(1))
    (tmp_path / LINE).write_bytes((tmp_path / LINE).read_bytes()[: len(whole) + cut])
    platform.ban(offence(1))
    assert [line["action"] for line in actions(tmp_path)] == ["hide", "ban"]


@pytest.mark.parametrize(
    ("call", "error", "lines"), [("write", PlatformBusy, 0), ("fsync", AnswerLost, 1)], ids=["full", "unconfirmed"]
)
def test_a_failing_disk_is_told_and_doing_it_again_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: type[Exception], lines: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, call, full_disk)
        with pytest.raises(error):
            opened(tmp_path).mute(offence())
    assert len(actions(tmp_path)) == lines
    opened(tmp_path).mute(offence())
    assert len(actions(tmp_path)) == 1


def test_what_was_written_and_not_confirmed_is_seen_onto_the_disk_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(tmp_path).mute(offence())
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    opened(tmp_path).mute(offence())
    assert len(synced) == 1


DOING: list[Callable[[FilePlatform, Offence], None]] = [
    FilePlatform.hide,
    FilePlatform.unhide,
    FilePlatform.delete,
    FilePlatform.mute,
    FilePlatform.unmute,
    FilePlatform.ban,
    FilePlatform.unban,
    FilePlatform.report,
]


def test_each_action_has_its_own_name(tmp_path: Path) -> None:
    for do in DOING:
        do(opened(tmp_path), replace(offence(), key=do.__name__))
    assert [line["action"] for line in actions(tmp_path)] == [do.__name__ for do in DOING]
