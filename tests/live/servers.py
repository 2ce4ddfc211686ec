"""What a real server is to `python -m tests.live`.

A server is a class in a module `tests/live/server_NAME.py` that has the shape of `Server` and this name; its tests are
in `tests/live/live_NAME.py`, which pytest collects only where it is told to. What `start` gives reaches them in the
environment: `url` as `CARETOOL_LIVE_NAME`, any other key as `CARETOOL_LIVE_NAME_KEY`. Servers listen on 127.0.0.1 only,
and end no process but those they began.
"""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

HERE = Path(__file__).parent
_PATIENCE = 30.0  # seconds until a server listens, or ends


class Server(Protocol):
    """A real server. `name` is what it is called here."""

    name: str

    @property
    def version(self) -> str:
        """What it is; known once it runs."""

    def start(self) -> Mapping[str, str]:
        """Install it where it lacks, start it empty; addresses and secrets for the tests. Raises Unavailable."""

    def stop(self) -> None:
        """End it; what was not started is no failure."""


class Unavailable(Exception):
    """It cannot be had on this machine; says why."""


def known() -> tuple[str, ...]:
    """The names of all servers."""
    return tuple(sorted(path.stem.removeprefix("server_") for path in HERE.glob("server_*.py")))


def server(name: str) -> Server:
    """The server of this name."""
    module = importlib.import_module(f"tests.live.server_{name}")
    [found] = [one for one in vars(module).values() if isinstance(one, type) and one.__dict__.get("name") == name]
    made: Server = found()
    return made


def variables(name: str, given: Mapping[str, str]) -> dict[str, str]:
    """What a server gave, as the environment of its tests."""
    whole = f"CARETOOL_LIVE_{name.upper()}"
    return {whole if key == "url" else f"{whole}_{key.upper()}": value for key, value in given.items()}


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def listening(port: int, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until somebody listens there. Raises Unavailable where nobody does, or the process has ended."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            raise Unavailable(f"it ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise Unavailable(f"nobody listens on port {port}")


def ended(process: subprocess.Popen[bytes] | None) -> None:
    """End a process that was started here, and wait for it."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def packages(programs: Sequence[str], names: Sequence[str]) -> None:
    """Where one of these programs lacks, install Debian's packages. Raises Unavailable."""
    if all(shutil.which(program, path=f"{os.defpath}:/usr/sbin:/usr/lib/dovecot") for program in programs):
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Unavailable(f"install {' '.join(names)} (as root on Debian this is done for you)")
    # Its own start scripts would start it for everybody on this machine.
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", *names]):
        done = subprocess.run(["apt-get", "-q", *words], env=quiet, capture_output=True, text=True)
        if done.returncode != 0:
            raise Unavailable(f"apt-get {words[0]} failed: {done.stderr.strip()[-200:]}")
