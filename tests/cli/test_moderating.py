from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.cli.conftest import row, write_comments
from tests.cli.program import Program
from tests.cli.test_terminal import terminal

SPAM = "Guadagna 300 euro al giorno da casa, clicca qui: https://soldi-facili.example"
EXPOSED = "Il pacco non è ancora arrivato, chiamatemi al 333 1234567"
ABUSE = "siete dei coglioni, punto"
PRIZE = (
    "Vinci uno smartphone nuovo! Partecipa al nostro sondaggio e ritira subito il premio: https://premio.example/vinci"
)


def actions(program: Program, account: str = "page") -> list[dict[str, Any]]:
    """What was done on an account."""
    path = program.folder / f"{account}-actions.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


@pytest.fixture
def shop(desk: Program) -> Program:
    """The shop, when strangers have come by."""
    write_comments(
        desk.folder,
        "page",
        [
            row("spam", SPAM, "Soldi Facili"),
            row("exposed", EXPOSED, "Giovanni Caruso"),
            row("abuse", ABUSE, "Uno Qualunque"),
            {**row("prize", PRIZE, "Premi Lampo"), "author": "premi.lampo"},
        ],
    )
    write_comments(desk.folder, "short", [{**row("prize2", PRIZE, "Premi Lampo"), "author": "premi.lampo"}])
    policies = desk.folder / "policies.toml"
    policies.write_text(policies.read_text("utf-8").replace("same_message_profiles = 3", "same_message_profiles = 2"))
    desk.done("fetch")
    return desk


def ids(program: Program) -> dict[str, str]:
    """Comments by native id."""
    groups = program.groups()
    return {comment["native_id"]: comment["id"] for group in groups for comment in group["comments"]}


def test_fetch_says_how_many_match_a_rule(shop: Program) -> None:
    assert "moderate: 5 comments match a rule: caretool moderate" in shop.done("fetch").stdout
    assert shop.done("fetch", "--json").json()["new"] == 0


def test_a_dry_run_shows_what_would_be_done_and_why_and_does_nothing(shop: Program) -> None:
    told = shop.done("moderate", "--dry-run").stdout
    assert "333 1234567" not in told
    found = shop.done("moderate", "--dry-run", "--json").json()
    would = {(one["action"], one["ground"], one["rule"]) for one in found["proposals"]}
    assert would == {
        ("hide", "spam", "strangers' links"),
        ("hide", "personal-data", "a customer's own personal data in view"),
        ("hide", "abuse", "vulgar abuse with no grievance in it"),
        ("ban", "spam", "the same spam on three of our profiles"),
    }
    assert all(one["evidence"]["hash"] and one["why"] for one in found["proposals"])
    assert [actions(shop), found["done"]] == [[], []]


def test_a_yes_without_ids_bans_nobody(shop: Program) -> None:
    comments = ids(shop)
    ran = shop.run("moderate", "--yes")
    assert ran.code == 6
    assert f"to ban who wrote it, name it: caretool moderate {comments['prize']}" in ran.stderr
    assert {one["action"] for one in actions(shop)} == {"hide"}
    assert actions(shop, "short") == []
    again = shop.run("moderate", "--yes", "--json")
    assert [again.code, again.stdout] == [2, ""]
    banned = shop.done("moderate", comments["prize"], "--yes", "--json").json()["done"]
    assert [(one["action"], one["ground"], one["state"]) for one in banned] == [("ban", "spam", "done")]
    assert len(banned[0]["evidence"]["copies"]) == 1


def test_without_a_terminal_and_without_a_yes_nothing_is_done(shop: Program) -> None:
    ran = shop.run("moderate")
    assert [ran.code, ran.stdout, actions(shop)] == [2, "", []]
    assert "Nobody is here to say yes" in ran.stderr


def test_where_nothing_matches_there_is_nothing_to_do(desk: Program) -> None:
    assert "Nothing waits" in desk.done("moderate").stdout
    assert desk.done("moderate", "--json").json()["proposals"] == []


def test_nobody_is_silenced_for_complaining(shop: Program) -> None:
    complaint = ids(shop)["exposed"]
    for action in ("ban", "delete", "mute", "report"):
        ran = shop.run("moderate", complaint, "--action", action, "--ground", "abuse", "--because", "rude", "--yes")
        assert [ran.code, ran.stdout] == [5, ""]
        assert "a complaint is never silenced" in ran.stderr
    assert actions(shop) == []


def test_by_hand_an_action_needs_a_reason_and_a_ground_that_holds(shop: Program) -> None:
    spam = ids(shop)["spam"]
    assert shop.run("moderate", spam, "--action", "delete", "--yes").code == 2
    assert shop.run("moderate", "--action", "delete", "--because", "x", "--yes").code == 2
    assert shop.run("moderate", spam, "--ground", "spam", "--yes").code == 2
    done = shop.done("moderate", spam, "--action", "delete", "--because", "a swindle", "--yes", "--json").json()[
        "done"
    ][0]
    assert (done["action"], done["ground"], done["rule"], done["because"]) == ("delete", "spam", None, "a swindle")
    ran = shop.run("undo", done["id"], "--because", "x")
    assert ran.code == 2
    assert "no way back" in ran.stderr


def test_an_agent_who_may_not_is_told_who_may(shop: Program) -> None:
    prize = ids(shop)["prize"]
    ran = shop.by("giulia").run("moderate", prize, "--yes")
    assert ran.code == 2
    assert "only a manager bans somebody (dario)" in ran.stdout
    assert shop.by("tom").run("moderate", "--yes").code == 2
    assert actions(shop) == []


def test_undo_shows_it_again_and_it_waits_again(shop: Program) -> None:
    spam = ids(shop)["spam"]
    (done,) = shop.done("moderate", spam, "--yes", "--json").json()["done"]
    assert spam not in ids(shop).values()
    undone = shop.done("undo", spam, "--because", "a joke among friends", "--json").json()
    assert [one["id"] for one in undone["undone"]] == [done["id"]]
    assert undone["undone"][0]["undone_because"] == "a joke among friends"
    assert spam in ids(shop).values()
    assert [one["action"] for one in actions(shop)] == ["hide", "unhide"]


def test_show_tells_what_was_done_about_a_comment_and_its_author(shop: Program) -> None:
    exposed = ids(shop)["exposed"]
    (done,) = shop.done("moderate", exposed, "--yes", "--json").json()["done"]
    for subject in (exposed, done["person"], done["id"]):
        shown = shop.done("show", subject)
        assert f"{done['id']}  hide {exposed} on page, by dario" in shown.stdout
        assert "333 1234567" not in shown.stdout
        assert "moderation-done" in shown.stdout
        assert shop.done("show", subject, "--json").json()["moderations"][0]["ground"] == "personal-data"


def test_tab_offers_what_can_be_moderated_and_undone(shop: Program) -> None:
    from tests.cli.test_completion import values

    (done,) = shop.done("moderate", ids(shop)["spam"], "--yes", "--json").json()["done"]
    assert values(shop, "undo ") == [done["id"]]
    assert values(shop, "show m") == [done["id"]]
    assert "hide" in values(shop, "moderate c --action h")


@pytest.mark.parametrize("layout", ["table", "markdown", "html", "csv", "json"])
def test_the_report_holds_ids_codes_and_figures_and_nothing_of_anybody(shop: Program, layout: str) -> None:
    accounts = shop.folder / "accounts.toml"
    accounts.write_text(accounts.read_text("utf-8").replace('handle = "bottegablu"', "followers = 20000", 1), "utf-8")
    shop.run("moderate", "--yes")
    (done, *_) = shop.done("report", "moderation", "--json").json()["entries"]
    shop.done("undo", done["id"], "--because", "secret reason")
    told = shop.done("report", "moderation", "--since", "1 day", "--format", layout).stdout
    for strange in ("Soldi", "soldi", "Giovanni", "333", "premi.lampo", "coglioni", "secret reason"):
        assert strange not in told
    assert done["id"] in told
    if layout == "table":
        assert "unknown" in told
        assert "1.50" in told  # three among 20,000


def test_the_reports_figures(shop: Program) -> None:
    shop.run("moderate", "--yes")
    found = shop.done("report", "moderation", "--json").json()
    tallies = {(one["ground"], one["action"]): one["number"] for one in found["tallies"]}
    assert tallies == {("abuse", "hide"): 1, ("personal-data", "hide"): 1, ("spam", "hide"): 1}
    assert [one["median_after_minutes"] for one in found["tallies"]] == [42, 42, 42]
    assert found["known"]["followers"] is None
    assert {one["evidence"] for one in found["entries"]} != {None}


def test_a_report_is_sent_to_an_owner_who_can_be_told(shop: Program) -> None:
    ran = shop.run("report", "moderation", "--notify", "desk")
    assert ran.code == 2
    assert "add notify" in ran.stderr
    assert shop.run("report", "moderation", "--notify", "nobody").code == 2


def test_policy_explain_and_test_name_the_ground(shop: Program) -> None:
    found = shop.done("policy", "explain", SPAM, "--json").json()
    assert (found["action"], found["ground"]) == ("hide", "spam")
    assert "ground spam" in shop.done("policy", "explain", SPAM).stdout
    policies = shop.folder / "policies.toml"
    example = f'\n[[examples]]\ntext = "{SPAM}"\nexpect = {{ action = "hide", ground = "abuse" }}\n'
    policies.write_text(policies.read_text("utf-8") + example, "utf-8")
    ran = shop.run("policy", "test", "--json")
    assert ran.code == 1
    assert "ground" in ran.told


def test_what_strangers_wrote_is_harmless_on_the_screen(desk: Program, tmp_path: Path) -> None:
    write_comments(desk.folder, "page", [row("evil", f"\x1b[31m\u202e[red] {SPAM}", "\x1b]0;x\x07 Evil")])
    desk.done("fetch")
    for words in (("moderate", "--dry-run"), ("moderate", "--dry-run", "--json"), ("moderate", "--yes")):
        told = desk.done(*words).told
        assert not {"\x1b", "\u202e", "\x07"} & set(told)


def test_a_ban_is_asked_by_itself_with_what_is_known_of_them(shop: Program) -> None:
    comments = ids(shop)
    with terminal(shop, "moderate", comments["prize"], comments["spam"], columns=140) as child:
        child.expect("would")
        child.expect(r"Hide 1\? \[y/N\]")
        child.sendline("n")
        child.expect(rf"{comments['prize']}  Premi Lampo \(premi.lampo\) on page, person u\w+")
        child.expect("ground: spam; because kind is spam; the same message stands on 2 profiles")
        child.expect("comments? known, 0 complaints, 0 open promises, silenced before: 0")
        child.expect(rf"Ban who wrote {comments['prize']}\? \[y/N\]")
        child.sendline("y")
        child.expect("To take it back: caretool undo m")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 0
    assert [(one["action"], one["native_id"], one["ground"]) for one in actions(shop)] == [("ban", "prize", "spam")]


def test_what_a_yes_is_given_to_is_shown_also_where_the_outcome_is_json(shop: Program) -> None:
    spam = ids(shop)["spam"]
    with terminal(shop, "moderate", spam, "--json", columns=140) as child:
        child.expect(f"hide {spam}: Guadagna 300 euro al giorno")
        child.expect(r"Hide 1\? \[y/N\]")
        child.sendline("n")
        child.expect("Nothing was done")
        child.expect(pexpect.EOF)
    assert actions(shop) == []


@pytest.mark.parametrize("leaving", ["n\r", "\r", "\x03", "\x04"])
def test_without_a_yes_nobody_is_banned(shop: Program, leaving: str) -> None:
    with terminal(shop, "moderate", ids(shop)["prize"]) as child:
        child.expect(r"Ban who wrote \w+\? \[y/N\]")
        child.send(leaving)
        child.expect("Nothing was done")
        told = child.read()
        child.wait()
        assert (child.exitstatus, "Traceback" in told) == (2, False)
    assert actions(shop) == []
    assert shop.done("report", "moderation", "--json").json()["entries"] == []


def test_a_promise_and_a_complaint_of_theirs_are_said_before_the_question(shop: Program) -> None:
    comments = ids(shop)
    late = "Il mio ordine non è mai arrivato, vergogna"
    texts = {"theirs": EXPOSED, "promised": late}
    write_comments(
        shop.folder, "page", [row(name, text, "Premi Lampo", author="premi.lampo") for name, text in texts.items()]
    )
    shop.done("fetch")
    known = ids(shop)
    text = "Buongiorno, sono Dario: mi scuso, la richiamiamo entro domani alle 18."
    shop.done("reply", known["promised"], "--text", text, "--yes")
    with terminal(shop, "moderate", comments["prize"]) as child:
        child.expect(rf"{comments['prize']}: A PROMISE TO THEM RUNS: p\w+")
        child.expect(rf"{comments['prize']}: A COMPLAINT OF THEIRS WAITS: {known['theirs']}")
        child.expect(r"Ban who wrote")
        child.sendline("n")
        child.expect("Nothing was done")
        child.expect(pexpect.EOF)
    assert actions(shop) == []


def test_a_colleague_who_corrects_it_meanwhile_is_heard(shop: Program) -> None:
    prize = ids(shop)["prize"]
    with terminal(shop, "moderate", prize) as child:
        child.expect(r"Ban who wrote")
        shop.done("triage", prize, "--kind", "complaint")
        child.sendline("y")
        child.expect("not what it was a moment ago")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 1
    assert actions(shop) == []


def test_a_restore_says_what_still_holds_on_the_platforms(shop: Program) -> None:
    comments = ids(shop)
    shop.done("moderate", comments["spam"], "--yes")
    backup = shop.done("backup", "--json").json()["file"]
    assert "since the backup" not in shop.done("restore", backup, "--yes").stderr
    shop.done("moderate", comments["prize"], "--yes")
    told = shop.done("restore", backup, "--yes").stderr
    assert "1 thing that was done about comments since the backup: still so on the platforms" in told
    assert [one["action"] for one in shop.done("report", "moderation", "--json").json()["entries"]] == ["hide"]


def test_a_restore_waits_for_whoever_moderates(shop: Program) -> None:
    backup = shop.done("backup", "--json").json()["file"]
    lock = shop.folder / ".locks" / f"{b'page'.hex()}.moderate"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with terminal(shop, "restore", backup, "--yes", columns=140) as child:
            child.expect("page: waiting for another caretool that is moderating there")
            fcntl.flock(held, fcntl.LOCK_UN)
            child.expect("Restored from")
            child.expect(pexpect.EOF)


def test_what_was_hidden_and_is_a_complaint_after_all_is_told_until_it_is_undone(shop: Program) -> None:
    spam = ids(shop)["spam"]
    (hidden,) = shop.done("moderate", spam, "--yes", "--json").json()["done"]
    told = f"{spam} is a complaint, and {hidden['id']} is in force: caretool undo {hidden['id']}"
    assert told not in shop.run("moderate", "--dry-run").stderr
    assert told in shop.done("triage", spam, "--kind", "complaint").stderr
    assert told in shop.done("moderate", "--dry-run").stderr
    shop.done("undo", hidden["id"], "--because", "a complaint")
    assert told not in shop.done("moderate", "--dry-run").stderr


def test_who_was_hidden_for_their_own_good_is_no_wrong(shop: Program) -> None:
    exposed = ids(shop)["exposed"]
    shop.done("moderate", exposed, "--yes")
    assert "is in force" not in shop.done("moderate", "--dry-run").stderr
    assert "is in force" not in shop.done("triage", exposed, "--kind", "complaint").stderr
