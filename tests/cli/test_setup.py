from __future__ import annotations

import subprocess
from pathlib import Path

from tests.cli.program import COMMAND, Program


def test_a_new_workspace_is_sound_and_ready_to_fetch(tmp_path: Path) -> None:
    program = Program(tmp_path / "desk")
    ran = program.done("init", str(program.folder))
    assert "accounts.toml" in ran.stdout
    assert "caretool -C" in ran.stdout
    assert "sound" in program.done("policy", "check").stdout
    assert program.done("fetch", "--json").json()["new"] > 0
    assert program.done("inbox", "--json").json()["groups"]


def test_git_is_kept_from_what_customers_wrote(tmp_path: Path) -> None:
    program = Program(tmp_path / "desk")
    program.done("init", str(program.folder))
    ignored = set((program.folder / ".gitignore").read_text("utf-8").split())
    assert ignored >= {"comments.jsonl", "replies.jsonl", "*-replies.jsonl", "*-actions.jsonl", "caretool.before-*.db"}


def test_init_overwrites_nothing_and_adds_what_is_missing(desk: Program) -> None:
    policies = desk.folder / "policies.toml"
    ours = policies.read_text("utf-8") + "\n# ours\n"
    policies.write_text(ours, encoding="utf-8")
    (desk.folder / "templates" / "replies" / "thanks.toml").unlink()
    ran = desk.done("init", str(desk.folder))
    assert policies.read_text("utf-8") == ours
    assert "templates/replies/thanks.toml" in ran.stdout
    assert "policies.toml" not in ran.stdout
    assert "nothing was changed" in desk.done("init", str(desk.folder)).stdout


def test_init_where_a_file_stands_says_so(tmp_path: Path) -> None:
    place = tmp_path / "desk"
    place.write_text("a file", encoding="utf-8")
    ran = Program(tmp_path).run("init", str(place))
    assert ran.code == 1
    assert ran.stdout == ""
    assert str(place) in ran.stderr
    assert place.read_text("utf-8") == "a file"


def test_the_demonstration_tells_the_same_story_twice(tmp_path: Path) -> None:
    variables = Program(tmp_path).variables()
    twice = [
        subprocess.Popen([*COMMAND, "demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables)
        for _ in range(2)
    ]
    told = [process.communicate(timeout=120) for process in twice]
    assert [process.returncode for process in twice] == [0, 0]
    assert told[0] == told[1]
    story = told[0][0].decode()
    for step in ("caretool fetch", "caretool inbox", "Refused (too-early)", "promise list", "Overdue"):
        assert step in story
    assert "Traceback" not in story
