"""Likes: by those who may speak for us, as often as one wants, logged; it answers nobody."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from caretool.desk import liking
from caretool.errors import PlatformBusy, PlatformFailed, TokenRefused, UsageProblem
from tests.desk.stage import FakePlatform, Stage, comment


@dataclass
class Likeable(FakePlatform):
    """A place on which we can like what others wrote; the next likes go wrong as a test says."""

    liked: set[str] = field(default_factory=set)
    wrong: list[Exception] = field(default_factory=list)

    def like(self, native_id: str) -> None:
        if self.wrong:
            raise self.wrong.pop(0)
        self.liked.add(native_id)

    def unlike(self, native_id: str) -> None:
        self.liked.discard(native_id)


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """A page on which one can like, and two comments."""
    stage.page = Likeable(stage.clock)
    stage.fetch(comment("a"), comment("b"))
    return stage


def likes(stage: Stage) -> set[str]:
    """What is liked there."""
    assert isinstance(stage.page, Likeable)
    return stage.page.liked


def _like(stage: Stage, *native_ids: str, agent: str = "dario", undo: bool = False) -> liking.Liked:
    return liking.like(stage.desk(agent), [stage.comment(native_id).id for native_id in native_ids], undo=undo)


def _log(stage: Stage) -> list[tuple[str, str]]:
    return [tuple(row) for row in stage.rows("SELECT action, agent FROM log WHERE action LIKE 'comment-%liked'")]  # type: ignore[misc]


def test_a_comment_is_liked_and_not_liked_any_more_and_still_waits(stage: Stage) -> None:
    for undo, there in ((False, {"a"}), (False, {"a"}), (True, set()), (True, set())):
        assert _like(stage, "a", undo=undo).exit_code == 0
        assert likes(stage) == there
    assert stage.states("a", "b") == ["waiting", "waiting"]
    assert _log(stage) == [("comment-liked", "dario")] * 2 + [("comment-unliked", "dario")] * 2


def test_a_refused_token_says_how_a_new_one_is_made(stage: Stage) -> None:
    accounts = stage.settings.accounts
    stage.settings = replace(
        stage.settings, accounts={**accounts, "page": replace(accounts["page"], platform="mastodon")}
    )
    assert isinstance(stage.page, Likeable)
    stage.page.wrong = [TokenRefused("page: it was refused.")]
    liked = _like(stage, "a", "b")
    assert liked.exit_code == 4
    assert str(liked.problems[0]).startswith("page: it was refused. A token is made on your server")


def test_a_group_stands_for_those_of_it_that_wait(stage: Stage) -> None:
    liked = liking.like(stage.desk(), [stage.group_of("a")])
    assert {one.native_id for one in liked.comments} == likes(stage) == {"a", "b"}


def test_who_may_not_reply_may_not_like(stage: Stage) -> None:
    with pytest.raises(UsageProblem, match="tom is a trainee"):
        _like(stage, "a", agent="tom")
    assert (likes(stage), _log(stage)) == (set(), [])


def test_a_place_without_likes_is_told_in_one_line(stage: Stage) -> None:
    stage.fediverse.receive(comment("f"))
    stage.fetch()
    liked = _like(stage, "f")
    assert ([str(one) for one in liked.problems], liked.exit_code) == (
        ["fediverse: nothing can be liked there by program. Nothing was liked."], 1,
    )  # fmt: skip
    both = _like(stage, "f", "a")
    assert (both.exit_code, likes(stage)) == (6, {"a"})


@pytest.mark.parametrize(
    ("wrong", "there", "code"),
    [(PlatformFailed("gone"), {"b"}, 6), (PlatformBusy("later"), set(), 1), (TokenRefused("no right"), set(), 4)],
)
def test_trouble_with_one_comment_stops_no_other_and_trouble_with_the_account_does(
    stage: Stage, wrong: Exception, there: set[str], code: int
) -> None:
    assert isinstance(stage.page, Likeable)
    stage.page.wrong = [wrong]
    liked = _like(stage, "a", "b")
    assert (likes(stage), liked.exit_code) == (there, code)
    assert len(_log(stage)) == len(there)


def test_what_went_well_before_the_trouble_is_told(stage: Stage) -> None:
    stage.fetch(comment("c"))
    assert isinstance(stage.page, Likeable)
    done: list[Exception] = [TokenRefused("no right")]
    like = stage.page.like

    def once(native_id: str) -> None:
        if likes(stage):
            raise done[0]
        like(native_id)

    stage.page.like = once  # type: ignore[method-assign]
    liked = _like(stage, "a", "b")
    assert ([one.native_id for one in liked.comments], liked.exit_code) == (["a"], 6)


def test_we_do_not_like_ourselves(stage: Stage) -> None:
    stage.fetch(comment("ours", author="bottegablu"))
    with pytest.raises(UsageProblem, match="our own"):
        _like(stage, "ours")
