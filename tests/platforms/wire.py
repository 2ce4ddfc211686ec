"""What lies between a connector and its fake: remembers every request, and lets the next ones go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import httpx

Trouble = Literal["refuse", "busy", "half", "drop", "fail"]
Respond = Callable[[httpx.Request], httpx.Response]
READS = frozenset({"GET", "HEAD"})


@dataclass
class Wire:
    """`handle` answers as the platform does; `busy` and `refused` are its own ways of saying so. `reads` tells a
    request that changes nothing (where a platform reads by POST, or signs in by one, it says so here).

    `httpx.MockTransport(Wire(...))` is what a `Client` takes as its transport.
    """

    handle: Respond
    busy: Callable[[], httpx.Response]
    refused: Callable[[], httpx.Response]
    reads: Callable[[httpx.Request], bool] = lambda request: request.method in READS
    requests: list[httpx.Request] = field(default_factory=list)
    _faults: list[tuple[Trouble, bool]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        writing = not self.reads(request)
        for place, (trouble, of_writes) in enumerate(self._faults):
            if of_writes == writing:
                del self._faults[place]
                return self._gone_wrong(trouble, request)
        return self.handle(request)

    def goes_wrong(self, trouble: Trouble, *, writing: bool) -> None:
        """The next write, or the next reads (a read is tried several times), go so; what was said before is void."""
        self._faults[:] = [(trouble, writing)] * (1 if writing else 10)

    def made(self, *, writing: bool | None = None) -> int:
        """How many requests there were: reads, writes, or both."""
        return sum(writing is None or writing != self.reads(request) for request in self.requests)

    def _gone_wrong(self, trouble: Trouble, request: httpx.Request) -> httpx.Response:
        if trouble == "busy":
            return self.busy()
        if trouble == "refuse":
            return self.refused()
        response = self.handle(request)
        if trouble == "drop":
            raise httpx.ReadError("the connection broke after all was done", request=request)
        if trouble == "fail":
            return httpx.Response(500, json={"error": "internal"})
        return httpx.Response(response.status_code, headers={"content-type": "application/json"}, content=b'{"id": "')
