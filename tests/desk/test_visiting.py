"""Our accounts: what the desk knows of each, and what each platform says when it is asked."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from caretool.desk import visiting
from caretool.desk.visiting import Presence, Visit
from caretool.domain.limits import Limits
from caretool.errors import CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.platform import Checked
from tests.desk.stage import CALLBACK, FakePlatform, Stage, at, comment


@dataclass
class Talkative(FakePlatform):
    """A place that says `answer` of our account, or fails with it."""

    answer: Checked | Exception = field(default_factory=Checked)

    def check(self) -> Checked:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """Two accounts that say what a test tells them to."""
    stage.page, stage.fediverse = Talkative(stage.clock), Talkative(stage.clock)
    return stage


def says(stage: Stage, page: Checked | Exception, fediverse: Checked | Exception | None = None) -> list[Visit]:
    """What comes of a check where the platforms answer this."""
    for platform, answer in ((stage.page, page), (stage.fediverse, fediverse or Checked())):
        assert isinstance(platform, Talkative)
        platform.answer = answer
    return visiting.check(stage.desk(), [])


def known(stage: Stage) -> dict[str, Presence]:
    """The accounts as listed."""
    return {one.account.name: one for one in visiting.presences(stage.desk())}


def test_an_account_tells_what_waits_and_how_its_last_fetch_went(stage: Stage) -> None:
    assert [one.state for one in known(stage).values()] == ["never-fetched", "never-fetched"]
    stage.fediverse.break_off(TokenRefused("a new token is needed"))
    stage.fetch(comment("1"), comment("2"), comment("3"))
    stage.reply("1", text=CALLBACK)
    page, fediverse = known(stage)["page"], known(stage)["fediverse"]
    assert (page.state, page.waiting, page.outbox, page.unsure) == ("ok", 2, 1, 0)
    assert page.fetched_at == stage.clock()
    assert (fediverse.state, fediverse.error, fediverse.waiting) == ("failed", "a new token is needed", 0)
    assert (fediverse.fetched_at, fediverse.failed_at) == (None, stage.clock())
    stage.page.next_posts = ["lost before"]
    stage.send()
    assert (known(stage)["page"].outbox, known(stage)["page"].unsure) == (0, 1)


def test_listing_asks_no_platform(stage: Stage) -> None:
    desk = replace(stage.desk(), open_platform=lambda _: pytest.fail("a platform was opened"))
    assert len(visiting.presences(desk)) == 2


def test_a_handle_is_the_files_or_what_the_platform_told(stage: Stage) -> None:
    assert [one.handle for one in known(stage).values()] == ["bottegablu", None]
    says(stage, Checked(handle="bottegablu"), Checked(handle="bottega@social.example"))
    assert [one.handle for one in known(stage).values()] == ["bottegablu", "bottega@social.example"]


def test_what_a_platform_tells_of_the_place_is_kept(stage: Stage) -> None:
    says(stage, Checked(facts='{"length": 500}'))
    assert stage.store.arrivals.visited("page").facts == '{"length": 500}'
    says(stage, Checked())
    assert stage.store.arrivals.visited("page").facts == '{"length": 500}'


def test_a_check_leaves_what_is_known_of_the_fetches(stage: Stage) -> None:
    stage.fetch(comment("1"))
    stage.clock.goes(minutes=12)
    page, _ = says(stage, PlatformFailed("down"))
    assert page.fetched_at == at(23, 9, 12)
    assert known(stage)["page"].state == "ok"


@pytest.mark.parametrize(
    ("page", "fediverse", "code"),
    [
        (Checked(), Checked(), 0),
        (Checked(), TokenRefused("no token"), 6),
        (Checked(), Checked(missing=("write:statuses",)), 6),
        (TokenRefused("no token"), TokenRefused("refused"), 4),
        (TokenRefused("no token"), Checked(missing=("write:statuses",)), 4),
        (TokenRefused("no token"), PlatformFailed("down"), 1),
        (PlatformBusy("later"), ValueError("a bug"), 1),
    ],
)
def test_one_account_s_trouble_stops_no_other_and_the_exit_code_tells(
    stage: Stage, page: Checked | Exception, fediverse: Checked | Exception, code: int
) -> None:
    visits = says(stage, page, fediverse)
    assert [visit.account.name for visit in visits] == ["page", "fediverse"]
    assert visiting.failure(visits) == code
    for visit, answer in zip(visits, (page, fediverse), strict=True):
        assert (visit.error is None) == (answer == Checked())


def test_an_account_that_cannot_be_opened_stops_no_other(stage: Stage) -> None:
    desk = stage.desk()
    opened = desk.open_platform

    def locked(account: object) -> FakePlatform:
        if account is desk.account("page"):
            raise TokenRefused("there is no token")
        return opened(desk.account("fediverse"))  # type: ignore[return-value]

    page, fediverse = visiting.check(replace(desk, open_platform=locked), [])
    assert (str(page.error), fediverse.error) == ("there is no token", None)


def test_only_those_named_are_asked_each_once(stage: Stage) -> None:
    visits = visiting.check(stage.desk(), ["fediverse", "fediverse"])
    assert [visit.account.name for visit in visits] == ["fediverse"]
    with pytest.raises(CaretoolError, match="nowhere"):
        visiting.check(stage.desk(), ["nowhere"])


def test_a_right_that_is_missing_is_an_error_beside_what_was_told(stage: Stage) -> None:
    page, _ = says(stage, Checked(handle="bottegablu", scopes=("read",), missing=("write:statuses",)))
    assert page.checked.handle == "bottegablu"
    assert "write:statuses" in str(page.error)


@pytest.mark.parametrize(
    ("told", "remarked"),
    [
        ("bottegablu", False),
        ("@BottegaBlu", False),
        ("bottegablu@social.example", False),
        ("bottega", True),
        ("bottegablu.it@social.example", True),
        (None, False),
    ],
)
def test_a_handle_that_is_not_ours_is_remarked(stage: Stage, told: str | None, remarked: bool) -> None:
    page, _ = says(stage, Checked(handle=told))
    assert any("accounts.toml says" in remark for remark in page.remarks) == remarked


@pytest.mark.parametrize(("days", "remarked"), [(6, True), (8, False)])
def test_a_token_that_ends_soon_is_remarked(stage: Stage, days: int, remarked: bool) -> None:
    page, _ = says(stage, Checked(expires_at=stage.clock() + timedelta(days=days), remarks=("slow today",)))
    assert page.remarks[0] == "slow today"
    assert any("The token ends" in remark for remark in page.remarks) == remarked


def test_they_are_asked_at_once(stage: Stage) -> None:
    meeting = threading.Barrier(2, timeout=10)

    @dataclass
    class Waits(FakePlatform):
        def check(self) -> Checked:
            meeting.wait()
            return Checked(name=threading.current_thread().name)

    stage.page, stage.fediverse = Waits(stage.clock, Limits()), Waits(stage.clock, Limits())
    visits = visiting.check(stage.desk(), [])
    assert [visit.error for visit in visits] == [None, None]
    assert threading.current_thread().name not in {visit.checked.name for visit in visits}


def test_where_a_check_failed_nothing_is_said_of_replies_that_are_left(stage: Stage) -> None:
    for platform in (stage.page, stage.fediverse):
        platform.limits = Limits(replies_left=2500)
    page, fediverse = says(stage, PlatformFailed("down"))
    assert (page.replies_left, fediverse.replies_left) == (None, 2500)
