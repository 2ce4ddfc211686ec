"""What of a connector's hands holds, whatever its platform said: pages, what was looked at, posted, checked."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from caretool.domain.comment import Incoming
from caretool.platforms.platform import Checked, Looked, Page, Posted
from caretool.store.store import Store
from tests.fuzzing.oracles import calm, hold, writable

Value = TypeVar("Value", Page, Looked, Checked, Posted)

LARGEST = 2**63 - 1
_NOW = datetime(2026, 11, 23, 8, 12, tzinfo=UTC)
# What a person's screen, and a line of a database, are still good for.
_LONGEST_NAME = 4_000


class _Undone(Exception):
    """Nothing of it is kept."""


@lru_cache(maxsize=1)
def _store() -> Store:
    return Store(":memory:", _NOW)


def sound(some: Iterable[Page]) -> str | None:
    """The bookmark after them."""
    pages = [whole(page) for page in some]
    for page in pages:
        writable(page.bookmark)
        for line in (*page.remarks, *(word for one in page.skipped for word in (one.where, one.why))):
            calm(line)
        for comment in page.comments:
            sensible(comment)
    _stored(pages)
    return pages[-1].bookmark if pages else None


def whole(value: Value) -> Value:
    """It has the types that it says."""
    try:
        msgspec.convert(asdict(value), type(value), strict=True)
    except msgspec.ValidationError as problem:
        hold(False, f"is not what it says ({problem})", value)
    return value


def sensible(comment: Incoming) -> None:
    """Somebody wrote it at some moment, and it is known by an id."""
    hold(comment.native_id and comment.author.handle, "has no id or nobody wrote it", comment)
    hold(len(comment.native_id) <= _LONGEST_NAME, "has an endless id", comment.native_id[:80])
    for number in (comment.rating, comment.likes, comment.author.followers):
        hold(number is None or -LARGEST <= number <= LARGEST, "is no number that a database holds", number)
    for moment in (comment.written_at, comment.closes_at, comment.private_until):
        hold(moment is None or moment.tzinfo is not None, "has no zone", moment)


def sound_answer(value: Any) -> None:
    """Whatever else a connector gives back."""
    if isinstance(value, Looked):
        for comment in whole(value).edited:
            sensible(comment)
    elif isinstance(value, Checked):
        for line in whole(value).remarks:
            calm(line)
    elif isinstance(value, Posted):
        hold(whole(value).posted_at.tzinfo is not None, "has no zone", value)
        hold(value.native_id, "has no id", value)
    else:
        hold(value is None or isinstance(value, str), "is nothing that was asked for", value)


def _stored(pages: Iterable[Page]) -> None:
    """Whatever a connector hands over, the store can keep."""
    with suppress(_Undone), _store().writing():
        for page in pages:
            known = {"bookmark": page.bookmark, "now": _NOW, "deleted": page.deleted, "facts": page.facts}
            _store().arrivals.add_page("page", page.comments, **known)
        raise _Undone
