"""What goes wrong between a connector and its platform, drawn from a seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import httpx

from tests.platforms.wire import Respond, Wire

Fault = Literal[
    "not reached",  # no connection: nothing left
    "dropped before",  # the connection breaks, nothing was done
    "dropped after",  # the connection breaks after all was done
    "failed before",  # 500, nothing was done
    "failed after",  # 500 after all was done
    "slow",  # all was done, the answer comes too late
    "half",  # half of the answer's body
    "busy",  # 429, or what the platform says instead
    "token dies",  # refused from now on, until a person makes a new one
    "page again",  # the last page once more instead of this one
    "inserted",  # somebody writes while pages are turned
]
FAULTS: tuple[Fault, ...] = (
    "not reached", "dropped before", "dropped after", "failed before", "failed after", "slow", "half", "busy",
    "token dies", "page again", "inserted",
)  # fmt: skip
# A dead token keeps all else from going wrong until a person has made a new one.
_TOKEN_LIVES = 0.7


@dataclass
class Fire:
    """Stands in the place of the fake behind a `Wire`. A share of the requests goes wrong, as long as it is `lit`;
    `writes` lets somebody write one more comment. `happened` counts what was done."""

    wire: Wire
    seed: int
    writes: Callable[[], None]
    share: float = 0.2
    lit: bool = True
    token_dead: bool = False
    fetching: bool = False
    happened: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._server: Respond = self.wire.handle
        self._last: dict[str, httpx.Response] = {}
        self.wire.handle = self

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not self.lit:
            return self._server(request)
        if self.token_dead:
            return self.wire.refused()
        fault = self._random.choice(FAULTS) if self._random.random() < self.share else None
        if fault == "token dies" and self._random.random() < _TOKEN_LIVES:
            fault = None
        if fault is None:
            return self._answer(request)
        self.happened[fault] += 1
        return self._wrong(fault, request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        response = self._server(request)
        self._last[request.url.path] = response
        return response

    def _wrong(self, fault: Fault, request: httpx.Request) -> httpx.Response:
        if fault in ("not reached", "dropped before"):
            raise (httpx.ConnectError if fault == "not reached" else httpx.ReadError)("no way", request=request)
        if fault == "failed before":
            return httpx.Response(500, json={"error": "internal"})
        if fault == "busy":
            return self.wire.busy()
        if fault == "token dies":
            self.token_dead = True
            return self.wire.refused()
        if self.fetching and fault == "page again" and self.wire.reads(request) and request.url.path in self._last:
            return self._last[request.url.path]
        if self.fetching and fault == "inserted":
            self.writes()
        return self._afterwards(fault, request, self._answer(request))

    def _afterwards(self, fault: Fault, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """What goes wrong once all was done."""
        if fault in ("dropped after", "slow"):
            raise (httpx.ReadTimeout if fault == "slow" else httpx.ReadError)("broken", request=request)
        if fault == "failed after":
            return httpx.Response(500, json={"error": "internal"})
        if fault == "half":
            kind = {"content-type": response.headers.get("content-type", "")}
            content = response.content[: len(response.content) // 2]
            return httpx.Response(response.status_code, headers=kind, content=content)
        return response
