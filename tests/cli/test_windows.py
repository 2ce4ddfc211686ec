"""Windows, replies that run out, likes and what a platform's rules want: as somebody at the desk sees them."""

from __future__ import annotations

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


def test_likes_are_asked_for_by_id_and_taken_back(windows: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    one = windows.comment("ever")
    ran = windows.run("like", one, "--json")
    assert (ran.code, ran.stdout) == (1, "")
    assert ran.stderr.splitlines() == ["page: nothing can be liked there by program."]
    monkeypatch.setattr(FilePlatform, "like", lambda *_: None, raising=False)
    monkeypatch.setattr(FilePlatform, "unlike", lambda *_: None, raising=False)
    assert windows.done("like", one, "--json").json() == {"liked": [one]}
    assert windows.done("like", one, "--undo").stdout == f"No longer liked: {one}\n"
    history = windows.done("show", one).stdout
    assert history.index("comment-liked") < history.index("comment-unliked")
    assert replace(windows, agent="tom").run("like", one).code == 2
