"""Which platforms there are. A connector is imported when its settings are read or an account on it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from caretool.domain.policy import Account
from caretool.platforms.platform import Opening, Platform

if TYPE_CHECKING:
    from pydantic import BaseModel

Opener = Callable[[Account, Opening], Platform]


@dataclass(frozen=True, slots=True)
class Connector:
    """What a connector brings: the model of its keys in accounts.toml, and how an account of it is opened.

    `about` (its ABOUT) says in one line what it is for. `guide` (its GUIDE, plain text, at most 110 characters a line)
    says what a person does on the platform before the account is added; its first line alone is a sentence that says
    where a token is made, and made anew."""

    settings: type[BaseModel]
    open: Opener
    about: str = ""
    guide: str = ""


def _file() -> Connector:
    from caretool.platforms.file import connector as file

    return Connector(file.FileSettings, file.open_account, file.ABOUT, file.GUIDE)


def _mastodon() -> Connector:
    from caretool.platforms.mastodon import connector as mastodon

    return Connector(mastodon.MastodonSettings, mastodon.open_account, mastodon.ABOUT, mastodon.GUIDE)


def _youtube() -> Connector:
    from caretool.platforms.youtube import connector as youtube

    return Connector(youtube.YouTubeSettings, youtube.open_account, youtube.ABOUT, youtube.GUIDE)


def _email() -> Connector:
    from caretool.platforms.email import connector as email

    return Connector(email.EmailSettings, email.open_account, email.ABOUT, email.GUIDE)


def _facebook() -> Connector:
    from caretool.platforms.facebook import connector as facebook

    return Connector(facebook.FacebookSettings, facebook.open_account, facebook.ABOUT, facebook.GUIDE)


def _instagram() -> Connector:
    from caretool.platforms.instagram import connector as instagram

    return Connector(instagram.InstagramSettings, instagram.open_account, instagram.ABOUT, instagram.GUIDE)


def _x() -> Connector:
    from caretool.platforms.x import connector as x

    return Connector(x.XSettings, x.open_account, x.ABOUT, x.GUIDE)


def _bluesky() -> Connector:
    from caretool.platforms.bluesky import connector as bluesky

    return Connector(bluesky.BlueskySettings, bluesky.open_account, bluesky.ABOUT, bluesky.GUIDE)


def _feed() -> Connector:
    from caretool.platforms.feed import connector as feed

    return Connector(feed.FeedSettings, feed.open_account, feed.ABOUT, feed.GUIDE)


def _matrix() -> Connector:
    from caretool.platforms.matrix import connector as matrix

    return Connector(matrix.MatrixSettings, matrix.open_account, matrix.ABOUT, matrix.GUIDE)


def _wordpress() -> Connector:
    from caretool.platforms.wordpress import connector as wordpress

    return Connector(wordpress.WordPressSettings, wordpress.open_account, wordpress.ABOUT, wordpress.GUIDE)


_CONNECTORS: Mapping[str, Callable[[], Connector]] = {
    "file": _file,
    "mastodon": _mastodon,
    "facebook": _facebook,
    "instagram": _instagram,
    "x": _x,
    "youtube": _youtube,
    "email": _email,
    "bluesky": _bluesky,
    "feed": _feed,
    "matrix": _matrix,
    "wordpress": _wordpress,
}
KNOWN: tuple[str, ...] = tuple(_CONNECTORS)


def connector(platform: str) -> Connector:
    """What the connector of one of `KNOWN` brings."""
    return _CONNECTORS[platform]()


def settings_models() -> dict[str, type[BaseModel]]:
    """The settings model of every platform, by its name in accounts.toml."""
    return {name: load().settings for name, load in _CONNECTORS.items()}


def open_platform(account: Account, opening: Opening) -> Platform:
    """The account's platform, without a request. `account.platform` is one of `KNOWN`, its `settings` that one's model
    or, where they were kept, a mapping for it."""
    connector = _CONNECTORS[account.platform]()
    if isinstance(account.settings, Mapping):
        account = replace(account, settings=connector.settings(**account.settings))
    return connector.open(account, opening)
