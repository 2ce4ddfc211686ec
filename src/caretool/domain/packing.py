"""One answer for many, in as few parts as the platform's length allows; everyone is named exactly once (R6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from caretool.domain.draft import Addressee
from caretool.domain.limits import Limits
from caretool.errors import CaretoolError

Render = Callable[[Sequence[Addressee]], str]

# What a part's size is reckoned to be may be off by an "and" or two; rendering has the last word.
_SLACK = 4


class TooLongForOne(CaretoolError):
    """The text does not even fit when it names one person only; `over` is by how much, as the platform counts."""

    exit_code = 5

    def __init__(self, addressee: Addressee, over: int) -> None:
        super().__init__(f"The text is {over} characters too long even when it names only {addressee.called}")
        self.addressee = addressee
        self.over = over


def pack(people: Sequence[Addressee], render: Render, limits: Limits) -> list[tuple[Addressee, ...]]:
    """The people of each part, so that `render(part)` fits `limits.length` as `limits.measure` counts.

    Everyone is in exactly one part. The parts keep the order of `people` one after the other; only where fewer parts
    come of it are people taken out of their turn (then the order holds within each part). `render` must be longer the
    more people it names. Raises TooLongForOne if one person alone does not fit.
    """
    if limits.length is None or not people:
        return [tuple(people)] if people else []
    packer = _Packer(people, render, limits.measure, limits.length)
    if packer.fits(range(len(people))):
        return [tuple(people)]
    packer.weigh()
    parts = packer.in_turn()
    if len(parts) > packer.least():
        parts = min(parts, packer.longest_first(), key=len)
    return [tuple(people[index] for index in part) for part in parts]


class _Packer:
    """People by their index. A part's length is reckoned as `base` and the weight of each of its people."""

    def __init__(self, people: Sequence[Addressee], render: Render, measure: Callable[[str], int], length: int) -> None:
        self._people = people
        self._render = render
        self._measure = measure
        self._length = length
        self._weights: list[int] = []
        self._room = 0

    def size(self, part: Sequence[int]) -> int:
        return self._measure(self._render([self._people[index] for index in part]))

    def fits(self, part: Sequence[int]) -> bool:
        return self.size(part) <= self._length

    def weigh(self) -> None:
        """Naming n people in one part instead of n saves the rest of the text n - 1 times: so the base is found
        without knowing the text. Raises TooLongForOne."""
        everyone = range(len(self._people))
        alone = [self.size([index]) for index in everyone]
        longest = max(everyone, key=alone.__getitem__)
        if alone[longest] > self._length:
            raise TooLongForOne(self._people[longest], alone[longest] - self._length)
        if len(alone) == 1:
            return
        base = -((self.size(everyone) - sum(alone)) // (len(alone) - 1))
        self._weights = [size - base for size in alone]
        self._room = self._length - base

    def least(self) -> int:
        """No packing has fewer parts than this, as far as the reckoning goes."""
        return -(-sum(self._weights) // (self._room + _SLACK))

    def in_turn(self) -> list[list[int]]:
        """Each part takes the next people while they fit."""
        parts: list[list[int]] = [[]]
        for index in range(len(self._people)):
            if self._takes(parts[-1], index):
                parts[-1].append(index)
            else:
                parts.append([index])
        return parts

    def longest_first(self) -> list[list[int]]:
        """First-fit decreasing: the longest names first, each into the first part that takes it."""
        parts: list[list[int]] = []
        for index in sorted(range(len(self._people)), key=self._weights.__getitem__, reverse=True):
            part = next((part for part in parts if self._takes(part, index)), None)
            if part is None:
                parts.append([index])
            else:
                part.append(index)
                part.sort()
        return sorted(parts)

    def _takes(self, part: list[int], index: int) -> bool:
        reckoned = sum(self._weights[other] for other in part) + self._weights[index]
        return reckoned <= self._room + _SLACK and self.fits(sorted([*part, index]))
