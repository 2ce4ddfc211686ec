"""How a token is had from the fake Mastodon: https://docs.joinmastodon.org/methods/oauth/"""

from __future__ import annotations

import html
from typing import Any

import httpx

from tests.platforms.fake_mastodon import Failure, FakeMastodon, new_secret, values_of

SHOWN = "urn:ietf:wg:oauth:2.0:oob"


def route(fake: FakeMastodon, request: httpx.Request) -> httpx.Response | None:
    """The answer; None: it is no matter of tokens. Raises Failure."""
    match request.method, request.url.path:
        case "POST", "/api/v1/apps":
            return httpx.Response(200, json=_register(fake, values_of(request)))
        case "GET", "/oauth/authorize":
            return _ask(fake, dict(request.url.params))
        case "POST", "/oauth/authorize":
            return _agree(fake, values_of(request))
        case "POST", "/oauth/token":
            return httpx.Response(200, json=_token(fake, values_of(request)))
        case "GET", "/api/v1/apps/verify_credentials":
            return httpx.Response(200, json=_application(fake, request))
    return None


def _register(fake: FakeMastodon, values: dict[str, Any]) -> dict[str, Any]:
    if not values.get("client_name") or not values.get("redirect_uris"):
        raise Failure(422, error="Validation failed: Redirect URI must be an absolute URI.")
    app = {
        "client_id": new_secret(),
        "client_secret": new_secret(),
        "id": str(len(fake.apps) + 1),
        "name": values["client_name"],
        "scopes": str(values.get("scopes") or "read").split(),
        "redirect_uri": values["redirect_uris"],
    }
    fake.apps[app["client_id"]] = app
    return app


def _ask(fake: FakeMastodon, asked: dict[str, str]) -> httpx.Response:
    """The page with the button."""
    app, scopes = _asked(fake, asked)
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in {**asked, "scope": " ".join(scopes)}.items()
    )
    page = (
        f"<h1>Practice server</h1><p>{html.escape(app['name'])} asks to act as @bottegablu with: "
        f"<code>{html.escape(' '.join(scopes))}</code></p>"
        f'<form method="post" action="/oauth/authorize">{hidden}<button>Authorize</button></form>'
    )
    return httpx.Response(200, html=page)


def _agree(fake: FakeMastodon, asked: dict[str, str]) -> httpx.Response:
    app, scopes = _asked(fake, asked)
    code = new_secret()
    fake.codes[code] = (app["client_id"], scopes)
    return httpx.Response(200, html=f"<h1>Practice server</h1><p>Your code: <code>{code}</code></p>")


def _asked(fake: FakeMastodon, asked: dict[str, str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    app = fake.apps.get(asked.get("client_id", ""))
    if app is None or asked.get("redirect_uri") != SHOWN:
        raise Failure(401, error="invalid_client", error_description="Unknown client, or another redirect URI.")
    scopes = tuple((asked.get("scope") or "read").split())
    _must_be_among(scopes, app)
    return app, scopes


def _token(fake: FakeMastodon, values: dict[str, Any]) -> dict[str, Any]:
    app = fake.apps.get(values.get("client_id", ""))
    if app is None or app["client_secret"] != values.get("client_secret"):
        raise Failure(401, error="invalid_client", error_description="Client authentication failed.")
    owner: str | None
    match values.get("grant_type"):
        case "client_credentials":
            owner, scopes = None, tuple(str(values.get("scope") or "read").split())
            _must_be_among(scopes, app)
        case "authorization_code" if fake.codes.get(values.get("code", ""), ("",))[0] == app["client_id"]:
            owner, scopes = fake.us, fake.codes.pop(values["code"])[1]
        case _:
            raise Failure(400, error="invalid_grant", error_description="The authorization grant is invalid.")
    token = new_secret()
    fake.tokens[token] = (owner, scopes)
    return {"access_token": token, "token_type": "Bearer", "scope": " ".join(scopes), "created_at": 1700000000}


def _must_be_among(scopes: tuple[str, ...], app: dict[str, Any]) -> None:
    if not all({scope, scope.partition(":")[0]} & set(app["scopes"]) for scope in scopes):
        raise Failure(400, error="invalid_scope", error_description="The requested scope is invalid.")


def _application(fake: FakeMastodon, request: httpx.Request) -> dict[str, Any]:
    """Of our token. Its scopes are told since Mastodon 4.3; none of its kin do."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token not in fake.tokens:
        raise Failure(401, error="The access token is invalid")
    told = {"scopes": list(fake.tokens[token][1])} if fake.software == "mastodon" else {}
    return {"id": "1", "name": "caretool", **told}
