"""Matrix: which rooms are read and who reads in them, tokens, what is asked on purpose, and whatever a server says."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
import stamina
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from caretool.domain.vault import Forgetful
from caretool.errors import CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.matrix.connector import MatrixSettings
from caretool.secrets import Secret
from tests.platforms import contract
from tests.platforms.fake_matrix import DEVICE, HOST, REFRESH, TOKEN, US, FakeMatrix
from tests.platforms.matrix_harness import ROOM, VARIABLE, Now, comments, connect, fetched, instead, remarks, texts

ANNA, BRUNO = f"@anna:{HOST}", f"@bruno:{HOST}"
DIRECT = f"!direct:{HOST}"


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)


@pytest.fixture
def fake() -> FakeMatrix:
    made = FakeMatrix(Now())
    made.names[ANNA] = "Anna"
    made.room(ROOM, ANNA, BRUNO, **{"m.room.name": {"name": "Support"}})
    return made


class TestRooms:
    @pytest.mark.parametrize(
        ("rule", "people", "direct", "visibility", "private"),
        [
            ("invite", 1, False, "shared", True),
            ("invite", 2, False, "shared", False),
            ("invite", 2, True, "shared", True),
            ("invite", 1, True, "world_readable", False),
            ("public", 1, True, "shared", False),
            ("knock", 1, False, "shared", False),
        ],
    )
    def test_private_is_what_one_other_reads_and_nobody_else_may_come(
        self, fake: FakeMatrix, rule: str, people: int, direct: bool, visibility: str, private: bool
    ) -> None:
        fake.room(DIRECT, ANNA, *[BRUNO][: people - 1], rule=rule)
        fake.rooms[DIRECT].state["m.room.history_visibility"] = {"history_visibility": visibility}
        fake.direct = {ANNA: [DIRECT]} if direct else {}
        event = fake.write(ANNA, "My number is 347 1234567", DIRECT)
        (one,) = comments(fetched(fake))
        assert (one.private, one.form) == (private, "message" if private else "comment")
        assert connect(fake).look([f"{DIRECT}/{event}"]).edited[0].private == private

    def test_only_the_rooms_that_the_settings_name_are_read(self, fake: FakeMatrix) -> None:
        fake.room(DIRECT, ANNA, rule="invite")
        fake.aliases["#help:shop.example"] = ROOM
        fake.write(ANNA, "Here", ROOM)
        fake.write(ANNA, "There", DIRECT)
        assert texts(fetched(fake, rooms=("#help:shop.example",))) == ["Here"]
        assert texts(fetched(fake, rooms=(DIRECT,))) == ["There"]

    def test_a_room_that_is_not_ours_is_told_of(self, fake: FakeMatrix) -> None:
        fake.write(ANNA, "Here", ROOM)
        pages = fetched(fake, rooms=(ROOM, "#nobody:shop.example", f"!far:{HOST}"))
        assert texts(pages) == ["Here"]
        assert set(remarks(pages)) == {
            "We are not in #nobody:shop.example: join it, or take it out of rooms.",
            f"We are not in !far:{HOST}: join it, or take it out of rooms.",
        }
        with pytest.raises(PlatformFailed, match="correct rooms"):
            fetched(fake, rooms=("#nobody:shop.example",))

    def test_a_name_that_nobody_resolves_just_now_is_the_room_it_was(self, fake: FakeMatrix) -> None:
        fake.aliases["#help:shop.example"] = ROOM
        fake.write(ANNA, "Here", ROOM)
        facts = next(page.facts for page in fetched(fake, rooms=("#help:shop.example",)) if page.facts)
        away = instead(fake, "/directory/", lambda _: httpx.Response(502, json={"errcode": "M_UNKNOWN"}))
        with stamina.set_testing(True):
            assert texts(fetched(fake, rooms=("#help:shop.example",), facts=facts, handle=away)) == ["Here"]
            with pytest.raises(PlatformFailed):
                fetched(fake, rooms=("#help:shop.example",), handle=away)

    def test_an_invitation_and_a_room_that_moved_are_told_of(self, fake: FakeMatrix) -> None:
        fake.rooms[ROOM].state["m.room.tombstone"] = {"body": "moved", "replacement_room": f"!new:{HOST}"}
        fake.invitations = [DIRECT]
        told = remarks(fetched(fake, rooms=(ROOM,)))
        assert f"{ROOM} has moved to !new:{HOST}: join it." in told
        assert "An invitation to a room waits: accept or decline there." in told

    def test_names_of_rooms_and_people_do_no_harm(self, fake: FakeMatrix) -> None:
        fake.rooms[ROOM].state["m.room.name"] = {"name": "Sup\x1b[31mport\n\u202e"}
        fake.add(ROOM, "m.room.encrypted", ANNA, {"ciphertext": "AwgA"})
        (remark,) = remarks(fetched(fake))
        assert remark.isprintable()


class TestTokens:
    def test_a_token_that_ends_is_renewed_and_a_reply_that_leaves_again_is_the_same(
        self, fake: FakeMatrix, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, REFRESH)
        vault, clock = Forgetful(), fake.clock
        assert isinstance(clock, Now)
        event = f"{ROOM}/{fake.write(ANNA, 'Hello', ROOM)}"
        first = connect(fake, refreshes=True, vault=vault).post(contract.reply(to=(event,)))
        clock.moment += timedelta(minutes=6)
        again = connect(fake, refreshes=True, vault=vault)
        assert again.post(contract.reply(to=(event,))).native_id == first.native_id
        assert len(fake.of(US)) == 1
        assert set(fake.devices.values()) == {DEVICE}

    def test_one_that_the_server_takes_no_more_is_renewed_amid_a_fetch(
        self, fake: FakeMatrix, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, REFRESH)
        for number in range(120):
            fake.write(ANNA, f"{number}", ROOM)
        pages = connect(fake, refreshes=True, vault=Forgetful()).fetch(None)
        found = texts([next(pages)])
        fake.devices.clear()
        assert len(found + texts(list(pages))) == 120

    def test_without_a_refresh_token_it_is_for_a_person(self, fake: FakeMatrix) -> None:
        fake.devices.clear()
        with pytest.raises(TokenRefused, match="Unrecognised access token"):
            fetched(fake)

    def test_a_refresh_token_that_is_refused_is_for_a_person(
        self, fake: FakeMatrix, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, "syr_of_yesterday")
        with pytest.raises(TokenRefused) as refused:
            fetched(fake, refreshes=True, vault=Forgetful())
        assert "syr_of_yesterday" not in str(refused.value)

    @pytest.mark.parametrize("lasts", [10**20, -1, 0, "soon", None, True])
    def test_how_long_it_lasts_may_be_anything(
        self, fake: FakeMatrix, monkeypatch: pytest.MonkeyPatch, lasts: Any
    ) -> None:
        monkeypatch.setenv(VARIABLE, REFRESH)
        given = {"access_token": TOKEN, "expires_in_ms": lasts}
        handle = instead(fake, "/refresh", lambda _: httpx.Response(200, json=given))
        assert connect(fake, handle, refreshes=True, vault=Forgetful()).check().handle == f"desk:{HOST}"

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"access_token": 4}', b"<html>"])
    def test_a_renewal_that_gives_no_token_is_a_failure_in_one_line(
        self, fake: FakeMatrix, monkeypatch: pytest.MonkeyPatch, body: bytes
    ) -> None:
        monkeypatch.setenv(VARIABLE, REFRESH)
        handle = instead(fake, "/refresh", lambda _: httpx.Response(200, content=body))
        with pytest.raises(CaretoolError) as failure:
            fetched(fake, handle=handle, refreshes=True, vault=Forgetful())
        assert len(str(failure.value).splitlines()) == 1

    def test_who_was_shut_out_needs_a_person_too(self, fake: FakeMatrix) -> None:
        said = {"errcode": "M_USER_DEACTIVATED", "error": "This account has been deactivated"}
        with pytest.raises(TokenRefused, match="deactivated"):
            fetched(fake, handle=lambda _: httpx.Response(403, json=said))

    @pytest.mark.parametrize(
        ("headers", "more", "seconds"),
        [
            ({}, {"retry_after_ms": 61_500}, 61.5),
            ({"Retry-After": "70"}, {"retry_after_ms": 61_500}, 70),
            ({}, {}, None),
            ({}, {"retry_after_ms": "soon"}, None),
        ],
    )
    def test_how_long_to_wait_is_in_milliseconds_or_in_the_header(
        self, fake: FakeMatrix, headers: dict[str, str], more: dict[str, Any], seconds: float | None
    ) -> None:
        said = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", **more}
        with pytest.raises(PlatformBusy) as busy:
            fetched(fake, handle=lambda _: httpx.Response(429, headers=headers, json=said))
        assert busy.value.seconds == seconds


class TestChecking:
    def test_it_says_who_we_are_and_what_cannot_be_read(self, fake: FakeMatrix) -> None:
        fake.rooms[ROOM].state["m.room.encryption"] = {"algorithm": "m.megolm.v1.aes-sha2"}
        checked = connect(fake, rooms=(ROOM, f"!far:{HOST}")).check()
        assert (checked.handle, checked.name, checked.software) == (f"desk:{HOST}", "Bottega Blu", "Synapse 1.163.2")
        assert checked.remarks == (
            "What is written encrypted cannot be read: Support.",
            f"We are not in !far:{HOST}: join, or take it out of rooms.",
        )

    def test_a_domain_that_is_no_homeserver_says_where_it_is(self, fake: FakeMatrix) -> None:
        def site(request: httpx.Request) -> httpx.Response:
            if request.url.path.startswith("/.well-known"):
                return httpx.Response(200, json={"m.homeserver": {"base_url": "https://matrix.shop.example"}})
            return httpx.Response(404, text="<html>")

        with pytest.raises(PlatformFailed, match=r"it is at https://matrix\.shop\.example"):
            connect(fake, site).check()
        with pytest.raises(PlatformFailed):
            connect(fake, lambda _: httpx.Response(404, text="<html>")).check()

    @pytest.mark.parametrize(
        "keys",
        [
            {"url": "http://shop.example"},
            {"url": "shop.example"},
            {"url": "https://desk@shop.example"},
            {"rooms": ["help"]},
            {"rooms": ["#help:shop.example", "!a b:shop.example"]},
            {"max_length": 60_001},
        ],
    )
    def test_settings_that_cannot_be_right_do_not_load(self, keys: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            MatrixSettings(**{"url": "https://shop.example", "token": Secret(env=VARIABLE), **keys})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def _spoilt(value: Any, luck: random.Random, odd: Any) -> Any:
    """The same with one thing in it that is something else."""
    if isinstance(value, dict) and value and luck.random() < 0.9:
        key = luck.choice(sorted(value))
        return {**value, key: _spoilt(value[key], luck, odd)}
    if isinstance(value, list) and value and luck.random() < 0.9:
        place = luck.randrange(len(value))
        return [*value[:place], _spoilt(value[place], luck, odd), *value[place + 1 :]]
    return odd


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), odd=_JSON)
def test_whatever_a_server_says_it_is_a_page_or_a_failure_in_one_line(seed: int, odd: Any) -> None:
    fake = FakeMatrix(Now(), names={ANNA: "Anna"}, direct={ANNA: [DIRECT]})
    fake.room(ROOM, ANNA)
    fake.room(DIRECT, ANNA, rule="invite")
    for number in range(22):
        fake.write(ANNA, f"{number}", ROOM if number % 2 else DIRECT)
    event = fake.write(ANNA, "Hello", DIRECT)
    fake.edit(event, "Hello!")
    luck = random.Random(seed)

    def handle(request: httpx.Request) -> httpx.Response:
        answer = fake.handle(request)
        return httpx.Response(answer.status_code, json=_spoilt(answer.json(), luck, odd))

    platform = connect(fake, handle)
    does: list[Callable[[], Any]] = [
        lambda: list(platform.fetch(None)),
        lambda: platform.look([f"{DIRECT}/{event}"]),
        lambda: platform.post(contract.reply(to=(f"{DIRECT}/{event}",))),
        lambda: platform.find(contract.reply(to=(f"{DIRECT}/{event}",))),
        lambda: platform.like(f"{DIRECT}/{event}"),
        platform.check,
    ]
    for do in does:
        told = ""
        try:
            do()
        except CaretoolError as failure:
            told = str(failure)
        assert "\n" not in told
