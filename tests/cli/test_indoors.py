"""Nothing leaves the workspace that a settings file, a link somebody planted, or a stranger's words would carry out."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caretool.cli import unsent
from tests.cli.conftest import row, write_comments
from tests.cli.hostile import ATTACKS
from tests.cli.program import Program, Ran
from tests.cli.test_editing import VAGUE, typing

OUT = "leads out of the workspace: name a file inside it, or write the whole path"


def configure(desk: Program, **keys: str) -> None:
    """The account `page` with these keys instead of its own."""
    path = desk.folder / "accounts.toml"
    whole = {"comments": "page.jsonl", "replies": "page-replies.jsonl", **keys}
    head, _, rest = path.read_text("utf-8").partition("[accounts.short]")
    del head
    table = "\n".join(f'{key} = "{value}"' for key, value in whole.items())
    path.write_text(f'[accounts.page]\nplatform = "file"\n{table}\n\n[accounts.short]{rest}', encoding="utf-8")


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def told(ran: Ran, *words: str) -> None:
    """In one line that has these words, and no traceback."""
    assert "Traceback" not in ran.told
    assert any(all(word in line for word in words) for line in ran.stderr.splitlines()), ran.told


@pytest.mark.parametrize("key", ["comments", "replies", "actions"])
def test_a_path_that_climbs_out_does_not_load(desk: Program, key: str) -> None:
    configure(desk, **{key: f"../{key}.jsonl"})
    ran = desk.run("policy", "check")
    assert ran.code == 2
    told(ran, f"accounts.page.{key}", OUT)


def test_comments_behind_a_link_that_leads_out_are_not_read(desk: Program, tmp_path: Path) -> None:
    write_comments(tmp_path, "secret", [row("x", "sono un segreto", "Anna Neri")])
    (desk.folder / "way").symlink_to(tmp_path)
    configure(desk, comments="way/secret.jsonl")
    ran = desk.run("fetch", "page")
    assert ran.code != 0
    told(ran, OUT, "accounts.page.comments")
    configure(desk, comments=str(tmp_path / "secret.jsonl"))
    assert desk.done("fetch", "page", "--json").json()["new"] == 1


def test_replies_behind_a_link_that_leads_out_are_not_written_and_wait(desk: Program, tmp_path: Path) -> None:
    outside = tmp_path / "outside.jsonl"
    (desk.folder / "page-replies.jsonl").symlink_to(outside)
    ran = desk.run("reply", desk.comment("damaged"), "--template", "parcel-damaged", "--yes", "--json")
    assert "nothing was written" in ran.stderr
    assert OUT in ran.stderr
    assert not outside.exists()
    (desk.folder / "page-replies.jsonl").unlink()
    desk.done("send")
    assert len(desk.posted()) == 1


def test_a_pipe_for_comments_is_refused_without_waiting(desk: Program) -> None:
    os.mkfifo(desk.folder / "pipe.jsonl")
    configure(desk, comments="pipe.jsonl")
    ran = desk.process("fetch", "page")
    assert ran.code == 1
    told(ran, "pipe.jsonl cannot be read (it is a pipe or a device, not a file)")


def test_a_pipe_for_replies_is_refused_without_waiting(desk: Program) -> None:
    os.mkfifo(desk.folder / "page-replies.jsonl")
    ran = desk.process("reply", desk.comment("damaged"), "--template", "parcel-damaged", "--yes")
    told(ran, "it is a pipe or a device, not a file")


def test_a_device_for_comments_is_refused(desk: Program, tmp_path: Path) -> None:
    (tmp_path / "zero.jsonl").symlink_to("/dev/zero")
    configure(desk, comments=str(tmp_path / "zero.jsonl"))
    told(desk.process("fetch", "page"), "it is a pipe or a device, not a file")


def test_what_is_made_in_the_workspace_is_for_its_owner_alone(desk: Program, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        desk.done("backup")
        desk.done("reply", desk.comment("damaged"), "--template", "parcel-damaged", "--yes")
        desk.with_editor(typing(VAGUE, None), tmp_path).run("reply", desk.group("delivery-late"), "--edit", "--yes")
    finally:
        os.umask(before)
    made = [
        path
        for name in (".locks", "backups", "unsent")
        for path in (desk.folder / name, *desk.folder.glob(f"{name}/*"))
    ]
    made.append(desk.folder / "page-replies.jsonl")
    assert {path.parent.name for path in made} >= {".locks", "backups", "unsent"}
    for path in made:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize(
    ("planted", "words"),
    [
        (".locks", ("fetch",)),
        ("backups", ("backup",)),
        ("backups", ("restore", "BACKUP", "--yes")),
        ("backups/.restoring", ("restore", "BACKUP", "--yes")),
    ],
)
def test_nothing_is_written_through_a_folder_that_somebody_planted(
    desk: Program, tmp_path: Path, planted: str, words: tuple[str, ...]
) -> None:
    desk.done("backup", str(tmp_path / "good.db"))
    outside = tmp_path / "outside"
    outside.mkdir()
    target = desk.folder / planted
    target.parent.mkdir(exist_ok=True)
    if target.is_dir():
        target.rename(tmp_path / "away")
    target.symlink_to(outside)
    ran = desk.run(*(str(tmp_path / "good.db") if word == "BACKUP" else word for word in words))
    assert ran.code == 1
    told(ran, "it is a link: caretool does not write through one that lies in the workspace")
    assert everything(outside) == set()


def test_a_lock_that_is_a_link_or_a_pipe_is_refused(desk: Program, tmp_path: Path) -> None:
    lock = desk.folder / ".locks" / "fetch"
    lock.unlink(missing_ok=True)
    lock.symlink_to(tmp_path / "outside")
    told(desk.run("fetch"), ".locks cannot be written to")
    lock.unlink()
    os.mkfifo(lock)
    told(desk.process("fetch"), "it is a pipe or a device, not a file")
    assert not (tmp_path / "outside").exists()


def test_a_backup_replaces_no_link_and_follows_none(desk: Program, tmp_path: Path) -> None:
    (desk.folder / "b.db").symlink_to(tmp_path / "outside")
    desk.done("backup", str(desk.folder / "b.db"))
    assert not (tmp_path / "outside").exists()
    assert not (desk.folder / "b.db").is_symlink()


def test_a_text_that_cannot_be_kept_in_the_workspace_is_kept_all_the_same(
    desk: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (desk.folder / "unsent").symlink_to(outside)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ran = desk.with_editor(typing(VAGUE, None), tmp_path).run("reply", desk.group("delivery-late"), "--edit", "--yes")
    assert everything(outside) == set()
    [line] = [line for line in ran.stderr.splitlines() if line.startswith("Your text is kept in ")]
    kept = Path(line.removeprefix("Your text is kept in "))
    assert kept.parent == tmp_path
    assert "le rispondo a breve" in kept.read_text("utf-8")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_two_texts_of_one_second_are_both_kept(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    now = datetime(2026, 11, 23, tzinfo=UTC)
    kept = [unsent.keep(tmp_path, "gk3f2", text, now) for text in ("one", "two", "three")]
    assert [path.read_text() for path in kept] == ["one\n", "two\n", "three\n"]


_WAYS_OUT = ("../../../x", "/etc/passwd", "..", ".", "a/b", "x\x00y", "-rf", "~/x", "C:\\x", "con", "x" * 5000)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([*_WAYS_OUT, *ATTACKS]), min_size=4, max_size=4),
)
def test_nothing_that_a_stranger_wrote_becomes_a_path(desk: Program, words: list[str]) -> None:
    """Ids, handles, names, attachments, threads, addresses: what is in the folder is what was there before, and what
    is below is named by ids of ours."""
    strange = row("x", "La lampada è arrivata rotta", "Anna Neri")
    native_id, handle, name, attachment = words
    strange |= {"id": native_id + "!", "author": handle + "!", "author_name": name, "attachments": [attachment]}
    strange |= {"thread": handle + "!", "thread_text": name, "url": attachment}
    (desk.folder / "page.jsonl").write_text(json.dumps(strange) + "\n", encoding="utf-8")
    before = everything(desk.folder.parent)
    desk.run("fetch", "page")
    desk.run("inbox")
    for group in desk.groups():
        desk.run("show", group["id"])
        desk.run("reply", group["id"], "--template", "parcel-damaged", "--yes", "--include-new")
    new = everything(desk.folder.parent) - before
    ours = desk.folder.name
    replies = {f"{ours}/{account}-replies.jsonl" for account in ("page", "short")}
    assert all(path in replies or path.startswith((f"{ours}/.locks/", f"{ours}/caretool.db")) for path in new), new
