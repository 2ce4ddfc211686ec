"""How a settings file names a secret without holding it (DESIGN: invariant 10).

`{ env = "NAME" }`, `{ command = ["pass", "show", "x"] }` or `{ keyring = "service/user" }`: this is all that is kept,
shown or stored. The secret itself comes from `reveal`, when it is needed, and is in no error.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from caretool.errors import TokenRefused

_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,99}", re.ASCII)
_ENTRY = re.compile(r".*\S.*/[^/]*[^/\s][^/]*")
_PATIENCE = 30.0
_WAYS = '{ env = "NAME" }, { command = ["pass", "show", "x"] } or { keyring = "service/user" }'


def _variable(name: object) -> object:
    """Capitals only, so that a token put here by mistake is told from a name, and is not repeated by an error."""
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise ValueError("must be the name of an environment variable, in capitals, such as CARETOOL_MASTODON_TOKEN")
    return name


def _program(words: object) -> object:
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) and "\0" not in word for word in words):
        words = ()
    if not words or not words[0].strip():
        raise ValueError('must be a program and its arguments: ["pass", "show", "caretool"]')
    return words


def _entry(name: object) -> object:
    if not (isinstance(name, str) and _ENTRY.fullmatch(name) and name.isprintable()):
        raise ValueError('must name a service and a user: "service/user"')
    return name


class Secret(BaseModel):
    """Where a secret is kept: exactly one of the three."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    env: Annotated[str, BeforeValidator(_variable)] | None = Field(
        default=None, description="the environment variable that holds it"
    )
    command: Annotated[tuple[str, ...], Field(strict=False), BeforeValidator(_program)] | None = Field(
        default=None, description="a program and its arguments; the first line it prints is the secret"
    )
    keyring: Annotated[str, BeforeValidator(_entry)] | None = Field(
        default=None, description="service/user in the system's keyring"
    )

    @model_validator(mode="before")
    @classmethod
    def _is_not_the_secret_itself(cls, value: Any) -> Any:
        if not isinstance(value, Mapping | cls):
            raise ValueError(f"a secret does not belong into this file: write {_WAYS}")  # noqa: TRY004
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.env, self.command, self.keyring)) != 1:
            raise ValueError(f"must be exactly one of {_WAYS}")
        return self

    def reveal(self, what: str) -> str:
        """The secret. `what` says whose it is, for errors (accounts.fediverse.token). Raises TokenRefused."""
        if self.env is not None:
            return _from_environment(self.env, what)
        if self.command is not None:
            return _from_command(self.command, what)
        return _from_keyring(str(self.keyring), what)


def _from_environment(name: str, what: str) -> str:
    secret = os.environ.get(name, "").strip()
    if not secret:
        raise TokenRefused(f"{what}: the environment variable {name} is {_missing(name)}: `export {name}=…`")
    return secret


def _missing(name: str) -> str:
    return "empty" if name in os.environ else "not set"


def _from_command(command: tuple[str, ...], what: str) -> str:
    secret, trouble = _printed(command)
    if trouble:
        raise TokenRefused(f"{what}: the command {command[0]} {trouble}")
    return secret


def _printed(command: tuple[str, ...]) -> tuple[str, str]:
    """The first line, or what came in between; never both, so that no traceback holds what a failed command printed."""
    by_hand = "run it by hand to see why"
    try:
        ended = subprocess.run(  # noqa: S603 - a list and no shell: the user's own words from the user's own file
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired:
        return "", f"was not done after {_PATIENCE:g} seconds: {by_hand}"
    except FileNotFoundError:
        return "", "is not there: install it, or name another"
    except OSError as problem:
        return "", f"cannot be run ({problem.strerror}): name another"
    if ended.returncode != 0:
        return "", f"ended with exit code {ended.returncode}: {by_hand}"
    secret = ended.stdout.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    return secret, "" if secret else f"printed nothing: {by_hand}"


def _from_keyring(name: str, what: str) -> str:
    service, _, user = name.rpartition("/")
    try:
        from keyring import get_password
    except ImportError:
        raise TokenRefused(f"{what}: the keyring needs one more package: pip install 'caretool[keyring]'") from None
    try:
        secret = get_password(service, user)
    except Exception:  # a backend raises whatever its desktop does
        trouble = "cannot be asked (is there one, and is it open?): where there is none, use env or command"
    else:
        if secret:
            return str(secret)
        trouble = f"holds nothing for it: keyring set {service} {user}"
    raise TokenRefused(f"{what}: the keyring {trouble}")
