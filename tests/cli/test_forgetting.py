"""`caretool person forget`: no byte that is only theirs is left, and everything else works on."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from caretool.domain.redaction import MASK
from tests.cli.conftest import row
from tests.cli.leaving import (
    CODES,
    HANDLE,
    NAME,
    TEXTS,
    his,
    kept_by_caretool,
    lay,
    left_of,
    live_through,
    others,
    write,
)
from tests.cli.program import Program

LATER = "2026-11-23T11:00:00+01:00"


@pytest.fixture(scope="module")
def _lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    desk = lay(tmp_path_factory.mktemp("leaving") / "desk")
    live_through(desk)
    return desk.folder


@pytest.fixture
def desk(_lived: Path, tmp_path: Path) -> Program:
    """A desk with Zeno on three accounts, a while after everything happened."""
    return Program(Path(shutil.copytree(_lived, tmp_path / "desk"))).at(LATER)


def selves(desk: Program) -> list[str]:
    """The ids under which he is known on the three accounts."""
    ran = desk.run("person", "show", HANDLE)
    assert ran.code == 2
    assert "could be" in ran.stderr
    return sorted({word for word in ran.stderr.replace(":", " ").split() if len(word) == 7 and word[0] == "u"})


def linked(desk: Program) -> str:
    one, *rest = selves(desk)
    for other in rest:
        desk.done("person", "link", one, other, "--because", "the same man")
    return one


def forget(desk: Program, *words: str) -> dict[str, Any]:
    done: dict[str, Any] = desk.done("person", "forget", linked(desk), "--yes", "--json", *words).json()
    return done


def test_after_forget_no_byte_of_him_is_left_in_what_caretool_keeps(desk: Program) -> None:
    assert len(left_of(desk.folder)) > 300
    done = forget(desk)
    assert done["whole"]
    assert left_of(desk.folder) == []


def test_what_was_put_into_his_hand_stays_given_and_its_code_stands_in_no_words_of_ours(desk: Program) -> None:
    person = linked(desk)
    before = desk.done("person", "show", person, "--json").json()
    assert [one["state"] for one in before["rewards"]] == ["given"]
    posted = [one["text"] for one in before["replies"] if one["private"] and one["state"] == "posted"]
    assert [CODES[0] in text for text in posted].count(True) == 1
    assert len(posted) == 2
    desk.done("person", "forget", person, "--yes")
    after = desk.done("person", "show", person, "--json").json()
    assert [(one["id"], one["state"]) for one in after["rewards"]] == [(before["rewards"][0]["id"], "given")]
    assert {one["text"] for one in after["replies"] if one["private"]} == {MASK}
    (left,) = desk.done("report", "rewards", "--json").json()["kinds"]
    assert left["left"] == len(CODES) - 1


def test_forgotten_one_account_after_the_other_he_is_gone_with_the_last(desk: Program) -> None:
    for number, one in enumerate(selves(desk)):
        done = desk.done("person", "forget", one, "--yes", "--json").json()
        assert len(done["namesakes"]) == 2 - number
    assert left_of(desk.folder) == []


def test_everything_else_works_on(desk: Program) -> None:
    person = linked(desk)
    ada = desk.comment("m1")
    forgotten = desk.done("person", "show", person, "--json").json()
    done = desk.done("person", "forget", person, "--yes", "--json").json()
    assert sorted(done["promises_ended"]) == sorted(
        p["id"] for p in forgotten["promises"] if p["state"] in ("running", "logged")
    )
    assert done["withdrawn"]
    desk.done("log", "--verify")
    checks = desk.run("doctor", "--json").json()["checks"]
    assert [one for one in checks if one["condition"] == "wrong" and one["check"] != "secrets"] == []
    texts = [comment["text"] for group in desk.groups() for comment in group["comments"]]
    assert "Ha ragione […]: anch'io ho scritto a […], al […] e a […]" in texts
    assert len(texts) == 2
    assert {promise["person"]["name"] for promise in desk.promises()} == {f"Ivo{letter} Rossi" for letter in "abcde"}
    ended = desk.promises("--all")
    assert {one["person"]["name"] for one in ended if one["id"] in done["promises_ended"]} == {"(forgotten)"}
    assert {one["state"] for one in ended if one["id"] in done["promises_ended"]} <= {"released", "void"}
    for shown in (ada, person, *done["replies"], *done["promises_ended"], *done["withdrawn"], *done["rejected"]):
        desk.done("show", shown)
    desk.done("person", "show", person)
    desk.done("report", "overdue", "--json")
    desk.done("report", "moderation", "--json")
    desk.done("send")
    desk.done("reply", ada, "--text", "Buongiorno {{ person.name }}, un saluto da Dario.", "--yes", "--include-new")
    assert left_of(desk.folder) == []


def test_a_fetch_brings_nothing_of_him_back(desk: Program) -> None:
    forget(desk)
    for account in ("page.jsonl", "forum.jsonl"):
        with (desk.folder / account).open("a", encoding="utf-8") as file:
            file.write(
                json.dumps(row("new1", "Quanto costa la console?", "Lia Neri", thread="z5", thread_text=TEXTS["z5"]))
            )
    undated = {**his("z2"), "id": "z77", "written_at": None}
    write(desk.folder / "page.jsonl", [*others(), his("z1"), his("z2"), his("z3", private=True), undated])
    assert desk.done("fetch", "--json").json()["new"] == 1
    assert left_of(desk.folder) == []


def test_what_he_writes_anew_is_a_new_persons_matter(desk: Program) -> None:
    person = forget(desk)["person"]
    again = {**row("z9", "Quando aprite domenica?", NAME), "author": HANDLE, "written_at": "2026-11-23T11:30:00+01:00"}
    write(desk.folder / "page.jsonl", [*others(), his("z1"), again])
    later = desk.at("2026-11-23T12:00:00+01:00")
    assert later.done("fetch", "--json").json()["new"] == 1
    found = later.done("person", "show", HANDLE, "--json").json()
    assert found["person"]["id"] != person
    assert [one["native_id"] for one in found["comments"]] == ["z9"]
    later.done("person", "forget", HANDLE, "--yes")
    assert left_of(desk.folder) == []
    later.done("fetch")
    assert left_of(desk.folder) == []


def test_an_older_backup_that_is_restored_forgets_him_again(desk: Program) -> None:
    forget(desk)
    (backup,) = (desk.folder / "backups").glob("caretool-*.db")
    assert NAME.encode() in backup.read_bytes()
    restored = desk.done("restore", str(backup), "--yes", "--json").json()
    assert restored["forgotten"] == 3
    assert left_of(desk.folder) == []
    assert not any(NAME.encode() in path.read_bytes() for path in desk.folder.glob("backups/before-restore-*"))
    desk.done("fetch")
    assert left_of(desk.folder) == []
    desk.done("log", "--verify")
    assert len(desk.groups()) >= 1


def test_in_the_log_a_restore_forgets_again_by_whoever_restored(desk: Program) -> None:
    forget(desk)
    (backup,) = (desk.folder / "backups").glob("caretool-*.db")
    desk.done("restore", str(backup), "--yes")
    lines = desk.done("log", "--action", "person-forgotten", "--json").json()["log"]
    assert {(line["action"], line["agent"]) for line in lines} == {("person-forgotten-again", "dario")}


def test_backups_of_before_are_found_and_deleted_also_once_he_is_forgotten(desk: Program) -> None:
    done = forget(desk)
    (backup,) = (desk.folder / "backups").glob("caretool-*.db")
    mine = Path(shutil.copy(backup, desk.folder / "backups" / "mine.db"))
    later = desk.at("2026-11-23T13:00:00+01:00")
    after = Path(later.done("backup", "--json").json()["file"])
    again = ("person", "forget", done["person"])
    named = later.done(*again, "--json").json()
    assert {one["file"] for one in named["files"]} == {str(backup), str(mine)}
    assert named["deleted"] == []
    ran = later.run(*again, "--delete-backups")
    assert (ran.code, backup.exists()) == (2, True)
    assert "--yes" in ran.stderr
    assert later.done(*again, "--delete-backups", "--yes", "--json").json()["deleted"] == [str(backup)]
    assert (backup.exists(), mine.exists(), after.exists()) == (False, True, True)
    assert later.done(*again).stdout.count("still there") == 1


def test_on_the_screen_he_is_forgotten_and_his_words_erased(desk: Program) -> None:
    person = forget(desk)["person"]
    for words in (("show", person), ("person", "show", person)):
        shown = desk.done(*words).stdout
        assert "forgotten:" not in shown
        assert "(erased)" in shown
    assert "(forgotten)" in desk.done("show", person).stdout
    assert "  Mon 23 Nov 0" in desk.done("person", "show", person).stdout


def test_the_preview_says_that_only_the_whole_name_goes(desk: Program) -> None:
    assert "whole name and handle go" in desk.run("person", "forget", linked(desk)).stderr


def test_in_the_place_of_a_damaged_database_he_stays_forgotten(desk: Program) -> None:
    forget(desk)
    (backup,) = (desk.folder / "backups").glob("caretool-*.db")
    (desk.folder / "caretool.db").write_bytes(b"nothing of this is a database" * 400)
    assert desk.done("restore", str(backup), "--yes", "--json").json()["forgotten"] == 3
    assert left_of(desk.folder) == []


def test_the_files_that_still_hold_him_are_named_and_left_alone(desk: Program) -> None:
    person = linked(desk)
    desk.done("person", "export", person, str(desk.folder / "for-zeno.json"))
    (desk.folder / "notes.txt").write_text("nothing of interest", encoding="utf-8")
    done = desk.done("person", "forget", person, "--yes", "--json").json()
    names = {str(Path(one["file"]).relative_to(desk.folder)): one["what"] for one in done["files"]}
    (backup,) = (desk.folder / "backups").glob("caretool-*.db")
    assert names == {
        "page.jsonl": "comments",
        "forum.jsonl": "comments",
        "shop.csv": "comments",
        "page-replies.jsonl": "replies",
        "forum-actions.jsonl": "actions",
        "unsent/c1.txt": "unsent",
        "for-zeno.json": "other",
        f"backups/{backup.name}": "backup",
    }
    assert all(Path(one["file"]).exists() for one in done["files"])


def test_only_our_own_backups_are_deleted_and_only_when_asked(desk: Program) -> None:
    (backup,) = (desk.folder / "backups").glob("caretool-*.db")
    theirs = Path(shutil.copy(backup, desk.folder / "backups" / "mine.db"))
    done = forget(desk, "--delete-backups")
    assert done["deleted"] == [str(backup)]
    assert not backup.exists()
    assert theirs.exists()


def test_nobody_is_forgotten_without_a_managers_yes(desk: Program) -> None:
    before = kept_by_caretool(desk.folder)
    person = selves(desk)[0]
    for who, words, why in (("dario", (), "--yes"), ("giulia", ("--yes",), "manager"), ("tom", ("--yes",), "manager")):
        ran = desk.by(who).run("person", "forget", person, *words)
        assert (ran.code, ran.stdout) == (2, "")
        assert why in ran.stderr
    assert HANDLE.encode() in before
    assert not (desk.folder / ".secrets" / "forgotten.jsonl").exists()
    assert desk.done("person", "show", person, "--json").json()["person"]["name"] == NAME


def test_an_answer_to_several_that_may_be_public_is_settled_first(desk: Program) -> None:
    (together,) = [one for one in _replies(desk) if len(one["to"]) > 1]
    _set_state(desk, together["id"], "unsure")
    ran = desk.run("person", "forget", HANDLE, "--yes")
    assert ran.code == 2
    assert f"{together['id']} answers others too" in ran.stderr
    desk.done("send", "--was-posted", together["id"])
    assert "is forgotten" in desk.done("person", "forget", HANDLE, "--yes").stdout
    assert left_of(desk.folder) == []


def _replies(desk: Program) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.done("person", "show", linked(desk), "--json").json()["replies"]
    return found


def _set_state(desk: Program, reply: str, state: str) -> None:
    import apsw

    with apsw.Connection(str(desk.folder / "caretool.db")) as database:
        database.execute("UPDATE reply SET state = ? WHERE id = ?", (state, reply))


def test_the_key_and_the_marks_are_for_their_owner_alone_and_tell_nothing(desk: Program) -> None:
    forget(desk)
    for name in ("tombstone.key", "forgotten.jsonl"):
        assert stat.S_IMODE((desk.folder / ".secrets" / name).stat().st_mode) == 0o600
    lines = [
        json.loads(line) for line in (desk.folder / ".secrets" / "forgotten.jsonl").read_text().splitlines() if line
    ]
    assert {frozenset(line) for line in lines} == {frozenset({"mark", "what", "forgotten_at"})}
    assert len({line["mark"] for line in lines}) == len(lines) == 1 + 6 + 3


def test_the_doctor_says_that_the_key_is_lost(desk: Program) -> None:
    forget(desk)
    (desk.folder / ".secrets" / "tombstone.key").unlink()
    (told,) = [one for one in desk.run("doctor", "--json").json()["checks"] if one["check"] == "forgotten"]
    assert told["condition"] == "wrong"
    os.close(os.open(desk.folder / ".secrets" / "tombstone.key", os.O_CREAT | os.O_WRONLY, 0o600))
    assert desk.run("doctor").code == 1
    write(desk.folder / "page.jsonl", [*others(), row("o9", "Quanto costa la console?", "Lia Neri")])
    assert "damaged" in desk.run("fetch").stderr


def test_a_forgotten_person_is_forgotten_once_more_without_a_word(desk: Program) -> None:
    person = forget(desk)["person"]
    before = desk.done("log", "--json").stdout
    assert f"{person} is forgotten" in desk.done("person", "forget", person).stdout
    assert desk.done("log", "--json").stdout == before


def test_the_log_keeps_that_it_happened_in_ids_alone(desk: Program) -> None:
    person = forget(desk)["person"]
    lines = desk.done("log", "--action", "person-forgotten", "--json").json()["log"]
    assert person in {line["subject"] for line in lines}
    assert {line["agent"] for line in lines} == {"dario"}
    assert all(isinstance(value, int) for line in lines for value in line["codes"].values())
