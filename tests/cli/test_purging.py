from __future__ import annotations

from tests.cli.program import Program

LATER = "2027-03-01T09:00:00+01:00"


def keeping(desk: Program, table: str) -> Program:
    """The same desk with a length of keeping."""
    policies = desk.folder / "policies.toml"
    policies.write_text(f"{policies.read_text(encoding='utf-8')}\n[retention]\n{table}\n", encoding="utf-8")
    return desk


def test_a_purge_shows_first_and_does_it_on_a_yes(desk: Program) -> None:
    comment = desk.comment("chatter")
    desk.done("close", comment, "--because", "chatter")
    later = keeping(desk, 'default = "30 days"').at(LATER)
    shown = later.done("purge", "--dry-run")
    assert "1 comment would be erased" in shown.stdout
    assert later.run("purge").code == 2
    found = later.done("purge", "--yes", "--json").json()
    assert found["erased"] == 1
    assert sum(one["comments"] for one in found["expired"]) == 1
    assert sum(one["needed"] for one in found["expired"]) > 5
    assert later.done("show", comment, "--json").json()["comments"][0]["text"] == ""
    assert "Nothing to erase" in later.done("purge", "--yes").stdout


def test_only_a_manager_purges_by_hand_and_cron_as_the_policy_says(desk: Program) -> None:
    desk.done("close", desk.comment("chatter"), "--because", "chatter")
    later = keeping(desk, 'default = "30 days"').at(LATER)
    for who, words in (("tom", ("--yes",)), ("giulia", ("--yes",)), (None, ())):
        ran = later.by(who).run("purge", *words)
        assert (ran.code, ran.stdout) == (2, ""), who
        assert "dario" in ran.stderr
    assert "1 comment would be erased" in later.by("tom").done("purge", "--dry-run").stdout
    nightly = later.by(None).done("purge", "--yes")
    assert "1 comment erased" in nightly.stdout
    assert nightly.stderr == ""


def test_a_purge_ends_with_the_files_that_it_does_not_touch(desk: Program) -> None:
    desk.done("close", desk.comment("chatter"), "--because", "chatter")
    later = keeping(desk, 'default = "30 days"').at(LATER)
    for words in (("--dry-run",), ("--yes", "--json")):
        ran = later.done("purge", *words)
        files = [str(desk.folder / name) for name in ("page.jsonl", "short.jsonl")]
        first, *named = ran.stderr.splitlines()[-3:]
        assert first.startswith("Not touched: backups")
        assert named == [f"  {file}" for file in files]
    assert ran.json()["not_touched"] == files
    assert "Not touched" not in later.done("purge", "--yes").stderr


def test_without_a_rule_a_purge_says_what_to_write(desk: Program) -> None:
    ran = desk.run("purge", "--yes")
    assert (ran.code, ran.stdout) == (2, "")
    assert "[retention]" in ran.stderr


def test_cron_is_told_to_purge_where_there_is_a_rule(desk: Program) -> None:
    assert "purge --yes" not in desk.done("schedule").stdout
    assert "purge --yes" in keeping(desk, 'kinds = { spam = "30 days" }').done("schedule").stdout
