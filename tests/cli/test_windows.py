"""Windows, replies that run out, likes and what a platform's rules want: as somebody at the desk sees them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from caretool.domain.limits import Limits
from caretool.platforms.file.connector import FilePlatform
from tests.cli.conftest import LATE, row, write_comments
from tests.cli.program import Program

TEXT = "Buongiorno {{ person.name }}, sono Dario, mi scuso: le rispondo qui {{ promises.reply.when }}."
NINE = "2026-11-23T09:40:00+01:00"


@pytest.fixture
def windows(fresh: Program) -> Program:
    """Three who wait: until 09:40, until the day after, for ever; and one to whom a private answer is too late."""
    rows = [
        row("soon", LATE, "Anna Neri", closes_at=NINE),
        row("day", "La lampada è arrivata rotta, la scatola era sfondata.", "Chiara Longo", thread="lamp",
            closes_at="2026-11-24T10:40:00+01:00"),
        row("ever", "Quanto costa la console con due controller?", "Paolo Marini", thread="console"),
        row("week", "Bellissimo negozio, complimenti!", "Sara Poli", private_until="2026-11-23T09:00:00+01:00"),
    ]  # fmt: skip
    write_comments(fresh.folder, "page", rows)
    write_comments(fresh.folder, "short", [])
    fresh.done("fetch")
    return fresh


def _limited(monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    """Let the platform say this of its limits."""
    limits: Callable[[FilePlatform], Limits] = FilePlatform.limits.fget  # type: ignore[attr-defined]
    monkeypatch.setattr(FilePlatform, "limits", property(lambda platform: replace(limits(platform), **values)))


def test_the_inbox_says_what_closes_and_when(windows: Program) -> None:
    lines = windows.done("inbox").stdout.splitlines()
    (first,) = [line for line in lines if "Anna" in line or "pacco" in line]
    assert first.startswith("closes 09:40")
    found = windows.groups()
    assert found[0]["closes_at"] == found[0]["due_at"] == found[0]["comments"][0]["closes_at"] == "2026-11-23T08:40:00Z"
    assert "the platform takes no answer after Mon 23 Nov 09:40" in found[0]["why"]
    assert "due when the platform closes its window" in found[0]["comments"][0]["why"]
    other = next(one for one in found if one["comments"][0]["native_id"] == "week")
    assert (other["private_until"], other["closes_at"], other["shut"]) == ("2026-11-23T08:00:00Z", None, 0)


def test_one_whose_window_has_closed_is_told_as_such(windows: Program) -> None:
    later = replace(windows, now="2026-11-23T10:00:00+01:00")
    table = later.done("inbox", "--late").stdout
    assert "closed 20 min ago" in table
    assert "(its window closed)" in table
    group = later.groups("--late")[0]
    assert (group["shut"], group["late"], group["urgency"]) == (1, True, "late")
    assert f"caretool close {group['id']} --because TEXT" in table
    shown = later.done("show", group["id"]).stdout
    assert "its window closed Mon 23 Nov 09:40: close it, or answer elsewhere and say --by-hand URL" in shown
    assert later.done("close", group["id"], "--because", "called her").code == 0


def _asking(program: Program, *windows: dict[str, str]) -> None:
    """As many people ask the same under one post, each with windows of their own."""
    names = ("Anna Neri", "Bruno Gallo", "Carla Riva")
    rows = [
        row(f"m{number}", f"{LATE} ({number})", name, thread="console", thread_text="La console è in offerta", **more)
        for number, (name, more) in enumerate(zip(names, windows, strict=False), 1)
    ]
    write_comments(program.folder, "page", rows)
    write_comments(program.folder, "short", [])
    program.done("fetch")


class Terminal(io.TextIOWrapper):
    """What is printed to somebody's eyes."""

    def isatty(self) -> bool:
        return True


def _table_row(program: Program, group: str, *words: str) -> str:
    """A group's row, and what stands below it."""
    table = program.done("inbox", *words).stdout.split("\nNext: ")[0]
    (lines,) = [lines for lines in re.split(r"\n(?! )", table) if f"  {group}  " in lines]
    return lines.rstrip()


@pytest.mark.parametrize("first", ["2026-11-23T08:29:00+01:00", "2026-11-23T09:00:00+01:00"])
def test_one_window_that_has_closed_does_not_hide_the_next(fresh: Program, first: str) -> None:
    _asking(
        fresh,
        {"closes_at": first},
        {"closes_at": "2026-11-23T09:20:00+01:00"},
        {"closes_at": "2026-11-23T09:28:00+01:00"},
    )
    (group,) = fresh.groups()
    told = _table_row(fresh, group["id"])
    assert told.startswith("closes 09:20 ")
    assert told.endswith("  1 of 3 closed · delivery-late")
    assert (group["closes_at"], group["shut"]) == ("2026-11-23T08:20:00Z", 1)
    assert "the platform takes no answer after Mon 23 Nov 09:20" in group["why"]
    assert [why for why in group["why"] if why.startswith("its window closed for 1 of 3, the first Mon 23 Nov")]
    assert not [why for why in group["why"] if why == "an answer is due Mon 23 Nov 09:20"]

    told = _table_row(fresh, group["id"], "--as-of", "2026-11-23T09:25:00+01:00")
    assert told.startswith("closes 09:28 ")
    assert "2 of 3 closed · " in told

    ended = fresh.done("inbox", "--as-of", "2026-11-23T09:50:00+01:00").stdout
    (told,) = [line for line in ended.splitlines() if f"  {group['id']}  " in line]
    assert told.startswith("closed ")
    assert told.endswith("  (its window closed)")
    assert f"caretool close {group['id']} --because TEXT" in ended
    assert "an answer was due" not in fresh.done("show", group["id"]).stdout


def test_a_window_that_ends_after_an_answer_is_due_is_told_below(fresh: Program) -> None:
    _asking(fresh, {"closes_at": "2026-11-23T11:30:00+01:00"})
    (group,) = fresh.groups()
    first, below = _table_row(fresh, group["id"]).splitlines()
    assert (first[:8], below) == ("in 1 h  ", "    closes 11:30")
    first, below = _table_row(fresh, group["id"], "--as-of", "2026-11-23T11:05:00+01:00").splitlines()
    assert " ago  " in first
    assert below == "    closes 11:30"


def test_a_moment_before_any_window_closed_counts_none_as_closed(fresh: Program) -> None:
    _asking(fresh, {"closes_at": "2026-11-23T09:00:00+01:00"}, {"closes_at": NINE})
    (group,) = fresh.groups("--as-of", "2026-11-23T08:45:00+01:00")
    assert (group["closes_at"], group["shut"]) == ("2026-11-23T08:00:00Z", 0)
    assert "of 2 closed" not in _table_row(fresh, group["id"], "--as-of", "2026-11-23T08:45:00+01:00")


def test_who_has_no_window_is_due_as_usual_beside_one_that_has_closed(fresh: Program) -> None:
    _asking(fresh, {"closes_at": "2026-11-23T09:00:00+01:00"}, {})
    (group,) = fresh.groups()
    told = _table_row(fresh, group["id"])
    assert told.startswith("in 1 h ")
    assert "1 of 2 closed · " in told
    assert (group["late"], group["due_at"], group["closes_at"]) == (True, "2026-11-23T08:00:00Z", None)


@pytest.mark.parametrize(
    ("until", "said"),
    [
        ("2026-11-23T11:30:00+01:00", "private until 11:30"),
        ("2026-11-24T08:00:00+01:00", "private until Tue 08:00"),
        ("2026-11-24T09:30:00+01:00", None),
        ("2026-11-23T09:12:00+01:00", None),
    ],
)
def test_a_private_answer_that_is_possible_for_less_than_a_day_is_told(
    fresh: Program, until: str, said: str | None
) -> None:
    """What has passed already, another's in the same group, hides nothing here either."""
    _asking(fresh, {"private_until": "2026-11-23T09:00:00+01:00"}, {"private_until": until})
    (group,) = fresh.groups()
    assert _table_row(fresh, group["id"]).splitlines()[1:] == ([f"    {said}"] if said else [])
    if said:
        assert group["private_until"] == datetime.fromisoformat(until).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_private_comment_has_one_window_only(fresh: Program) -> None:
    _asking(fresh, {"private_until": "2026-11-23T11:30:00+01:00", "private": "yes", "form": "message"})
    assert "private until" not in fresh.done("inbox").stdout


def test_all_dates_stand_in_a_table_of_110_columns(fresh: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    until = {"private_until": "2026-11-24T08:00:00+01:00"}
    closed, soon = "2026-11-23T09:00:00+01:00", "2026-11-23T09:20:00+01:00"
    _asking(fresh, {"closes_at": closed, **until}, {"closes_at": soon, **until})
    monkeypatch.setattr("tests.cli.program._stream", lambda text="": Terminal(io.BytesIO(text.encode()), "utf-8"))
    shown = replace(fresh, environment={"COLUMNS": "110"}).done("inbox").stdout
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert max(map(len, lines)) <= 110
    for what in ("closes 09:20  ", "  1 of 2 closed", "    private until Tue 08:00"):
        assert len([line for line in lines if what in line]) == 1


def test_show_prints_both_dates(windows: Program) -> None:
    assert "takes an answer until Tue 24 Nov 10:40" in windows.done("show", windows.comment("day")).stdout
    assert "took a private answer until Mon 23 Nov 09:00" in windows.done("show", windows.comment("week")).stdout


def test_a_window_that_closed_is_refused_by_program_and_passes_by_hand(windows: Program) -> None:
    one = windows.comment("soon")
    later = replace(windows, now="2026-11-23T10:00:00+01:00")
    ran = later.run("reply", one, "--text", TEXT, "--yes", "--json")
    assert (ran.code, [refusal["check"] for refusal in ran.json()["refused"]]) == (5, ["window-closed"])
    assert later.run("reply", one, "--text", TEXT, "--yes", "--waive", "window-closed").code == 2
    assert later.done("reply", one, "--text", TEXT, "--yes", "--by-hand", "https://example.org/1").code == 0
    assert later.posted() == []


def test_what_is_left_for_later_is_warned_of_and_its_failure_is_told_twice(windows: Program) -> None:
    one = windows.comment("soon")
    ran = windows.done("reply", one, "--text", TEXT, "--yes", "--later")
    assert "has to leave by Mon 23 Nov 09:40: then page takes no answer any more." in ran.stderr
    later = replace(windows, now="2026-11-23T09:41:00+01:00")
    sent = replace(later, agent="giulia").run("send")
    assert sent.code == 1
    assert "was not posted: its window closed Mon 23 Nov 09:40" in sent.stderr
    assert later.promises() == []
    assert "did not go out" not in replace(later, agent="giulia").done("inbox").stdout
    assert [one["account"] for one in later.done("inbox", "--json").json()["failed"]] == ["page"]
    assert later.done("inbox").stdout.count("did not go out") == 1
    assert "did not go out" not in later.done("inbox").stdout


def test_what_fails_before_the_eyes_of_who_wrote_it_is_not_told_again(
    windows: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    from caretool.errors import PlatformFailed

    def no(*_: object) -> None:
        raise PlatformFailed("page: comments are closed there")

    one = windows.comment("ever")
    monkeypatch.setattr(FilePlatform, "post", no)
    assert windows.run("reply", one, "--text", TEXT, "--yes").code == 1
    assert "did not go out" not in windows.done("inbox").stdout


def test_where_a_person_has_to_choose_the_words_a_yes_alone_does_not(
    windows: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = windows.group("delivery-late")
    _limited(monkeypatch, unread_replies=False)
    ran = windows.run("reply", group, "--yes")
    assert (ran.code, windows.posted()) == (2, [])
    assert "page: its platform wants a person to choose the words" in ran.stderr
    assert "--template delivery-late, or --text" in ran.stderr
    assert windows.done("reply", group, "--template", "delivery-late", "--mode", "each", "--yes").code == 0
    assert windows.done("reply", windows.comment("ever"), "--text", TEXT, "--yes").code == 0


def test_replies_that_run_out_are_told_and_the_least_urgent_stay(
    windows: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = {"replies_left": 1, "replies_until": datetime(2026, 11, 24, 8, tzinfo=UTC)}
    ids = [windows.comment(native_id) for native_id in ("day", "soon")]
    _limited(monkeypatch, **left)
    ran = windows.done("reply", *ids, "--text", TEXT, "--mode", "each", "--yes", "--later")
    assert "1 more reply until Tue 24 Nov 09:00 for 2 people: 1 of these 2 replies would stay" in ran.stderr
    assert "page: 1 more reply until Tue 24 Nov 09:00; 2 in the outbox, 2 waiting." in ran.stderr
    sent = windows.run("send")
    assert (sent.code, [one["to"] for one in windows.posted()]) == (6, ["soon"])
    assert "1 stays in the outbox" in sent.stderr
    checked = windows.done("account", "check", "page", "--json").json()["accounts"][0]
    assert (checked["replies_left"], checked["replies_until"]) == (1, "2026-11-24T08:00:00Z")
    assert "1 more reply until Tue 24 Nov 09:00" in windows.done("account", "check", "page").stdout


def test_sending_says_how_many_more_replies_may_leave_also_where_they_are_plenty(
    windows: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    _limited(monkeypatch, replies_left=178, replies_until=datetime(2026, 11, 24, 8, tzinfo=UTC))
    for native_id in ("soon", "day"):
        windows.done("reply", windows.comment(native_id), "--text", TEXT, "--yes", "--later")
    ran = windows.done("send")
    assert (
        ran.stdout
        == "2 written to page-replies.jsonl: paste them there\npage: 178 more replies until Tue 24 Nov 09:00\n"
    )
    assert "178" not in ran.stderr
    windows.done("reply", windows.comment("ever"), "--text", TEXT, "--yes", "--later")
    assert windows.done("send", "--json").json()["replies_left"] == {"page": 178}


def test_likes_are_asked_for_by_id_and_taken_back(windows: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    one = windows.comment("ever")
    ran = windows.run("like", one, "--json")
    assert (ran.code, ran.stdout) == (1, "")
    assert ran.stderr.splitlines() == ["page: nothing can be liked there by program. Nothing was liked."]
    monkeypatch.setattr(FilePlatform, "like", lambda *_: None, raising=False)
    monkeypatch.setattr(FilePlatform, "unlike", lambda *_: None, raising=False)
    assert windows.done("like", one, "--json").json() == {"liked": [one]}
    assert windows.done("like", one, "--undo").stdout == f"No longer liked: {one}\n"
    history = windows.done("show", one).stdout
    assert history.index("comment-liked") < history.index("comment-unliked")
    assert replace(windows, agent="tom").run("like", one).code == 2
