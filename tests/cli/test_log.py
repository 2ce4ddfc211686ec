"""log --verify and --jsonl as somebody types them; and that no line holds what could not be forgotten."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from tests.cli import hostile
from tests.cli.conftest import make_workspace
from tests.cli.program import Program
from tests.cli.shapes import Or, conforms

_PAGE = Path(__file__).parents[2] / "docs" / "log.md"
_SHAPE = {"sound": bool, "lines": int, "head": Or(str), "breaks": [{"number": int, "what": str}], "more": int}


@pytest.fixture
def busy(desk: Program) -> Program:
    """A desk at which something was done."""
    desk.done("reply", desk.group("parcel-damaged"), "--yes")
    desk.done("close", desk.comment("chatter"), "--because", "chatter among fans")
    desk.done("note", desk.comment("price"), "she called, too")
    return desk


def tampered(desk: Program, *statements: str) -> None:
    """Somebody with the file and SQL in hand."""
    with closing(apsw.Connection(str(desk.folder / "caretool.db"))) as database:
        for name in ("log_is_kept", "log_stays", "log_is_chained"):
            database.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            database.execute(statement)


def verified(desk: Program, *words: str, code: int = 0) -> dict[str, object]:
    ran = desk.run("log", "--verify", "--json", *words)
    assert ran.code == code, ran.told
    found: dict[str, object] = ran.json()
    conforms(found, _SHAPE)
    assert found["sound"] is (code == 0)
    return found


def numbers(found: dict[str, object]) -> list[int]:
    breaks = found["breaks"]
    assert isinstance(breaks, list)
    return [one["number"] for one in breaks]


def test_a_sound_log_is_told_with_its_head(busy: Program) -> None:
    found = verified(busy)
    ran = busy.done("log", "--verify")
    assert f"{found['lines']} lines follow from each other." in ran.stdout
    assert ran.stdout.splitlines()[-1] == found["head"]
    assert f"--head {found['head']}" in ran.stderr
    assert verified(busy, "--head", str(found["head"])) == found


def test_a_desk_at_which_nothing_was_done_has_a_sound_log(fresh: Program) -> None:
    fresh.done("inbox")
    assert verified(fresh) == {"sound": True, "lines": 0, "head": None, "breaks": [], "more": 0}
    assert fresh.done("log", "--verify").stdout == "The log has no line yet.\n"


@pytest.mark.parametrize(
    ("statement", "number", "what"),
    [
        ("UPDATE log SET agent = 'tom' WHERE number = 2", 2, "was changed"),
        ("UPDATE log SET agent = x'00ff' WHERE number = 2", 2, "was changed"),
        ("UPDATE log SET at = CAST(x'ff' AS TEXT) WHERE number = 2", 2, "was changed"),
        ("UPDATE log SET hash = x'ff' WHERE number = 2", 2, "was changed"),
        ("UPDATE log SET codes = '{}' WHERE number = 1", 1, "was changed"),
        ("DELETE FROM log WHERE number = 2", 2, "is missing"),
        ("UPDATE log SET number = 99 WHERE number = 2", 2, "is missing"),
        ("UPDATE log SET hash = upper(hash) WHERE number = 1", 1, "was changed"),
    ],
)
def test_whatever_was_done_to_a_line_is_told_with_its_number(
    busy: Program, statement: str, number: int, what: str
) -> None:
    tampered(busy, statement)
    found = verified(busy, code=1)
    assert numbers(found)[0] == number
    ran = busy.run("log", "--verify")
    assert ran.code == 1
    assert re.match(rf"Line {number} .*{what}", ran.stdout), ran.stdout
    assert "docs/log.md" in ran.stdout


@pytest.mark.parametrize("value", ["x'00ff'", "CAST(x'ff' AS TEXT)", "'nonsense'"])
@pytest.mark.parametrize("name", ["at", "codes"])
def test_a_line_that_makes_no_sense_any_more_is_told_and_can_be_printed(busy: Program, name: str, value: str) -> None:
    tampered(busy, f"UPDATE log SET {name} = {value} WHERE number = 2")
    ran = busy.run("log")
    assert (ran.code, ran.stdout) == (1, "")
    assert "A line of the log is not what caretool writes: caretool log --verify" in ran.stderr
    assert busy.run("doctor").code == 1
    assert len(busy.done("log", "--jsonl").stdout.splitlines()) == verified(busy, code=1)["lines"]


@pytest.mark.parametrize("value", ["boo", "[1,2]", "[1, 2, 3]", "7", '["1", "x", "2026-11-23T09:12:00+01:00"]'])
def test_a_remembered_head_that_somebody_spoilt_is_none(busy: Program, value: str) -> None:
    verified(busy)
    tampered(busy, f"UPDATE kept SET value = '{value}' WHERE key = 'log-verified'")
    assert "follow from each other" in busy.done("doctor").stdout
    verified(busy)


def test_lines_that_changed_places_or_were_put_in_are_told(busy: Program) -> None:
    columns = "at, agent, action, subject, codes, hash"
    tampered(
        busy,
        f"CREATE TEMP TABLE two AS SELECT number, {columns} FROM log WHERE number IN (2, 3)",
        f"UPDATE log SET ({columns}) = (SELECT {columns} FROM two WHERE two.number = 5 - log.number) "
        "WHERE number IN (2, 3)",
    )
    assert numbers(verified(busy, code=1))[0] == 2
    tampered_with = busy.run("log", "--verify").stdout
    assert "put in or moved" in tampered_with


def test_a_tail_that_was_cut_off_is_found_by_a_head_that_was_noted(busy: Program) -> None:
    found = verified(busy)
    shutil.copy(busy.folder / "caretool.db", busy.folder / "other.db")
    tampered(busy, f"DELETE FROM log WHERE number = {found['lines']}", "DELETE FROM kept WHERE key = 'log-verified'")
    assert verified(busy)["lines"] == int(str(found["lines"])) - 1  # nobody could tell by the lines alone
    late = verified(busy, "--head", str(found["head"]), code=1)
    assert numbers(late) == [found["lines"]]
    assert "is missing: the log ends with line" in busy.run("log", "--verify", "--head", str(found["head"])).stdout


def test_what_was_verified_last_is_remembered(busy: Program) -> None:
    lines = verified(busy)["lines"]
    tampered(busy, f"DELETE FROM log WHERE number = {lines}")
    assert numbers(verified(busy, code=1)) == [lines]
    assert "that was verified 2026-11-23 09:12, " in busy.run("log", "--verify").stdout
    ran = busy.run("doctor")
    assert re.search(rf"^WRONG +log +line {lines} .* → caretool log --verify", ran.stdout, re.MULTILINE), ran.stdout
    assert ran.code == 1


def test_the_doctor_looks_at_the_last_lines(busy: Program) -> None:
    assert re.search(r"^ok +log +all \d+ lines follow from each other$", busy.run("doctor").stdout, re.MULTILINE)
    tampered(busy, "UPDATE log SET agent = 'tom' WHERE number = 2")
    ran = busy.run("doctor")
    assert re.search(r"^WRONG +log +line 2 does not follow", ran.stdout, re.MULTILINE), ran.stdout


def test_the_doctor_says_when_all_was_verified_where_it_is_too_much_for_it(
    busy: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("caretool.desk.verifying._LAST", 2)
    lines = str(len(busy.done("log", "--jsonl").stdout.splitlines()))
    first = rf"log +the last 2 of {lines} lines follow from each other; verified whole: "
    assert re.search(rf"^warning +{first}never → caretool log --verify$", busy.run("doctor").stdout, re.MULTILINE)
    busy.done("log", "--verify")
    assert re.search(rf"^ok +{first}2026-11-23 09:12$", busy.run("doctor").stdout, re.MULTILINE)
    later = busy.at("2027-01-23T09:12:00+01:00").run("doctor").stdout
    assert re.search(rf"^warning +{first}2026-11-23 09:12 ", later, re.MULTILINE)
    tampered(busy, "UPDATE log SET agent = 'tom' WHERE number = 1")
    assert re.search(rf"^ok +{first}", busy.run("doctor").stdout, re.MULTILINE)  # that is for --verify to find
    assert numbers(verified(busy, code=1)) == [1]


def test_every_line_is_printed_with_its_hash_and_can_be_verified_anywhere(busy: Program, tmp_path: Path) -> None:
    ran = busy.done("log", "--jsonl")
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    found = verified(busy)
    assert found["head"] == f"{lines[-1]['number']}:{lines[-1]['hash']}"
    said = json.dumps(["0" * 64, 1, *(lines[0][name] for name in ("at", "agent", "action", "subject")), "{}"])
    assert lines[0]["codes"] or lines[0]["hash"] == hashlib.sha256(said.encode()).hexdigest()
    file = tmp_path / "log.jsonl"
    file.write_text(ran.stdout, encoding="utf-8")
    shutil.rmtree(busy.folder)  # no workspace is needed
    assert verified(busy, "--file", str(file), "--head", str(found["head"])) == found


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 2),
        (lambda lines: [lines[0], *lines[2:]], 2),
        (lambda lines: [lines[0], lines[1], lines[1], *lines[2:]], 2),
        (lambda lines: [lines[0], lines[1].replace("dario", "giulia"), *lines[2:]], 2),
        (lambda lines: [lines[0], "nonsense", *lines[1:]], 2),
        (lambda lines: [lines[0], "[1]", *lines[1:]], 2),
        (lambda lines: [lines[0], '{"number": 2, "at": 3}', *lines[2:]], 2),
        (lambda lines: [lines[0], "[" * 100_000, *lines[2:]], 2),
        (lambda lines: [lines[0], lines[1].replace("{", '{"why": "the owner said so", ', 1), *lines[2:]], 2),
        (lambda lines: [lines[0], lines[1].replace("{", '{"agent": "tom", ', 1), *lines[2:]], 2),
    ],
)
def test_a_file_that_was_changed_is_found_out(busy: Program, tmp_path: Path, change: object, number: int) -> None:
    assert callable(change)
    lines = busy.done("log", "--jsonl").stdout.splitlines()
    file = tmp_path / "log.jsonl"
    file.write_text("\n".join(change(lines)), encoding="utf-8")
    assert numbers(verified(busy, "--file", str(file), code=1))[0] == number


def test_the_page_holds_a_script_that_verifies_a_file_without_caretool(busy: Program, tmp_path: Path) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", _PAGE.read_text("utf-8"), re.DOTALL)
    assert len(script.splitlines()) <= 12
    exported = busy.done("log", "--jsonl").stdout
    head = str(verified(busy)["head"])

    def run(text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", script], input=text, capture_output=True, text=True, check=False)

    sound = run(exported)
    assert (sound.returncode, sound.stdout.strip()) == (0, head), sound.stderr
    changed = run(exported.replace('"dario"', '"giulia"', 1))
    assert changed.returncode != 0
    assert "line 1" in changed.stderr
    lines = exported.splitlines(keepends=True)
    assert run("".join([lines[0], *lines[2:]])).returncode != 0


@pytest.mark.parametrize(
    "words",
    [
        ("--head", f"1:{'0' * 64}"),
        ("--file", "log.jsonl"),
        ("--verify", "--jsonl"),
        ("--verify", "--limit", "3"),
        ("--jsonl", "--agent", "dario"),
        ("--verify", "--head", "1:abc"),
        ("--verify", "--file", "nowhere.jsonl"),
        ("--verify", "--file", "."),
    ],
)
def test_what_does_not_go_together_is_told(desk: Program, words: tuple[str, ...]) -> None:
    ran = desk.run("log", *words, "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert len(ran.stderr.splitlines()) == 1
    assert "Traceback" not in ran.stderr


def test_backup_and_restore_keep_the_chain(busy: Program) -> None:
    file = busy.done("backup", "--json").json()["file"]
    busy.done("note", busy.comment("price"), "and again")
    lost = str(verified(busy)["head"])
    busy.done("restore", file, "--yes")
    assert verified(busy)["lines"]
    (last,) = busy.done("log", "--limit", "1", "--json").json()["log"]
    assert last["action"] == "restored"
    assert last["codes"]["head"] == lost  # where the log ended that was put aside


def test_no_words_of_strangers_no_names_and_no_texts_of_ours_are_in_any_line(tmp_path: Path) -> None:
    """The desk is driven through all it can do with two hundred attacks (tests/cli/hostile.py)."""
    desk = make_workspace(tmp_path / "shop")
    rows = [{**row, "text": str(row["text"])[:2_000]} for row in hostile.rows()]
    (desk.folder / "page.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    desk.done("fetch")
    groups = desk.groups("--account", "page", "--limit", "999")
    comments = [group["comments"][0]["id"] for group in groups]
    ours = "Le chiediamo scusa, signora Zanzibarri"
    for at, (group, comment) in enumerate(zip(groups, comments, strict=True)):
        _drive(desk, group["id"], comment, ours, at)
    desk.run("send")
    desk.run("person", "forget", comments[0], "--yes")
    lines = [json.loads(line) for line in desk.done("log", "--jsonl").stdout.splitlines()]
    assert len(lines) > 40
    assert verified(desk)["sound"]
    values = {str(value) for line in lines for value in (line["agent"], line["action"], line["subject"])}
    values |= {str(one) for line in lines for pair in line["codes"].items() for one in pair}
    assert all(re.fullmatch(r"[\w.:@+/-]{0,100}", value) for value in values)
    told = "\n".join(sorted(values))
    for word in ("Zanzibarri", "scusa", "signora", "evil", "etc", "Dario", "Anna", "Rossi", "Buongiorno"):
        assert word not in told
    strangers = {str(row[name]) for row in rows for name in ("id", "author", "author_name") if row[name]}
    assert not {stranger for stranger in strangers if len(stranger) > 3} & values


def _drive(desk: Program, group: str, comment: str, ours: str, at: int) -> None:
    """One group, answered in one way or another, whether or not it is allowed."""
    text = f"{ours}, sono Dario: la richiamo domani alle 15."
    match at % 8:
        case 0:
            desk.run("reply", group, "--text", text, "--mode", "each", "--yes", "--later")
        case 1:
            desk.run("reply", comment, "--text", f"{ours}: a breve", "--yes")
        case 2:
            desk.by("tom").run("reply", comment, "--text", text, "--yes")
        case 3:
            desk.run("close", comment, "--because", ours)
        case 4:
            desk.run("note", comment, ours)
        case 5:
            desk.run("triage", comment, "--kind", "complaint", "--tone", "angry")
        case 6:
            desk.run("promise", "add", "callback", "--for", comment, "--due", "2 days", "--text", ours)
        case 7:
            desk.run("moderate", comment, "--yes", "--because", ours)
