"""`curl` as far as the pages use it: through urllib, without a shell, only to this computer."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Sequence
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

_TIMEOUT_SECONDS = 10

_parser = argparse.ArgumentParser("curl", add_help=False, exit_on_error=False, allow_abbrev=False)
_parser.add_argument("-s", "--silent", action="store_true")
_parser.add_argument("-X", "--request")
_parser.add_argument("-H", "--header", action="append", default=[])
_parser.add_argument("-d", "--data", action="append", default=[])
_parser.add_argument("-F", "--form", action="append", default=[])
_parser.add_argument("url")


def curl(words: Sequence[str]) -> str:
    """What the server says to `curl WORDS…`, also where it says no.

    ValueError for an option that the pages do not need, and for an address on another computer.
    """
    try:
        asked = _parser.parse_args(list(words))
    except (argparse.ArgumentError, SystemExit) as problem:
        raise ValueError(f"curl {' '.join(words)}: {problem}") from None
    if urlsplit(asked.url).hostname not in ("127.0.0.1", "localhost"):
        raise ValueError(f"curl {asked.url}: pages may only ask a server of this computer")
    body, headers = _body(asked)
    headers |= dict(line.split(": ", 1) for line in asked.header)
    method = asked.request or ("POST" if body is not None else "GET")
    request = Request(asked.url, body, headers, method=method)
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=_TIMEOUT_SECONDS) as answer:
            return str(answer.read().decode())
    except HTTPError as refusal:
        with refusal:
            return refusal.read().decode()


def _body(asked: argparse.Namespace) -> tuple[bytes | None, dict[str, str]]:
    if asked.form:
        boundary = secrets.token_hex(8)
        fields = (field.split("=", 1) for field in asked.form)
        parts = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields
        )
        whole = f"{''.join(parts)}--{boundary}--\r\n"
        return whole.encode(), {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    if asked.data:
        return "&".join(asked.data).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    return None, {}
