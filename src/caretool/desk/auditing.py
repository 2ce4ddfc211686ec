"""Audit: what was done about comments and their authors, for anyone who wants to look it over."""

from __future__ import annotations

import hashlib
from datetime import datetime

from caretool.desk import notifying
from caretool.desk.desk import Desk
from caretool.domain.audit import Audit, audit, concerned
from caretool.errors import NotFound, UsageProblem


def look_over(desk: Desk, since: datetime | None, as_of: datetime) -> Audit:
    """What was begun since a moment (None: ever) until another."""
    followers = {name: account.followers for name, account in desk.settings.accounts.items()}
    done = desk.store.moderations.since(since, as_of)
    about = sorted({comment for one in done for comment in concerned(one)})
    return audit(done, followers, since=since, as_of=as_of, log=desk.store.journal.about(about))


def tell(desk: Desk, owner: str, found: Audit) -> notifying.Notified:
    """Send the report to an owner of accounts.toml, at each address. NotFound, UsageProblem."""
    from caretool.notifiers.notifier import Message
    from caretool.reports import moderation

    outcome = notifying.Notified()
    known = desk.settings.owners.get(owner)
    if known is None:
        raise NotFound(f"No owner is called {owner!r}: accounts.toml has {', '.join(desk.settings.owners) or 'none'}.")
    if not known.notify:
        raise UsageProblem(f'{owner} cannot be told: add notify = ["mailto:…"] to [owners.{owner}] in accounts.toml.')
    letter = moderation.letter(found, desk.policy.company.name, desk.zone)
    at = found.as_of.astimezone(desk.zone)
    for place, address in enumerate(known.notify, start=1):
        name = f"owners.{owner}.notify[{place}]"
        key = hashlib.blake2b(f"{name}\n{letter.text}".encode(), digest_size=12).hexdigest()
        message = Message(letter.subject, letter.text, letter.short, letter.html, at, key)
        notifying.tell_one(desk, outcome, owner, address, name, message)
    return outcome
