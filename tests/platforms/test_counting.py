"""Reading never eats what replying needs, on any platform that counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stamina

from caretool.domain.watch import Watch
from caretool.platforms.platform import Searches
from tests.fire.dialects import DIALECTS
from tests.platforms.contract import comment, ids, reply
from tests.platforms.facebook_harness import FacebookHarness
from tests.platforms.instagram_harness import InstagramHarness
from tests.platforms.recorded import Recorded
from tests.platforms.x_harness import XHarness
from tests.platforms.youtube_harness import YouTubeHarness

HARNESSES: dict[str, Callable[[Recorded], Any]] = {
    "facebook": FacebookHarness,
    "instagram": lambda budget: InstagramHarness(budget=budget),
    "instagram by facebook": lambda budget: InstagramHarness("facebook", budget),
    "x": XHarness,
    "youtube": YouTubeHarness,
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for dialect in DIALECTS.values():
        for name, secret in dialect.secrets.items():
            monkeypatch.setenv(name, secret)
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.mark.parametrize("name", HARNESSES)
def test_every_request_of_a_fetch_leaves_replies_their_share_and_no_other_does(name: str) -> None:
    harness = HARNESSES[name](budget := Recorded())
    harness.receive([comment(0), comment(1)])
    platform = harness.open()
    pages = list(platform.fetch(None))
    pages += platform.fetch(pages[-1].bookmark)
    if isinstance(platform, Searches):
        list(platform.search(Watch("brand", ("Hello",)), None))
    assert ids(pages)
    assert budget.spent
    assert [bucket for bucket, fetching in budget.spent if not fetching] == []
    budget.spent.clear()
    platform.look(["c0", "gone"])
    platform.post(reply())
    platform.find(reply())
    platform.check()
    assert budget.spent
    assert [bucket for bucket, fetching in budget.spent if fetching] == []
