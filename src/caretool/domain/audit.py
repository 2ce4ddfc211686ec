"""What was done about comments and their authors, for anyone who wants to look it over (R1, R21): ids, codes and
figures, no text and no name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from caretool.domain.log import KIND_WAS, Line
from caretool.domain.moderation import GUARDED, SILENCING, Moderation

PER = 10_000


@dataclass(frozen=True, slots=True)
class Tally:
    """How often one action was taken on one ground: `undone` of them do not hold any more, of `unsure` ones nobody
    knows. `median_after`: from when it was written to when that was done."""

    ground: str
    action: str
    number: int
    undone: int
    unsure: int
    median_after: timedelta | None


@dataclass(frozen=True, slots=True)
class Reach:
    """One account: how often somebody was silenced there, how often banned, how many follow it (None: unknown)."""

    account: str
    silenced: int
    banned: int
    followers: int | None

    def per(self, number: int) -> float | None:
        """So many among 10,000 followers."""
        return number * PER / self.followers if self.followers else None


@dataclass(frozen=True, slots=True)
class Lifted:
    """That `agent` said of a complaint, `comment`, that it is of another `kind`, before `moderation` was done about it
    or about what says the same."""

    comment: str
    kind: str
    agent: str
    at: datetime
    moderation: str


@dataclass(frozen=True, slots=True)
class Audit:
    """The report. `since` None: from the beginning. `reaches`: every account; `known` are those together whose
    followers are known. `entries` are all that was done, the oldest first; `lifted`: which corrections of people let
    some of it be done."""

    since: datetime | None
    as_of: datetime
    tallies: tuple[Tally, ...]
    reaches: tuple[Reach, ...]
    known: Reach
    entries: tuple[Moderation, ...]
    lifted: tuple[Lifted, ...] = ()


def audit(
    done: Sequence[Moderation],
    followers: Mapping[str, int | None],
    *,
    since: datetime | None,
    as_of: datetime,
    log: Sequence[Line] = (),
) -> Audit:
    """The whole report. What failed was not done; `followers` by account; `log` holds the lines about `concerned`."""
    entries = tuple(one for one in done if one.state != "failed")
    accounts = sorted({*followers, *(one.account for one in entries)})
    reaches = tuple(
        _reach(name, [one for one in entries if one.account == name], followers.get(name)) for name in accounts
    )
    counted = [reach for reach in reaches if reach.followers]
    return Audit(
        since=since,
        as_of=as_of,
        tallies=tuple(_tallies(entries)),
        reaches=reaches,
        known=Reach(
            "all",
            sum(reach.silenced for reach in counted),
            sum(reach.banned for reach in counted),
            sum(reach.followers or 0 for reach in counted) or None,
        ),
        entries=entries,
        lifted=tuple(_lifted(entries, log)),
    )


def concerned(moderation: Moderation) -> frozenset[str]:
    """The comment, and those that said the same: a complaint among them would have protected it."""
    copies = moderation.evidence.copies if moderation.evidence is not None else ()
    return frozenset({moderation.comment, *(copy for copy, _, _ in copies)})


def _lifted(entries: Sequence[Moderation], log: Sequence[Line]) -> Iterator[Lifted]:
    corrections = [line for line in log if line.codes.get(KIND_WAS) == "complaint"]
    for entry in entries:
        if entry.action in GUARDED:
            about = concerned(entry)
            for line in corrections:
                if line.subject in about and line.at <= entry.made_at:
                    yield Lifted(line.subject, str(line.codes.get("kind")), line.agent, line.at, entry.id)


def _reach(account: str, entries: Sequence[Moderation], followers: int | None) -> Reach:
    silenced = sum(one.action in SILENCING for one in entries)
    return Reach(account, silenced, sum(one.action == "ban" for one in entries), followers)


def _tallies(entries: Sequence[Moderation]) -> list[Tally]:
    sorts = sorted({(one.ground or "", one.action) for one in entries})
    return [
        _tally(ground, action, [e for e in entries if (e.ground or "", e.action) == (ground, action)])
        for ground, action in sorts
    ]


def _tally(ground: str, action: str, entries: Sequence[Moderation]) -> Tally:
    after = [
        one.done_at - one.evidence.written_at for one in entries if one.done_at is not None and one.evidence is not None
    ]
    return Tally(
        ground=ground,
        action=action,
        number=len(entries),
        undone=sum(one.state == "undone" for one in entries),
        unsure=sum(one.state in ("doing", "unsure") for one in entries),
        median_after=timedelta(seconds=median(one.total_seconds() for one in after)) if after else None,
    )
