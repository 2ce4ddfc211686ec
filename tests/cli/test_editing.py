from __future__ import annotations

from pathlib import Path

import pexpect
import pytest

from caretool.desk import looking, replying
from tests.cli.program import Program
from tests.cli.shapes import REPLY, conforms
from tests.cli.test_terminal import terminal

GOOD = "Buongiorno {{ person.name }}, sono Dario. Mi scuso: la richiamo entro martedì 24 novembre alle 18:00."
VAGUE = "Buongiorno {{ person.name }}, sono Dario. Mi scuso: le rispondo a breve."
# The editor keeps what it was given as buffer.1, buffer.2 …, then does what its line for that run says.
KEEPING = 'n=$(ls "${0%/*}"/buffer.* 2>/dev/null | wc -l); n=$((n + 1)); cp "$1" "${0%/*}/buffer.$n"\n'


def typing(*texts: str | None) -> str:
    """A script that types these texts, one a run, above the ignored lines (None: leaves the buffer as it is)."""
    lines = [KEEPING, "case $n in"]
    for number, text in enumerate(texts, 1):
        below = f"sed -n '/>8/,$p' \"${{0%/*}}/buffer.{number}\""
        lines.append(f"{number}) :;;" if text is None else f"{number}) {{ echo '{text}'; {below}; }} > \"$1\";;")
    return "\n".join([*lines, "esac"])


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the editor lies and keeps what it saw."""
    folder = tmp_path / "editor"
    folder.mkdir()
    return folder


def buffer(place: Path, run: int) -> str:
    """What the editor was given in its `run`th run."""
    return (place / f"buffer.{run}").read_text("utf-8")


def kept(desk: Program) -> list[str]:
    """The texts that were kept for later."""
    return [path.read_text("utf-8").strip() for path in sorted(desk.folder.glob("unsent/*.txt"))]


def test_the_editor_opens_on_the_template_with_the_comments_below(desk: Program, place: Path) -> None:
    group = desk.group("parcel-damaged")
    ran = desk.with_editor(typing(None), place).done("reply", group, "--edit", "--yes", "--json")
    above, below = buffer(place, 1).split("# ----", 1)
    assert "{{ greeting }}" in above
    assert "{{ promises.reply.when }}" in above
    assert all(line.startswith("#") for line in below.splitlines()[1:] if line)
    assert "# Chiara Longo: La lampada è arrivata rotta" in below
    (reply,) = ran.json()["replies"]
    assert reply["text"].startswith("Buongiorno Chiara Longo, sono Dario")
    assert "lampada" not in reply["text"]


def test_what_is_typed_goes_out_without_the_ignored_lines(desk: Program, place: Path) -> None:
    words = ("reply", desk.comment("damaged"), "--edit", "--yes", "--json")
    found = desk.with_editor(typing(GOOD), place).done(*words).json()
    conforms(found, REPLY)
    assert found["replies"][0]["text"] == GOOD.replace("{{ person.name }}", "Chiara Longo")
    assert [promise["kind"] for promise in found["promises"]] == ["callback"]
    assert kept(desk) == []


def test_a_refused_text_opens_again_with_the_refusals_and_passes_once_mended(desk: Program, place: Path) -> None:
    words = ("reply", desk.comment("damaged"), "--edit", "--yes", "--json")
    found = desk.with_editor(typing(VAGUE, GOOD), place).done(*words).json()
    again = buffer(place, 2)
    assert again.startswith(VAGUE)
    assert '# Refused (vague): "le rispondo a breve"' in again
    assert "Would pass:" in again
    assert found["refused"] == []
    assert len(desk.posted()) == 1


def test_a_text_that_stays_refused_is_kept_in_a_file_that_stderr_names(desk: Program, place: Path) -> None:
    words = ("reply", desk.comment("damaged"), "--edit", "--yes")
    ran = desk.with_editor(typing(VAGUE, None), place).run(*words, "--json")
    assert ran.code == 5
    conforms(ran.json(), REPLY)
    assert {refusal["check"] for refusal in ran.json()["refused"]} >= {"vague"}
    (path,) = desk.folder.glob("unsent/*.txt")
    assert str(path) in ran.stderr
    assert kept(desk) == [VAGUE]
    assert desk.posted() == []


def test_an_editor_that_is_left_with_an_error_loses_nothing_that_was_typed(desk: Program, place: Path) -> None:
    script = typing(VAGUE) + "\n[ $n = 1 ] || exit 1"
    ran = desk.with_editor(script, place).run("reply", desk.comment("damaged"), "--edit", "--yes")
    assert (ran.code, ran.stdout) == (2, "")
    assert kept(desk) == [VAGUE]
    assert "unsent" in ran.stderr
    assert desk.posted() == []


@pytest.mark.parametrize(
    ("editor", "told"),
    [
        ("false", "ended with"),
        ("no-such-editor", "is not there: set EDITOR"),
        ('"unclosed', "a quote in it"),
        (" ", ""),
    ],
)
def test_an_editor_that_does_not_run_is_named(desk: Program, editor: str, told: str) -> None:
    there = Program(desk.folder, environment={"EDITOR": editor})
    ran = there.run("reply", desk.comment("damaged"), "--edit", "--yes")
    assert (ran.code, ran.stdout) == (2, "")
    assert "editor" in ran.stderr
    assert told in ran.stderr
    assert "Errno" not in ran.stderr
    assert desk.posted() == []


def test_an_empty_text_is_no_reply(desk: Program, place: Path) -> None:
    ran = desk.with_editor(typing(""), place).run("reply", desk.comment("damaged"), "--edit", "--yes")
    assert (ran.code, ran.stdout) == (2, "")
    assert "empty" in ran.stderr


def test_a_customers_words_stay_out_even_where_the_cut_was_deleted(desk: Program, place: Path) -> None:
    script = KEEPING + 'grep -v ">8" "${0%/*}/buffer.1" > "$1"'
    found = desk.with_editor(script, place).done("reply", desk.comment("damaged"), "--edit", "--yes", "--json").json()
    assert "lampada" not in found["replies"][0]["text"]
    assert "#" not in found["replies"][0]["text"]


def test_what_an_editor_prints_is_no_data(desk: Program, place: Path) -> None:
    program = desk.with_editor("echo drawing", place)
    ran = program.process("reply", desk.comment("damaged"), "--edit", "--dry-run", "--json")
    assert ran.code == 0
    conforms(ran.json(), REPLY)
    assert "drawing" in ran.stderr


def test_nobody_writes_first_and_is_told_then_that_they_may_not(desk: Program, place: Path) -> None:
    legal = next(one["id"] for one in desk.groups() if one["escalation"])
    ran = desk.by("giulia").with_editor(typing(GOOD), place).run("reply", legal, "--edit", "--include-new", "--yes")
    assert (ran.code, ran.stdout) == (2, "")
    assert "only a manager answers it (dario)" in ran.stderr
    assert not (place / "buffer.1").exists()
    assert kept(desk) == []


def test_no_editor_opens_where_nobody_is_left_to_answer(
    desk: Program, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = desk.comment("damaged")
    monkeypatch.setattr(looking, "look", lambda *_: looking.Seen(gone=frozenset({damaged})))
    ran = desk.with_editor(typing(GOOD), place).run("reply", damaged, "--edit", "--yes")
    assert (ran.code, ran.stdout) == (2, "")
    assert "None of these comments is there to be answered." in ran.stderr
    assert not (place / "buffer.1").exists()


def test_ctrl_c_in_the_editor_is_the_editors(desk: Program, place: Path) -> None:
    with_editor = desk.with_editor(f"trap : INT; kill -INT 0\n{typing(GOOD)}", place)
    with terminal(with_editor, "reply", desk.comment("damaged"), "--edit", "--yes") as child:
        child.expect("1 reply written to page-replies.jsonl")
        child.expect(pexpect.EOF)
    assert desk.posted()[0]["text"] == GOOD.replace("{{ person.name }}", "Chiara Longo")


def test_ctrl_c_after_the_editor_loses_nothing_that_was_typed(
    desk: Program, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(replying, "consider", interrupted)
    ran = desk.with_editor(typing(GOOD), place).run("reply", desk.comment("damaged"), "--edit", "--yes")
    assert ran.code == 130
    assert kept(desk) == [GOOD]
    assert desk.posted() == []


def test_text_and_editor_together_are_too_much(desk: Program) -> None:
    ran = desk.run("reply", desk.comment("damaged"), "--edit", "--text", GOOD, "--yes")
    assert (ran.code, ran.stdout) == (2, "")
