"""What Instagram tells of a comment, read tolerantly.

https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-comment/
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from caretool.domain.comment import Author, Incoming, Thread
from caretool.platforms.graph_wire import UNKNOWN, WireError, flag, identifier, moment, number, word

PLAIN = "id,text,timestamp,username,from{id,username},hidden,like_count,parent_id"
FIELDS = PLAIN + ",media{id,permalink}"
A_PAGE = 50
DIGEST = 12


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, or an answer to one (`parent`). `known`: the platform says who wrote it."""

    id: str
    text: str
    author: Author
    known: bool
    author_id: str | None = None
    created_at: datetime | None = None
    parent: str | None = None
    media: str | None = None
    url: str | None = None
    likes: int | None = None
    hidden: bool = False

    @property
    def digest(self) -> str:
        """Changes with what it says; of a comment alone."""
        return hashlib.sha256(f"{self.id} {self.text}".encode("utf-8", "replace")).hexdigest()[:DIGEST]

    def by(self, us: Us) -> bool:
        """Whether we wrote it."""
        named = self.known and self.author.handle == us.handle
        return named or (self.author_id is not None and self.author_id == us.id)

    def incoming(self, *, us: Us, thread: Thread | None, window: timedelta) -> Incoming:
        """The comment it is; it has no address of its own, only its post has. A private answer is taken for `window`
        after it was written."""
        own = self.by(us)
        return Incoming(
            native_id=self.id,
            author=self.author,
            text=self.text,
            written_at=self.created_at,
            reply_to=self.parent,
            thread=thread,
            url=self.url or (thread.url if thread else None),
            form="comment",
            likes=self.likes,
            own=own,
            private_until=None if own or self.created_at is None else self.created_at + window,
        )


@dataclass(frozen=True, slots=True)
class Us:
    """Our account there: its id, and its name."""

    id: str
    handle: str | None = None


def read_comment(data: object, parent: str | None = None) -> Comment:
    """Raises WireError where it is none. `parent` is what it was listed under."""
    if not isinstance(data, dict) or (native_id := identifier(data)) is None:
        raise WireError("it has no id")
    text = data.get("text", "")
    if not isinstance(text, str):
        raise WireError("its text is no text")
    who, media = data.get("from"), data.get("media")
    name = word(data, "username") or (word(who, "username") if isinstance(who, dict) else None)
    return Comment(
        id=native_id,
        text=text,
        author=Author(name or UNKNOWN + native_id),
        known=name is not None,
        author_id=identifier(who),
        created_at=moment(data.get("timestamp")),
        parent=identifier(data, "parent_id") or parent,
        media=identifier(media),
        url=word(media, "permalink") if isinstance(media, dict) else None,
        likes=number(data, "like_count"),
        hidden=flag(data, "hidden") is True,
    )
