"""What a moderation rule has to know of a comment beside its reading: who said the same, and what is known of its
author."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from caretool.desk.desk import Desk
from caretool.domain.comment import Comment
from caretool.domain.moderation import Circumstances, Copy, span
from caretool.domain.reading import Reading
from caretool.language.alike import fold_key, near, near_copies
from caretool.store.moderations import Stored

Look = Literal["quickly", "as the rules ask", "closely"]
# Where a rule counts anybody's messages whenever they were written, near copies are looked for in what is this old at
# the most, and in so many comments; exact copies however old.
_NEAR_BACK = timedelta(days=30)
_NEAR_AMONG = 20_000
_WORDS_LOOKED_FOR = 12


def readings(desk: Desk, comments: Sequence[Comment]) -> dict[str, Reading]:
    """What was read in these comments, or what a person corrected it to, by id; one nobody has read yet is chatter."""
    vulgar = desk.store.moderations.vulgar([comment.id for comment in comments])
    return {
        comment.id: Reading(
            language=comment.language or "",
            kind=comment.kind or "chatter",
            tone=comment.tone or "neutral",
            topic=comment.topic,
            vulgar=comment.id in vulgar,
            personal_data=comment.personal_data,
            escalation=comment.escalation,
        )
        for comment in comments
    }


def around(desk: Desk, comments: Sequence[Comment], look: Look = "as the rules ask") -> dict[str, Circumstances]:
    """The circumstances of these comments, by id. `closely`: look for near copies by anybody whether or not a rule asks
    for them; `quickly`: only for exact ones."""
    copies = _copies(desk, comments, look)
    whens = [rule.when for rule in desk.policy.moderation]
    history = any(when.removed_before is not None or when.first_comment is not None for when in whens)
    persons = {comment.person for comment in comments} if history else set()
    removed = desk.store.moderations.removed_before(persons)
    known = desk.store.moderations.how_many(persons)
    return {
        comment.id: Circumstances(
            account=comment.account,
            platform=_platform(desk, comment.account),
            person=comment.person,
            handle=comment.handle,
            written_at=comment.written_at,
            copies=copies.get(comment.id, ()),
            words=len(fold_key(comment.text).split()),
            threads=tuple(one for one in (comment.thread_native_id, comment.thread_url) if one),
            removed_before=sum(other != comment.id for other in removed.get(comment.person, ())),
            first_comment=known[comment.person] == 1,
        )
        for comment in comments
    }


def around_text(desk: Desk, text: str, account: str) -> Circumstances:
    """The circumstances of a text that nobody has posted yet on an account (empty: any): its copies are counted as if
    whoever posted it had written all of them."""
    same = desk.store.moderations.with_folds([fold_key(text)])
    copies = tuple(_copy(desk, one) for one in same)
    return Circumstances(
        account=account,
        platform=_platform(desk, account),
        person="",
        handle="",
        copies=tuple(replace(copy, person="") for copy in copies),
        words=len(fold_key(text).split()),
        first_comment=True,
    )


def _platform(desk: Desk, account: str) -> str:
    known = desk.settings.accounts.get(account)
    return known.platform if known is not None else ""


def _copies(desk: Desk, comments: Sequence[Comment], look: Look) -> dict[str, tuple[Copy, ...]]:
    """For each comment everything that says the same, itself among it; nothing where only it does."""
    ours = desk.store.moderations.stored([comment.id for comment in comments])
    sets, pool = _alike(desk, ours, look)
    exact = _by_fold(desk, {one.fold for one in pool.values() if one.fold})
    found: dict[str, tuple[Copy, ...]] = {}
    for members in sets:
        wanted = [one for one in ours if one.id in members]
        if not wanted:
            continue
        folds = {pool[member].fold for member in members}
        same = {member: pool[member] for member in members}
        same |= {one.id: one for fold in folds if fold for one in exact.get(fold, ())}
        if look != "quickly":
            same |= {one.id: one for one in _complaints(desk, wanted)}
        if len(same) > 1:
            together = tuple(_copy(desk, one) for one in same.values())
            found |= {one.id: together for one in wanted}
    return found


def _alike(desk: Desk, ours: Sequence[Stored], look: Look) -> tuple[list[set[str]], dict[str, Stored]]:
    """These and what is held against them, and what of it says the same or nearly, put together."""
    pool = {one.id: one for one in ours}
    counting = [rule.when for rule in desk.policy.moderation if rule.when.same_message_profiles is not None]
    if look == "quickly" or not (counting or look == "closely"):
        return _sets([list(pool.values())], exactly=True), pool
    pool |= {one.id: one for one in _by_the_same(desk, ours)}
    several = [span(when) or _NEAR_BACK for when in counting if when.by == "several"]
    if not several and look != "closely":
        return _sets(_by_author(desk, list(pool.values())), exactly=False), pool
    earliest = min((one.written_at for one in ours), default=desk.clock()) - max(several, default=_NEAR_BACK)
    since = max(earliest, desk.clock() - _NEAR_BACK)
    pool |= {one.id: one for one in desk.store.moderations.written_since(since, _NEAR_AMONG)}
    return _sets([list(pool.values())], exactly=False), pool


def _sets(pools: Sequence[Sequence[Stored]], *, exactly: bool) -> list[set[str]]:
    """Ids of what says the same within each pool."""
    found: list[set[str]] = []
    for pool in pools:
        roots: Sequence[object] = [one.fold for one in pool] if exactly else near_copies([one.text for one in pool])
        sets: dict[object, set[str]] = {}
        for one, root in zip(pool, roots, strict=True):
            says_something = one.fold or fold_key(one.text)  # two pictures without a word are no copies
            sets.setdefault(root if says_something else one.id, set()).add(one.id)
        found += sets.values()
    return found


def _by_author(desk: Desk, pool: Sequence[Stored]) -> list[list[Stored]]:
    """What each author wrote, an author being one person or one handle on one platform."""
    of_handle: dict[tuple[str, str], str] = {}
    of_person: dict[str, str] = {}
    authors: dict[str, list[Stored]] = {}
    for one in pool:
        handle = (_platform(desk, one.account), one.handle)
        author = of_person.get(one.person) or of_handle.get(handle) or one.person
        of_person[one.person] = of_handle[handle] = author
        authors.setdefault(author, []).append(one)
    return list(authors.values())


def _by_the_same(desk: Desk, ours: Sequence[Stored]) -> list[Stored]:
    """What else the authors of these wrote, on all accounts of the same platform."""
    handles: dict[str, set[str]] = {}
    for one in ours:
        handles.setdefault(_platform(desk, one.account), set()).add(one.handle)
    found: list[Stored] = []
    for platform, names in handles.items():
        accounts = {name for name, account in desk.settings.accounts.items() if account.platform == platform}
        found += desk.store.moderations.of_handles(names, accounts)
    return found


def _by_fold(desk: Desk, folds: set[str]) -> dict[str, list[Stored]]:
    found: dict[str, list[Stored]] = {}
    for one in desk.store.moderations.with_folds(folds):
        if one.fold:
            found.setdefault(one.fold, []).append(one)
    return found


def _complaints(desk: Desk, same: Sequence[Stored]) -> list[Stored]:
    """Complaints that say nearly the same as one of these, however old."""
    found: list[Stored] = []
    for text in {one.text for one in same}:
        words = sorted(set(fold_key(text).split()), key=lambda word: (-len(word), word))[:_WORDS_LOOKED_FOR]
        candidates = desk.store.moderations.complaints_like(words)
        alike = near(text, [one.text for one in candidates])
        found += [one for one, is_near in zip(candidates, alike, strict=True) if is_near]
    return found


def _copy(desk: Desk, one: Stored) -> Copy:
    return Copy(
        comment=one.id,
        account=one.account,
        platform=_platform(desk, one.account),
        person=one.person,
        handle=one.handle,
        kind=one.kind,
        written_at=one.written_at,
        url=one.url,
    )
