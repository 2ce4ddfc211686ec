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
    """What a connector brings: the model of its keys in accounts.toml, and how an account of it is opened."""

    settings: type[BaseModel]
    open: Opener


def _file() -> Connector:
    from caretool.platforms import file

    return Connector(file.FileSettings, file.open_account)


def _mastodon() -> Connector:
    from caretool.platforms import mastodon

    return Connector(mastodon.MastodonSettings, mastodon.open_account)


_CONNECTORS: Mapping[str, Callable[[], Connector]] = {"file": _file, "mastodon": _mastodon}
KNOWN: tuple[str, ...] = tuple(_CONNECTORS)


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
