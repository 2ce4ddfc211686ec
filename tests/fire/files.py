"""The platform `file` under fire: a disk that takes half a line, or none, and exports that are read while they are
written."""

from __future__ import annotations

import errno
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from caretool.domain.comment import Incoming
from caretool.domain.policy import Account
from caretool.platforms.file import replies as file_replies
from caretool.platforms.file.connector import FileSettings, open_account
from caretool.platforms.platform import Opening, Platform

_ACCOUNT = Account("page", "file", FileSettings(comments="comments.jsonl", replies="replies.jsonl"))


class FilePlace:
    """A folder of its own, in which comments are exported and replies are written. `address` is the folder."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self.now = datetime.now(UTC)
        self.comments.touch()

    @property
    def address(self) -> str:
        return self._folder.name

    @property
    def comments(self) -> Path:
        return Path(self.address) / "comments.jsonl"

    def receive(self, comments: Sequence[Incoming]) -> None:
        with self.comments.open("a", encoding="utf-8") as file:
            for one in comments:
                assert one.written_at is not None
                assert one.thread is not None
                row = {"id": one.native_id, "author": one.author.handle, "author_name": one.author.name,
                       "text": one.text, "written_at": one.written_at.isoformat(), "thread": one.thread.native_id,
                       "language": one.language}  # fmt: skip
                file.write(json.dumps(row) + "\n")

    def open(self, length: int | None = None) -> Platform:
        return open_account(_ACCOUNT, Opening(Path(self.address), ZoneInfo("Europe/Rome"), lambda: self.now))

    def replies(self) -> list[str]:
        """The whole lines."""
        path = Path(self.address) / "replies.jsonl"
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return [json.loads(line)["text"] for line in lines]

    def close(self) -> None:
        """Away with it."""
        file_replies.os = os
        self._folder.cleanup()


class FileFire:
    """As `Fire`, write by write; there is no token. A fetch may see a file whose last line is not yet whole."""

    def __init__(self, place: FilePlace, seed: int, writes: Callable[[], None], share: float) -> None:
        self.lit, self.token_dead = True, False
        self.happened: Counter[str] = Counter()
        self._place, self._random, self._share = place, random.Random(seed), 2 * share
        self._rest = b""
        file_replies.os = self  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    @property
    def fetching(self) -> bool:
        return bool(self._rest)

    @fetching.setter
    def fetching(self, begins: bool) -> None:
        whole = self._place.comments.read_bytes()
        if not begins:
            self._place.comments.write_bytes(whole + self._rest)
            self._rest = b""
        elif self.lit and whole and self._random.random() < self._share:
            self.happened["half an export"] += 1
            cut = len(whole) - self._random.randint(1, 60)
            self._place.comments.write_bytes(whole[:cut])
            self._rest = whole[cut:]

    def write(self, handle: int, data: bytes) -> int:
        fault = self._fault("not written", "half")
        if fault == "half" and len(data) > 1:
            os.write(handle, bytes(data[: len(data) // 2]))
        if fault:
            raise OSError(errno.ENOSPC, "No space left on device")
        return os.write(handle, data)

    def fsync(self, handle: int) -> None:
        os.fsync(handle)
        if self._fault("not synced"):
            raise OSError(errno.EIO, "Input/output error")

    def _fault(self, *those: str) -> str | None:
        if not self.lit or self._random.random() >= self._share:
            return None
        fault = self._random.choice(those)
        self.happened[fault] += 1
        return fault


def opened_there(address: str, opening: Opening, step: Any) -> Platform:
    """In a child: a connection to the folder. The steps of its writing are made in tests/desk/forked.py."""
    return open_account(_ACCOUNT, replace(opening, folder=Path(address)))
