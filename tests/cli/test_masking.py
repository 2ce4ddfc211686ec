from __future__ import annotations

from tests.cli.conftest import row, write_comments
from tests.cli.program import Program

PHONE, MAIL, ORDER = "347 1234567", "ada.neri@example.com", "IT-99182"
EXPOSED = row(
    "exposed",
    f"Buongiorno, il pacco dell'ordine n. {ORDER} non è ancora arrivato! Scrivetemi a {MAIL} o al {PHONE}.",
    "Ada Neri",
)


def _with_exposed(desk: Program) -> str:
    write_comments(desk.folder, "page", [EXPOSED])
    desk.done("fetch")
    return desk.comment("exposed")


def test_personal_data_stands_on_no_screen_unless_asked_for(desk: Program) -> None:
    comment = _with_exposed(desk)
    group = next(
        one["id"]
        for one in desk.done("inbox", "--json", "--limit", "99").json()["groups"]
        if any(found["id"] == comment for found in one["comments"])
    )
    screens = [
        desk.done("inbox", "--limit", "99"),
        desk.done("show", comment),
        desk.done("show", group),
        desk.done("triage", comment, "--kind", "complaint"),
        desk.done("snooze", comment, "--until", "1h"),
        desk.done("reopen", comment, "--because", "again"),
    ]
    for screen in screens:
        assert all(secret not in screen.told for secret in (PHONE, MAIL, ORDER)), screen.told
    assert "‹phone›" in screens[1].stdout
    assert "--unmasked" in screens[1].stdout


def test_who_asks_for_it_sees_it_and_that_is_logged(desk: Program) -> None:
    comment = _with_exposed(desk)
    shown = desk.done("show", comment, "--unmasked").stdout
    assert all(secret in shown for secret in (PHONE, MAIL, ORDER))
    assert "shown-unmasked" in desk.done("show", comment).stdout


def test_a_program_reads_all_of_it(desk: Program) -> None:
    assert desk.done("show", _with_exposed(desk), "--json").json()["comments"][0]["text"] == EXPOSED["text"]


def test_a_person_is_read_whole_by_who_may_hand_it_out_and_that_is_logged(desk: Program) -> None:
    person = desk.groups()[0]["comments"][0]["person"]
    before = desk.done("log", "--json").json()["log"]
    ran = desk.run("person", "show", person, "--as", "tom", "--json")
    assert (ran.code, ran.stdout) == (2, "")
    desk.by("tom").done("person", "show", person)
    assert desk.done("log", "--json").json()["log"] == before
    desk.done("person", "show", person, "--as", "giulia", "--json")
    (line,) = desk.done("log", "--json").json()["log"][len(before) :]
    assert (line["action"], line["agent"], line["subject"]) == ("shown-unmasked", "giulia", person)


def test_what_was_said_before_an_edit_is_masked_too(desk: Program) -> None:
    comment = _with_exposed(desk)
    write_comments(desk.folder, "page", [EXPOSED | {"text": "Tolto il numero."}])
    desk.done("fetch")
    shown = desk.done("show", comment)
    assert "Tolto il numero." in shown.stdout
    assert all(secret not in shown.told for secret in (PHONE, MAIL))


def test_the_editor_shows_it_masked(desk: Program) -> None:
    comment = _with_exposed(desk)
    seen = desk.folder / "seen.txt"
    editing = desk.with_editor(f'cp "$1" {seen}; exit 1', desk.folder)
    editing.run("reply", comment, "--edit", "--yes", "--include-new")
    text = seen.read_text(encoding="utf-8")
    assert "‹phone›" in text
    assert PHONE not in text
