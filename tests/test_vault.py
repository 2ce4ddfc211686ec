"""What a platform renews: on the disk whole or not at all, renewed by one at a time, readable by nobody else."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import signal
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool import workspace
from caretool.errors import CaretoolError, TokenRefused
from caretool.platforms import registry
from caretool.platforms.platform import Opening
from caretool.platforms.renewing import Grant, Renewable
from caretool.vault import FileVault
from tests.cli.conftest import make_workspace

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
# All that a write asks of the system, each a step before which the process may be killed.
CALLS = ("mkdir", "lstat", "stat", "open", "fstat", "fchmod", "ftruncate", "fsync", "replace", "close")


def token_file(folder: Path) -> Path:
    """The one that is there."""
    (found,) = (folder / ".secrets").glob("*.token")
    return found


def mode(path: Path) -> int:
    """Who may do what with it."""
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_written_is_read_by_whoever_opens_it_next(tmp_path: Path) -> None:
    vault = FileVault(tmp_path, "fediverse")
    assert vault.read() is None
    vault.write("one")
    vault.write("two")
    assert FileVault(tmp_path, "fediverse").read() == "two"
    assert FileVault(tmp_path, "other").read() is None


def test_making_one_touches_nothing_and_reading_makes_no_folder(tmp_path: Path) -> None:
    assert FileVault(tmp_path, "fediverse").read() is None
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    FileVault(tmp_path, "fediverse").write("secret")
    assert mode(tmp_path / ".secrets") == 0o700
    assert mode(token_file(tmp_path)) == 0o600
    assert [path.name for path in (tmp_path / ".secrets").iterdir()] == [token_file(tmp_path).name]


def test_a_file_that_others_could_read_is_shut_by_the_next_write(tmp_path: Path) -> None:
    vault = FileVault(tmp_path, "fediverse")
    vault.write("one")
    token_file(tmp_path).chmod(0o644)
    part = token_file(tmp_path).with_name(f".{token_file(tmp_path).name}.part")
    part.write_text("left behind by a killed one, and longer than what comes")
    part.chmod(0o644)
    vault.write("two")
    assert vault.read() == "two"
    assert mode(token_file(tmp_path)) == 0o600
    assert not part.exists()


@settings(deadline=None)  # it waits for the disk
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=300))
def test_any_text_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    vault = FileVault(tmp_path_factory.getbasetemp(), "fediverse")
    vault.write(text)
    assert vault.read() == text


@pytest.mark.parametrize("name", ["é" * 64, "面" * 64, "a..b", "..", "A", "a"])
def test_whatever_an_account_is_called_its_file_is_its_own(tmp_path: Path, name: str) -> None:
    FileVault(tmp_path, name).write("mine")
    FileVault(tmp_path, "another").write("theirs")
    assert FileVault(tmp_path, name).read() == "mine"
    assert len({path.name.casefold() for path in (tmp_path / ".secrets").iterdir()}) == 2


def test_links_are_refused_in_one_line(tmp_path: Path) -> None:
    vault = FileVault(tmp_path, "fediverse")
    vault.write("one")
    elsewhere = tmp_path / "elsewhere"
    token_file(tmp_path).rename(elsewhere)
    (tmp_path / ".secrets" / FileVault(tmp_path, "fediverse")._file.name).symlink_to(elsewhere)
    for does in (vault.read, lambda: vault.write("two")):
        with pytest.raises(CaretoolError, match="link") as refused:
            does()
        assert len(str(refused.value).splitlines()) == 1
    assert elsewhere.read_text() == "one"


@pytest.mark.parametrize("folder", [".secrets", ".locks"])
def test_a_folder_that_is_a_link_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / folder).symlink_to(tmp_path / "elsewhere")
    vault = FileVault(tmp_path, "fediverse")
    with pytest.raises(CaretoolError, match="link"):
        vault.write("two")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_nothing_is_read_through_a_folder_that_is_a_link(tmp_path: Path) -> None:
    FileVault(tmp_path / "mine", "fediverse").read()
    (tmp_path / "other").mkdir()
    FileVault(tmp_path / "other", "fediverse").write("theirs")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / ".secrets").symlink_to(tmp_path / "other" / ".secrets")
    with pytest.raises(CaretoolError, match="link"):
        FileVault(tmp_path / "mine", "fediverse").read()


def test_what_is_damaged_says_what_to_do(tmp_path: Path) -> None:
    vault = FileVault(tmp_path, "fediverse")
    vault.write("one")
    token_file(tmp_path).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TokenRefused, match=r"fediverse: .*damaged: delete it"):
        vault.read()


def test_where_nothing_can_be_written_the_old_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = FileVault(tmp_path, "fediverse")
    vault.write("one")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(CaretoolError, match=r"^fediverse: its token cannot be written .*No space left"):
            vault.write("two")
    assert vault.read() == "one"
    assert len(list((tmp_path / ".secrets").iterdir())) == 1


def dying(folder: Path, before: int) -> int:
    """Write `new` in a child that is killed before its `before`-th step; how it ended: -9 or 0."""
    child = os.fork()
    if child == 0:
        left = iter(range(before, -1, -1))

        def stepping(name: str) -> Callable[..., Any]:
            call = getattr(os, name)

            def step(*values: Any, **named: Any) -> Any:
                if next(left, 1) == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(*values, **named)

            return step

        for name in CALLS:
            setattr(os, name, stepping(name))
        flock = fcntl.flock
        fcntl.flock = lambda *values: (os.fstat(values[0]), flock(*values))[1]  # type: ignore[assignment]
        FileVault(folder, "fediverse").write("new" * 1000)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_kill_between_any_two_steps_leaves_the_old_or_the_new_one_whole(tmp_path: Path) -> None:
    seen = set()
    for before in range(100):
        vault = FileVault(tmp_path / str(before), "fediverse")
        (tmp_path / str(before)).mkdir()
        vault.write("old")
        ended = dying(tmp_path / str(before), before)
        text = vault.read()
        seen.add(text)
        assert text in ("old", "new" * 1000)
        vault.write("after")
        assert vault.read() == "after"
        assert len(list((tmp_path / str(before) / ".secrets").iterdir())) == 1
        if ended == 0:
            break
    assert ended == 0
    assert before > 10
    assert seen == {"old", "new" * 1000}


def test_who_holds_it_keeps_others_from_renewing_but_not_from_reading(tmp_path: Path) -> None:
    order: list[str] = []
    vault = FileVault(tmp_path, "fediverse")
    waiting = threading.Event()

    def another() -> None:
        waiting.set()
        with FileVault(tmp_path, "fediverse").held():
            order.append("another")

    with vault.held():
        thread = threading.Thread(target=another)
        thread.start()
        waiting.wait()
        vault.write("one")
        assert FileVault(tmp_path, "fediverse").read() == "one"
        with FileVault(tmp_path, "elsewhere").held():
            order.append("elsewhere")
        order.append("first")
    thread.join()
    assert order == ["elsewhere", "first", "another"]


def _renews(folder: Path, begin: Any, told: Any) -> None:
    """One process that finds its token refused; the platform takes each refresh token once."""

    def exchange(refresh: str) -> Grant:
        taken = os.open(folder / f"taken-{refresh}", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        os.close(taken)
        number = len(list(folder.glob("taken-*")))
        return Grant(f"access-{number}", f"refresh-{number}", NOON + timedelta(hours=1))

    token = Renewable(
        "fediverse",
        vault=FileVault(folder, "fediverse"),
        clock=lambda: NOON,
        first=lambda: "refresh-0",
        exchange=exchange,
    )
    stale = token.current()
    begin.wait(30)
    told.put((stale, token.renew(stale)))


def test_of_processes_that_renew_at_once_one_does_and_all_have_it(tmp_path: Path) -> None:
    forking = multiprocessing.get_context("fork")
    begin, told = forking.Barrier(4), forking.Queue()
    children = [forking.Process(target=_renews, args=(tmp_path, begin, told)) for _ in range(4)]
    for child in children:
        child.start()
    answers = [told.get(timeout=30) for _ in children]
    for child in children:
        child.join(30)
    assert answers == [("access-1", "access-2")] * 4
    assert sorted(path.name for path in tmp_path.glob("taken-*")) == ["taken-refresh-0", "taken-refresh-1"]
    kept = json.loads(FileVault(tmp_path, "fediverse").read() or "")
    assert (kept["access"], kept["refresh"]) == ("access-2", "refresh-2")


def test_no_copy_carries_it_and_forgetting_somebody_leaves_it(tmp_path: Path) -> None:
    desk = make_workspace(tmp_path / "shop")
    vault = FileVault(desk.folder, "page")
    vault.write("s3cret-token")
    assert ".secrets/" in (desk.folder / ".gitignore").read_text("utf-8").splitlines()
    desk.done("fetch")
    desk.done("backup", str(tmp_path / "copy.db"))
    desk.done("person", "forget", "sara.praise", "--yes")
    desk.done("restore", str(tmp_path / "copy.db"), "--yes")
    assert vault.read() == "s3cret-token"
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != ".secrets"]
    assert len(outside) > 5
    assert not any(b"s3cret-token" in path.read_bytes() for path in outside)


def test_a_workspace_hands_each_account_the_one_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_workspace(tmp_path / "shop").folder

    def opened(account: object, opening: Opening) -> Opening:
        return opening

    monkeypatch.setattr(registry, "open_platform", opened)
    with workspace.open_desk(folder, "dario", print) as desk:
        for account in desk.settings.accounts.values():
            opening: Any = desk.open_platform(account)
            opening.vault.write(f"the token of {account.name}")
    assert {name: FileVault(folder, name).read() for name in ("page", "short")} == {
        "page": "the token of page",
        "short": "the token of short",
    }
