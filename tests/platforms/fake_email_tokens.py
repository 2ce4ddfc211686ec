"""A provider's token endpoint, as a function, and how its mail servers take an access token.

Wire shapes: learn.microsoft.com, "Authenticate an IMAP, POP or SMTP connection using OAuth" and "Refresh tokens" (one
is replaced at every use, and stays good); developers.google.com, "OAuth 2.0 for mobile & desktop apps" (one is not
replaced) and "OAuth 2.0 Mechanism" (what is wrong with a token is told first, and wants an answer); RFC 7628.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qs

import httpx

URL = "https://login.example/bottegablu/oauth2/v2.0/token"
CLIENT, SECRET = "11112222-bbbb-3333-cccc-4444dddd5555", "sampleCredentia1s"
FIRST = "AwABAAAAvPM1KaPlrEqdFSBzjqfTGAMxZGUTdM0t4B4-first"
_XOAUTH2 = re.compile(rb"user=([^\x01]+)\x01auth=Bearer ([^\x01]+)\x01\x01")
_OAUTHBEARER = re.compile(rb"n,a=([^\x01]+),\x01host=[^\x01]+\x01port=\d+\x01auth=Bearer ([^\x01]+)\x01\x01")


class FakeTokens:
    """`rotates`: a renewal gives another refresh token, as Microsoft's does, and the one before stays good. `explains`:
    a server tells what is wrong with a token before it says no, as Google's do. `mechanisms` are those that it offers.
    `answers` is said to the next renewals in the place of a grant, in turn."""

    def __init__(
        self, user: str, clock: Callable[[], datetime], *, rotates: bool = True, explains: bool = True
    ) -> None:
        self.user = user
        self.clock = clock
        self.rotates = rotates
        self.explains = explains
        self.mechanisms = ("XOAUTH2",)
        self.refresh_tokens = {FIRST}
        self.access_tokens: dict[str, datetime] = {}
        self.refresh_ends_in: int | None = None
        self.answers: list[httpx.Response] = []
        self.forms: list[dict[str, str]] = []
        self.shown: list[tuple[str, str]] = []  # how, and which access token

    def handle(self, request: httpx.Request) -> httpx.Response:
        """The token endpoint."""
        assert (request.method, str(request.url)) == ("POST", URL)
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert "authorization" not in request.headers
        form = {name: value for name, [value] in parse_qs(request.content.decode()).items()}
        self.forms.append(form)
        if self.answers:
            return self.answers.pop(0)
        assert form["grant_type"] == "refresh_token"
        if (form["client_id"], form.get("client_secret", SECRET)) != (CLIENT, SECRET):
            return refusal("invalid_client", "AADSTS7000215: Invalid client secret provided.", status=401)
        if form["refresh_token"] not in self.refresh_tokens:
            return refusal("invalid_grant", f"AADSTS70008: The refresh token {form['refresh_token']} has expired.")
        return httpx.Response(200, json=self._grant())

    def _grant(self) -> dict[str, object]:
        number = len(self.forms)
        access = f"EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA.{number}"
        self.access_tokens[access] = self.clock() + timedelta(seconds=3599)
        grant: dict[str, object] = {"token_type": "Bearer", "expires_in": 3599, "access_token": access}
        if self.rotates:
            grant["refresh_token"] = f"{FIRST}-{number}"
            self.refresh_tokens.add(f"{FIRST}-{number}")
        if self.refresh_ends_in is not None:
            grant["refresh_token_expires_in"] = self.refresh_ends_in
        return grant

    def revoke(self) -> None:
        """Nothing that was ever given is good any more."""
        self.refresh_tokens.clear()
        self.access_tokens.clear()

    def lets_in(self, how: str, said: bytes, ask: Callable[[bytes], bytes]) -> bool:
        """Whether a login is taken; `ask` says something to who logs in, and gives the answer, both in Base64."""
        found = {"XOAUTH2": _XOAUTH2, "OAUTHBEARER": _OAUTHBEARER}[how].fullmatch(base64.b64decode(said))
        assert found is not None, base64.b64decode(said)
        user, token = found[1].decode().replace("=2C", ",").replace("=3D", "="), found[2].decode()
        self.shown.append((how, token))
        ends = self.access_tokens.get(token)
        if user == self.user and ends is not None and ends > self.clock():
            return True
        if self.explains:
            wrong = {"status": "401", "schemes": "bearer", "scope": "https://mail.google.com/"}
            answer = ask(base64.b64encode(json.dumps(wrong).encode()))
            assert answer == (b"" if how == "XOAUTH2" else b"AQ=="), answer
        return False


def refusal(error: str, description: str, *, status: int = 400) -> httpx.Response:
    """As Microsoft's endpoint says no; `error` alone is RFC 6749's."""
    told = {"error": error, "error_description": f"{description} Trace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333"}
    return httpx.Response(status, json={**told, "error_codes": [70008], "timestamp": "2026-11-23 12:00:00Z"})
