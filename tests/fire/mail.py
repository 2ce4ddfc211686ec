"""A mailbox under fire: its place, what goes wrong in a talk with it, and a desk that is killed in the midst of one."""

from __future__ import annotations

import imaplib
import random
import select
import smtplib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from caretool.domain.comment import Incoming
from caretool.platforms.email.connector import EmailPlatform
from caretool.platforms.platform import Opening
from tests.platforms.contract import NOON
from tests.platforms.email_harness import EmailHarness, connect
from tests.platforms.fake_email import FakeEmail, Fate, serving

Step = Callable[[str], None]
_FATES: Mapping[str, Fate] = {
    "dropped before": "before",
    "dropped after": "after",
    "half": "half",
    "busy": "busy",
    "token dies": "refused",
}
FAULTS = (*_FATES, "inserted", "renumbered")
_AT_ITS_END = 4  # times as often it goes wrong where nobody knows what came of it
_SOON = 0.05  # seconds


class MailPlace:
    """A mailbox and its two servers on sockets of their own. `address` are the ports of IMAP and SMTP."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.fake = self._stack.enter_context(serving(FakeEmail(NOON)))
        self._harness = EmailHarness(self.fake)

    @property
    def now(self) -> datetime:
        return self.fake.now

    @now.setter
    def now(self, moment: datetime) -> None:
        self.fake.now = moment

    @property
    def address(self) -> tuple[int, int]:
        return self.fake.imap_port, self.fake.smtp_port

    def receive(self, comments: Sequence[Incoming]) -> None:
        self._harness.receive(comments)

    def open(self, length: int | None = None) -> EmailPlatform:
        return self._harness.open(length)

    def replies(self) -> list[str]:
        return self._harness.replies()

    def close(self) -> None:
        """Both servers end."""
        self._stack.close()


class MailFire:
    """As `Fire`, command by command. Where folders are numbered anew, every mail is read again."""

    def __init__(self, place: MailPlace, seed: int, writes: Callable[[], None], share: float) -> None:
        self.lit, self.token_dead, self.fetching = True, False, False
        self.happened: Counter[str] = Counter()
        self._random, self._writes, self._share, self._fake = random.Random(seed), writes, share / 2, place.fake
        place.fake.fate = self._fate

    def _fate(self, command: str) -> Fate | None:
        enters = command in ("IMAP LOGIN", "SMTP AUTH")
        if not self.lit:
            return None
        if self.token_dead:
            return "refused" if enters else None
        share = self._share * (_AT_ITS_END if command == "SMTP CONTENT" else 1)
        fault = self._random.choice(FAULTS) if self._random.random() < share else None
        if fault == "token dies" and not enters:
            fault = None
        if fault is None or (fault not in _FATES and not self.fetching):
            return None
        self.happened[fault] += 1
        self.token_dead = fault == "token dies"
        if fault == "inserted":
            self._writes()
        elif fault == "renumbered":
            self._renumber()
        return _FATES.get(fault)

    def _renumber(self) -> None:
        for kept in self._fake.folders.values():
            kept.validity += 1
            kept.next_uid += 100
            for stored in kept.mails:
                stored.uid += 100


def opened_there(ports: Sequence[int], opening: Opening, step: Step) -> EmailPlatform:
    """In a child: a connection to the mailbox at these ports, with a step around each line that is said there."""
    for talk in (imaplib.IMAP4, smtplib.SMTP):
        _stepping(talk, step)
    there = FakeEmail(opening.clock())
    there.imap_port, there.smtp_port = ports
    return connect(there, max_length=10_000)


def _stepping(talk: Any, step: Step) -> None:
    send = talk.send

    def sent(self: Any, data: bytes | str) -> None:
        line = data if isinstance(data, bytes) else data.encode("ascii")
        step("before a line leaves")
        send(self, line[: len(line) // 2])
        step("half a line has left")
        send(self, line[len(line) // 2 :])
        step("a line has left")
        # To all but the mail before its last dot.
        if select.select([self.sock], [], [], _SOON)[0]:
            step("the server has answered, nobody has read it")

    talk.send = sent
