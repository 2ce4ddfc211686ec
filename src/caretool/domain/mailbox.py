"""Mail addresses: one mailbox each, without a name, a list, or anything that a mail program reads more into."""

from __future__ import annotations

import re
from urllib.parse import unquote

_MAILBOX = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[^\W_](?:[\w.-]{0,251}[^\W_])?")
_SCHEME = "mailto:"


def is_mailbox(text: str) -> bool:
    """Whether it is `somebody@somewhere` and no more."""
    return text.isprintable() and _MAILBOX.fullmatch(text) is not None


def is_mailto(url: str) -> bool:
    """Whether it means a mailbox. `mailto://…` is one of apprise's addresses, with a server of its own."""
    return url[: len(_SCHEME)].lower() == _SCHEME and not url[len(_SCHEME) :].startswith("//")


def mailbox_of(url: str) -> str | None:
    """The mailbox that a `mailto:` address names; None where it names none, or several, or more than that."""
    mailbox = unquote(url[len(_SCHEME) :])
    return mailbox if is_mailto(url) and "?" not in mailbox and is_mailbox(mailbox) else None
