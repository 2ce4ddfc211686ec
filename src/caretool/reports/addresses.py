"""Web addresses that platforms told us: shown only where they are nothing else."""

from __future__ import annotations

import re

_WEB = re.compile(r"https?://[A-Za-z0-9\[\]:._-]+(?:[/?#][A-Za-z0-9/?#@!$&()*+,;=:._~%\[\]-]*)?")
_LONGEST = 2_000


def web_address(url: str | None) -> str | None:
    """The address if it leads to the web and holds nothing that could end it early; else None."""
    return url if url is not None and len(url) <= _LONGEST and _WEB.fullmatch(url) else None
