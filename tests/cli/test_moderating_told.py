"""What `moderate`, `undo`, `show` and the report tell of it, said once and whole."""

from __future__ import annotations

import csv
import io

import pytest

from tests.cli.conftest import row, write_comments
from tests.cli.program import Program
from tests.cli.test_moderating import ids, shop
from tests.cli.test_terminal import terminal

__all__ = ["shop"]

ASK = """
[[moderation]]
name = "somebody looks at it"
when = { tone = ["angry", "neutral", "pleased"] }
action = "ask"
"""


@pytest.fixture
def asking(shop: Program) -> Program:
    """The shop with a rule that leaves all else to a person."""
    policies = shop.folder / "policies.toml"
    policies.write_text(policies.read_text("utf-8") + ASK, "utf-8")
    write_comments(
        shop.folder,
        "page",
        [row("late", "Il mio ordine non è mai arrivato, vergogna", "Pia"), row("day", "Che bella giornata", "Ugo")],
    )
    shop.done("fetch")
    return shop


def test_on_an_account_of_files_it_is_said_that_a_person_carries_it_out(shop: Program) -> None:
    spam = ids(shop)["spam"]
    ran = shop.done("moderate", spam, "--yes")
    assert "written to page-actions.jsonl" in ran.stdout
    assert "Nothing is done on page yet: page-actions.jsonl says what a person has to do there." in ran.stdout
    assert "written to page-actions.jsonl" in shop.done("show", spam).stdout
    assert "written to page-actions.jsonl" in shop.done("report", "moderation").stdout
    (entry,) = shop.done("report", "moderation", "--json").json()["entries"]
    assert (entry["handed_to"], entry["state"]) == ("page-actions.jsonl", "done")
    undone = shop.done("undo", spam, "--because", "a joke")
    assert "It stands in page-actions.jsonl: nothing changes there until a person carries that out." in undone.stdout


def test_what_was_done_by_hand_is_not_written_to_a_file(shop: Program) -> None:
    spam = ids(shop)["spam"]
    ran = shop.done("moderate", spam, "--by-hand", "--yes")
    assert "done by hand" in ran.stdout
    assert "page-actions" not in ran.stdout + shop.done("show", spam).stdout


def test_the_table_names_rule_and_ground_and_the_reasons_stand_whole_below_it(asking: Program) -> None:
    day = ids(asking)["day"]
    told = asking.done("moderate", "--dry-run").stdout
    assert told.splitlines()[0].split() == [
        *("would", "comment", "account", "from", "rule", "ground"),
        *("what", "it", "says"),
    ]
    assert f"{day}: a person decides; if it is spam or abuse, say so first: caretool triage {day} --kind abuse" in told
    (line,) = [line for line in told.splitlines() if line.startswith("(ask)") and day in line]
    assert "somebody looks at it" in line


def test_a_command_is_never_cut_on_a_narrow_terminal(asking: Program) -> None:
    day = ids(asking)["day"]
    with terminal(asking, "moderate", "--dry-run", columns=80) as child:
        child.expect(f"caretool triage {day} --kind abuse")


def test_complaints_are_counted_and_not_listed_where_a_rule_asks(asking: Program) -> None:
    late = ids(asking)["late"]
    ran = asking.done("moderate", "--dry-run")
    assert late not in ran.stdout
    protected = asking.done("moderate", "--dry-run", "--json").json()["protected"]
    waits = f"{protected} comments that wait match a rule that is not applied: a complaint is never silenced."
    assert waits in ran.stdout
    asking.done("triage", late, "--kind", "chatter")
    assert asking.done("moderate", "--dry-run", "--json").json()["protected"] == protected - 1


def test_what_needs_somebody_is_said_once(asking: Program) -> None:
    day = ids(asking)["day"]
    for words in (("moderate",), ("moderate", "--yes"), ("moderate", day), ("moderate", day, "--yes")):
        assert asking.run(*words).told.count(f"caretool triage {day}") <= 1


def test_who_is_named_is_said_only_where_a_name_is_needed(shop: Program) -> None:
    comments = ids(shop)
    told = shop.run("moderate").stderr
    assert "add --yes, and name " in told
    assert comments["prize"] in told
    assert comments["spam"] not in told
    assert "add --yes, or look first with --dry-run. Nothing was done." in shop.run("moderate", comments["spam"]).stderr


def test_who_undid_it_is_said_before_it_is_done_again(shop: Program) -> None:
    spam = ids(shop)["spam"]
    (done,) = shop.done("moderate", spam, "--yes", "--json").json()["done"]
    shop.by("giulia").done("undo", done["id"], "--because", "a joke among friends")
    assert spam not in shop.done("moderate", "--dry-run").stdout
    told = f"{spam}: giulia undid this (hide) on Mon 23 Nov 09:12: because a joke among friends"
    with terminal(shop, "moderate", spam, columns=160) as child:
        child.expect_exact(told)
        child.expect(r"Hide 1\? \[y/N\]")
        child.sendline("n")
        child.expect("Nothing was done")
    assert shop.done("moderate", spam, "--yes").stderr.count(told) == 1


def test_what_has_to_be_known_of_somebody_is_said_once(shop: Program) -> None:
    comments = ids(shop)
    write_comments(shop.folder, "page", [row("late", "Il pacco non è arrivato", "Premi Lampo", author="premi.lampo")])
    shop.done("fetch")
    with terminal(shop, "moderate", comments["prize"], columns=160) as child:
        child.expect(r"Ban who wrote \w+\? \[y/N\]")
        assert child.before.count("A COMPLAINT OF THEIRS WAITS") == 1
        child.sendline("y")
        child.expect("To take it back")
        assert "A COMPLAINT OF THEIRS WAITS" not in child.before


def test_true_and_false_are_no_numbers_in_the_report(shop: Program) -> None:
    comments = ids(shop)
    shop.done("moderate", comments["spam"], "--yes")
    shop.done("moderate", comments["abuse"], "--by-hand", "--yes")
    found = {one["by_hand"] for one in shop.done("report", "moderation", "--json").json()["entries"]}
    assert found == {True, False}
    lines = csv.DictReader(io.StringIO(shop.done("report", "moderation", "--format", "csv").stdout))
    assert {line["by_hand"] for line in lines} == {"true", "false"}


def test_one_copy_is_one(shop: Program) -> None:
    prize = ids(shop)["prize"]
    shop.done("moderate", prize, "--yes")
    assert ", 1 copy\n" in shop.done("show", prize).stdout


@pytest.mark.parametrize("layout", ["table", "markdown", "html", "json"])
def test_the_report_names_who_said_of_a_complaint_that_it_is_none(shop: Program, layout: str) -> None:
    exposed = ids(shop)["exposed"]
    shop.by("giulia").done("triage", exposed, "--kind", "spam")
    shop.done("moderate", exposed, "--yes")
    told = shop.done("report", "moderation", "--format", layout).stdout
    assert exposed in told
    assert "giulia" in told


def test_the_log_says_that_a_complaint_was_made_something_else(shop: Program) -> None:
    exposed = ids(shop)["exposed"]
    shop.done("triage", exposed, "--kind", "spam")
    assert "kind-was=complaint" in shop.done("log", exposed).stdout
