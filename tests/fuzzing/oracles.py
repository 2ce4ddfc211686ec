"""What holds of whatever comes out, whatever went in."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

Read = Callable[[bytes], None]
Value = TypeVar("Value")

CORPUS = Path(__file__).parent / "corpus"
_LONGEST_LINE = 1_500
# Where inputs are instrumented everything takes longer.
_SLOWNESS = float(os.environ.get("CARETOOL_FUZZ_SLOWNESS", "1"))


class Fault(AssertionError):
    """What came out does not hold."""


@dataclass(frozen=True, slots=True)
class Group:
    """Readers that are fuzzed together, each by its letter; where their inputs begin (`seeds`, a reader's letter first)
    and `words` worth a try. Reading takes at most `seconds` and `per_byte` of processor time."""

    name: str
    readers: Mapping[str, Read]
    seeds: Callable[[], Iterable[bytes]]
    words: Callable[[], Iterable[str]]
    longest: int
    seconds: float = 0.5
    per_byte: float = 0.0005

    def judge(self, data: bytes) -> None:
        """Read it by its letter (any other first byte is one of them, too). Raises Fault, and what escaped."""
        letters = sorted(self.readers)
        letter = chr(data[0]) if data[:1] else letters[0]
        reader = self.readers.get(letter) or self.readers[letters[ord(letter) % len(letters)]]
        allowed = (self.seconds + self.per_byte * len(data)) * _SLOWNESS
        # What had to be loaded for it the first time is not its fault.
        if _timed(reader, data[1:], 1) > allowed and (took := _timed(reader, data[1:], 1)) > allowed:
            raise Fault(f"{len(data)} bytes took {took:.2f} s of processor time, not {allowed:.2f}")

    def warm(self) -> None:
        """Let every reader load what it needs once, so that no input pays for it."""
        for letter in self.readers:
            self.readers[letter](next(seed[1:] for seed in self.seeds() if chr(seed[0]) == letter))

    @property
    def corpus(self) -> Path:
        return CORPUS / self.name


def hold(holds: object, what: str, *values: object) -> None:
    """Fault with `what` and the values where it does not."""
    if not holds:
        raise Fault(f"{what}: {', '.join(map(ascii, values))[:2_000]}")


def calm(line: str) -> None:
    """One line that a person can read."""
    hold(isinstance(line, str) and line.strip(), "says nothing", line)
    hold(line.isprintable(), "is more than one line, or holds what a terminal obeys", line)
    hold(len(line) <= _LONGEST_LINE, "is endless", len(line), line[:200])
    hold("Traceback" not in line and "object at 0x" not in line, "is no sentence", line)
    writable(line)


def writable(text: str) -> None:
    """What a database and a file can hold."""
    hold("\x00" not in text, "holds NUL", text)
    try:
        text.encode()
    except UnicodeEncodeError:
        hold(False, "holds half a character", text)


def aware(moment: datetime) -> None:
    """In UTC."""
    hold(moment.utcoffset() == timedelta(0), "is not in UTC", moment)


def same(make: Callable[[], Value], first: Value) -> None:
    """What is made again is what was made before."""
    again = make()
    hold(again == first, "is another the second time", first, again)


def steady(read: Callable[[str], object], text: str, quick: float = 0.02) -> None:
    """Four times the text does not take sixteen times as long. What is read in no time is not measured."""
    if _timed(read, text, 1) < quick * _SLOWNESS:
        return
    once = _timed(read, text, 3)
    # A longer one, so that what is cut off at some length is not taken for what grows.
    four, sixteen = _timed(read, text * 4, 3), _timed(read, text * 16, 1)
    grows = four > 10 * once and sixteen > 10 * four
    hold(not grows, "takes longer than in proportion", len(text), round(once, 3), round(four, 3), round(sixteen, 3))


def _timed(read: Callable[[Value], object], text: Value, times: int) -> float:
    took = []
    for _ in range(times):
        began = time.process_time()
        read(text)
        took.append(time.process_time() - began)
    return min(took)
