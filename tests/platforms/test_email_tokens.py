"""A mailbox that is opened by OAuth: how its access token is had, said, renewed, and never shown."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, ClassVar

import httpx
import pytest
from pydantic import ValidationError

from caretool.domain.vault import Forgetful
from caretool.errors import CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.email.connector import EmailPlatform, EmailSettings
from caretool.platforms.email.login import Login, sasl
from tests.platforms.contract import NOON, Harness, ids, reply
from tests.platforms.email_harness import TOKEN, VARIABLE, EmailHarness, connect, mail, put
from tests.platforms.fake_email import PASSWORD, USER, FakeEmail, serving
from tests.platforms.fake_email_tokens import CLIENT, FIRST, SECRET, URL, FakeTokens, refusal
from tests.platforms.test_email import Contract

OAUTH = {"client_id": CLIENT, "token_url": URL, "token": {"env": TOKEN}}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, FIRST)
    monkeypatch.setenv(VARIABLE, SECRET)


@pytest.fixture
def fake() -> Iterator[FakeEmail]:
    with serving(FakeEmail(NOON)) as fake:
        fake.tokens = FakeTokens(USER, lambda: fake.now)
        put(fake, mail())
        yield fake


def tokens(fake: FakeEmail) -> FakeTokens:
    assert fake.tokens is not None
    return fake.tokens


class TestContractByToken(Contract):
    """As Google has it, while the app is in testing."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        with serving(FakeEmail(NOON, files_itself=True)) as fake:
            fake.tokens = FakeTokens(USER, lambda: fake.now, rotates=False)
            fake.tokens.refresh_ends_in = 604799
            yield EmailHarness(fake)


ASKED: dict[str, Callable[[EmailPlatform], object]] = {
    "reading": lambda one: list(one.fetch(None)),
    "answering": lambda one: one.post(reply(to=("c0@posta.example",))),
    "checking": lambda one: one.check(),
}
asked = pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)


class TestSaying:
    @pytest.mark.parametrize("explains", [True, False])
    @pytest.mark.parametrize("offered", [("XOAUTH2",), ("OAUTHBEARER",), ("PLAIN", "OAUTHBEARER", "XOAUTH2")])
    def test_both_servers_take_it_as_they_offer_to_and_tell_a_wrong_one(
        self, fake: FakeEmail, offered: tuple[str, ...], explains: bool
    ) -> None:
        tokens(fake).mechanisms, tokens(fake).explains = offered, explains
        vault, how = Forgetful(), offered[-1]
        connect(fake, vault).check()
        ((first, token), second) = tokens(fake).shown
        assert (first, second) == (how, (how, token))
        tokens(fake).access_tokens.clear()
        connect(fake, vault).check()
        assert [one for one, _ in tokens(fake).shown] == [how] * 5  # refused, let in, and let in by the other

    @asked
    def test_a_server_that_takes_none_hears_none(self, fake: FakeEmail, ask: Callable[[EmailPlatform], object]) -> None:
        tokens(fake).mechanisms = ("PLAIN", "LOGIN")
        with pytest.raises((PlatformFailed, PlatformBusy), match="neither XOAUTH2 nor OAUTHBEARER"):
            ask(connect(fake))
        assert not [one for one in fake.commands if one.rpartition(" ")[2] in ("AUTH", "AUTHENTICATE", "LOGIN")]

    def test_the_words_are_those_of_the_documents(self) -> None:
        known = Login("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg", by_token=True)
        assert sasl("XOAUTH2", known, "imap.example", 993) == (
            b"user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01",
            b"",
        )
        odd = Login("a=b,c@example.com", "t", by_token=True)
        assert sasl("OAUTHBEARER", odd, "imap.example", 143) == (
            b"n,a=a=3Db=2Cc@example.com,\x01host=imap.example\x01port=143\x01auth=Bearer t\x01\x01",
            b"\x01",
        )

    def test_a_user_has_any_letters(self, fake: FakeEmail) -> None:
        tokens(fake).user = "però=1"
        tokens(fake).mechanisms = ("OAUTHBEARER",)
        connect(fake, user="però=1").post(reply(to=("c0@posta.example",)))
        assert len(fake.sent) == 1

    def test_smtp_may_have_a_user_or_a_password_of_its_own(
        self, fake: FakeEmail, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tokens(fake).user = "reclami@bottegablu.example"
        with pytest.raises(TokenRefused, match="the mailbox"):
            connect(fake).check()
        with pytest.raises(TokenRefused, match="the mail server"):
            connect(fake, user="reclami@bottegablu.example", smtp_user=USER).check()
        monkeypatch.setenv(VARIABLE, PASSWORD)
        with serving(FakeEmail(NOON)) as other:
            own = {"smtp_port": other.smtp_port, "smtp_user": USER, "smtp_password": {"env": VARIABLE}}
            connect(fake, user="reclami@bottegablu.example", **own).post(reply(to=("c0@posta.example",)))
        assert len(other.sent) == 1


class TestRenewing:
    def test_one_serves_every_connection_until_it_ends(self, fake: FakeEmail) -> None:
        vault = Forgetful()
        for _ in range(3):
            connect(fake, vault).check()
        assert len(tokens(fake).forms) == 1
        fake.now += timedelta(minutes=58, seconds=30)
        connect(fake, vault).check()
        assert len(tokens(fake).forms) == 2

    @pytest.mark.parametrize(("rotates", "then"), [(True, f"{FIRST}-1"), (False, FIRST)])
    def test_what_renews_it_is_kept_before_it_is_used(self, fake: FakeEmail, rotates: bool, then: str) -> None:
        tokens(fake).rotates = rotates
        vault, kept = Forgetful(), []
        lets_in = tokens(fake).lets_in

        def looks_first(how: str, said: bytes, ask: Callable[[bytes], bytes]) -> bool:
            kept.append(json.loads(vault.read() or "null")["refresh"])
            return lets_in(how, said, ask)

        tokens(fake).lets_in = looks_first  # type: ignore[method-assign]
        connect(fake, vault).check()
        assert kept == [then, then]
        fake.now += timedelta(hours=1)
        connect(fake, vault).check()
        assert [form["refresh_token"] for form in tokens(fake).forms] == [FIRST, then]

    def test_it_is_asked_for_as_the_settings_say(self, fake: FakeEmail) -> None:
        scope = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access"
        connect(fake, oauth={**OAUTH, "client_secret": {"env": VARIABLE}, "scope": scope}).check()
        known = {"grant_type": "refresh_token", "refresh_token": FIRST, "client_id": CLIENT}
        assert tokens(fake).forms == [{**known, "client_secret": SECRET, "scope": scope}]
        connect(fake).check()
        assert tokens(fake).forms[1] == known

    @asked
    def test_one_that_is_refused_is_renewed_once_and_nothing_is_done_twice(
        self, fake: FakeEmail, ask: Callable[[EmailPlatform], object]
    ) -> None:
        vault = Forgetful()
        connect(fake, vault).check()
        tokens(fake).access_tokens.clear()
        ask(connect(fake, vault))
        assert len(tokens(fake).forms) == 2
        assert len(fake.sent) in (0, 1)

    def test_one_that_smtp_alone_refuses_sends_the_answer_once(self, fake: FakeEmail) -> None:
        lets_in, first = tokens(fake).lets_in, []

        def refuses(how: str, said: bytes, ask: Callable[[bytes], bytes]) -> bool:
            first.append(how)
            if len(first) == 2:  # of SMTP, after that of IMAP
                tokens(fake).access_tokens.clear()
            return lets_in(how, said, ask)

        tokens(fake).lets_in = refuses  # type: ignore[method-assign]
        connect(fake).post(reply(to=("c0@posta.example",)))
        assert (len(fake.sent), fake.writes(), len(tokens(fake).forms)) == (1, 1, 2)

    @pytest.mark.parametrize("explains", [True, False])
    @asked
    def test_a_login_that_stays_refused_is_tried_twice_and_not_once_more(
        self, fake: FakeEmail, ask: Callable[[EmailPlatform], object], explains: bool
    ) -> None:
        tokens(fake).user, tokens(fake).explains = "somebody@else.example", explains
        with pytest.raises(TokenRefused, match="does not take our access token"):
            ask(connect(fake))
        assert len(tokens(fake).shown) == len({token for _, token in tokens(fake).shown}) == 2
        assert len(tokens(fake).forms) == 2
        assert fake.sent == []

    @pytest.mark.parametrize("trouble", ["AUTH", "IMAP"])
    def test_a_server_that_is_busy_costs_no_renewal(self, fake: FakeEmail, trouble: str) -> None:
        if trouble == "AUTH":
            fake.writing = "busy"
        else:
            fake.reading = "busy"
        with pytest.raises(PlatformBusy):
            connect(fake).check()
        assert len(tokens(fake).forms) == 1

    def test_a_password_is_never_tried_twice(self, fake: FakeEmail) -> None:
        fake.tokens = None
        with pytest.raises(TokenRefused):
            connect(fake).check()
        assert fake.commands.count("IMAP LOGIN") == 1


class TestRefusals:
    @pytest.mark.parametrize("kept", [True, False])
    def test_a_dead_grant_is_told_and_no_login_tried_again(self, fake: FakeEmail, kept: bool) -> None:
        vault = Forgetful()
        if kept:
            connect(fake, vault).check()
        before = len(tokens(fake).shown)
        tokens(fake).revoke()
        with pytest.raises(TokenRefused, match=r"not renewed \(400, invalid_grant: make a new one"):
            list(connect(fake, vault).fetch(None))
        assert len(tokens(fake).shown) - before == (1 if kept else 0)

    def test_a_new_token_in_the_settings_is_all_it_takes(
        self, fake: FakeEmail, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        vault = Forgetful()
        connect(fake, vault).check()
        tokens(fake).revoke()
        tokens(fake).refresh_tokens.add("another")
        monkeypatch.setenv(TOKEN, "another")
        assert ids(list(connect(fake, vault).fetch(None))) == ["c0@posta.example"]

    def test_a_client_that_is_refused_is_told_by_its_keys(
        self, fake: FakeEmail, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, "a secret of last year")
        with pytest.raises(TokenRefused, match="401, invalid_client: correct oauth"):
            connect(fake, oauth={**OAUTH, "client_secret": {"env": VARIABLE}}).check()

    @pytest.mark.parametrize(
        "answer",
        [
            refusal("temporarily_unavailable", "AADSTS90033: try again."), httpx.Response(429), httpx.Response(500),
            httpx.Response(503), httpx.Response(200, json={"token_type": "Bearer"}), httpx.Response(200, text="<html>"),
            httpx.Response(200, json=[]), httpx.Response(200, json={"access_token": "a\r\nb"}), httpx.Response(404),
            httpx.Response(302, headers={"location": "https://elsewhere.example/token"}),
        ],
        ids=str,
    )  # fmt: skip
    def test_an_endpoint_in_trouble_stops_the_account_for_now(self, fake: FakeEmail, answer: httpx.Response) -> None:
        tokens(fake).answers = [answer, answer]
        with pytest.raises(CaretoolError) as caught:
            connect(fake).post(reply(to=("c0@posta.example",)))
        assert isinstance(caught.value, TokenRefused if answer.status_code == 404 else PlatformBusy)
        assert tokens(fake).shown == []
        assert fake.sent == []

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(404), httpx.Response(403, text="<html>Blocked"),
            refusal("invalid_request", "AADSTS90002: Tenant 'bottegablu' not found."),
            refusal("invalid_scope", "AADSTS70011: The provided value for the input parameter 'scope' is not valid."),
        ],
        ids=str,
    )  # fmt: skip
    def test_where_the_token_is_not_what_is_wrong_it_is_not_the_first_to_be_made_anew(
        self, fake: FakeEmail, answer: httpx.Response
    ) -> None:
        tokens(fake).answers = [answer]
        with pytest.raises(TokenRefused, match=r"correct oauth\.token_url or oauth\.scope; else make a new one"):
            connect(fake).check()

    @asked
    def test_nothing_secret_is_told(self, fake: FakeEmail, ask: Callable[[EmailPlatform], object]) -> None:
        vault = Forgetful()
        connect(fake, vault).check()
        access = tokens(fake).shown[0][1]
        tokens(fake).revoke()
        with pytest.raises(TokenRefused) as caught:
            ask(connect(fake, vault, oauth={**OAUTH, "client_secret": {"env": VARIABLE}}))
        told = "".join(traceback.format_exception(caught.value))
        assert not [one for one in (access, FIRST, SECRET) if one in told]
        assert str(caught.value).isprintable()


class TestSettings:
    SOUND: ClassVar[dict[str, Any]] = {"address": USER, "imap": "imap.example"}

    @pytest.mark.parametrize("keys", [{}, {"password": {"env": "X"}, "oauth": OAUTH}], ids=["neither", "both"])
    def test_a_mailbox_has_one_way_in(self, keys: dict[str, Any]) -> None:
        with pytest.raises(ValidationError) as caught:
            EmailSettings.model_validate({**self.SOUND, **keys})
        (problem,) = caught.value.errors()
        assert "write password or the table oauth, one of them" in problem["msg"]

    @pytest.mark.parametrize(
        "keys",
        [
            {"token_url": "http://login.example/token"}, {"token_url": "login.example/token"}, {"token_url": "https://"},
            {"token_url": "https://a@login.example/token"}, {"token_url": "https://login.example/token?x=1"},
            {"token_url": "https://login.example:x/token"}, {"token": FIRST}, {"client_secret": SECRET},
            {"client_id": ""}, {"scope": ""}, {"scope": "a\nb"}, {"user": "x"},
        ],
    )  # fmt: skip
    def test_what_makes_no_sense_or_is_not_safe_does_not_load(self, keys: dict[str, Any]) -> None:
        assert EmailSettings.model_validate({**self.SOUND, "oauth": OAUTH})
        assert EmailSettings.model_validate({**self.SOUND, "oauth": {**OAUTH, "token_url": "http://127.0.0.1:1/t"}})
        with pytest.raises(ValidationError) as caught:
            EmailSettings.model_validate({**self.SOUND, "oauth": {**OAUTH, **keys}})
        assert len(caught.value.errors()) == 1
