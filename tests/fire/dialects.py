"""The platforms that are put under fire, each by the harness of its contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from caretool.domain.comment import Incoming
from caretool.platforms.platform import Platform
from tests.platforms import fake_mastodon, mastodon_harness
from tests.platforms.wire import Wire


class Moment(Protocol):
    """A clock that a test sets."""

    moment: datetime


class Place(Protocol):
    """What of a harness is needed here: `wire` is what all its connections go through, `now` the server's clock."""

    wire: Wire
    now: Moment

    def receive(self, comments: Sequence[Incoming]) -> None: ...
    def open(self, length: int | None = None) -> Platform: ...
    def replies(self) -> list[str]: ...


@runtime_checkable
class Deletable(Protocol):
    """One on which people delete what they wrote."""

    def delete(self, native_id: str) -> None: ...


DIALECTS: Mapping[str, Callable[[], Place]] = {"mastodon": mastodon_harness.MastodonHarness}
# The secrets that the harnesses' settings name.
SECRETS = {mastodon_harness.VARIABLE: fake_mastodon.TOKEN}
