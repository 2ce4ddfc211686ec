"""A token that is refused while something is done: the account counts as failing until a fetch succeeds again, and the
one line says what was not done (DESIGN §4.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from caretool.desk import examining, liking, replying, retracting, sending, settling, undoing, visiting
from caretool.desk.desk import Desk
from caretool.desk.request import Request
from caretool.domain.policy import Account
from caretool.errors import CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.platform import Looked, Posted
from tests.desk.guarded import HIDE_SPAM, SPAM, GuardedStage
from tests.desk.stage import CALLBACK, FakePlatform, Stage, comment

DEAD = "page: it does not take our token (401)"


@dataclass
class Guarded(FakePlatform):
    """A place on which all can be done, and that takes no token where `refuses` names what is done."""

    refuses: set[str] = field(default_factory=set)

    def _ask(self, what: str) -> None:
        if what in self.refuses:
            raise TokenRefused(DEAD)

    def look(self, native_ids: Sequence[str]) -> Looked:
        self._ask("look")
        return super().look(native_ids)

    def like(self, native_id: str) -> None:
        self._ask(f"like {native_id}")

    def unlike(self, native_id: str) -> None:
        self._ask("unlike")

    def retract(self, native_id: str) -> None:
        self._ask("retract")

    def find(self, reply: object) -> Posted | None:
        self._ask("find")
        return None


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """A page of a platform that says how a token is made, and two people who wait there."""
    accounts = stage.settings.accounts
    page = replace(accounts["page"], platform="mastodon")
    stage.settings = replace(stage.settings, accounts={**accounts, "page": page})
    stage.page = Guarded(stage.clock)
    stage.fetch(comment("a"), comment("b"))
    return stage


def refuse(stage: Stage, *what: str) -> None:
    """From now on the page takes our token for none of these."""
    assert isinstance(stage.page, Guarded)
    stage.page.refuses = set(what)


def error_of(stage: Stage, account: str = "page") -> str | None:
    """Why the list says that an account fails."""
    return {one.account.name: one.error for one in visiting.presences(stage.desk())}[account]


def assert_told(stage: Stage, told: CaretoolError, ending: str) -> None:
    """That the one line has it all once, and the account the reason."""
    assert isinstance(told, TokenRefused)
    said = str(told)
    assert said.startswith(f"{DEAD}. A token is made on your server")
    assert (said.count("A token is made"), "\n" in said) == (1, False)
    assert said.endswith(ending), said
    kept = error_of(stage)
    assert kept is not None
    assert kept.startswith(f"{DEAD}. A token is made on your server")
    assert "Nothing was" not in kept


def test_an_account_whose_token_died_while_posting_fails_until_a_fetch_succeeds(stage: Stage) -> None:
    stage.reply("a", text=CALLBACK)
    stage.page.next_posts = [TokenRefused(DEAD)]
    assert error_of(stage) is None
    (told,) = stage.send().problems
    assert_told(stage, told, "Nothing was posted: 1 waits for `caretool send`.")
    assert (stage.reply_states(), stage.promise_states()) == (["approved"], ["logged"])
    states = {one.account.name: one.state for one in visiting.presences(stage.desk())}
    assert states == {"page": "failed", "fediverse": "ok"}
    stage.fetch()
    assert error_of(stage) is None


@pytest.mark.parametrize("trouble", [PlatformBusy("page: later", 30.0), PlatformFailed("page: no")])
def test_other_trouble_while_posting_says_nothing_of_the_account(stage: Stage, trouble: CaretoolError) -> None:
    stage.reply("a", text=CALLBACK)
    stage.page.next_posts = [trouble]
    (told,) = stage.send().problems
    waits = ". Nothing was posted: 1 waits for `caretool send`." if isinstance(trouble, PlatformBusy) else ""
    assert (str(told), type(told), error_of(stage)) == (f"{trouble}{waits}", type(trouble), None)


@pytest.mark.parametrize("trouble", [kind("page: cannot be reached") for kind in (PlatformBusy, PlatformFailed)])
def test_where_a_server_is_down_it_is_said_that_nothing_was_posted(
    stage: Stage, trouble: CaretoolError, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.reply("b", text=CALLBACK)

    def look(native_ids: Sequence[str]) -> Looked:
        raise trouble

    monkeypatch.setattr(stage.page, "look", look)
    with pytest.raises(type(trouble), match=r"cannot be reached\. Nothing was posted\.$"):
        replying.look_again(stage.desk(), replying.make_request(stage.desk(), [stage.comment("a").id], Request(())))
    (told,) = stage.send().problems
    (reply,) = stage.desk().store.replies.in_state("approved")
    waits = {PlatformBusy: "Nothing was posted: 1 waits", PlatformFailed: f"{reply.id} was not posted: it waits"}
    assert str(told) == f"page: cannot be reached. {waits[type(trouble)]} for `caretool send`."
    assert stage.reply_states() == ["approved"]


def test_what_was_posted_before_the_token_died_is_not_denied(stage: Stage) -> None:
    for native_id in ("a", "b"):
        stage.reply(native_id, text=CALLBACK)
    stage.page.next_posts = ["", TokenRefused(DEAD)]
    (told,) = stage.send().problems
    assert_told(stage, told, "1 reply was posted before that: 1 waits for `caretool send`.")


def test_what_may_have_been_posted_earlier_is_not_called_unposted(stage: Stage) -> None:
    stage.reply("a", text=CALLBACK)
    stage.page.next_posts = ["lost after"]
    stage.send()
    refuse(stage, "find")
    (told,) = stage.send().problems
    assert_told(stage, told, "Nothing more was posted: 1 waits for `caretool send`.")


def test_a_reply_that_cannot_even_look_says_that_nothing_was_posted(stage: Stage) -> None:
    refuse(stage, "look")
    with pytest.raises(TokenRefused) as told:
        replying.look_again(stage.desk(), stage.ask("a", text=CALLBACK))
    assert_told(stage, told.value, "Nothing was posted.")
    assert stage.rows("SELECT count(*) FROM draft") == [(0,)]


def test_an_account_that_cannot_be_opened_is_told_in_the_same_way(stage: Stage) -> None:
    desk = stage.desk()

    def locked(account: Account) -> object:
        raise TokenRefused(DEAD)

    shut: Desk = replace(desk, open_platform=locked)  # type: ignore[arg-type]
    with pytest.raises(TokenRefused) as told:
        replying.look_again(shut, stage.ask("a", text=CALLBACK))
    assert_told(stage, told.value, "Nothing was posted.")
    stage.reply("a", text=CALLBACK)
    (problem,) = sending.send(shut).problems
    assert_told(stage, problem, "Nothing was posted: 1 waits for `caretool send`.")


def test_a_look_at_two_accounts_names_the_one_that_refused(stage: Stage) -> None:
    stage.fediverse.receive(comment("f"))
    stage.fetch()
    refuse(stage, "look")
    with pytest.raises(TokenRefused) as told:
        replying.look_again(stage.desk(), stage.ask("f", "a", text=CALLBACK))
    assert_told(stage, told.value, "Nothing was posted.")
    assert error_of(stage, "fediverse") is None


@pytest.mark.parametrize(
    ("refused", "ending"), [("like a", "Nothing was liked."), ("like b", "1 comment was liked before that.")]
)
def test_a_like_says_what_was_not_liked(stage: Stage, refused: str, ending: str) -> None:
    refuse(stage, refused)
    (told,) = liking.like(stage.desk(), [stage.comment(one).id for one in ("a", "b")]).problems
    assert_told(stage, told, ending)


def test_taking_a_like_back_is_told_as_that(stage: Stage) -> None:
    refuse(stage, "unlike")
    (told,) = liking.like(stage.desk(), [stage.comment("a").id], undo=True).problems
    assert_told(stage, told, "Nothing was taken back.")


def test_a_reply_that_is_not_deleted_stays_posted(stage: Stage) -> None:
    reply = stage.reply("a", text=CALLBACK).replies[0].id
    stage.send()
    refuse(stage, "retract")
    stage.said.clear()
    with pytest.raises(TokenRefused) as told:
        retracting.retract(stage.desk(), reply, "wrong", by_hand=False)
    again = f"Nothing was deleted: {reply} stays posted; to try again: caretool retract {reply}"
    assert_told(stage, told.value, again)
    assert (stage.reply_states(), stage.said) == (["posted"], [])


def test_taking_a_persons_word_looks_first_and_says_that_nothing_was_posted(stage: Stage) -> None:
    reply = stage.reply("a", text=CALLBACK).replies[0].id
    stage.page.next_posts = ["lost before"]
    stage.send()
    refuse(stage, "find")
    with pytest.raises(TokenRefused) as told:
        settling.settle(stage.desk(), [], [reply], None)
    assert_told(stage, told.value, f"Nothing was changed: {reply} stays unsure.")
    assert stage.reply_states() == ["unsure"]


def _guarded(folder: Path) -> GuardedStage:
    stage = GuardedStage(folder)
    stage.rules(HIDE_SPAM)
    stage.fetch(comment("c1", SPAM))
    return stage


def _failing(stage: GuardedStage) -> str | None:
    return {one.account.name: one.error for one in visiting.presences(stage.desk())}["page"]


def test_moderation_says_what_was_not_done(tmp_path: Path) -> None:
    stage = _guarded(tmp_path)
    stage.page.next_actions = [TokenRefused(DEAD)]
    (told,) = stage.moderate().problems
    assert str(told).endswith("Nothing was done about any comment there.")
    assert (_failing(stage), stage.states("c1")) == (DEAD, ["waiting"])
    stage.store.close()


def test_what_cannot_be_taken_back_counts_as_done(tmp_path: Path) -> None:
    stage = _guarded(tmp_path)
    (done,) = stage.moderate().done
    stage.page.next_actions = [TokenRefused(DEAD)]
    stage.said.clear()
    with pytest.raises(TokenRefused) as told:
        undoing.undo(stage.desk(), done.id, "a joke", by_hand=False)
    ending = f"Nothing was taken back: {done.id} counts as done; to try again: caretool undo {done.id}"
    assert str(told.value) == f"{DEAD}. {ending}"
    assert (_failing(stage), stage.said) == (DEAD, [])
    stage.store.close()


def test_the_doctor_says_it_too(stage: Stage) -> None:
    stage.reply("a", text=CALLBACK)
    stage.page.next_posts = [TokenRefused(DEAD)]
    stage.send()
    accounts: Callable[..., object] = examining._accounts
    page = next(iter(accounts(stage.store, stage.settings, stage.clock())))  # type: ignore[call-overload]
    assert page.condition == "wrong"
    assert DEAD in page.says
