"""What stays in a folder, and what is a file: against `..`, links, pipes and devices."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from caretool import paths

_STEP = st.sampled_from(["..", ".", "a", "b", "in", "out", "loop", "..."])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with links that stay in it, lead out of it, lead nowhere, and lead in a circle."""
    home = tmp_path / "home"
    (home / "a").mkdir(parents=True)
    (home / "in").symlink_to("a")
    (home / "out").symlink_to(tmp_path)
    (home / "gone").symlink_to(tmp_path / "nowhere")
    (home / "loop").symlink_to("loop")
    (tmp_path / "home-of-others").mkdir()
    return home


@pytest.mark.parametrize("named", ["..", "../x", "a/../../x", "./../x", "a/b/../../../x"])
def test_what_climbs_out_by_its_words_is_known_without_a_look(named: str) -> None:
    assert paths.climbs(Path(named))


@pytest.mark.parametrize("named", ["x", "a/x", "a/../x", "/etc/x", "/../x", "...", "..x/y", "."])
def test_what_does_not_climb_is_let_be(named: str) -> None:
    assert not paths.climbs(Path(named))


@pytest.mark.parametrize("named", ["../x", "out/x", "out", "gone", "in/../../x", "out/home-of-others/x", ".."])
def test_a_relative_path_that_leads_out_is_refused(folder: Path, named: str) -> None:
    with pytest.raises(PermissionError) as refused:
        paths.within(folder, Path(named))
    assert refused.value.strerror == (
        "the path leads out of the workspace: name a file inside it, or write the whole path"
    )


def test_a_relative_path_that_stays_in_and_an_absolute_one_are_taken(folder: Path) -> None:
    assert paths.within(folder, Path("in/x")) == folder / "a" / "x"
    assert paths.within(folder, Path("out/home/x")) == folder / "x"
    assert paths.within(folder, folder.parent / "x") == folder.parent / "x"


def test_a_workspace_that_is_reached_by_a_link_is_one(folder: Path) -> None:
    assert paths.within(folder / "out" / "home", Path("x")) == folder / "x"


@given(st.lists(_STEP, min_size=1, max_size=8).map("/".join))
@example("loop/../out")
def test_whatever_is_written_stays_in_or_is_refused(tmp_path_factory: pytest.TempPathFactory, named: str) -> None:
    home = tmp_path_factory.getbasetemp() / "law"
    if not home.exists():
        (home / "a" / "b").mkdir(parents=True)
        (home / "in").symlink_to("a/b")
        (home / "out").symlink_to(home.parent)
        (home / "loop").symlink_to("loop")
    try:
        found = paths.within(home, Path(named))
    except OSError:
        return
    assert Path(os.path.realpath(found)).is_relative_to(home)


def test_a_pipe_and_a_device_are_no_files_and_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        for do in (paths.read, paths.to_append, paths.to_read):
            with pytest.raises(OSError, match="a pipe or a device, not a file"):
                do(tmp_path / name)
    for do in (paths.read, paths.to_append):
        with pytest.raises(IsADirectoryError):
            do(tmp_path)
    with pytest.raises(FileNotFoundError):
        paths.read(tmp_path / "nowhere")


def test_a_link_in_a_circle_is_an_error_and_no_more(folder: Path) -> None:
    for named in ("loop", "loop/x"):
        with pytest.raises(OSError):  # noqa: PT011 - in what words is the system's matter
            paths.read(paths.within(folder, Path(named)))


def test_what_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        paths.own_folder(tmp_path / "own")
        os.close(paths.own_file(tmp_path / "own" / "lock"))
        paths.to_append(tmp_path / "own" / "lines").close()
        paths.write_new(tmp_path / "own" / "text", "è")
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "own", *tmp_path.glob("own/*"))}
    assert modes == {"own": 0o700, "lock": 0o600, "lines": 0o600, "text": 0o600}


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir(mode=0o755)
    paths.own_folder(tmp_path / "own")
    assert stat.S_IMODE((tmp_path / "own").stat().st_mode) == 0o755
    (tmp_path / "text").write_text("mine")
    with pytest.raises(FileExistsError):
        paths.write_new(tmp_path / "text", "yours")
    with pytest.raises(NotADirectoryError):
        paths.own_folder(tmp_path / "text")
    assert (tmp_path / "text").read_text() == "mine"


def test_nothing_of_our_own_is_written_through_a_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "folder").symlink_to(elsewhere)
    (tmp_path / "file").symlink_to(elsewhere / "file")
    with pytest.raises(OSError, match="it is a link"):
        paths.own_folder(tmp_path / "folder")
    with pytest.raises(OSError, match=r"symbolic link|it is a link"):
        paths.own_file(tmp_path / "file")
    with pytest.raises(FileExistsError):
        paths.write_new(tmp_path / "file", "x")
    (elsewhere / "file").write_text("")
    with pytest.raises(OSError, match="it is a link"):
        paths.own_file(tmp_path / "file")
    assert (elsewhere / "file").read_text() == ""
