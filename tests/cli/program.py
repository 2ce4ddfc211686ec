"""The program as somebody types it: words in, what stood on stdout and stderr and the exit code out."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

from caretool.cli.main import main

# A Monday, twelve minutes after the desk has opened.
NOW = "2026-11-23T09:12:00+01:00"
COMMAND = (sys.executable, "-m", "caretool.cli.main")


@dataclass(frozen=True)
class Ran:
    """One run."""

    stdout: str
    stderr: str
    code: int

    def json(self) -> Any:
        """The one JSON value on stdout."""
        return json.loads(self.stdout)

    @property
    def told(self) -> str:
        """Both streams, for what must stand in neither."""
        return self.stdout + self.stderr


@dataclass(frozen=True)
class Program:
    """caretool in one workspace, at a fixed moment, with one agent at the desk; nobody at the keyboard."""

    folder: Path
    now: str = NOW
    agent: str | None = "dario"
    environment: dict[str, str] = field(default_factory=dict)

    def at(self, now: str) -> Program:
        """The same desk at another moment."""
        return replace(self, now=now)

    def by(self, agent: str | None) -> Program:
        """The same desk with somebody else at it."""
        return replace(self, agent=agent)

    def with_editor(self, script: str, folder: Path) -> Program:
        """The same desk with a shell script for an editor: `$1` is the file, `$0.N` counts its runs."""
        editor = folder / "editor"
        editor.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        editor.chmod(0o755)
        return replace(self, environment={**self.environment, "EDITOR": str(editor)})

    def run(self, *words: str, stdin: str = "") -> Ran:
        """Run a command in this process."""
        stdout, stderr = _stream(), _stream()
        with (
            mock.patch.object(sys, "argv", ["caretool", "-C", str(self.folder), *words]),
            mock.patch.object(sys, "stdin", _stream(stdin)),
            mock.patch.object(sys, "stdout", stdout),
            mock.patch.object(sys, "stderr", stderr),
            mock.patch.dict(os.environ, self.variables(), clear=True),
        ):
            try:
                main()
                code = 0
            except SystemExit as leaving:
                code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        return Ran(_text(stdout), _text(stderr), code)

    def done(self, *words: str, stdin: str = "") -> Ran:
        """Run a command that has to succeed."""
        ran = self.run(*words, stdin=stdin)
        assert ran.code == 0, f"caretool {' '.join(words)}: exit {ran.code}\n{ran.stdout}{ran.stderr}"
        return ran

    def process(self, *words: str, stdin: str = "", **environment: str) -> Ran:
        """Run a command in a process of its own."""
        done = subprocess.run(
            [*COMMAND, "-C", str(self.folder), *words],
            input=stdin.encode(),
            capture_output=True,
            env={**self.variables(), **environment},
            check=False,
            timeout=60,
        )
        return Ran(done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"), done.returncode)

    def variables(self) -> dict[str, str]:
        """The environment the program sees: nothing of whoever runs the tests, save where Python is."""
        kept = ("PATH", "PYTHONPATH", "HOME", "LANG", "VIRTUAL_ENV")
        ours = {name: os.environ[name] for name in kept if name in os.environ}
        if "PYTHONPATH" in ours:
            ours["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, ours["PYTHONPATH"].split(os.pathsep)))
        ours |= {"CARETOOL_NOW": self.now, "TERM": "xterm-256color"}
        if self.agent is not None:
            ours["CARETOOL_AGENT"] = self.agent
        return ours | self.environment

    def groups(self, *words: str) -> list[dict[str, Any]]:
        """The groups in the inbox; they count as shown to the agent."""
        found: list[dict[str, Any]] = self.done("inbox", "--json", "--limit", "999", *words).json()["groups"]
        return found

    def group(self, topic: str) -> str:
        """The id of the largest group of a topic; it counts as shown to the agent."""
        return str(max(self.groups("--topic", topic), key=lambda group: group["size"])["id"])

    def comment(self, native_id: str) -> str:
        """The id of a waiting comment."""
        every = [comment for group in self.groups() for comment in group["comments"]]
        return str(next(comment["id"] for comment in every if comment["native_id"] == native_id))

    def promises(self, *words: str) -> list[dict[str, Any]]:
        """The ledger."""
        found: list[dict[str, Any]] = self.done("promise", "list", "--json", *words).json()["promises"]
        return found

    def posted(self, account: str = "page") -> list[dict[str, Any]]:
        """What stands in an account's replies."""
        path = self.folder / f"{account}-replies.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def _stream(text: str = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode()
