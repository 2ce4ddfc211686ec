"""What we can do about what somebody wrote on a Mastodon server: mute and block them, report or like it. There, nobody
can hide what another wrote.

https://docs.joinmastodon.org/methods/accounts/, /methods/reports/ and /methods/statuses/#favourite
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from caretool.domain.harmless import one_line
from caretool.errors import AnswerLost, PlatformFailed
from caretool.http import Answer, Refused
from caretool.platforms.mastodon.server import Server
from caretool.platforms.mastodon.wire import Facts
from caretool.platforms.platform import Offence

SCOPES = ("write:mutes", "write:blocks", "write:reports", "write:favourites")
Verb = Literal["mute", "unmute", "block", "unblock"]
# What a server shows of us and them once it is done.
_SHOWN: dict[Verb, tuple[str, bool]] = {
    "mute": ("muting", True),
    "unmute": ("muting", False),
    "block": ("blocking", True),
    "unblock": ("blocking", False),
}
# All else that may be reported is for a server's own rules to weigh.
_SPAM = frozenset({"spam", "repeated"})


@dataclass(frozen=True, slots=True)
class Guard:
    """One account's means; `facts` say who we are there. Each method raises as `Platform.post` does."""

    account: str
    server: Server
    facts: Facts

    def do(self, verb: Verb, offence: Offence) -> None:
        """Mute, unmute, block or unblock who wrote it; one who is already is no failure."""
        person = self._author(offence) or self._by_handle(offence)
        self._never_us(person, offence)
        answer = self.server.relate(person, verb, SCOPES[0] if "mute" in verb else SCOPES[1])
        name, wanted = _SHOWN[verb]
        shown = self._object(answer).get(name)
        if isinstance(shown, bool) and shown is not wanted:
            raise PlatformFailed(f"{self.account}: the server took it, and does not show it done: look there yourself")

    def report(self, offence: Offence) -> None:
        """Report the comment to our server's staff, not to another server's. It knows no key: each call is a report."""
        person = self._author(offence)
        if person is None:
            raise PlatformFailed(f"{self.account}: {_shown(offence.native_id)} is gone, there is nothing to report")
        self._never_us(person, offence)
        report = {
            "account_id": person,
            "status_ids": [offence.native_id],
            "category": "spam" if offence.ground in _SPAM else "other",
            "comment": f"Ground: {offence.ground}. Found by the people who answer for this account.",
            "forward": False,
        }
        self._object(self.server.report(report, SCOPES[2]))

    def like(self, native_id: str, *, undo: bool) -> None:
        """Favourite a status, or take that back; one that is so already is no failure. Raises as `Platform.fetch` does:
        whatever became of it, it can be asked for again."""
        verb = "unfavourite" if undo else "favourite"
        try:
            shown = self._object(self.server.favourite(native_id, verb, SCOPES[3])).get("favourited")
        except AnswerLost as lost:
            raise PlatformFailed(f"{lost}; ask for it again") from lost
        if isinstance(shown, bool) and shown is undo:
            raise PlatformFailed(f"{self.account}: the server took it, and does not show it done: look there yourself")

    def _author(self, offence: Offence) -> str | None:
        """The id of who wrote it, as the server shows it now; None: it is not to be seen any more."""
        status = self.server.statuses([offence.native_id], self.facts).seen.get(offence.native_id)
        if status is None:
            return None
        if not _same(status.author.handle, offence.handle):
            what = f"{_shown(offence.native_id)} is {_shown(status.author.handle)}'s"
            raise PlatformFailed(f"{self.account}: {what}, not {_shown(offence.handle)}'s: nothing was done")
        return status.account

    def _by_handle(self, offence: Offence) -> str:
        """Who is called so: what they wrote is often gone when it is to be undone."""
        try:
            found = self.server.person(offence.handle)
        except Refused as refused:
            if refused.status not in (400, 404, 410, 422):
                raise
            found = None
        if found is None or not _same(found[1], offence.handle):
            raise PlatformFailed(f"{self.account}: nobody is called {_shown(offence.handle)} there: nothing was done")
        return found[0]

    def _never_us(self, person: str, offence: Offence) -> None:
        if person == self.facts.id:
            raise PlatformFailed(f"{self.account}: {_shown(offence.native_id)} is our own: nothing was done")

    def _object(self, answer: Answer) -> dict[str, object]:
        data = answer.json()
        if not isinstance(data, dict):
            raise AnswerLost(f"{self.account}: the server answered with nonsense: it may have been done or not")
        return data


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _shown(text: str) -> str:
    return one_line(text, 80)
