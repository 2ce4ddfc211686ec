"""log, doctor, schedule, backup, restore: as somebody types them who runs the desk."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.desk.scheduling import JOBS, for_cron, for_systemd
from caretool.store import condition, copies
from caretool.store.database import Database
from caretool.store.migrations import MIGRATIONS, NEWEST, migrate
from tests.cli.program import Program
from tests.cli.shapes import Or, Time, conforms, one

LATER = "2026-11-23T09:14:00+01:00"
STAMPED = re.compile(r"caretool-20261123-081200\.db")


def approve(desk: Program) -> None:
    """A reply that promises, in the outbox."""
    desk.done("reply", desk.group("parcel-damaged"), "--yes", "--later")


def states(desk: Program, table: str = "reply") -> list[str]:
    """The states of all replies, or promises."""
    database = apsw.Connection(str(desk.folder / "caretool.db"), flags=apsw.SQLITE_OPEN_READONLY)
    found = [str(row[0]) for row in database.execute(f"SELECT state FROM {table} ORDER BY rowid")]
    database.close()
    return found


def backups(desk: Program) -> list[str]:
    """What lies among the backups."""
    return sorted(path.name for path in (desk.folder / "backups").iterdir())


# log


def test_the_log_is_shown_oldest_first_with_ids_and_codes(desk: Program) -> None:
    approve(desk)
    desk.at(LATER).done("send")
    lines = desk.done("log", "--json").json()["log"]
    conforms(lines, [{"number": int, "at": Time, "agent": str, "action": str, "subject": str, "codes": dict}])
    actions = [line["action"] for line in lines]
    assert actions.index("reply-approved") < actions.index("promise-logged") < actions.index("reply-posted")
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    shown = desk.done("log").stdout.splitlines()
    assert any(re.match(r"\d+  +2026-11-23 09:12:00  dario  reply-approved  r", line) for line in shown)
    assert "Chiara" not in desk.done("log").stdout


def test_the_log_is_narrowed_by_id_agent_action_time_and_number(desk: Program) -> None:
    approve(desk)
    desk.by("giulia").at(LATER).done("close", desk.comment("chatter"), "--because", "chatter")
    every = desk.done("log", "--json").json()["log"]

    def found(*words: str) -> list[str]:
        return [line["action"] for line in desk.at(LATER).done("log", "--json", *words).json()["log"]]

    promise = desk.promises("--all")[0]["id"] if not desk.promises() else desk.promises()[0]["id"]
    assert found(promise) == ["promise-logged"]
    assert found("--agent", "giulia") == ["comment-closed"]
    assert set(found("--action", "promise-")) == {"promise-logged"}
    assert found("--action", "omment") == found("--agent", "nobody") == []
    assert found("--limit", "1") == ["comment-closed"]
    for since in ("1m", "09:13", "2026-11-23 09:13", "2026-11-23T08:13:00Z"):
        assert found("--since", since) == ["comment-closed"], since
    for since in ("2 days", "2026-11-23"):
        assert len(found("--since", since)) == len(every), since
    assert found("--since", "2026-11-24") == []


@pytest.mark.parametrize(
    "words",
    [("pzzzzzz",), ("nonsense!",), ("--since", "soon"), ("--since", "2 working days"), ("--limit", "0")],
)
def test_a_log_that_cannot_be_shown_is_told(desk: Program, words: Sequence[str]) -> None:
    ran = desk.run("log", *words, "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert "Traceback" not in ran.stderr


# doctor


def test_the_doctor_tells_a_line_a_check_and_leaves_with_1_only_where_something_is_wrong(desk: Program) -> None:
    (desk.folder / "caretool.db").chmod(0o600)
    ran = desk.run("doctor")
    assert ran.code == 0, ran.told
    assert ran.stderr == ""
    assert re.search(r"^ok +database +whole; schema \d+, \d+ comments", ran.stdout, re.MULTILINE)
    assert re.search(r"^warning +clock +CARETOOL_NOW .* → unset CARETOOL_NOW$", ran.stdout, re.MULTILINE)
    (desk.folder / "policies.toml").unlink()
    ran = desk.run("doctor", "--json")
    assert ran.code == 1
    found = ran.json()
    check = {"check": str, "condition": one("ok", "warning", "wrong"), "says": str, "fix": Or(str)}
    conforms(found, {"ok": bool, "checks": [check]})
    assert [c["check"] for c in found["checks"] if c["condition"] == "wrong"] == ["settings"]
    assert found["ok"] is False


def test_the_doctor_tells_moments_as_the_desk_does_and_in_utc_only_where_nobody_knows_its_zone(desk: Program) -> None:
    (desk.folder / "short.jsonl").unlink()
    desk.run("fetch")
    told = desk.run("doctor").stdout
    assert "account page   last good fetch 2026-11-23 09:12\n" in told
    assert "last good fetch 2026-11-23 09:12; 2026-11-23 09:12 it failed" in told
    assert "CARETOOL_NOW holds the clock at 2026-11-23 09:12:" in told
    assert "UTC" not in told
    (desk.folder / "policies.toml").write_text("[[[", encoding="utf-8")
    assert "CARETOOL_NOW holds the clock at 2026-11-23 08:12 UTC:" in desk.run("doctor").stdout


def test_what_a_restore_would_change_is_told_in_the_desks_zone(desk: Program) -> None:
    copy = desk.done("backup").stdout.split("  ")[0]
    assert "newest entry 2026-11-23 09:12\n" in desk.run("restore", copy).stderr
    (desk.folder / "policies.toml").write_text("[[[", encoding="utf-8")
    assert "newest entry 2026-11-23 08:12 UTC\n" in desk.run("restore", copy).stderr


def test_what_a_platform_said_cannot_reach_the_terminal_through_the_doctor(desk: Program) -> None:
    database = apsw.Connection(str(desk.folder / "caretool.db"))
    database.execute("UPDATE account SET failed_at = fetched_at, error = ?", ("\x1b[2Jgone\u202e",))
    database.close()
    for words in (("doctor",), ("doctor", "--json")):
        told = desk.run(*words).told
        assert "gone" in told
        assert "\x1b" not in told
        assert "\u202e" not in told


# schedule


def test_every_line_for_cron_runs_from_anywhere_with_nothing_but_home_and_path(desk: Program, tmp_path: Path) -> None:
    odd = Program(Path(shutil.move(desk.folder, tmp_path / "50% o'clock $HOME \\%")))
    lines = odd.process("schedule", "--json").json()["cron"]
    assert len(lines) == len(JOBS) - 1  # nothing says how long comments are kept
    bare = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    bare |= {name: value for name, value in odd.variables().items() if name == "PYTHONPATH"}  # as if it were installed
    for line in lines:
        command = read_by_cron(line["line"])
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd="/", env=bare, capture_output=True, check=False, text=True
        )
        assert done.returncode in (0, 1) if "doctor" in command else done.returncode == 0, done
        assert done.stderr == "", command
        assert bool(done.stdout) == ("doctor" in command), command


def read_by_cron(line: str) -> str:
    """The command that cron hands to the shell: what stands after five fields, up to a bare %."""
    command = line.split(" ", 5)[5]
    read, guarded = "", False
    for letter in command:
        if guarded:
            read = read[:-1] + letter if letter == "%" else read + letter
            guarded = False
        elif letter == "%":
            break
        else:
            read += letter
            guarded = letter == "\\"
    return read


def read_by_systemd(text: str) -> str:
    """A quoted word of a command line in a unit, as systemd.service(5) has it."""
    assert text[0] == text[-1] == '"'
    unescaped = re.sub(r"\\(.)", r"\1", text[1:-1])
    return unescaped.replace("%%", "%").replace("$$", "$")


@given(
    st.text("\\%$'\" ;ab", min_size=1)
    | st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1)
)
@settings(max_examples=200)
def test_any_path_comes_back_as_it_was_from_cron_and_from_systemd(word: str) -> None:
    assert shlex.split(read_by_cron(f"* * * * * {for_cron(word)}")) == [word]
    assert read_by_systemd(for_systemd(word)) == word


def test_each_job_is_a_command_and_its_comment_says_how_often(desk: Program) -> None:
    shown = desk.done("schedule").stdout
    for words in ("fetch", "send", "report overdue --notify", "report today --notify", "backup --keep 14", "doctor"):
        assert re.search(
            rf"^\S+ \S+ \S+ \S+ \S+ /.* -C {re.escape(str(desk.folder))} {words}( >|$)", shown, re.MULTILINE
        )
    assert "MAILTO" in shown
    assert not [line for line in shown.splitlines() if line and not re.match(r"#|[\d*]", line)]


def test_purge_runs_where_the_policy_or_a_platform_says_how_long(desk: Program) -> None:
    assert " purge --yes" not in desk.done("schedule").stdout
    channel = """
[accounts.channel]
platform = "youtube"
client_id = "4711-desk.apps.googleusercontent.com"
client_secret = { env = "NONESUCH" }
token = { env = "NONESUCH" }
"""
    file = desk.folder / "accounts.toml"
    file.write_text(file.read_text("utf-8") + channel, encoding="utf-8")
    assert " purge --yes" in desk.done("schedule").stdout


def test_units_for_systemd_have_what_systemd_asks_for(desk: Program) -> None:
    units = {unit["name"]: unit["text"] for unit in desk.done("schedule", "--json").json()["systemd"]}
    assert len(units) == 2 * (len(JOBS) - 1)
    for name, text in units.items():
        if name.endswith(".timer"):
            assert name.replace(".timer", ".service") in units
            assert re.search(
                r"^\[Timer\]\nOnCalendar=\S.*\nPersistent=true\n\n\[Install\]\nWantedBy=timers", text, re.M
            )
        else:
            assert re.search(r'^\[Service\]\nType=oneshot\nEnvironmentFile=-/.*\nExecStart="/', text, re.M)
    shown = desk.done("schedule", "--systemd").stdout
    assert all(f"/{name}\n{text.rstrip()}" in shown for name, text in units.items())


def test_a_schedule_is_printed_where_the_settings_are_broken(desk: Program) -> None:
    (desk.folder / "accounts.toml").write_text("[[", encoding="utf-8")
    ran = desk.done("schedule")
    assert "fetch" in ran.stdout
    assert "caretool doctor" in ran.stderr


# backup


def test_a_backup_gets_its_name_from_the_clock_and_overwrites_none(desk: Program) -> None:
    made = desk.done("backup", "--json").json()
    assert STAMPED.fullmatch(Path(made["file"]).name)
    assert made["bytes"] == Path(made["file"]).stat().st_size
    ran = desk.run("backup", "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert "there already" in ran.stderr
    assert backups(desk) == ["caretool-20261123-081200.db"]
    assert "backups/" in (desk.folder / ".gitignore").read_text("utf-8").splitlines()


def test_only_the_newest_backups_that_caretool_named_are_kept(desk: Program) -> None:
    folder = desk.folder / "backups"
    desk.done("backup")
    for name in ("mine.db", "caretool-before-the-move.db", "before-restore-20251123-081200.db"):
        (folder / name).write_text("kept", encoding="utf-8")
    (folder / ".caretool-20261120-081200.db.abc.part").write_text("a killed one", encoding="utf-8")
    (folder / ".caretool-20261123-081300.db.abc.part").write_text("one at work", encoding="utf-8")
    for minute in (13, 14, 15):
        made = desk.at(f"2026-11-23T09:{minute}:00+01:00").done("backup", "--keep", "2", "--json").json()
    assert [Path(path).name for path in made["deleted"]] == ["caretool-20261123-081300.db"]
    assert backups(desk) == [
        ".caretool-20261123-081300.db.abc.part",
        "before-restore-20251123-081200.db",
        "caretool-20261123-081400.db",
        "caretool-20261123-081500.db",
        "caretool-before-the-move.db",
        "mine.db",
    ]


def test_a_backup_goes_where_it_is_told(desk: Program, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    assert Path(desk.done("backup", str(stick), "--json").json()["file"]).parent == stick
    assert desk.done("backup", str(stick / "mine.db")).stdout.startswith(f"{stick / 'mine.db'}  ")
    ran = desk.run("backup", str(stick / "other.db"), "--keep", "3", "--json")
    assert (ran.code, ran.stdout) == (2, "")
    ran = desk.run("backup", str(tmp_path / "nowhere" / "b.db"), "--json")
    assert (ran.code, ran.stdout) == (1, "")
    assert "cannot be written" in ran.stderr


def test_before_there_is_a_database_there_is_nothing_to_back_up(fresh: Program) -> None:
    ran = fresh.run("backup", "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert not (fresh.folder / "caretool.db").exists()


# restore


@pytest.mark.parametrize("agent", ["tom", "giulia", None])
def test_only_a_manager_goes_back_and_has_to_be_named(desk: Program, agent: str | None) -> None:
    backup = desk.done("backup", "--json").json()["file"]
    before = desk.done("log", "--json").stdout
    ran = desk.by(agent).run("restore", backup, "--yes")
    assert (ran.code, ran.stdout) == (2, "")
    assert "dario" in ran.stderr
    assert desk.done("log", "--json").stdout == before


def test_where_the_settings_cannot_be_read_whoever_is_there_goes_back(desk: Program) -> None:
    backup = desk.done("backup", "--json").json()["file"]
    (desk.folder / "policies.toml").write_text("nonesuch = 1\n", encoding="utf-8")
    desk.by(None).done("restore", backup, "--yes")


def test_what_was_posted_after_the_backup_is_found_and_not_posted_again(desk: Program) -> None:
    approve(desk)
    backup = desk.done("backup", "--json").json()["file"]
    desk.done("send")
    assert len(desk.posted()) == 1
    restored = desk.done("restore", backup, "--yes", "--json").json()
    conforms(restored, {"file": str, "kept": str, "unsure": int})
    assert restored["unsure"] == 1
    assert (states(desk), set(states(desk, "promise"))) == (["unsure"], {"running"})
    desk.at(LATER).done("send")
    assert (states(desk), len(desk.posted())) == (["posted"], 1)
    assert copies.look(Path(restored["kept"])).posted == 1


def test_what_was_not_posted_after_the_backup_leaves_after_two_looks(desk: Program) -> None:
    approve(desk)
    backup = desk.done("backup", "--json").json()["file"]
    desk.done("restore", backup, "--yes")
    assert desk.run("send").code == 1
    assert desk.posted() == []
    desk.at(LATER).done("send")
    assert (states(desk), len(desk.posted())) == (["posted"], 1)


def test_of_what_was_leaving_at_the_time_of_the_backup_no_key_is_trusted(desk: Program) -> None:
    approve(desk)
    database = apsw.Connection(str(desk.folder / "caretool.db"))
    at = "2026-11-23T08:12:00.000000Z"
    for state in ("approved", "sending", "unsure"):
        database.execute("UPDATE reply SET state = ?, sending_at = ?, looked_at = ?", (state, at, at))
        backup = desk.done("backup", str(desk.folder / f"{state}.db"), "--json").json()["file"]
        desk.done("restore", backup, "--yes")
        found = database.execute("SELECT state, sending_at, looked_at FROM reply").fetchall()
        assert found == [("unsure", None, None)], state
    database.close()


def test_what_a_crash_left_beside_a_damaged_database_is_kept_and_not_read_into_the_new_one(desk: Program) -> None:
    backup = desk.done("backup", "--json").json()["file"]
    file = desk.folder / "caretool.db"
    writer = apsw.Connection(str(file))
    writer.execute("UPDATE comment SET text = 'from the damaged one'")
    left = file.with_name("caretool.db-wal").read_bytes()
    writer.close()
    for ending in ("-wal", "-shm"):
        file.with_name(f"caretool.db{ending}").unlink(missing_ok=True)
    file.write_bytes(b"\xa5" * 50_000)
    file.with_name("caretool.db-wal").write_bytes(left)
    restored = desk.done("restore", backup, "--yes", "--json").json()
    assert Path(f"{restored['kept']}-wal").read_bytes() == left
    assert "from the damaged one" not in desk.done("inbox", "--json").stdout
    assert condition.examine(file).faults == ()


def test_nobody_sends_fetches_or_moderates_while_the_database_is_exchanged(desk: Program) -> None:
    backup = desk.done("backup", "--json").json()["file"]
    taken: list[str] = []

    def watched(copied: Path, database: Path, progress: copies.Progress, **named: Any) -> bool:
        for lock in sorted((desk.folder / ".locks").iterdir()):
            with lock.open("r+b") as handle, pytest.raises(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            taken.append(lock.name)
        return put_back(copied, database, progress, **named)

    put_back = copies.put_back
    with mock.patch.object(copies, "put_back", watched):
        desk.done("restore", backup, "--yes")
    held = [f"{name.encode().hex()}.{verb}" for name in ("page", "short") for verb in ("send", "moderate")]
    assert taken == sorted(["fetch", *held])


def test_nothing_is_restored_without_a_yes(desk: Program) -> None:
    backup = desk.done("backup", "--json").json()["file"]
    approve(desk)
    ran = desk.run("restore", backup, "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert re.search(r"now: .* comments, .*\nthen: ", ran.stderr)
    assert "--yes" in ran.stderr
    assert states(desk) == ["approved"]
    assert backups(desk) == [Path(backup).name]


def test_no_id_is_given_twice_after_a_restore(desk: Program) -> None:
    backup = desk.done("backup", "--json").json()["file"]
    approve(desk)
    before = desk.promises()[0]["id"]
    desk.done("restore", backup, "--yes")
    assert desk.promises() == []
    approve(desk)
    assert before not in {promise["id"] for promise in desk.promises()}


def test_settings_changed_since_the_backup_are_worked_in_after_it(desk: Program) -> None:
    backup = desk.done("backup", "--json").json()["file"]
    desk.done("restore", backup, "--yes")
    database = apsw.Connection(str(desk.folder / "caretool.db"))
    assert database.execute("SELECT value FROM kept WHERE key = 'digest'").fetchall() == [("",)]
    database.close()
    assert len(desk.groups()) > 1


@pytest.mark.parametrize("broken", ["missing", "page", "text", "newer"])
def test_a_backup_takes_the_place_of_what_is_missing_damaged_or_newer(desk: Program, broken: str) -> None:
    backup = desk.done("backup", "--json").json()["file"]
    for ending in ("-wal", "-shm"):
        (desk.folder / f"caretool.db{ending}").unlink(missing_ok=True)
    database = desk.folder / "caretool.db"
    whole = database.read_bytes()
    if broken == "newer":
        newer = apsw.Connection(str(database))
        newer.execute("INSERT INTO migration VALUES (999, 'from the future', '2026-11-23T08:12:00.000000Z')")
        newer.close()
    elif broken == "missing":
        database.unlink()
    else:
        spoilt = {"page": whole[:40_960] + b"\xa5" * 3000 + whole[43_960:], "text": b"a list\n" * 99}[broken]
        database.write_bytes(spoilt)
    restored = desk.done("restore", backup, "--yes", "--json").json()
    assert desk.done("doctor").code == 0
    assert len(desk.groups()) > 1
    assert (restored["kept"] is None) == (broken == "missing")
    if broken in ("page", "text"):
        assert Path(restored["kept"]).read_bytes() == spoilt


@pytest.mark.parametrize("wrong", ["text", "half", "other", "folder", "nothing", "newer", "itself"])
def test_what_is_no_backup_is_not_restored(desk: Program, tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "b.db"
    desk.done("backup", str(file))
    if wrong == "text":
        file.write_text("a shopping list", encoding="utf-8")
    elif wrong == "half":
        os.truncate(file, 100_000)
    elif wrong in ("other", "newer"):
        if wrong == "other":
            file.unlink()
        database = apsw.Connection(str(file))
        more = "CREATE TABLE migration (n)" if wrong == "other" else "INSERT INTO migration VALUES (999, 'x', '2026')"
        database.execute(more)
        database.close()
    elif wrong != "itself":
        file.unlink()
        if wrong == "folder":
            file.mkdir()
    before = (desk.folder / "caretool.db").read_bytes()
    ran = desk.run("restore", str(desk.folder / "caretool.db" if wrong == "itself" else file), "--yes", "--json")
    assert (ran.code in (1, 2), ran.stdout) == (True, ""), ran.told
    assert "Traceback" not in ran.stderr
    assert (desk.folder / "caretool.db").read_bytes() == before


def test_a_backup_of_an_older_caretool_is_brought_up_to_date(desk: Program, tmp_path: Path) -> None:
    older = Database(tmp_path / "older.db")
    migrate(older, datetime(2026, 11, 1, tzinfo=UTC), MIGRATIONS[:1])
    older.close()
    desk.done("restore", str(tmp_path / "older.db"), "--yes")
    assert copies.look(desk.folder / "caretool.db").schema == NEWEST
    assert copies.look(tmp_path / "older.db").schema == 1
    assert desk.groups() == []


_KILLED = """
import os, signal, sys
from caretool.cli.main import main
from caretool.store import condition, copies
from caretool.store.database import Database
from caretool.store.migrations import MIGRATIONS, NEWEST, migrate

def dying(function, when):
    def die(*words, **named):
        found = function(*words, **named) if when == "after" else None
        os.kill(os.getpid(), signal.SIGKILL)
    return die

where, _, step = sys.argv.pop(1).partition(" ")
copies._RUN = 1
if where == "pages":
    pages, left = copies._pages, [int(step)]
    def counted(there, here, doing, progress, *changed):
        def told(said):
            if doing == "restoring":
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
        return pages(there, here, doing, told, *changed)
    copies._pages = counted
else:
    room = copies
    name, _, when = step.partition(" ")
    setattr(room, name, dying(getattr(room, name), when))
sys.argv[0] = "caretool"
main()
"""


@pytest.mark.parametrize(
    ("killed", "restored"),
    [
        ("copies copy after", False),
        ("copies put_back before", False),
        ("pages 1", False),
        ("pages 40", False),
        ("copies put_back after", True),
    ],
)
def test_a_restore_that_is_killed_leaves_the_old_database_or_the_new_one(
    desk: Program, killed: str, restored: bool
) -> None:
    approve(desk)
    backup = desk.done("backup", "--json").json()["file"]
    desk.done("send")
    words = [sys.executable, "-c", _KILLED, killed, "-C", str(desk.folder), "restore", backup, "--yes"]
    environment = {**desk.variables(), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(words, env=environment, capture_output=True, check=False, text=True)
    assert done.returncode == -9, done
    assert states(desk) == (["unsure"] if restored else ["posted"])
    assert condition.examine(desk.folder / "caretool.db").faults == ()
    desk.at(LATER).done("send")
    assert (states(desk), len(desk.posted())) == (["posted"], 1)
    desk.at(LATER).done("restore", backup, "--yes")
    assert states(desk) == ["unsure"]
    assert not [name for name in backups(desk) if name == ".restoring"]
