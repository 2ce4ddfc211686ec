"""What watch words find is stored once, beside what is said to us, and answered only where that is allowed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from caretool.desk import fetching, replying, watching
from caretool.domain.limits import Limits
from caretool.domain.watch import Watch
from caretool.errors import NotFound, PlatformBusy, PlatformFailed, Protected, TokenRefused
from caretool.platforms.platform import Page
from tests.desk.guarded import HIDE_SPAM, SPAM, GuardedPlatform, GuardedStage
from tests.desk.stage import LATE, MONDAY, FakePlatform, Stage, comment
from tests.desk.watched import LAMPS, OVERHEARD, PARCELS, SearchablePlatform, overheard, searched, watch
from tests.desk.watched import watching as stage_that_watches


def bookmarks(stage: Stage) -> list[tuple[object, ...]]:
    return stage.rows("SELECT account, cursor, closed_before FROM watch_bookmark ORDER BY watch")


class TestFetching:
    def test_what_is_said_to_us_comes_first_and_what_is_found_bears_the_watch(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, PARCELS)
        searched(stage).overhear(overheard("w1"), overheard("w2", "un pacco regalo"), overheard("w3", "una lampada"))
        (page, fediverse) = stage.fetch(comment("c1"))
        assert (page.new, page.found, page.trouble) == (2, 1, None)
        assert (fediverse.new, fediverse.found) == (0, 0)
        assert [stage.comment(one).watch for one in ("c1", "w1")] == [None, "parcels"]
        assert stage.states("c1", "w1") == ["waiting", "waiting"]
        assert [row[0] for row in stage.rows("SELECT native_id FROM comment ORDER BY number")] == ["c1", "w1"]

    def test_the_next_fetch_searches_from_where_the_last_one_got_to(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, PARCELS)
        searched(stage).overhear(overheard("w1"))
        stage.fetch()
        searched(stage).overhear(overheard("w2"))
        (page, _) = stage.fetch()
        assert (page.new, page.found) == (1, 1)
        assert searched(stage).searches == [("parcels", None), ("parcels", "1")]

    def test_other_words_begin_anew_and_another_name_does_not(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, PARCELS)
        searched(stage).overhear(overheard("w1"))
        stage.fetch()
        for changed in (
            replace(PARCELS, words=("pacco", "spedizione")),
            replace(PARCELS, without=()),
            replace(PARCELS, languages=("it",)),
        ):
            watch(stage, changed)
            stage.fetch()
            assert searched(stage).searches[-1] == ("parcels", None)
        watch(stage, replace(PARCELS, name="boxes"))
        stage.fetch()
        assert searched(stage).searches[-1] == ("boxes", "1")
        watch(stage)
        stage.fetch()
        assert len(searched(stage).searches) == 5
        assert len(bookmarks(stage)) == 4
        assert stage.rows("SELECT count(*) FROM comment") == [(1,)]

    def test_a_watch_is_searched_where_it_says(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, replace(PARCELS, accounts=("fediverse",)), LAMPS)
        searched(stage).overhear(overheard("w1"), overheard("w2", "La lampada Nilo è bella, quanto costa?"))
        stage.fetch()
        assert searched(stage).searches == [("lamps", None)]
        assert stage.comment("w2").watch == "lamps"

    def test_found_by_two_the_first_stays(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, PARCELS, LAMPS)
        searched(stage).overhear(overheard("w1", "Dove è il mio pacco con la lampada Nilo?"))
        assert stage.fetch()[0].found == 1
        assert stage.comment("w1").watch == "parcels"

    def test_what_was_said_to_us_is_not_found_again(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, PARCELS)
        searched(stage).overhear(overheard("c1", LATE))
        (page, _) = stage.fetch(comment("c1"))
        assert (page.new, page.found) == (1, 0)
        assert stage.comment("c1").watch is None

    def test_a_search_that_shows_less_changes_nothing_of_what_was_said_to_us(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, PARCELS)
        searched(stage).overhear(overheard("c1", "pacco …"))
        (page, _) = stage.fetch(comment("c1", closes_at=MONDAY + timedelta(hours=3)))
        assert (page.new, page.found, page.edited) == (1, 0, 0)
        assert (stage.comment("c1").text, stage.comment("c1").closes_at) == (LATE, MONDAY + timedelta(hours=3))

    def test_what_was_found_and_was_edited_says_what_it_says_now(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, PARCELS)
        searched(stage).overhear(overheard("w1"))
        stage.fetch()
        searched(stage).overhear(overheard("w1", "Il mio pacco è arrivato."))
        assert stage.fetch()[0].edited == 1
        assert stage.comment("w1").text == "Il mio pacco è arrivato."

    def test_what_was_found_and_then_comes_as_a_mention_was_said_to_us(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, PARCELS)
        searched(stage).overhear(overheard("c1", LATE, thread="post"))
        stage.fetch()
        found = stage.group_of("c1")
        (page, _) = stage.fetch(comment("c1"), comment("c2"))
        assert (page.new, page.found) == (1, 0)
        assert stage.comment("c1").watch is None
        assert stage.group_of("c1") == stage.group_of("c2") != found
        assert [listed.group.watch for listed in stage.look().groups] == [None]

    def test_a_first_search_closes_what_is_older_than_the_account_looks_back(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, PARCELS)
        old = MONDAY - timedelta(days=400)
        searched(stage).overhear(overheard("old", written_at=old))
        searched(stage).hits.append(PlatformFailed("broken off"))
        searched(stage).overhear(overheard("older", written_at=old - timedelta(days=1)), overheard("new"))
        since = stage.settings.accounts["page"].since
        assert since is not None
        stage.fetch()
        assert [row[2] is not None for row in bookmarks(stage)] == [True]
        stage.fetch()
        assert stage.states("old", "older", "new") == ["closed", "closed", "waiting"]
        assert [row[2] for row in bookmarks(stage)] == [None]
        searched(stage).overhear(overheard("late", written_at=old))
        stage.fetch()
        assert stage.states("late") == ["waiting"]

    def test_our_own_posts_never_wait(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, PARCELS)
        searched(stage).overhear(overheard("w1", own=True))
        assert stage.fetch()[0].found == 0
        found = stage.comment("w1")
        assert (found.state, found.own, found.watch) == ("closed", True, None)


class TestTrouble:
    def test_a_search_that_fails_loses_no_mention_and_no_other_search(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, PARCELS, LAMPS)
        searched(stage).hits.append(PlatformFailed("no index"))
        searched(stage).overhear(overheard("w1", "La lampada Nilo è bella, quanto costa?"))
        (page, fediverse) = stage.fetch(comment("c1"))
        assert (page.new, page.error, str(page.trouble)) == (2, None, "no index")
        assert stage.comment("w1").watch == "lamps"
        assert fetching.failure([page, fediverse]) == 6
        visited = stage.store.arrivals.visited("page")
        assert visited.fetched_at is not None
        assert visited.error == "watch parcels: no index"
        (page, _) = stage.fetch()
        assert page.trouble is None
        assert stage.store.arrivals.visited("page").error is None

    def test_what_was_found_before_it_failed_is_stored_once(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, PARCELS)
        searched(stage).overhear(overheard("w1"))
        searched(stage).hits.append(TokenRefused("read:search is missing"))
        searched(stage).overhear(overheard("w2"))
        (page, _) = stage.fetch()
        assert (page.found, fetching.failure([page])) == (1, 6)
        (page, _) = stage.fetch()
        assert (page.found, page.trouble) == (1, None)
        assert stage.rows("SELECT count(*) FROM comment") == [(2,)]

    def test_where_mentions_fail_or_the_platform_is_busy_nothing_more_is_asked(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, PARCELS, LAMPS)
        stage.page.break_off(TokenRefused("a new token is needed"))
        stage.fetch()
        assert searched(stage).searches == []
        searched(stage).hits.append(PlatformBusy("later", 30))
        stage.fetch()
        assert searched(stage).searches == [("parcels", None)]

    def test_a_bug_in_a_search_stops_nobody(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, PARCELS)
        searched(stage).hits.append(ZeroDivisionError("oops"))
        (page, _) = stage.fetch(comment("c1"))
        assert page.new == 1
        assert "the board connector failed" in str(page.trouble)

    def test_a_page_and_its_bookmark_are_stored_together_or_not_at_all(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stage = stage_that_watches(tmp_path, PARCELS)
        searched(stage).overhear(overheard("w1"))

        def dies(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(type(stage.store.watches), "keep", dies)
            with pytest.raises(KeyboardInterrupt):
                stage.fetch()
        assert stage.rows("SELECT count(*) FROM comment") == [(0,)]
        assert bookmarks(stage) == []
        assert stage.fetch()[0].found == 1


class TestInbox:
    def test_the_inbox_says_where_it_came_from_and_shows_one_watch_alone(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, PARCELS)
        searched(stage).overhear(overheard("w1", LATE, thread="post"))
        stage.fetch(comment("c1"))
        found = {listed.group.watch: listed for listed in stage.look().groups}
        assert set(found) == {None, "parcels"}
        assert "watch parcels: found, not said to us" in found["parcels"].why
        (listed,) = stage.look(watch="parcels").groups
        assert [one.native_id for one in listed.comments] == ["w1"]
        with pytest.raises(NotFound, match=r"policies\.toml has parcels"):
            stage.look(watch="parcel")

    def test_a_watch_that_was_taken_out_leaves_what_it_found(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, PARCELS)
        searched(stage).overhear(overheard("w1"))
        stage.fetch()
        watch(stage, LAMPS)
        assert len(stage.look(watch="parcels").groups) == 1
        assert stage.look(watch="lamps").groups == ()


class TestAnswering:
    TEXT = "Buongiorno {{ person.name }}, sono Dario: le rispondo qui entro il 24 novembre alle 18:00."

    def stage(self, tmp_path: Path, answerable: str) -> Stage:
        stage = stage_that_watches(tmp_path, PARCELS)
        stage.page.limits = replace(Limits(together="names"), answerable=answerable)  # type: ignore[arg-type]
        searched(stage).overhear(overheard("w1"))
        stage.fetch(comment("c1"))
        return stage

    @pytest.mark.parametrize(
        ("answerable", "refused"), [("anybody", []), ("who-spoke-to-us", ["w1"]), ("nobody", ["c1", "w1"])]
    )
    def test_whom_no_program_may_answer_a_person_answers_there(
        self, tmp_path: Path, answerable: str, refused: list[str]
    ) -> None:
        stage = self.stage(tmp_path, answerable)
        for one in ("c1", "w1"):
            outcome = stage.reply(one, text=self.TEXT)
            assert ("by-hand-only" in {refusal.check for refusal in outcome.refusals}) == (one in refused)
            if one in refused:
                assert stage.states(one) == ["waiting"]
                by_hand = stage.reply(one, text=self.TEXT, by_hand="https://social.example/1")
                assert (by_hand.state, by_hand.refusals) == ("posted", ())
                assert stage.states(one) == ["answered"]
        stage.send()
        assert {posted.to for posted in stage.page.wall} == {(one,) for one in ("c1", "w1") if one not in refused}
        assert stage.promise_states() == ["running", "running"]

    @pytest.mark.parametrize(("answerable", "refused"), [("who-spoke-to-us", ["w1"]), ("nobody", ["c1", "w1"])])
    def test_what_was_approved_before_the_platform_forbade_it_does_not_leave(
        self, tmp_path: Path, answerable: str, refused: list[str]
    ) -> None:
        stage = self.stage(tmp_path, "anybody")
        for one in ("c1", "w1"):
            assert stage.reply(one, text=self.TEXT).state == "approved"
        stage.page.limits = replace(stage.page.limits, answerable=answerable)  # type: ignore[arg-type]
        sent = stage.send()
        assert [problem for problem in map(str, sent.problems) if "say --by-hand URL." not in problem] == []
        assert len(sent.failed) == len(refused)
        assert {posted.to for posted in stage.page.wall} == {(one,) for one in ("c1", "w1") if one not in refused}
        assert stage.states(*refused) == ["waiting"] * len(refused)
        assert sorted(stage.promise_states()) == ["running"] * (2 - len(refused)) + ["void"] * len(refused)

    def test_the_refusal_says_the_way(self, tmp_path: Path) -> None:
        stage = self.stage(tmp_path, "who-spoke-to-us")
        refusals = replying.consider(stage.desk(), stage.ask("c1", "w1", text=self.TEXT)).refusals
        (refusal,) = [one for one in refusals if one.check == "by-hand-only"]
        assert stage.comment("w1").id in refusal.why
        assert "watch word" in refusal.why
        assert refusal.suggest is not None
        assert "--by-hand" in refusal.suggest
        assert OVERHEARD.startswith(refusal.excerpt)


class TestRemarks:
    def test_a_watch_that_finds_nothing_is_told(self, tmp_path: Path) -> None:
        stage = stage_that_watches(tmp_path, LAMPS, replace(PARCELS, accounts=("page", "fediverse")))
        opened = {"page": SearchablePlatform(stage.clock), "fediverse": FakePlatform(stage.clock)}
        (said,) = watching.remarks(stage.settings, opened)
        assert said == "[[watch]] parcels: fediverse cannot be searched: there is no search on board."
        nowhere = dict.fromkeys(opened, FakePlatform(stage.clock))
        assert len(list(watching.remarks(stage.settings, nowhere))) == 3
        unknown = {**nowhere, "page": PlatformFailed("cannot be opened")}
        assert len(list(watching.remarks(stage.settings, unknown))) == 1


def test_pages_of_a_search_may_say_what_is_gone(tmp_path: Path) -> None:
    stage = stage_that_watches(tmp_path, Watch("parcels", ("pacco",)))
    searched(stage).overhear(overheard("w1"))
    stage.fetch()
    searched(stage).hits.append(Page((), "2", deleted=("w1",)))
    assert stage.fetch()[0].deleted == 1
    assert stage.states("w1") == ["gone"]


class TestModerating:
    @dataclass
    class Platform(SearchablePlatform, GuardedPlatform):
        """Where both can be done."""

    def test_what_was_found_is_moderated_where_the_platform_can_and_a_complaint_is_protected(
        self, tmp_path: Path
    ) -> None:
        stage = GuardedStage(tmp_path)
        stage.page = self.Platform(stage.clock)
        stage.rules(HIDE_SPAM)
        watch(stage, Watch("everything", ("pacco", "clicca")))
        searched(stage).overhear(overheard("w1", SPAM), overheard("w2"))
        stage.fetch()
        assert [stage.comment(one).watch for one in ("w1", "w2")] == ["everything"] * 2
        assert [done.comment for done in stage.moderate().done] == [stage.comment("w1").id]
        assert stage.page.actions == [("hide", "w1")]
        with pytest.raises(Protected):
            stage.propose("w2", action="ban", ground="spam", because="x")

    def test_where_it_cannot_nothing_is_done(self, tmp_path: Path) -> None:
        stage = GuardedStage(tmp_path)
        stage.page = SearchablePlatform(stage.clock)  # type: ignore[assignment]
        stage.rules(HIDE_SPAM)
        watch(stage, Watch("everything", ("clicca",)))
        searched(stage).overhear(overheard("w1", SPAM))
        stage.fetch()
        assert stage.would() == [("hide", "unable")]
