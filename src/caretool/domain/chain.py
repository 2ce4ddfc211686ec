"""The log's chain: every line carries a hash over what it says and the hash of the line before it (docs/log.md).

So nobody changes, takes out, puts in or moves a line without all hashes after it being made anew; and whoever noted a
number with its hash elsewhere sees that, too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

BEGINNING: Final = "0" * 64
"""The hash before the first line."""

_HEAD = re.compile(r"([1-9]\d{0,17}):([0-9a-f]{64})", re.ASCII)
_CODE = re.compile(r"[\w.:@+/-]{1,100}")


@dataclass(frozen=True, slots=True)
class Link:
    """A line as it stands in the chain: every value as the text that is hashed; `codes` is JSON with sorted keys."""

    number: int
    at: str
    agent: str
    action: str
    subject: str
    codes: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """A line's number with its hash, which stands for all lines up to it."""

    number: int = 0
    hash: str = BEGINNING

    @classmethod
    def parse(cls, text: str) -> Head:
        """From `NUMBER:HASH`; ValueError says what would be understood."""
        found = _HEAD.fullmatch(text.strip().lower())
        if found is None:
            raise ValueError(f"{text!r} is no head of the log: write NUMBER:HASH as `caretool log --verify` printed it")
        return cls(int(found[1]), found[2])

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Break:
    """A line at which the chain does not hold, and what is wrong there."""

    number: int
    what: str


def hash_of(previous: str, number: int, at: str, agent: str, action: str, subject: str, codes: str) -> str:
    """SHA-256, 64 hex digits, of the JSON array of these values, as Python writes it."""
    return hashlib.sha256(json.dumps([previous, number, at, agent, action, subject, codes]).encode()).hexdigest()


def codes_text(codes: Mapping[str, str | int | None]) -> str:
    """As they are hashed, and stored."""
    return json.dumps(codes, sort_keys=True)


def must_be_codes(*texts: str) -> None:
    """ValueError where one is no id and no code: a text or a name could never be forgotten."""
    for text in texts:
        if not _CODE.fullmatch(text):
            raise ValueError(f"the log holds ids and codes, and {text!r} is neither: keep it in a note or a table")


class Walk:
    """Looks at one line after the other. `noted` are heads known from elsewhere, each with where it is from."""

    def __init__(self, after: Head | None = None, noted: Mapping[Head, str] | None = None) -> None:
        """`after`: the last line of those that are not looked at."""
        self.head = after or Head()
        self.lines = 0
        self._noted: dict[int, list[tuple[str, str]]] = {}
        for head, whence in (noted or {}).items():
            self._noted.setdefault(head.number, []).append((head.hash, whence))

    def step(self, link: Link) -> Iterator[Break]:
        """What is wrong with the next line; it goes on from there as if it were right."""
        last, expected = self.head.number, self.head.number + 1
        self.lines += 1
        if link.number < expected:
            yield Break(link.number, f"stands after line {last}: it was put in, or moved")
        elif link.number > expected:
            up_to = f", and so is every line up to {link.number - 1}" if link.number > expected + 1 else ""
            yield Break(expected, f"is missing{up_to}")
        elif link.hash != self._hash(link):
            before = f" or line {last}" if last else ""
            yield Break(link.number, f"does not follow from what is before it: it{before} was changed, put in or moved")
        for known, whence in self._noted.get(link.number, ()):
            if known != link.hash:
                yield Break(link.number, f"is not the one {whence}: it, or a line before it, was written anew since")
        self.head = Head(link.number, link.hash)

    def end(self) -> Iterator[Break]:
        """What is wrong after the last line: those that were known of and are no longer there."""
        for number in sorted(number for number in self._noted if number > self.head.number):
            for _, whence in self._noted[number]:
                yield Break(number, f"is the one {whence}, and is missing: the log ends with line {self.head.number}")

    def _hash(self, link: Link) -> str:
        return hash_of(self.head.hash, link.number, link.at, link.agent, link.action, link.subject, link.codes)
