"""A real homeserver on this machine: Synapse, in an environment of its own, on SQLite.

It listens on 127.0.0.1 only, speaks to no other server, is empty at each start, and ends nothing but what it began. An
application service stands in for people: it makes them, and writes in their name what they wrote earlier.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from tests.live.servers import Unavailable, ended, free_port, listening

SYNAPSE = "1.163.2"
HOST = "shop.example"
APP_SERVICE = "the-people-of-shop.example"
_PLENTY = {"per_second": 1000, "burst_count": 1000}


class Matrix:
    """`start` gives its address, and the token of the application service. What the desk itself may send is limited as
    Synapse does it unless told otherwise."""

    name = "matrix"

    def __init__(self) -> None:
        self._home = Path(tempfile.gettempdir()) / "caretool-live" / "matrix"
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._synapse: subprocess.Popen[bytes] | None = None

    @property
    def version(self) -> str:
        """Of Synapse, as it is installed."""
        words = [str(self._python), "-c", "import importlib.metadata as m; print(m.version('matrix-synapse'))"]
        return f"Synapse {subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()}"

    def start(self) -> Mapping[str, str]:
        """Install it where it lacks, start it empty, wait until it listens."""
        self._install()
        self._folder = tempfile.TemporaryDirectory(prefix="caretool-live-matrix-", ignore_cleanup_errors=True)
        folder, port = Path(self._folder.name), free_port()
        settings = folder / "homeserver.yaml"
        settings.write_text(json.dumps(_settings(folder, port)), encoding="utf-8")  # JSON is YAML
        (folder / "people.yaml").write_text(json.dumps(_people()), encoding="utf-8")
        (folder / "log.yaml").write_text(json.dumps(_log(folder)), encoding="utf-8")
        synapse = [str(self._python), "-m", "synapse.app.homeserver", "-c", str(settings)]
        self._run(*synapse, "--generate-keys")
        with (folder / "out.log").open("wb") as log:
            self._synapse = subprocess.Popen(synapse, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            listening(port, self._synapse)
        except Unavailable as problem:
            ended(self._synapse)
            said = (folder / "out.log").read_text(errors="replace").strip()[-300:]
            raise Unavailable(f"{problem}: {said}") from None
        return {"url": f"http://127.0.0.1:{port}", "people": APP_SERVICE}

    def stop(self) -> None:
        """End it."""
        ended(self._synapse)
        self._synapse = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    @property
    def _python(self) -> Path:
        return self._home / "venv" / "bin" / "python"

    def _install(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        there = self._python.exists() and subprocess.run(
            [str(self._python), "-c", "import synapse"], capture_output=True, check=False
        )
        if not there or there.returncode != 0:
            self._run(sys.executable, "-m", "venv", "--clear", str(self._home / "venv"))
            self._run(str(self._python), "-m", "pip", "install", "-q", f"matrix-synapse=={SYNAPSE}")

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, cwd=self._home, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable(f"{' '.join(command[1:4])} failed: {done.stderr.strip()[-300:]}")


def _settings(folder: Path, port: int) -> dict[str, Any]:
    listener = {"port": port, "tls": False, "type": "http", "bind_addresses": ["127.0.0.1"]}
    return {
        "server_name": HOST,
        "public_baseurl": f"http://127.0.0.1:{port}/",
        "pid_file": str(folder / "pid"),
        "listeners": [{**listener, "resources": [{"names": ["client"], "compress": False}]}],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "homeserver.db")}},
        "media_store_path": str(folder / "media"),
        "log_config": str(folder / "log.yaml"),
        "signing_key_path": str(folder / "signing.key"),
        "app_service_config_files": [str(folder / "people.yaml")],
        "report_stats": False,
        "macaroon_secret_key": "nobody-knows-it",
        "form_secret": "nor-this",
        "trusted_key_servers": [],
        "suppress_key_server_warning": True,
        "federation_domain_whitelist": [],
        "rc_login": {"address": _PLENTY, "account": _PLENTY, "failed_attempts": _PLENTY},
        "rc_joins": {"local": _PLENTY, "remote": _PLENTY},
        "rc_invites": {"per_room": _PLENTY, "per_user": _PLENTY, "per_issuer": _PLENTY},
        "rc_admin_redaction": _PLENTY,
    }


def _people() -> dict[str, Any]:
    everybody = {"users": [{"regex": "@.*", "exclusive": False}], "rooms": [], "aliases": []}
    known = {"id": "people", "as_token": APP_SERVICE, "hs_token": "unused", "sender_localpart": "people"}
    return {**known, "url": None, "rate_limited": False, "namespaces": everybody}


def _log(folder: Path) -> dict[str, Any]:
    file = {"class": "logging.FileHandler", "filename": str(folder / "homeserver.log")}
    return {"version": 1, "handlers": {"file": file}, "root": {"level": "WARNING", "handlers": ["file"]}}


class People:
    """Everybody on the server, by its application service."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=f"{url}/_matrix/client/v3/", timeout=30, trust_env=False)
        self.transport = httpx.HTTPTransport()
        self._token = token
        self._known: set[str] = set()

    def call(self, method: str, path: str, body: Any = None, *, user: str | None = None, **params: Any) -> Any:
        """As `user`, who is made when first needed."""
        if user is not None:
            self.person(user)
            params["user_id"] = user
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = self.http.request(method, path, json=body, params=params, headers=headers)
        return answer.raise_for_status().json()

    def person(self, user: str) -> None:
        if user not in self._known:
            self._known.add(user)
            name = user[1:].partition(":")[0]
            body = {"type": "m.login.application_service", "username": name, "inhibit_login": True}
            self.http.post("register", json=body, headers={"Authorization": f"Bearer {self._token}"})

    def login(self, user: str, **more: Any) -> dict[str, Any]:
        """A login of its own."""
        self.person(user)
        who = {"type": "m.id.user", "user": user}
        found: dict[str, Any] = self.call(
            "POST", "login", {"type": "m.login.application_service", "identifier": who, **more}
        )
        return found

    def send(self, user: str, room: str, kind: str, content: Any, at: datetime | None = None) -> str:
        """An event, that happened then; its id."""
        when = {} if at is None else {"ts": int(at.timestamp() * 1000)}
        path = f"rooms/{step(room)}/send/{kind}/{uuid.uuid4().hex}"
        return str(self.call("PUT", path, content, user=user, **when)["event_id"])

    def say(self, user: str, room: str, body: str, at: datetime | None = None, **content: Any) -> str:
        """A message."""
        return self.send(user, room, "m.room.message", {"msgtype": "m.text", "body": body, **content}, at)

    def events(self, user: str, room: str) -> list[dict[str, Any]]:
        """The latest of a room, the oldest first."""
        found = self.call("GET", f"rooms/{step(room)}/messages", user=user, dir="b", limit=100)
        return list(reversed(found["chunk"]))


def step(word: str) -> str:
    """One step of a path."""
    return quote(word, safe="")
