"""What is new in a mailbox, folder by folder, a page at a time; then what we sent ourselves.

A bookmark holds, for each folder, what its numbers are good for and the number of the last mail that was read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from caretool.domain.comment import Incoming
from caretool.errors import PlatformFailed
from caretool.platforms.email.imap import Box, Folder, Row
from caretool.platforms.email.mail import BEGINNING, Mail, NoMail, read_mail
from caretool.platforms.platform import Page, Skipped

PAGE = 40
_BATCH = 4 * 1024 * 1024  # bytes of mails asked for at once
_AT_ONCE = 10  # Message-IDs that are looked for at once
_PATIENCE = 3  # times that a folder may be renumbered while it is read


@dataclass(frozen=True, slots=True)
class Reading:
    """Whose mailbox it is and what of it is read: our `address`, the `folders`, the one of what we `sent`, mails larger
    than `largest` bytes only in part, those that came through a list only if they are `listed`."""

    account: str
    address: str
    folders: tuple[str, ...]
    sent: str
    largest: int
    listed: bool
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Bookmark:
    """By folder, what its numbers are good for and the last one that was read."""

    read: dict[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> Bookmark:
        """The beginning where there is none, or where another platform left it."""
        try:
            kept = json.loads(text or "{}")
            read = {name: (validity, last) for name, (validity, last) in kept["read"].items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()
        sound = all(type(number) is int and number >= 0 for pair in read.values() for number in pair)
        return cls(read) if sound else cls()

    def __str__(self) -> str:
        return json.dumps({"read": self.read})

    def at(self, folder: Folder, last: int) -> Bookmark:
        """With this mail read."""
        return Bookmark(self.read | {folder.name: (folder.validity, last)})


class _Renumbered(Exception):
    """The places of a folder are not those they were."""


class Fetch:
    """One fetch, from `bookmark` on."""

    def __init__(self, box: Box, reading: Reading, bookmark: Bookmark) -> None:
        self._box = box
        self._reading = reading
        self._mark = bookmark
        self._passed = 0

    def pages(self) -> Iterator[Page]:
        """Raises as `Platform.fetch` does."""
        for name in self._reading.folders:
            folder = self._box.folder(name)
            if folder is None:
                raise PlatformFailed(f"{self._reading.account}: the mailbox has no folder {name!r}: see folders")
            yield from self._new(folder, own=False)
        folder = self._box.folder(self._reading.sent)
        if folder is None:
            told = f"There is no folder {self._reading.sent!r}: what is answered elsewhere is not seen (see sent)."
            yield Page((), str(self._mark), remarks=(told,))
        elif folder.name not in self._reading.folders:
            yield from self._new(folder, own=True)

    def _new(self, folder: Folder, *, own: bool) -> Iterator[Page]:
        validity, last = self._mark.read.get(folder.name, (folder.validity, 0))
        remarks: tuple[str, ...] = ()
        if validity != folder.validity:
            last, remarks = 0, (f"The server has numbered {folder.name} anew: it is read again.",)
        if own and last == 0 and self._reading.since is not None:
            recent = self._box.since((self._reading.since - timedelta(days=1)).date())
            if not recent:
                return
            last = recent[0] - 1
        self._passed = 0
        for rows, is_last in self._rows(folder, last):
            self._mark = self._mark.at(folder, rows[-1].uid)
            yield self._page(folder, rows, own=own, remarks=remarks, is_last=is_last)
            remarks = ()

    def _rows(self, folder: Folder, last: int) -> Iterator[tuple[list[Row], bool]]:
        """The mails after number `last`, a page at a time, and whether it is the last page."""
        place: int | None = None
        patience = _PATIENCE
        while True:
            try:
                place = self._first_after(last, folder.count) if place is None else place
                if place > folder.count:
                    return
                rows = self._page_from(place, last, folder.count)
            except _Renumbered:
                place, patience = None, patience - 1
                if patience == 0:
                    raise self._failure(folder) from None
            else:
                last, place, patience = rows[-1].uid, rows[-1].place + 1, _PATIENCE
                yield rows, place > folder.count
            # Also because other folders were opened meanwhile, to see whether a mail is known from there.
            again = self._box.folder(folder.name)
            if again is None or again.validity != folder.validity:
                raise self._failure(folder)
            folder = again

    def _failure(self, folder: Folder) -> PlatformFailed:
        return PlatformFailed(f"{self._reading.account}: {folder.name} was renumbered while it was read")

    def _page_from(self, place: int, last: int, count: int) -> list[Row]:
        """The page that begins at a place, seen to follow the last mail that was read."""
        rows = self._box.rows(max(place - 1, 1), min(place + PAGE - 1, count))
        new = [row for row in rows if row.uid > last]
        follows = place == 1 or any(row.uid <= last for row in rows)
        if not new or not follows or any(one.uid >= two.uid for one, two in pairwise(new)):
            raise _Renumbered
        return new

    def _first_after(self, last: int, count: int) -> int:
        """The place of the first mail with a higher number: from the end, where new ones are, in growing steps, then in
        halves."""
        if last == 0 or count == 0:
            return 1
        above, step = count + 1, 1
        below = count
        while below > 0 and self._uid(below) > last:
            above, step = below, 2 * step
            below = above - step
        below = max(below, 0)
        while above - below > 1:
            middle = (above + below) // 2
            if self._uid(middle) > last:
                above = middle
            else:
                below = middle
        return above

    def _uid(self, place: int) -> int:
        rows = self._box.rows(place, place)
        if not rows:
            raise _Renumbered
        return rows[0].uid

    def _page(self, folder: Folder, rows: list[Row], *, own: bool, remarks: tuple[str, ...], is_last: bool) -> Page:
        mails, skipped, told = self._read(folder, rows)
        if own:
            comments = [mail.incoming(own=True) for mail in mails.values()]
        else:
            wanted = {uid: mail for uid, mail in mails.items() if not self._is_passed_over(mail)}
            self._passed += len(mails) - len(wanted)
            others = self._taken(folder, wanted)
            comments = [
                mail.incoming(own=False, native_id=mail.other_id if uid in others else None)
                for uid, mail in wanted.items()
            ]
        if is_last and self._passed:
            what = "mail was" if self._passed == 1 else "mails were"
            told.append(f"{folder.name}: {self._passed} {what} passed over (sent by programs, to lists, or by us).")
            self._passed = 0
        return Page(_in_order(comments), str(self._mark), skipped=tuple(skipped), remarks=(*remarks, *told))

    def _read(self, folder: Folder, rows: list[Row]) -> tuple[dict[int, Mail], list[Skipped], list[str]]:
        """The mails by their numbers, what could not be read, and what of them a person should know."""
        mails: dict[int, Mail] = {}
        skipped: list[Skipped] = []
        told: list[str] = []
        for batch, most in _batches(rows, self._reading.largest):
            raws = self._box.mails(batch, most)
            for row in batch:
                where = f"{folder.name} UID {row.uid}"
                raw = raws[row.uid] if row.uid in raws else self._box.mail(row.uid, most)
                if raw is None:  # deleted since it was listed
                    continue
                try:
                    mails[row.uid] = read_mail(raw, row.arrived, self._reading.address)
                except NoMail as problem:
                    skipped.append(Skipped(where, str(problem)))
                    continue
                if row.size > self._reading.largest:
                    told.append(f"{where} has {row.size / 1_000_000:.1f} MB: only its beginning was read.")
        return mails, skipped, told

    def _is_passed_over(self, mail: Mail) -> bool:
        """Whether it came from no person (RFC 3834), or from us."""
        ours = mail.author.handle.casefold() == self._reading.address.casefold()
        return ours or mail.automatic or (mail.listed and not self._reading.listed)

    def _taken(self, folder: Folder, mails: dict[int, Mail]) -> set[int]:
        """The numbers of those whose Message-ID another mail had first: else a stranger could write over what somebody
        else wrote, or over what we sent."""
        first: dict[str, Mail | None] = {}
        known = [mail.id for mail in mails.values() if mail.id is not None]
        if mails and known:
            self._look_up(known, first, before=min(mails))
            for name in (*self._reading.folders, self._reading.sent):
                other = None if name == folder.name else self._box.folder(name)
                if other is not None:
                    ours = name == self._reading.sent
                    self._look_up(known, first, before=None if ours else self._read_up_to(other) + 1, ours=ours)
        others = set()
        for uid, mail in mails.items():
            if mail.id is None:
                continue
            known_as = first.setdefault(mail.id, mail)
            if known_as is None or (known_as.author.handle, known_as.text) != (mail.author.handle, mail.text):
                others.add(uid)
        return others

    def _read_up_to(self, folder: Folder) -> int:
        """The number of the last mail that was read there; 0: none was."""
        validity, last = self._mark.read.get(folder.name, (folder.validity, 0))
        return last if validity == folder.validity else 0

    def _look_up(
        self, ids: Sequence[str], first: dict[str, Mail | None], *, before: int | None = None, ours: bool = False
    ) -> None:
        """Find in the open folder which mails have these Message-IDs; None stands for one of `ours`."""
        if before == 1:
            return
        for start in range(0, len(ids), _AT_ONCE):
            some = [one for one in ids[start : start + _AT_ONCE] if one not in first]
            if not some or not self._box.having_any("Message-ID", [f"<{one}>" for one in some], before=before):
                continue
            for one in some:
                found = self._box.having("Message-ID", f"<{one}>", before=before)
                mail = self._mail(found[0]) if found else None
                if mail is not None and mail.id == one:
                    first[one] = None if ours else mail

    def _mail(self, uid: int) -> Mail | None:
        raw = self._box.mail(uid, self._reading.largest)
        try:
            return None if raw is None else read_mail(raw, None, self._reading.address)
        except NoMail:
            return None


def _batches(rows: list[Row], largest: int) -> Iterator[tuple[list[Row], int]]:
    """What is asked for at once, and how much of each mail: a large one comes alone, and only its beginning."""
    batch: list[Row] = []
    for row in rows:
        if row.size > largest:
            yield [row], BEGINNING
        elif batch and sum(one.size for one in batch) + row.size > _BATCH:
            yield batch, largest
            batch = [row]
        else:
            batch.append(row)
    if batch:
        yield batch, largest


def _in_order(comments: list[Incoming]) -> tuple[Incoming, ...]:
    """Oldest first: a mail may have been held back on its way."""
    dated = [comment for comment in comments if comment.written_at is not None]
    undated = [comment for comment in comments if comment.written_at is None]
    return (*sorted(dated, key=lambda comment: str(comment.written_at)), *undated)
