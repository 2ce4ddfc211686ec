"""The platforms that are put under fire, each by the harness of its contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from caretool.domain.comment import Incoming
from caretool.platforms.platform import Opening, Platform
from tests.fire import files, mail
from tests.fire.faults import Fire
from tests.platforms import (
    bluesky_harness,
    email_harness,
    facebook_harness,
    fake_bluesky,
    fake_email,
    fake_graph,
    fake_mastodon,
    fake_matrix,
    fake_wordpress,
    fake_x,
    fake_youtube,
    instagram_harness,
    mastodon_harness,
    matrix_harness,
    wordpress_harness,
    x_harness,
    youtube_harness,
)
from tests.platforms.wire import Wire


class Place(Protocol):
    """What of a harness is needed here: `now` is the server's clock."""

    now: Any

    def receive(self, comments: Sequence[Incoming]) -> None: ...
    def open(self, length: int | None = None) -> Platform: ...
    def replies(self) -> list[str]: ...


class Wired(Place, Protocol):
    """One that speaks HTTP: `wire` is what all its connections go through."""

    wire: Wire


@runtime_checkable
class Served(Protocol):
    """One that has servers of its own."""

    def close(self) -> None: ...


@runtime_checkable
class Deletable(Protocol):
    """One on which people delete what they wrote."""

    def delete(self, native_id: str) -> None: ...


@runtime_checkable
class Rotating(Protocol):
    """One whose token renews itself once: where the answer to that is lost, a person has to make a new one."""

    def new_token(self) -> None: ...


def _on_its_wire(place: Wired, seed: int, writes: Callable[[], None], share: float) -> Fire:
    return Fire(place.wire, seed, writes, share)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a place is made, and the secrets that its settings name; what sets it on fire; where it does not speak HTTP,
    how a process elsewhere reaches its `address`."""

    make: Callable[[], Any]
    secrets: Mapping[str, str]
    fire: Callable[[Any, int, Callable[[], None], float], Any] = _on_its_wire
    there: Callable[[Any, Opening, Callable[[str], None]], Platform] | None = None


def tell_time(place: Place, moment: datetime) -> None:
    """Set the server's clock."""
    if isinstance(place.now, datetime):
        place.now = moment
    else:
        place.now.moment = moment


_APP_SECRET = fake_graph.APP_TOKEN.partition("|")[2]
DIALECTS: Mapping[str, Dialect] = {
    "mastodon": Dialect(mastodon_harness.MastodonHarness, {mastodon_harness.VARIABLE: fake_mastodon.TOKEN}),
    "bluesky": Dialect(bluesky_harness.BlueskyHarness, {bluesky_harness.VARIABLE: fake_bluesky.PASSWORD}),
    "x": Dialect(x_harness.XHarness, {x_harness.TOKEN: fake_x.FIRST, x_harness.SECRET_OF_CLIENT: fake_x.SECRET}),
    "youtube": Dialect(
        youtube_harness.YouTubeHarness,
        {youtube_harness.TOKEN: fake_youtube.REFRESH, youtube_harness.SECRET_OF_CLIENT: fake_youtube.SECRET},
    ),
    "facebook": Dialect(
        facebook_harness.FacebookHarness,
        {facebook_harness.TOKEN: fake_graph.TOKEN, facebook_harness.APP_SECRET: _APP_SECRET},
    ),
    "instagram": Dialect(
        instagram_harness.InstagramHarness,
        {instagram_harness.TOKEN: fake_graph.TOKEN, instagram_harness.APP_SECRET: _APP_SECRET},
    ),
    "matrix": Dialect(matrix_harness.MatrixHarness, {matrix_harness.VARIABLE: fake_matrix.TOKEN}),
    "email": Dialect(mail.MailPlace, {email_harness.VARIABLE: fake_email.PASSWORD}, mail.MailFire, mail.opened_there),
    "file": Dialect(files.FilePlace, {}, files.FileFire, files.opened_there),
    "wordpress": Dialect(wordpress_harness.WordPressHarness, {wordpress_harness.VARIABLE: fake_wordpress.PASSWORD}),
}
