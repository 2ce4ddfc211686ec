"""Notify: each owner hears of their own promises, once a promise and stage, whatever runs at the same time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from caretool.desk import reporting
from caretool.desk.locks import held
from caretool.domain.mailbox import is_mailto, mailbox_of
from caretool.domain.promise import Overdue, Stage
from caretool.errors import CaretoolError, TokenRefused, UsageProblem
from caretool.notifiers.notifier import Message, Notifier
from caretool.secrets import Secret
from caretool.store.notices import Notice

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.domain.policy import Reference


@dataclass(frozen=True, slots=True)
class Told:
    """One message that went out: to whom, and about which promises (ids)."""

    owner: str
    promises: tuple[str, ...]


@dataclass
class Notified:
    """Who was told of what, who has no address (owners), and what did not go well."""

    told: list[Told] = field(default_factory=list)
    unreachable: list[str] = field(default_factory=list)
    problems: list[CaretoolError] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 if nothing failed; 4 if only secrets were missing or refused; 6 if some were told; 1 if nobody was."""
        if not self.problems:
            return 0
        if self.told:
            return 6
        return 4 if all(isinstance(problem, TokenRefused) for problem in self.problems) else 1


def notify(desk: Desk, stages: Collection[Stage], owner: str | None = None) -> Notified:
    """Tell every owner (or one `owner`) what is new at these stages, as it stands when it is their turn.

    Under one lock, which dies with its process: a run that meets another waits, and finds told what that one told. A
    claim that is found was left by somebody who is gone, and its message goes out (again). One address's trouble stops
    no other, and is tried again at the next run.
    """
    outcome = Notified()
    desk.onlooker()  # an agent that does not exist is told before anything leaves
    with held(desk, "notices", "waiting for another caretool that is telling owners"):
        now = desk.clock()
        for name, theirs in reporting.today(desk, now, owner).owners.items():
            pressing = _only(theirs, lambda stage, _: stage in stages)
            if _notices(pressing):
                _tell(desk, name, pressing, now, outcome)
    return outcome


def _tell(desk: Desk, owner: str, theirs: Overdue, now: datetime, outcome: Notified) -> None:
    known = desk.settings.owners.get(owner)
    addresses = known.notify if known is not None else ()
    if not addresses:
        outcome.unreachable.append(owner)
    for place, address in enumerate(addresses, start=1):
        desk.progress(f"telling {owner}")
        try:
            told = _tell_at(desk, owner, address, f"owners.{owner}.notify[{place}]", theirs, now)
        except CaretoolError as problem:
            outcome.problems.append(problem)
        else:
            outcome.told += [Told(owner, told)] if told else []


def _tell_at(
    desk: Desk, owner: str, address: str | Reference, name: str, theirs: Overdue, now: datetime
) -> tuple[str, ...]:
    """Tell one address what is new to it; the ids of the promises."""
    from caretool.reports.letter import letter

    key = _key(address)
    news = desk.store.notices.untold(key, _notices(theirs))
    if not news:
        return ()
    notifier = _notifier(desk, owner, address, name)
    new = {notice.promise for notice in news}
    said = letter(
        owner,
        desk.policy.company.name,
        _only(theirs, lambda _, promise: promise in new),
        _only(theirs, lambda _, promise: promise not in new),
        desk.zone,
    )
    message = Message(said.subject, said.text, said.short, said.html, now.astimezone(desk.zone), _digest(key, news))
    desk.store.notices.claim(key, news, now)
    notifier.tell(message)
    ids = tuple(notice.promise for notice in news)
    with desk.store.writing():
        desk.store.notices.told(key, news, now)
        for notice in news:
            codes = {"owner": owner, "stage": notice.stage}
            desk.store.journal.write("promise-told", [notice.promise], agent=desk.onlooker(), at=now, codes=codes)
    return ids


def tell_one(desk: Desk, outcome: Notified, owner: str, address: str | Reference, name: str, message: Message) -> None:
    """Send a message that is no promise's to one address of an owner; `name` is the key under which it stands in
    accounts.toml."""
    desk.progress(f"telling {owner}")
    try:
        _notifier(desk, owner, address, name).tell(message)
    except CaretoolError as problem:
        outcome.problems.append(problem)
    else:
        outcome.told.append(Told(owner, ()))


def _notices(theirs: Overdue) -> list[Notice]:
    return [Notice(one.id, stage, one.due_at) for stage, promises in theirs.staged for one in promises]


def _only(theirs: Overdue, wanted: Callable[[Stage, str], bool]) -> Overdue:
    overdue, at_risk, due_next = (
        tuple(promise for promise in promises if wanted(stage, promise.id)) for stage, promises in theirs.staged
    )
    return Overdue(theirs.as_of, overdue, at_risk, due_next)


def _notifier(desk: Desk, owner: str, address: str | Reference, name: str) -> Notifier:
    written = isinstance(address, str)
    url = address if isinstance(address, str) else Secret.model_validate(dict(address)).reveal(name)
    if is_mailto(url):
        from caretool.notifiers.mail import Mailbox

        mailbox, server = mailbox_of(url), desk.settings.mail
        if mailbox is None:
            raise UsageProblem(f"{name} holds no mail address: write it like mailto:desk@shop.example.")
        if server is None:
            raise UsageProblem(f"{owner} is told by mail, and accounts.toml has no [mail]: add server and from.")
        return Mailbox(server, mailbox, desk.policy.company.name, shown=mailbox if written else name)
    from caretool.notifiers.apprise import Elsewhere

    return Elsewhere(url, name)


def _key(address: str | Reference) -> str:
    """What an address is called in the store: of the way it is written in the file, which is no secret."""
    return _hash(address if isinstance(address, str) else json.dumps(dict(address), sort_keys=True))


def _digest(key: str, news: list[Notice]) -> str:
    """The same for the same news to the same address."""
    return _hash(json.dumps([key, sorted([n.promise, n.stage, n.due_at.isoformat()] for n in news)]))


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
