"""A token that ends is told before it does; one that is refused stops its account alone, and nothing is lost by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.desk import fetching, tokens, visiting
from caretool.domain.policy import Account
from caretool.errors import CaretoolError, PlatformFailed, TokenRefused
from caretool.pages import page
from caretool.platforms import registry
from caretool.platforms.platform import Checked, Page
from tests.desk.stage import FakePlatform, Stage, at, comment

FEDIVERSE = Account("fediverse", "mastodon", None)


@dataclass
class Ending(FakePlatform):
    """A place whose token ends."""

    expires_at: datetime | None = None


@dataclass
class Locked(FakePlatform):
    """A place that takes the token for so many more pages (None: for ever)."""

    good_for: int | None = None

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        for one in super().fetch(bookmark):
            if self.good_for == 0:
                raise TokenRefused("fediverse: social.example does not take our token (401)")
            if self.good_for is not None:
                self.good_for -= 1
            yield one
        if self.good_for == 0:
            raise TokenRefused("fediverse: social.example does not take our token (401)")


def remarks(stage: Stage) -> list[str]:
    """What a fetch of the fediverse has to say of itself."""
    return next(result.remarks for result in stage.fetch() if result.account == "fediverse")


def known(stage: Stage) -> datetime | None:
    """When the list says that the fediverse's token ends."""
    return {one.account.name: one.expires_at for one in visiting.presences(stage.desk())}["fediverse"]


@pytest.mark.parametrize(
    ("ends", "says"),
    [
        (at(30, 9, 12), "The token ends Mon 30 Nov 09:12: make a new one before."),
        (at(23, 9, 13), "The token ends Mon 23 Nov 09:13: make a new one before."),
        (at(22, 9), "The token ended Sun 22 Nov 09:00: make a new one now."),
        (at(30, 9, 13), None),
        (None, None),
    ],
)
def test_a_fetch_ends_by_telling_what_token_ends_within_a_week(
    stage: Stage, ends: datetime | None, says: str | None
) -> None:
    stage.fediverse = Ending(stage.clock, expires_at=ends)
    assert remarks(stage) == ([says] if says else [])
    assert known(stage) == ends


def test_it_is_told_once_a_day_however_often_one_fetches(stage: Stage) -> None:
    stage.fediverse = Ending(stage.clock, expires_at=at(28, 9))
    said = [len(remarks(stage)) for _ in range(3)]
    stage.clock.goes(hours=12)
    said.append(len(remarks(stage)))
    stage.clock.goes(hours=4)  # after midnight here
    said += [len(remarks(stage)) for _ in range(2)]
    assert said == [1, 0, 0, 0, 1, 0]


def test_what_is_known_of_it_is_listed_without_asking_and_goes_with_the_token(stage: Stage) -> None:
    platform = Ending(stage.clock, expires_at=at(25, 9))
    stage.fediverse = platform
    stage.fetch()
    closed = replace(stage.desk(), open_platform=lambda _: pytest.fail("a platform was opened"))
    assert [one.expires_at for one in visiting.presences(closed)] == [None, at(25, 9)]
    platform.expires_at = at(25, 9) + timedelta(days=60)
    assert remarks(stage) == []
    platform.expires_at = None
    stage.fetch()
    assert known(stage) is None


def test_a_check_tells_what_the_platform_says_or_else_what_the_connector_knows(stage: Stage) -> None:
    platform = Ending(stage.clock, expires_at=at(25, 9))
    stage.fediverse = platform
    *_, visit = visiting.check(stage.desk(), [])
    assert visit.checked.expires_at == at(25, 9) == known(stage)
    assert any("The token ends Wed 25 Nov 09:00" in remark for remark in visit.remarks)
    platform.check = lambda: Checked(expires_at=at(26, 9))  # type: ignore[method-assign]
    *_, visit = visiting.check(stage.desk(), [])
    assert visit.checked.expires_at == at(26, 9) == known(stage)


def test_a_fetch_that_fails_tells_of_the_token_all_the_same(stage: Stage) -> None:
    stage.fediverse = Ending(stage.clock, expires_at=at(25, 9))
    stage.fediverse.break_off(PlatformFailed("down"))
    assert any("ends Wed 25 Nov" in remark for remark in remarks(stage))


def test_how_a_token_is_made_is_the_first_line_of_the_guide() -> None:
    for platform in registry.KNOWN:
        said = tokens.how(platform)
        assert said.startswith(registry.connector(platform).guide.splitlines()[0])
        *_, named = said.removesuffix(")").rpartition("(")
        assert named == page(f"platforms/{platform}.md")
        assert len(said.splitlines()) == 1


def test_a_refused_token_says_how_a_new_one_is_made_and_nothing_else_does() -> None:
    told = tokens.explained(FEDIVERSE, TokenRefused("fediverse: it was refused."))
    assert isinstance(told, TokenRefused)
    assert str(told).startswith("fediverse: it was refused. A token is made on your server")
    for other in (PlatformFailed("down"), CaretoolError("x")):
        assert tokens.explained(FEDIVERSE, other) is other


@settings(max_examples=12, deadline=None)
@given(pages=st.lists(st.integers(0, 3), min_size=1, max_size=5), good_for=st.lists(st.integers(0, 6), max_size=3))
def test_a_refused_token_stops_its_account_alone_and_the_next_one_brings_exactly_the_rest(
    tmp_path_factory: pytest.TempPathFactory, pages: list[int], good_for: list[int]
) -> None:
    stage = Stage(tmp_path_factory.mktemp("desk"), ":memory:")
    platform = Locked(stage.clock)
    stage.fediverse = platform
    written: list[str] = []
    for number, size in enumerate(pages):
        natives = [f"f{number}-{place}" for place in range(size)]
        written += natives
        platform.receive(*(comment(native) for native in natives))
    for number, left in enumerate([*good_for, None]):
        platform.good_for = left
        page, fediverse = stage.fetch(comment(f"p{number}"))
        assert (page.error, page.new) == (None, 1)
        assert left is not None or fediverse.error is None
        if fediverse.error is not None:
            assert isinstance(fediverse.error, TokenRefused)
            assert fetching.failure([page, fediverse]) == 6
            state = {one.account.name: one.state for one in visiting.presences(stage.desk())}
            assert state == {"page": "ok", "fediverse": "failed"}
    assert {one.account.name: one.error for one in visiting.presences(stage.desk())}["fediverse"] is None
    stored = [row[0] for row in stage.rows("SELECT native_id FROM comment WHERE account = 'fediverse'")]
    assert sorted(stored) == sorted(written)
    stage.store.close()


def test_an_account_that_cannot_be_opened_stops_no_other(stage: Stage) -> None:
    stage.page.receive(comment("1"))
    desk = stage.desk()
    opened = desk.open_platform

    def locked(account: Account) -> object:
        if account.name == "fediverse":
            raise TokenRefused("there is no token")
        return opened(account)

    page, fediverse = fetching.fetch(replace(desk, open_platform=locked), [])  # type: ignore[arg-type]
    assert (page.new, page.error) == (1, None)
    assert str(fediverse.error) == "there is no token"
