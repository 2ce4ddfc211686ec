"""A token that is renewed: kept before it is used, told honestly when it is over."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from caretool.domain.vault import Forgetful
from caretool.errors import AnswerLost, CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.http import Refused
from caretool.platforms.renewing import Grant, Renewable

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Issuer:
    """A platform that rotates: what renewed once does so no more."""

    def __init__(self) -> None:
        self.count = 0
        self.good = "first"
        self.trouble: CaretoolError | None = None

    def __call__(self, refresh: str) -> Grant:
        if self.trouble is not None:
            raise self.trouble
        if refresh != self.good:
            raise Refused("no", 400)
        self.count += 1
        self.good = f"refresh{self.count}"
        return Grant(
            f"access{self.count}", self.good, NOON + timedelta(hours=2 * self.count), NOON + timedelta(days=90)
        )


class Account:
    def __init__(self) -> None:
        self.issuer, self.vault, self.now, self.secret = Issuer(), Forgetful(), NOON, "first"

    def token(self) -> Renewable:
        return Renewable("x", vault=self.vault, clock=lambda: self.now, first=lambda: self.secret, exchange=self.issuer)


def test_nothing_is_asked_before_a_token_is_wanted() -> None:
    account = Account()
    assert account.token().expires_at is None
    assert account.issuer.count == 0


def test_one_token_serves_every_process_until_it_ends_soon() -> None:
    account = Account()
    assert [account.token().current() for _ in range(3)] == ["access1"] * 3
    account.now += timedelta(hours=1, minutes=59)
    assert account.token().current() == "access2"
    assert account.token().expires_at == NOON + timedelta(days=90)


def test_a_refused_token_is_renewed_once_for_all_who_were_refused() -> None:
    account = Account()
    refused = account.token().current()
    assert [account.token().renew(refused), account.token().renew(refused)] == ["access2", "access2"]
    assert account.issuer.count == 2


def test_what_was_given_is_kept_before_anybody_uses_it() -> None:
    account = Account()

    def full(text: str) -> None:
        raise CaretoolError("the disk is full")

    account.vault.write = full  # type: ignore[method-assign]
    with pytest.raises(CaretoolError, match="full"):
        account.token().current()
    assert account.issuer.good == "first", "where nothing can be kept nothing is asked for: it could be lost"


def test_a_new_secret_takes_the_place_of_all_that_was_renewed() -> None:
    account = Account()
    account.token().current()
    account.secret = account.issuer.good = "second"
    assert account.token().current() == "access2"


def test_a_secret_that_renews_no_more_is_told_once_and_for_all() -> None:
    account = Account()
    account.issuer.good = "another"
    with pytest.raises(TokenRefused) as refused:
        account.token().current()
    assert "make a new one" in str(refused.value)
    assert "first" not in str(refused.value)


@pytest.mark.parametrize("trouble", [AnswerLost("lost"), PlatformFailed("down"), PlatformBusy("slow", 42)])
def test_no_trouble_on_the_way_to_a_token_looks_like_a_lost_answer(trouble: CaretoolError) -> None:
    account = Account()
    account.issuer.trouble = trouble
    with pytest.raises(PlatformBusy):
        account.token().current()


@pytest.mark.parametrize("kept", ["", "x", "[]", "{}", '{"of": 1}', '{"of": "x", "access": "y"}'])
def test_a_vault_that_holds_something_else_is_as_empty(kept: str) -> None:
    account = Account()
    account.vault.write(kept)
    assert account.token().current() == "access1"


def test_the_secret_itself_is_not_kept() -> None:
    account = Account()
    account.token().current()
    assert "first" not in json.dumps(account.vault.read())


def test_the_secret_is_revealed_once_a_process_and_not_to_tell_when_it_ends() -> None:
    account, revealed = Account(), list[str]()

    def first() -> str:
        revealed.append("first")
        return "first"

    token = Renewable("x", vault=account.vault, clock=lambda: account.now, first=first, exchange=account.issuer)
    assert token.expires_at is None
    assert revealed == []
    assert [token.current(), token.current(), token.renew("access1")] == ["access1", "access1", "access2"]
    assert revealed == ["first"]


def test_where_what_was_renewed_was_lost_the_secret_itself_is_tried_again() -> None:
    account = Account()
    account.token().current()
    account.issuer.good = "first"  # as for a password, which does not rotate
    assert account.token().renew("access1") == "access2"
