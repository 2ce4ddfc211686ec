"""A real Bluesky network on this machine: `@atproto/dev-env` (PLC, PDS, AppView) on Debian's PostgreSQL.

Node (18.7 or newer, with its headers), npm and, for the first start as root, apt are needed. It listens on 127.0.0.1
only, is empty at each start, and ends nothing but what it began. The first installation takes some minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import httpx

from tests.live.servers import Unavailable, ended, free_port, packages

DEV_ENV = "0.3.215"
_STARTS = 120.0  # seconds


class Bluesky:
    """`start` gives the addresses; `version` what was started. With `limits` the server counts requests as it does in
    earnest."""

    name = "bluesky"

    def __init__(self, folder: Path | None = None, *, limits: bool = False) -> None:
        self._folder = folder or Path(tempfile.gettempdir()) / "caretool-live" / "bluesky"
        self._limits = limits
        self._network: subprocess.Popen[bytes] | None = None
        self._data: Path | None = None

    @property
    def version(self) -> str:
        """Of each package."""
        there = self._folder / "node_modules" / "@atproto"
        told = {one: json.loads((there / one / "package.json").read_text())["version"] for one in ("pds", "bsky")}
        return f"@atproto/dev-env {DEV_ENV} (pds {told['pds']}, bsky {told['bsky']})"

    def start(self) -> dict[str, str]:
        """Install what is missing, begin anew, wait until what is written is shown."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._install()
        script = shutil.copy(Path(__file__).with_name("bluesky_network.cjs"), self._folder)
        plc, pds, view = (free_port() for _ in range(3))
        environment = {**os.environ, "DATABASE": self._database(), "LOG_ENABLED": "false"}
        with (self._folder / "network.log").open("wb") as log:
            self._network = subprocess.Popen(
                ["node", script, str(plc), str(pds), str(view), "limits" if self._limits else ""],
                cwd=self._folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        url = f"http://127.0.0.1:{pds}"
        self._until_shown(url, f"http://127.0.0.1:{view}")
        return {"url": url}

    def stop(self) -> None:
        """End what was begun."""
        ended(self._network)
        self._network = None
        if self._data is not None:
            self._run(*self._as_user(), *self._control(self._data), "-m", "fast", "stop")
            shutil.rmtree(self._data.parent, ignore_errors=True)
        self._data = None

    def _install(self) -> None:
        if not self._binaries():
            packages(["initdb"], ["postgresql"])
        (self._folder / "package.json").write_text(
            json.dumps({"name": "network", "private": True, "dependencies": {"@atproto/dev-env": DEV_ENV}})
        )
        whole = self._folder / "installed"
        if not whole.exists() or whole.read_text() != DEV_ENV:
            node = shutil.which("node") or "node"
            headers = str(Path(node).resolve().parent.parent)
            self._run("npm", "install", "--no-audit", "--no-fund", npm_config_nodedir=headers)
            whole.write_text(DEV_ENV)

    def _run(self, *command: str, **environment: str) -> None:
        with (self._folder / "install.log").open("ab") as log:
            subprocess.run(
                command, cwd=self._folder, env={**os.environ, **environment}, check=True, stdout=log, stderr=log
            )

    def _binaries(self) -> Path | None:
        return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)

    def _database(self) -> str:
        """A PostgreSQL of our own, on a socket in a folder; root may not run one."""
        folder = Path(tempfile.mkdtemp(prefix="caretool-live-"))
        user = "postgres" if os.geteuid() == 0 else "caretool"
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        made = [f"{self._binaries()}/initdb", "-D", str(data), "-A", "trust", "-U", user, "-E", "UTF8", "--locale=C"]
        self._run(*self._as_user(), *made)
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=100"
        self._run(*self._as_user(), *self._control(data), "-l", str(folder / "log"), "-o", options, "start")
        self._data = data
        return f"postgresql://{user}@localhost/postgres?host={folder}"

    def _as_user(self) -> list[str]:
        root = os.geteuid() == 0
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if root else []

    def _control(self, data: Path) -> list[str]:
        return [f"{self._binaries()}/pg_ctl", "-D", str(data), "-s", "-w"]

    def _until_shown(self, url: str, view: str) -> None:
        """The network takes a while before it shows what is written."""
        end = time.monotonic() + _STARTS
        uri = ""
        while time.monotonic() < end:
            if self._network is None or self._network.poll() is not None:
                break
            try:
                uri = uri or _canary(url)
                shown = httpx.get(f"{view}/xrpc/app.bsky.feed.getPosts", params={"uris": uri})
                if uri and shown.json().get("posts"):
                    return
            except (httpx.HTTPError, ValueError):
                pass
            time.sleep(0.2)
        said = (self._folder / "network.log").read_text(errors="replace")[-2000:]
        raise Unavailable(f"the network does not start:\n{said}")


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
