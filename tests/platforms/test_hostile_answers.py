"""Whatever a platform answers: one line that fails, or values that hold; nothing goes elsewhere, and it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import stamina
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caretool.errors import CaretoolError
from caretool.platforms import registry
from tests.fire.dialects import DIALECTS
from tests.fuzzing.oracles import calm, hold
from tests.fuzzing.pages import sound, sound_answer
from tests.platforms.contract import WATCH, comment, offence, overheard, reply
from tests.platforms.feed_harness import FeedHarness
from tests.platforms.liar import ELSEWHERE, HEADERS, ODD_ID, STATUSES, Liar, Lie, lies

# What speaks HTTP: files and mailboxes lie in their own ways.
PLACES: dict[str, Callable[[], Any]] = {
    name: DIALECTS[name].make for name in DIALECTS if name not in ("email", "file")
} | {"feed": FeedHarness}
Act = Callable[[Any, "Stage"], object]


class Stage:
    """A platform on which something was written, read and answered while it told the truth."""

    def __init__(self, name: str) -> None:
        self.secrets = DIALECTS[name].secrets.values() if name in DIALECTS else ()
        self.place: Any = PLACES[name]()
        self.liar = Liar(self.place.wire.handle)
        self.place.wire.handle = self.liar
        self.place.receive([comment(number) for number in range(3)])
        if hasattr(self.place, "overhear"):
            self.place.overhear([overheard(number) for number in range(3, 6)])
        self.bookmark = list(self.place.open().fetch(None))[-1].bookmark
        self.posted = self.place.open().post(reply("k0")) if self.can("retract") else None
        self.place.receive([comment(7)])

    def can(self, act: str) -> bool:
        return hasattr(self.place.open(), act.split()[0])

    def reached(self, bookmark: str | None) -> tuple[set[str], str | None]:
        """What a fetch brings until it ends, or fails; and its last bookmark."""
        found: set[str] = set()
        with suppress(CaretoolError):
            for page in self.place.open().fetch(bookmark):
                sound([page])
                found.update(one.native_id for one in page.comments)
                bookmark = page.bookmark
        return found, bookmark

    def does(self, act: Act) -> object:
        """What comes of it; an error in one line is what may come."""
        platform = self.place.open()
        try:
            return act(platform, self)
        except CaretoolError as problem:
            calm(str(problem))
            for secret in self.secrets:
                hold(secret not in str(problem), "tells our token", str(problem))
            return None


def _pages(pages: Iterator[Any]) -> list[Any]:
    found = list(pages)
    sound(found)
    return found


GUARDS = ("hide", "unhide", "delete", "mute", "unmute", "ban", "unban", "report")
ACTS: dict[str, Act] = {
    "fetch": lambda platform, _: _pages(platform.fetch(None)),
    "fetch again": lambda platform, stage: _pages(platform.fetch(stage.bookmark)),
    "search": lambda platform, _: _pages(platform.search(WATCH, None)),
    "look": lambda platform, _: sound_answer(platform.look(["c0", "c1", "c2"])),
    "post": lambda platform, _: sound_answer(platform.post(reply("k1", "Buongiorno Anna."))),
    "post together": lambda platform, _: sound_answer(platform.post(reply("k2", "Ciao a tutti.", to=("c0", "c1")))),
    "post in private": lambda platform, _: sound_answer(platform.post(replace(reply("k3"), private=True))),
    "find": lambda platform, _: sound_answer(platform.find(reply("k0"))),
    "find nothing": lambda platform, _: sound_answer(platform.find(reply("k4", "Mai scritto.", to=("c0", "c1")))),
    "check": lambda platform, _: sound_answer(platform.check()),
    "retract": lambda platform, stage: sound_answer(platform.retract(stage.posted.native_id)),
    "like": lambda platform, _: sound_answer(platform.like("c1")),
    "unlike": lambda platform, _: sound_answer(platform.unlike("c1")),
    **{
        verb: lambda platform, _, verb=verb: sound_answer(getattr(platform, verb)(offence(1)))
        for verb in GUARDS
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for dialect in DIALECTS.values():
        for variable, secret in dialect.secrets.items():
            monkeypatch.setenv(variable, secret)
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


def test_every_connector_is_lied_to() -> None:
    """A mailbox by test_email_hostile.py, files by tests/fuzzing/connectors.py."""
    assert PLACES.keys() | {"email", "file"} == set(registry.KNOWN)


every = pytest.mark.parametrize("name", PLACES)


@every
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), lying=lies)
def test_no_lie_of_a_platform_does_more_than_fail_in_one_line(name: str, data: st.DataObject, lying: list[Lie]) -> None:
    stage = Stage(name)
    act = data.draw(st.sampled_from([act for act in ACTS if stage.can(act)]))
    stage.liar.lies(lying)
    came = stage.does(ACTS[act])
    # What was made of the lies is no reason to fail in any other way later.
    stage.liar.lies()
    if isinstance(came, list) and came:
        stage.does(lambda platform, _: _pages(platform.fetch(came[-1].bookmark)))


@every
@pytest.mark.parametrize("status", [301, 302, 307])
def test_sent_on_to_another_place_nothing_of_ours_goes_there(name: str, status: int) -> None:
    stage = Stage(name)
    sent_on = [
        Lie(None, "status", 0, STATUSES.index(status)),
        Lie(None, "header", 0, HEADERS.index(("location", ELSEWHERE))),
    ]
    for act in ACTS:
        if stage.can(act):
            stage.liar.lies(sent_on)
            stage.does(ACTS[act])


@every
@pytest.mark.parametrize(
    "odd", [ODD_ID, "c1/../../c1", "..", ".", "", "/", "a b", "\x00", "\ud800", "x" * 10_000, "9" * 5_000]
)
def test_an_id_that_is_none_leads_nowhere_else(name: str, odd: str) -> None:
    stage = Stage(name)
    stage.liar.lies()
    bad = replace(offence(), native_id=odd, handle=odd)
    answers = replace(reply("k5"), to=(odd,), thread=odd)
    asked: list[tuple[str, object]] = [
        *(("look", [odd]), ("post", answers), ("find", answers), ("find", replace(answers, private=True))),
        *((act, odd) for act in ("retract", "like", "unlike")),
        *((act, bad) for act in GUARDS),
    ]
    for act, what in asked:
        if stage.can(act):
            stage.does(lambda platform, _, act=act, what=what: sound_answer(getattr(platform, act)(what)))


@every
@pytest.mark.parametrize("pages", [1, 2])
def test_a_list_that_leads_in_a_circle_is_left_and_nothing_is_lost(name: str, pages: int) -> None:
    stage = Stage(name)
    written = range(10, 11 + 2 * stage.place.page_size)
    stage.place.receive([comment(number) for number in written])
    stage.liar.lies(circle=pages)
    before, place = stage.reached(stage.bookmark)
    for act in ("search", "find nothing", "look"):
        if stage.can(act):
            stage.liar.lies(circle=pages)
            stage.does(ACTS[act])
    stage.liar.lies()
    afterwards, _ = stage.reached(place)
    assert {f"c{number}" for number in written} <= before | afterwards


@every
def test_a_list_of_three_thousand_things_that_are_none_is_read_to_its_end(name: str) -> None:
    stage = Stage(name)
    stage.liar.swollen = 3_000
    stage.liar.lies()
    for act in ("fetch", "look", "find", "check"):
        stage.does(ACTS[act])
