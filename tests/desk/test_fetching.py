"""Fetching: stored once, the bookmark with its page, one account's failure nobody else's (DESIGN §4.1, §4.2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from caretool.desk import fetching
from caretool.errors import CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.store.arrivals import Arrivals
from tests.desk.stage import MONDAY, Stage, comment


def test_a_comment_that_comes_again_is_the_same_comment(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    again = stage.fetch(comment("c2"), comment("c1"), comment("c3"))
    assert [(result.new, result.edited) for result in again] == [(1, 0), (0, 0)]
    assert stage.rows("SELECT count(*) FROM comment") == [(3,)]


def test_an_id_that_stands_twice_on_a_page_is_stored_once_and_the_later_text_wins(stage: Stage) -> None:
    stage.fetch(comment("c1", "primo testo"), comment("c1", "secondo testo"))
    assert stage.comment("c1").text == "secondo testo"
    assert stage.rows("SELECT count(*) FROM comment") == [(1,)]


def test_the_same_native_id_on_two_accounts_is_two_comments(stage: Stage) -> None:
    stage.fediverse.receive(comment("c1"))
    stage.fetch(comment("c1"))
    assert stage.rows("SELECT account FROM comment ORDER BY account") == [("fediverse",), ("page",)]


def test_an_edit_is_a_revision_and_the_new_text_is_read(stage: Stage) -> None:
    stage.fetch(comment("c1", "bellissimo, lo adoro"))
    assert stage.comment("c1").topic == "praise"
    stage.clock.goes(minutes=5)
    results = stage.fetch(comment("c1", "il pacco non è ancora arrivato, quando arriva?"))
    edited = stage.comment("c1")
    assert results[0].edited == 1
    assert (edited.state, edited.topic) == ("waiting", "delivery-late")
    assert stage.store.comments.revisions(edited.id) == [(stage.clock(), "bellissimo, lo adoro")]
    assert stage.look().groups[0].group.topic == "delivery-late"


def test_an_edit_that_must_reach_the_manager_brings_an_answered_comment_back(stage: Stage) -> None:
    stage.fetch(comment("c1", "bellissimo, lo adoro"))
    stage.reply("c1")
    stage.send()
    assert stage.states("c1") == ["answered"]
    stage.fetch(comment("c1", "Il pacco è arrivato e mi sono ustionata"))
    assert stage.states("c1") == ["waiting"]
    assert stage.comment("c1").escalation == "injury"
    assert stage.fetch()[0].new == 0


def test_an_edit_of_an_answered_comment_does_not_bring_it_back(stage: Stage) -> None:
    stage.fetch(comment("c1", "bellissimo, lo adoro"))
    stage.reply("c1")
    stage.send()
    stage.fetch(comment("c1", "bellissimo, lo adoro (modificato)"))
    assert stage.states("c1") == ["answered"]


def test_what_was_deleted_there_is_gone_here_and_its_group_ends(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    results = stage.fetch(deleted=["c1", "never seen"])
    assert results[0].deleted == 1
    assert stage.states("c1") == ["gone"]
    assert stage.look().groups == ()


def test_our_own_posts_never_wait(stage: Stage) -> None:
    stage.fetch(comment("o1", "Buongiorno a tutti!", author="bottegablu"))
    assert stage.states("o1") == ["closed"]


@pytest.mark.parametrize("written", ["@bottegablu", "BottegaBlu", "@BottegaBlu"])
def test_our_own_posts_are_known_however_our_handle_is_written(stage: Stage, written: str) -> None:
    stage.fetch(comment("o1", "Buongiorno a tutti!", author=written))
    assert stage.states("o1") == ["closed"]


def test_a_comment_that_we_replied_to_elsewhere_is_answered(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    stage.fetch(comment("o1", "Le abbiamo scritto in privato", author="bottegablu", reply_to="c1"))
    assert stage.states("c1", "c2") == ["answered", "waiting"]
    assert stage.look().groups[0].group.size == 1


def test_our_reply_counts_also_where_it_comes_before_the_comment_it_answers(stage: Stage) -> None:
    stage.page.receive(comment("o1", "Le abbiamo scritto", author="bottegablu", reply_to="c1"))
    stage.fetch(comment("c1"), comment("c2"))
    assert stage.states("c1", "c2") == ["answered", "waiting"]


def test_somebody_elses_reply_answers_nothing(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    stage.fetch(comment("c2", "anch'io!", reply_to="c1"))
    assert stage.states("c1", "c2") == ["waiting", "waiting"]


def test_the_first_fetch_closes_what_is_older_than_since(stage: Stage) -> None:
    stage.fetch(
        comment("old", written_at=MONDAY - timedelta(days=8)), comment("new", written_at=MONDAY - timedelta(days=6))
    )
    assert stage.states("old", "new") == ["closed", "waiting"]


def test_what_comes_late_after_the_first_fetch_waits_however_old_it_is(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    stage.fetch(comment("old", written_at=MONDAY - timedelta(days=30)))
    assert stage.states("old") == ["waiting"]


def test_a_first_fetch_that_broke_off_is_still_the_first_when_it_goes_on(stage: Stage) -> None:
    stage.page.receive(comment("c1", written_at=MONDAY - timedelta(days=9)))
    stage.page.break_off(PlatformFailed("the line went dead"))
    stage.page.receive(
        comment("c2", written_at=MONDAY - timedelta(days=8)), comment("c3", written_at=MONDAY - timedelta(days=7.5))
    )
    stage.fetch()
    stage.clock.goes(days=1)
    stage.fetch(comment("c4", written_at=MONDAY))
    assert stage.states("c1", "c2", "c3", "c4") == ["closed", "closed", "closed", "waiting"]
    stage.fetch(comment("late", written_at=MONDAY - timedelta(days=30)))
    assert stage.states("late") == ["waiting"]


def test_an_undated_comment_counts_from_its_first_fetch_and_says_so(stage: Stage) -> None:
    stage.fetch(comment("c1", written_at=None))
    found = stage.comment("c1")
    assert (found.written_at, found.dated) == (stage.clock(), False)
    stage.clock.goes(hours=3)
    stage.fetch(comment("c1", written_at=None))
    assert stage.comment("c1").written_at == found.written_at


def test_the_bookmark_stays_behind_where_its_page_cannot_be_stored(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.fetch(comment("c1"))
    monkeypatch.setattr(Arrivals, "_mark_gone", _fails)
    with pytest.raises(RuntimeError, match="in the middle"):
        stage.fetch(comment("c2"))
    assert stage.store.arrivals.bookmark("page") == "1"
    assert stage.rows("SELECT native_id FROM comment") == [("c1",)]
    monkeypatch.undo()
    assert stage.fetch()[0].new == 1


def _fails(*_: object) -> list[str | None]:
    raise RuntimeError("in the middle of it")


def test_a_fetch_that_breaks_off_keeps_what_it_has_and_goes_on_from_there(stage: Stage) -> None:
    stage.page.receive(comment("c1"))
    stage.page.receive(comment("c2"))
    stage.page.break_off(PlatformBusy("too many requests", 30))
    stage.page.receive(comment("c3"))
    first = stage.fetch()
    assert (first[0].new, str(first[0].error)) == (2, "too many requests")
    assert stage.states("c1", "c2") == ["waiting", "waiting"]
    second = stage.fetch()
    assert (second[0].new, second[0].edited, second[0].error) == (1, 0, None)


def test_a_list_without_an_end_is_left_after_a_while_and_the_next_fetch_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_MOST_PAGES", 2)
    stage.fediverse.receive(comment("f1"))
    stage.fediverse.receive(comment("f2"))
    for number in range(5):
        stage.page.receive(comment(f"c{number}"))
    first, other = stage.fetch()
    assert (first.new, str(first.error)) == (2, "page: 2 pages were read; the next fetch goes on from there")
    assert (other.new, other.error) == (2, None)
    assert [stage.fetch()[0].new for _ in range(3)] == [2, 1, 0]


def test_one_account_failing_stops_no_other(stage: Stage) -> None:
    stage.page.break_off(ZeroDivisionError("a connector's own mistake"))
    stage.fediverse.receive(comment("c1"))
    page, fediverse = stage.fetch()
    assert "page: the board connector failed" in str(page.error)
    assert (fediverse.new, fediverse.error) == (1, None)
    assert fetching.failure([page, fediverse]) == 6


def test_what_cannot_be_stored_as_text_is_replaced_at_the_door_and_stops_nobody(stage: Stage) -> None:
    odd = "ciao \ud800 \x00"
    stage.fediverse.receive(comment("c2"))
    stage.fetch(comment("c1", odd, author="a\udfff", name=odd), comment("c3", thread="t\x00"))
    assert stage.comment("c1").text == "ciao \ufffd \ufffd"
    assert "\ufffd" in stage.comment("c1").handle
    assert stage.states("c1", "c2", "c3") == ["waiting"] * 3


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ([None, None], 0),
        ([TokenRefused("x"), None], 6),
        ([TokenRefused("x"), TokenRefused("y")], 4),
        ([TokenRefused("x"), PlatformFailed("y")], 1),
        ([], 0),
    ],
)
def test_the_exit_code_tells_what_became_of_a_fetch(errors: list[CaretoolError | None], code: int) -> None:
    assert fetching.failure([fetching.Fetched("a", error=error) for error in errors]) == code


def test_a_person_and_a_thread_are_made_once_whatever_the_order(stage: Stage) -> None:
    stage.fetch(comment("c1", author="anna"), comment("c2", author="anna", thread="other"))
    stage.fetch(comment("c3", author="anna", thread="other"))
    assert stage.comment("c1").person == stage.comment("c3").person
    assert stage.comment("c2").thread == stage.comment("c3").thread
    assert stage.rows("SELECT count(*) FROM thread") == [(2,)]


def test_thousands_of_comments_on_one_page_are_stored(stage: Stage) -> None:
    many = [comment(f"c{n}", "bellissimo, lo adoro", author=f"p{n % 700}") for n in range(2100)]
    assert stage.fetch(*many)[0].new == 2100
    assert stage.rows("SELECT count(*), count(DISTINCT id), count(DISTINCT person) FROM comment") == [(2100, 2100, 700)]
    assert stage.fetch(*many)[0].new == 0


def test_a_comment_nobody_has_read_yet_is_read_by_the_inbox(stage: Stage) -> None:
    stage.store.arrivals.add_page("page", [comment("c1")], bookmark="1", now=stage.clock())
    assert [listed.group.size for listed in stage.look().groups] == [1]


def test_a_comment_without_words_or_thread_is_a_comment_too(stage: Stage) -> None:
    stage.fetch(
        comment("c1", "", rating=1, form="review", thread=None, attachments=("https://x.example/1.jpg",)),
        comment("c2", "ciao", thread=None, private=True),
    )
    found = stage.comment("c1")
    assert (found.text, found.rating, found.form, found.thread) == ("", 1, "review", None)
    assert found.attachments == ("https://x.example/1.jpg",)
    assert stage.comment("c2").private
