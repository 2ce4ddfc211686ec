"""A comment that comes in, as the row it is stored in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from caretool.domain.comment import Incoming, Thread
from caretool.domain.ids import make_id
from caretool.store.database import Row, moment_out, storable

# What is older than any platform, or later than any clock that is a little wrong, is not a date.
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = datetime(9000, 1, 1, tzinfo=UTC)


def row_of(
    number: int,
    account: str,
    incoming: Incoming,
    now: datetime,
    our_handle: str | None,
    closed_before: datetime | None,
    watch: str | None,
) -> Row:
    """The comment as it is stored first, without its person and its thread."""
    own = is_ours(incoming, our_handle)
    written_at, dated = _dated(incoming.written_at, now)
    old = closed_before is not None and written_at < closed_before
    return {
        "number": number,
        "id": make_id("c", number),
        "account": account,
        "native_id": incoming.native_id,
        "handle": incoming.author.handle,
        "form": incoming.form,
        "text": incoming.text,
        "private": int(incoming.private),
        "own": int(own),
        "reply_to": incoming.reply_to,
        "url": incoming.url,
        "rating": incoming.rating,
        "likes": incoming.likes,
        "attachments": json.dumps(incoming.attachments),
        "warning": incoming.warning,
        "tag": incoming.language,
        "written_at": moment_out(written_at),
        "dated": int(dated),
        "fetched_at": moment_out(now),
        "digest": digest_of(incoming),
        "state": "closed" if own or old else "waiting",
        "unread": int(not own),
        "watch": None if own else watch,
        **windows_of(incoming),
    }


def without_odd_bytes(incoming: Incoming) -> Incoming:
    """With what a database cannot hold replaced, wherever a connector lets it through."""
    author, thread = incoming.author, incoming.thread
    texts = (incoming.native_id, incoming.text, incoming.reply_to, incoming.url, incoming.language, incoming.warning)
    others = (author.handle, author.name, *((thread.native_id, thread.text, thread.url) if thread else ()))
    whole = "".join(text for text in (*texts, *others) if text)
    if storable(whole) == whole:
        return incoming
    return replace(
        incoming,
        native_id=storable(incoming.native_id),
        author=replace(author, handle=storable(author.handle), name=author.name and storable(author.name)),
        text=storable(incoming.text),
        reply_to=incoming.reply_to and storable(incoming.reply_to),
        thread=thread
        and Thread(
            storable(thread.native_id), thread.text and storable(thread.text), thread.url and storable(thread.url)
        ),
        url=incoming.url and storable(incoming.url),
        language=incoming.language and storable(incoming.language),
        warning=incoming.warning and storable(incoming.warning),
    )


def is_edited(row: Row, digest: str) -> bool:
    """Whether it is another comment than the one we know. What was erased stays so, whatever became of it there; and
    where somebody's name was taken out of it, it still is what it was."""
    return bool(row["digest"]) and digest != row["digest"]


def _dated(written_at: datetime | None, now: datetime) -> tuple[datetime, bool]:
    """When it was written, and whether the platform said so believably: else the moment it was first fetched."""
    if written_at is None or not _EARLIEST <= written_at <= now + timedelta(days=1):
        return now, False
    return written_at, True


def is_ours(incoming: Incoming, our_handle: str | None) -> bool:
    """Whether we wrote it: the connector says so, or the handle is ours (an @ before it and its case do not matter)."""
    handle = incoming.author.handle.lstrip("@").casefold()
    return incoming.own or (our_handle is not None and handle == our_handle.lstrip("@").casefold())


def windows_of(incoming: Incoming) -> dict[str, str | None]:
    """Until when it can be answered, as it is stored; what is in no calendar is no date."""
    until = {"closes_at": incoming.closes_at, "private_until": incoming.private_until}
    return {name: moment_out(at) if at is not None and _EARLIEST <= at < _NEVER else None for name, at in until.items()}


def digest_of(incoming: Incoming) -> str:
    """Of everything in a comment that an edit may change and the desk cares about."""
    warning = f"{incoming.warning}\0" if incoming.warning else ""
    until = "".join(f"{name} {at}\0" for name, at in windows_of(incoming).items() if at)
    seen = f"{int(incoming.private)} {incoming.rating} {warning}{until}{incoming.text}"
    return hashlib.blake2b(seen.encode("utf-8", "replace"), digest_size=12).hexdigest()
