"""A server on this machine that means harm: it plays a script with whoever comes, as often as they come.

The certificates beside this file are of no use anywhere else: `here` is this machine's, `expired` was, `elsewhere` is
another's; each vouches for itself.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

CERTIFICATES = Path(__file__).parent
Script = Callable[[socket.socket], None]


class Hostile:
    """Listens until the block ends. `heard` is what each connection sent first, in the order in which they came."""

    def __init__(self, script: Script, *, certificate: str | None = None) -> None:
        self._script = script
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
        self.heard: list[bytes] = []
        self.came = 0
        self.done = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(0.02)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._talks: list[threading.Thread] = []
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}"

    def __enter__(self) -> Hostile:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        for thread in (self._thread, *self._talks):
            thread.join(5)
        self._listening.close()

    def _serve(self) -> None:
        while not self.done.is_set():
            with suppress(TimeoutError):
                connection = self._listening.accept()[0]
                self.came += 1
                talk = threading.Thread(target=self._talk, args=(connection,), daemon=True)
                self._talks.append(talk)
                talk.start()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(2)
        with connection, suppress(OSError):
            if self._context is None:
                self._play(connection)
            else:
                with self._context.wrap_socket(connection, server_side=True) as inside:
                    self._play(inside)

    def _play(self, connection: socket.socket) -> None:
        self.heard.append(connection.recv(65536))
        self._script(connection)


def says(*pieces: bytes) -> Script:
    """These bytes, and the end."""

    def script(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)

    return script


def without_end(beginning: bytes, again: Callable[[], bytes]) -> Script:
    """The beginning, and then more and more."""

    def script(connection: socket.socket) -> None:
        connection.sendall(beginning)
        while True:
            connection.sendall(again())

    return script
