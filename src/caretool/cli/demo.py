"""The demonstration: the whole way from a comment to the overdue report, aloud, on invented comments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from caretool import workspace
from caretool.cli.context import out
from caretool.errors import CaretoolError

NOW = datetime.fromisoformat("2026-11-23T09:12:00+01:00")
_TYPED = "Buongiorno {{ people }}, sono Dario, mi scuso: domani passa il corriere a ritirare i pacchi."


def walk() -> None:
    """Run the story in a throw-away folder; CaretoolError if a step does not go as told."""
    with tempfile.TemporaryDirectory(prefix="caretool-demo-") as name:
        desk = _Stage(Path(name))
        workspace.lay_demo(Path(name))
        _say("Bottega Blu, a shop, sold a console before Christmas. It is Monday 23 November 2026, 09:12.")
        _say("Four profiles have new comments:")
        desk.run("fetch")
        _say("Who waits, in groups that one answer serves; what is nearest to late is on top:")
        desk.run("inbox", "--limit", "12")
        group = desk.largest("delivery-late")
        people = group["people"]
        _say(f"{people} people ask for the same console. Dario types what everybody would like to hear:")
        desk.run("reply", group["id"], "--mode", "together", "--text", _TYPED, "--yes", exit_code=5)
        _say("Refused: nobody can collect tomorrow. So the template's answer: one text, everybody by name,")
        _say("with a time that can be kept. First a look, then the yes:")
        desk.run("reply", group["id"], "--template", "delivery-late", "--mode", "together", "--dry-run")
        desk.run("reply", group["id"], "--template", "delivery-late", "--mode", "together", "--yes")
        _say("The promise to each of them stands in the ledger, with its owner and its time:")
        desk.run("promise", "list", "--limit", "5")
        _say("Tom is a trainee: his reply waits for somebody else's eyes.")
        praise = desk.largest("praise")
        desk.run("inbox", "--topic", "praise", "--as", "tom")
        desk.run("reply", praise["id"], "--template", "praise", "--mode", "each", "--yes", "--as", "tom")
        desk.run("approve", praise["id"], "--yes")
        _say("A week goes by and nobody kept the promises. Cron runs the report (it exits 8):")
        desk.later(timedelta(days=7))
        desk.run("report", "overdue", exit_code=8, lines=14)
        _say("That was the whole way: comment, group, answer, check, promise, ledger, report.")
        out("Your own desk: caretool init DIR")


class _Stage:
    """A workspace, a fixed moment, and commands that are run in it as anybody would."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._now = NOW

    def later(self, length: timedelta) -> None:
        """Let time pass."""
        self._now += length

    def run(self, *words: str, exit_code: int = 0, lines: int | None = None) -> None:
        """Show a command and what it prints (of long output the first `lines`)."""
        out(
            "$ caretool "
            + " ".join(word if word.isalnum() or word.startswith("-") else _quoted(word) for word in words)
        )
        sys.stdout.flush()
        done = self._call(words, captured=lines is not None)
        if lines is not None:
            shown = done.stdout.splitlines()
            out("\n".join(shown[:lines]) + (f"\n… {len(shown) - lines} more lines" if len(shown) > lines else ""))
        out("")
        if done.returncode != exit_code:
            raise CaretoolError(f"The demonstration expected exit {exit_code} and got {done.returncode}.")

    def largest(self, topic: str) -> dict[str, Any]:
        """The group of a topic with the most people."""
        found = json.loads(self._call(("inbox", "--json", "--topic", topic), captured=True).stdout)["groups"]
        if not found:
            raise CaretoolError(f"The demonstration found nobody who writes about {topic}.")
        largest: dict[str, Any] = max(found, key=lambda group: group["people"])
        return largest

    def _call(self, words: tuple[str, ...], *, captured: bool) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "CARETOOL_WORKSPACE": str(self._folder),
            "CARETOOL_AGENT": "dario",
            "CARETOOL_NOW": self._now.isoformat(),
            "PYTHONIOENCODING": "utf-8",
        }
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", "caretool.cli.main", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if captured else None,
            stderr=subprocess.STDOUT if not captured and not sys.stdout.isatty() else None,
            text=True,
            encoding="utf-8",
            check=False,
        )


def _say(sentence: str) -> None:
    out(f"# {sentence}")


def _quoted(word: str) -> str:
    return word if all(character.isalnum() or character in "-._@/" for character in word) else f'"{word}"'
