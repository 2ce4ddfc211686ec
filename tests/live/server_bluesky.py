"""A real Bluesky network on this machine: `@atproto/dev-env` (PLC, PDS, AppView) on Debian's PostgreSQL.

Node (18.7 or newer, with its headers), npm and, for the first start as root, apt are needed. It listens on 127.0.0.1
only, is empty at each start, and ends nothing but what it began. The first installation takes some minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import httpx

DEV_ENV = "0.3.215"
PLC, PDS, VIEW = 2582, 2583, 2584
_STARTS, _ENDS = 120.0, 20.0  # seconds


class Bluesky:
    """`start` gives the addresses; `version` what was started. With `limits` the server counts requests as it does in
    earnest."""

    name = "bluesky"

    def __init__(self, folder: Path | None = None, *, limits: bool = False) -> None:
        self._folder = folder or Path(tempfile.gettempdir()) / "caretool-live" / "bluesky"
        self._limits = limits
        self._network: subprocess.Popen[bytes] | None = None

    @property
    def version(self) -> str:
        """Of each package."""
        packages = self._folder / "node_modules" / "@atproto"
        told = {one: json.loads((packages / one / "package.json").read_text())["version"] for one in ("pds", "bsky")}
        return f"@atproto/dev-env {DEV_ENV} (pds {told['pds']}, bsky {told['bsky']})"

    def start(self) -> dict[str, str]:
        """Install what is missing, begin anew, wait until what is written is shown."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._install()
        self._database("start")
        script = shutil.copy(Path(__file__).with_name("bluesky_network.cjs"), self._folder)
        ports = [str(port) for port in (PLC, PDS, VIEW)]
        environment = {**os.environ, "DATABASE": self._address(), "LOG_ENABLED": "false"}
        with (self._folder / "network.log").open("wb") as log:
            self._network = subprocess.Popen(
                ["node", script, *ports, "limits" if self._limits else ""],
                cwd=self._folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        url = f"http://127.0.0.1:{PDS}"
        self._until_shown(url)
        return {"url": url}

    def stop(self) -> None:
        """End what was begun."""
        if self._network is not None and self._network.poll() is None:
            self._network.send_signal(signal.SIGTERM)
            try:
                self._network.wait(_ENDS)
            except subprocess.TimeoutExpired:
                self._network.kill()
        self._network = None
        self._database("stop")

    def _install(self) -> None:
        if not self._binaries():
            self._run("apt-get", "update", "-q")
            self._run("apt-get", "install", "-y", "-q", "--no-install-recommends", "postgresql", RUNLEVEL="1")
        (self._folder / "package.json").write_text(
            json.dumps({"name": "network", "private": True, "dependencies": {"@atproto/dev-env": DEV_ENV}})
        )
        if not (self._folder / "node_modules/better-sqlite3/build/Release/better_sqlite3.node").exists():
            node = shutil.which("node") or "node"
            headers = str(Path(node).resolve().parent.parent)
            self._run("npm", "install", "--no-audit", "--no-fund", npm_config_nodedir=headers)

    def _run(self, *command: str, **environment: str) -> None:
        with (self._folder / "install.log").open("ab") as log:
            subprocess.run(
                command, cwd=self._folder, env={**os.environ, **environment}, check=True, stdout=log, stderr=log
            )

    def _binaries(self) -> Path | None:
        return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)

    def _address(self) -> str:
        user = "postgres" if os.geteuid() == 0 else "caretool"
        return f"postgresql://{user}@localhost/postgres?host={self._database_folder()}"

    def _database_folder(self) -> Path:
        return Path(tempfile.gettempdir()) / "caretool-live-postgres"

    def _database(self, what: str) -> None:
        """A PostgreSQL of our own on a socket in a folder; root may not run one."""
        folder, binaries, root = self._database_folder(), self._binaries(), os.geteuid() == 0
        data = folder / "data"
        if what == "stop" and not (data / "postmaster.pid").exists():
            return
        asked = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if root else []
        if not data.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            if root:
                shutil.chown(folder, "postgres", "postgres")
            user = "postgres" if root else "caretool"
            self._run(
                *asked, f"{binaries}/initdb", "-D", str(data), "-A", "trust", "-U", user, "-E", "UTF8", "--locale=C"
            )
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=100"
        control = [*asked, f"{binaries}/pg_ctl", "-D", str(data), "-s", "-w"]
        if what == "stop":
            self._run(*control, "-m", "fast", "stop")
        elif not (data / "postmaster.pid").exists():
            self._run(*control, "-l", str(folder / "log"), "-o", options, "start")

    def _until_shown(self, url: str) -> None:
        """The network takes a while before it shows what is written."""
        end = time.monotonic() + _STARTS
        uri = ""
        while time.monotonic() < end:
            if self._network is None or self._network.poll() is not None:
                break
            try:
                uri = uri or _canary(url)
                shown = httpx.get(f"http://127.0.0.1:{VIEW}/xrpc/app.bsky.feed.getPosts", params={"uris": uri})
                if uri and shown.json().get("posts"):
                    return
            except (httpx.HTTPError, ValueError):
                pass
            time.sleep(0.2)
        said = (self._folder / "network.log").read_text(errors="replace")[-2000:]
        self.stop()
        raise RuntimeError(f"the network does not start:\n{said}")


def _canary(url: str) -> str:
    """A first post."""
    account = {"handle": "canary.test", "email": "canary@shop.example", "password": "a-canary-in-the-mine"}
    made = httpx.post(f"{url}/xrpc/com.atproto.server.createAccount", json=account, timeout=30).json()
    if "accessJwt" not in made:
        login = {"identifier": account["handle"], "password": account["password"]}
        made = httpx.post(f"{url}/xrpc/com.atproto.server.createSession", json=login).json()
    record = {"$type": "app.bsky.feed.post", "text": "canary", "createdAt": "2026-01-01T00:00:00.000Z"}
    body = {"repo": made["did"], "collection": "app.bsky.feed.post", "record": record}
    headers = {"Authorization": f"Bearer {made['accessJwt']}"}
    written = httpx.post(f"{url}/xrpc/com.atproto.repo.createRecord", json=body, headers=headers).json()
    return str(written["uri"])
