"""Both ends of a connection: whom we speak to, whom we trust to vouch for them, who we are."""

from __future__ import annotations

import ssl
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

import httpx


@lru_cache(maxsize=1)
def trusted(*named: str | None) -> ssl.SSLContext:
    """The authorities we trust, read once for all accounts; what the environment names for them is the key."""
    return httpx.create_ssl_context()


def base(text: str) -> httpx.URL | None:
    """The address of a server, if it is one and nothing besides."""
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, ValueError):
        return None
    plain = url.scheme in ("http", "https") and url.host and not (url.userinfo or url.query or url.fragment)
    return url if plain else None


def origin(url: httpx.URL) -> tuple[str, bytes, int | None, bytes]:
    """Scheme, host and port: what may be told the token."""
    return url.scheme, url.raw_host, url.port, url.userinfo


def distrusted(trouble: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """What is wrong with the server's certificate, wherever httpx put it; None: something else is."""
    while trouble is not None and not isinstance(trouble, ssl.SSLCertVerificationError):
        trouble = trouble.__cause__ or trouble.__context__
    return trouble


def agent() -> str:
    """What we call ourselves."""
    try:
        return f"caretool/{version('caretool')}"
    except PackageNotFoundError:
        return "caretool"
