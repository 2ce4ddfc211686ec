"""How well the words that commit us are found, on the labelled texts of tests/data/commitments.

`python -m tests.language.measuring [PART …]` prints a table (all parts by default): figures only, never a text. In a
test, `measured(language, part)` gives them. With our findings F and the labels L of each text:

- text recall: of the texts with a label, the share in which something was found
- text precision: of the texts in which something was found, the share that have a label
- span recall, span precision: the share of L, and of F, that have a partner; partners overlap, one to one, those first
  that have most of their characters in common (intersection over union)
- due, kind: of the partners, the share whose due time (none where the label has none) and kind are the label's

A label that is vague must be found vague to count as due right. `ms` is the processor time one text took.
"""

from __future__ import annotations

import json
import sys
import time as clock
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from caretool.domain.calendar import Calendar
from caretool.domain.policy import PromiseKind
from caretool.domain.reading import Commitment
from caretool.language.commitments import find

LABELLED = Path(__file__).resolve().parent.parent / "data" / "commitments"
ROME = ZoneInfo("Europe/Rome")
POSTED_AT = datetime(2026, 11, 23, 9, 12, tzinfo=ROME)
_DAY = ((time(9), time(13)), (time(14), time(18)))
CALENDAR = Calendar("desk", ROME, (*([_DAY] * 5), ((time(9), time(13)),), ()), country="IT")  # type: ignore[arg-type]
_COLUMNS = "text recall  precision   span recall  precision     due   kind   texts  labels    ms"


@dataclass(frozen=True, slots=True)
class Label:
    """A commitment as a person marked it: where it stands in the text, its kind and due time."""

    start: int
    end: int
    kind: str
    due_at: datetime | None
    vague: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts over some texts; the shares are properties. 1.0 where there is nothing to be counted."""

    texts: int
    committing: int
    flagged: int
    rightly: int
    labels: int
    found: int
    partners: int
    due: int
    kind: int
    seconds: float

    @property
    def recall(self) -> float:
        """Of the texts that commit us, the share in which something was found."""
        return _share(self.rightly, self.committing)

    @property
    def precision(self) -> float:
        """Of the texts in which something was found, the share that commit us."""
        return _share(self.rightly, self.flagged)

    @property
    def due_right(self) -> float:
        """Of the partners, the share with the right due time."""
        return _share(self.due, self.partners)

    @property
    def kind_right(self) -> float:
        """Of the partners, the share with the right kind."""
        return _share(self.kind, self.partners)

    def __str__(self) -> str:
        spans = _share(self.partners, self.labels), _share(self.partners, self.found)
        return (
            f"{self.recall:11.3f}{self.precision:11.3f}{spans[0]:14.3f}{spans[1]:11.3f}{self.due_right:8.3f}"
            f"{self.kind_right:7.3f}{self.texts:8}{self.labels:8}{1000 * self.seconds / max(self.texts, 1):6.1f}"
        )


def measured(language: str, part: str) -> Figures:
    """The figures of `{language}-{part}.jsonl`, or of `{language}.jsonl` for the part `whole`."""
    name = language if part == "whole" else f"{language}-{part}"
    lines = (LABELLED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return figures([json.loads(line) for line in lines], [language])


def figures(entries: Sequence[Mapping[str, Any]], languages: Sequence[str]) -> Figures:
    """The figures of labelled texts (as in a line of the files) read in `languages`."""
    kinds = starter_kinds()
    find([""], languages=languages, kinds=kinds, calendar=CALENDAR, zone=ROME, posted_at=POSTED_AT)
    begun = clock.process_time()
    read = find(
        [entry["text"] for entry in entries],
        languages=languages,
        kinds=kinds,
        calendar=CALENDAR,
        zone=ROME,
        posted_at=POSTED_AT,
    )
    seconds = clock.process_time() - begun
    marked = [labels_of(entry) for entry in entries]
    pairs = [pair for labels, found in zip(marked, read, strict=True) for pair in partners(labels, found)]
    both = list(zip(marked, read, strict=True))
    return Figures(
        texts=len(entries),
        committing=sum(bool(labels) for labels in marked),
        flagged=sum(bool(found) for found in read),
        rightly=sum(bool(labels) and bool(found) for labels, found in both),
        labels=sum(map(len, marked)),
        found=sum(map(len, read)),
        partners=len(pairs),
        due=sum(due_agrees(label, one) for label, one in pairs),
        kind=sum(label.kind == one.promise_kind for label, one in pairs),
        seconds=seconds,
    )


def labels_of(entry: Mapping[str, Any]) -> list[Label]:
    """The labels of one line; an excerpt stands in its text exactly once."""
    return [
        Label(
            start=entry["text"].index(one["excerpt"]),
            end=entry["text"].index(one["excerpt"]) + len(one["excerpt"]),
            kind=one["kind"],
            due_at=datetime.fromisoformat(one["due"]) if one["due"] else None,
            vague=one["vague"],
        )
        for one in entry["commitments"]
    ]


def partners(labels: Iterable[Label], found: Iterable[Commitment]) -> list[tuple[Label, Commitment]]:
    """Labels and findings that overlap, one to one, the most alike first."""
    every = [(_alike(label, one), label, one) for label in labels for one in found]
    pairs: list[tuple[Label, Commitment]] = []
    for alike, label, one in sorted(every, key=lambda entry: -entry[0]):
        if alike > 0 and all(label is not other and one is not another for other, another in pairs):
            pairs.append((label, one))
    return pairs


def due_agrees(label: Label, found: Commitment) -> bool:
    """Whether the same due time was read, to the minute, and the same vagueness."""
    return label.due_at == found.due_at and label.vague == found.vague


@cache
def starter_kinds() -> Mapping[str, PromiseKind]:
    """The kinds of the starter policy with their cues, all on the one calendar of the set."""
    starter = tomllib.loads((files("caretool.starter") / "policies.toml").read_text(encoding="utf-8"))
    return {
        name: PromiseKind(name, table["owner"], ROME, cues={tag: tuple(cues) for tag, cues in table["cues"].items()})
        for name, table in starter["promises"].items()
    }


def _alike(label: Label, found: Commitment) -> float:
    common = min(label.end, found.end) - max(label.start, found.start)
    return common / (max(label.end, found.end) - min(label.start, found.start)) if common > 0 else 0.0


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def main(parts: Sequence[str]) -> None:
    """Print the table of the files whose part is asked for."""
    sys.stdout.write(f"{'':12}{_COLUMNS}\n")
    for path in sorted(LABELLED.glob("*.jsonl")):
        language, _, part = path.stem.partition("-")
        part = part or "whole"
        if not parts or part in parts:
            sys.stdout.write(f"{language} {part:9}{measured(language, part)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
