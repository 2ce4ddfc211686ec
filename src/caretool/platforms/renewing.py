"""Tokens that a platform renews: kept in the vault before they are used, renewed by one process at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from caretool.domain.vault import Vault
from caretool.errors import AnswerLost, PlatformBusy, PlatformFailed, TokenRefused
from caretool.http import Refused
from caretool.platforms.platform import Clock

# A token that ends sooner could end on the way.
_SOON = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a platform gave: the `access` token until `ends_at` (None: it does not say), and what renews it (None: what
    renewed it this time does so again) until `refresh_ends_at`."""

    access: str
    refresh: str | None = None
    ends_at: datetime | None = None
    refresh_ends_at: datetime | None = None


class Renewable:
    """An account's token. `first` tells the secret that a person put into the settings; a new one there takes the place
    of all that was renewed, and so does another `login` (where and as whom, if the secret alone does not say).
    `exchange` makes a grant of what renews: one request of the platform's own, whose errors are told as what they are
    for whoever wanted the token: nothing of theirs was sent."""

    def __init__(
        self,
        name: str,
        *,
        vault: Vault,
        clock: Clock,
        first: Callable[[], str],
        exchange: Callable[[str], Grant],
        login: str = "",
    ) -> None:
        self._name = name
        self._vault = vault
        self._clock = clock
        self._reveal = first
        self._secret: str | None = None
        self._exchange = exchange
        self._login = login

    def current(self) -> str:
        """An access token, renewed if it ends soon. Raises TokenRefused, PlatformBusy."""
        grant = self._kept()
        if grant is not None and (grant.ends_at is None or grant.ends_at - self._clock() > _SOON):
            return grant.access
        return self._renewed(grant.access if grant is not None else None)

    def renew(self, refused: str) -> str:
        """Another one in the place of one that was refused. Raises TokenRefused, PlatformBusy."""
        return self._renewed(refused)

    @property
    def expires_at(self) -> datetime | None:
        """When what renews it ends, as far as is known; nothing is asked, the secret is not revealed."""
        grant, _ = self._read()
        return grant.refresh_ends_at if grant is not None else None

    def _first(self) -> str:
        """Revealed once: it may be a program that has to be run."""
        if self._secret is None:
            self._secret = self._reveal()
        return self._secret

    def _renewed(self, stale: str | None) -> str:
        """What a person put into the settings is tried again where what was renewed is refused: a process that died
        between a renewal and the vault took the last one with it."""
        with self._vault.held():
            kept = self._kept()
            if kept is not None and kept.access != stale:  # another process was faster
                return kept.access
            refresh = kept.refresh if kept is not None and kept.refresh else self._first()
            # What renews a token is often worth nothing afterwards: so where nothing can be kept, nothing is asked for.
            self._vault.write(self._vault.read() or "")
            try:
                grant = self._asked(refresh)
            except TokenRefused:
                if refresh == self._first():
                    raise
                refresh = self._first()
                grant = self._asked(refresh)
            self._vault.write(self._text(grant, refresh, kept))
            return grant.access

    def _asked(self, refresh: str) -> Grant:
        try:
            return self._exchange(refresh)
        except Refused as problem:
            then = "make a new one there, and put it in the place of the old one"
            raise TokenRefused(f"{self._name}: the token is not renewed ({problem.status}): {then}") from None
        except AnswerLost:
            raise PlatformBusy(f"{self._name}: the token's renewal was not answered: try again") from None
        except PlatformFailed as problem:
            raise PlatformBusy(f"{problem} (nothing was sent)") from None

    def _kept(self) -> Grant | None:
        """What was renewed last of the secret that stands in the settings now."""
        grant, of = self._read()
        return grant if of == self._origin() else None

    def _read(self) -> tuple[Grant | None, str]:
        """What was renewed last, and a digest of what it came from."""
        try:
            kept = json.loads(self._vault.read() or "null")
            ends, refresh_ends = _moment(kept["ends"]), _moment(kept["refresh_ends"])
            return Grant(str(kept["access"]), kept["refresh"], ends, refresh_ends), str(kept["of"])
        except (ValueError, KeyError, TypeError):
            return None, ""

    def _text(self, grant: Grant, refresh: str, before: Grant | None) -> str:
        ends = grant.refresh_ends_at or (before.refresh_ends_at if before is not None and not grant.refresh else None)
        kept = {
            "of": self._origin(),
            "access": grant.access,
            "refresh": grant.refresh or refresh,
            "ends": grant.ends_at and grant.ends_at.isoformat(),
            "refresh_ends": ends and ends.isoformat(),
        }
        return json.dumps(kept)

    def _origin(self) -> str:
        """A digest of the settings it comes from."""
        came = f"{self._login}\n{self._first()}" if self._login else self._first()
        return hashlib.sha256(came.encode()).hexdigest()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
