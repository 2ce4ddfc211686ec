"""How we log in to a mailbox's servers: by a password, or by an access token (OAuth 2.0, RFC 6749).

A token is said by SASL's OAUTHBEARER (RFC 7628) or by what Google and Microsoft had before it:
https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from caretool import smtp
from caretool.dialect import Dialect, Said, Verdict
from caretool.domain.host import on_this_machine
from caretool.errors import PlatformFailed, TokenRefused
from caretool.http import Client, Refused
from caretool.platforms.platform import Opening
from caretool.platforms.renewing import Grant, Renewable
from caretool.secrets import Secret

Opened = TypeVar("Opened")

_TOKEN = re.compile(r"[!-~]+", re.ASCII)
# What is as long as this and looks like it may be a token, or a piece of one in Base64: names of servers have dots.
_LIKE_A_TOKEN = re.compile(r"[\w+/=~-]{24,}", re.ASCII)
_LONGEST_LIFE = 10 * 365 * 86400  # seconds
_CLIENT = frozenset({"invalid_client", "unauthorized_client"})
_GRANT = frozenset({"invalid_grant", "interaction_required", "consent_required"})


def _endpoint(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        safe = parts.scheme == "https" or (parts.scheme == "http" and on_this_machine(parts.hostname or ""))
        safe = safe and parts.port != 0
    except ValueError:
        safe = False
    if not safe or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be an address that begins with https://, as https://oauth2.googleapis.com/token")
    return url.strip()


class OAuth(BaseModel):
    """The table `oauth` of an account: how its access tokens are had."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: str = Field(pattern=r"^[!-~]+$", description="The client id of the app that was given access.")
    client_secret: Secret | None = Field(
        default=None, description="Where the app's client secret is kept; left out for an app without one."
    )
    token_url: Annotated[str, AfterValidator(_endpoint)] = Field(
        description="Where access tokens are had; the page of `email` has Microsoft's and Google's."
    )
    scope: str | None = Field(
        default=None,
        pattern=r"^[!-~]+( [!-~]+)*$",
        description="What is asked for at each renewal; all that consent was given to if left out.",
    )
    token: Secret = Field(description="Where the refresh token is kept, never the token itself.")


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are at a server, and what proves it: a password or, where `by_token`, an access token."""

    user: str
    secret: str = field(repr=False)
    by_token: bool = False

    @property
    def what(self) -> str:
        """What it is that a server does not take."""
        return "our access token" if self.by_token else "user and password"

    def left_out(self, told: str) -> str:
        """What a server said, which could repeat the secret: as it is, as it came, or a piece of it."""
        told = smtp.without(self.secret, told)
        return _LIKE_A_TOKEN.sub("***", told) if self.by_token else told


# What proves who we are: it tells the password, or it has the access token.
Proof = Callable[[], str] | Renewable


@dataclass(frozen=True, slots=True)
class Way:
    """A way in, as `user`."""

    user: str
    proof: Proof

    def entered(self, logs_in: Callable[[Login], Opened]) -> Opened:
        """What logging in opens: with a renewed token once more where the first one was refused, as nothing was done
        then; never twice with a password. Raises as `logs_in` does, and TokenRefused, PlatformBusy."""
        if not isinstance(self.proof, Renewable):
            return logs_in(Login(self.user, self.proof()))
        token = self.proof.current()
        try:
            return logs_in(Login(self.user, token, by_token=True))
        except TokenRefused:
            renewed = self.proof.renew(token)
        return logs_in(Login(self.user, renewed, by_token=True))


def mechanism(offered: Iterable[str]) -> str | None:
    """How a server that offers all these wants a token to be said; None: it takes none."""
    known = {one.upper() for one in offered}
    return next((one for one in ("XOAUTH2", "OAUTHBEARER") if one in known), None)


def sasl(how: str, login: Login, host: str, port: int) -> Sequence[bytes]:
    """What is answered to a server, in turn: first the token, then, if it tells what is wrong with that, what makes it
    say no."""
    if how == "XOAUTH2":
        return f"user={login.user}\1auth=Bearer {login.secret}\1\1".encode(), b""
    user = login.user.replace("=", "=3D").replace(",", "=2C")
    return f"n,a={user},\1host={host}\1port={port}\1auth=Bearer {login.secret}\1\1".encode(), b"\1"


def renewable(name: str, oauth: OAuth, opening: Opening, connect: Callable[..., Client] = Client) -> Renewable:
    """The access token of the account `name`; nothing is asked before it is wanted."""
    parts = urlsplit(oauth.token_url)
    key = f"accounts.{name}.oauth"

    def exchange(refresh: str) -> Grant:
        form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": oauth.client_id}
        if oauth.client_secret is not None:
            form["client_secret"] = oauth.client_secret.reveal(f"{key}.client_secret")
        if oauth.scope is not None:
            form["scope"] = oauth.scope
        door = connect(f"{parts.scheme}://{parts.netloc}", name=name, clock=opening.clock, dialect=_DIALECT)
        try:
            return _granted(name, door.post(parts.path, form=form).json(), opening.clock())
        except Refused as refused:
            raise TokenRefused(f"{name}: the token is not renewed ({_why(refused)})") from None
        finally:
            door.close()

    return Renewable(
        name,
        vault=opening.vault,
        clock=opening.clock,
        first=lambda: oauth.token.reveal(f"{key}.token"),
        exchange=exchange,
        login="\n".join((oauth.token_url, oauth.client_id, oauth.scope or "")),
    )


def _granted(name: str, answer: object, now: datetime) -> Grant:
    found = answer if isinstance(answer, dict) else {}
    access, refresh = found.get("access_token"), found.get("refresh_token")
    if not isinstance(access, str) or not _TOKEN.fullmatch(access):
        raise PlatformFailed(f"{name}: the token's renewal was answered without one: is oauth.token_url right?")
    return Grant(
        access,
        refresh if isinstance(refresh, str) and refresh else None,
        _later(found.get("expires_in"), now),
        # Google's word; only where consent was given for a while, or the app is in testing.
        _later(found.get("refresh_token_expires_in"), now),
    )


def _later(seconds: object, now: datetime) -> datetime | None:
    if type(seconds) is not int or seconds <= 0:
        return None
    return now + timedelta(seconds=min(seconds, _LONGEST_LIFE))


def _why(refused: Refused) -> str:
    what = ", ".join(one for one in (str(refused.status), refused.code) if one)
    if refused.code in _CLIENT:
        return f"{what}: correct oauth.client_id or oauth.client_secret; a client secret ends, too"
    then = "make a new one there, and put it in the place of the old one"
    return f"{what}: {then if refused.code in _GRANT else f'correct oauth.token_url or oauth.scope; else {then}'}"


def _verdict(said: Said) -> Verdict | None:
    """RFC 6749, 5.2; `temporarily_unavailable` is Microsoft's."""
    code = said.body.get("error") if isinstance(said.body, dict) else None
    if code == "temporarily_unavailable":
        return Verdict("busy", None, code)
    if said.status not in (400, 401, 403):
        return None
    return Verdict("refused", code=code if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,40}", code) else "")


_DIALECT = Dialect(verdict=_verdict)
