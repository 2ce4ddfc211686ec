"""What a Facebook Page is told of a comment, read tolerantly.

https://developers.facebook.com/docs/graph-api/reference/comment/
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from caretool.domain.comment import Author, Incoming, Thread
from caretool.platforms.graph_wire import UNKNOWN, WireError, flag, identifier, moment, number, word

FIELDS = (
    "id,message,created_time,from{id,name},parent{id},permalink_url,like_count,is_hidden,is_private,"
    "can_hide,can_remove,can_comment,can_reply_privately,attachment"
)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, or an answer to one (`parent`). `can_…` are what the Page may do with it; None: unsaid."""

    id: str
    text: str
    author: Author
    known: bool
    created_at: datetime | None = None
    parent: str | None = None
    url: str | None = None
    likes: int | None = None
    attachments: tuple[str, ...] = ()
    hidden: bool = False
    private: bool = False
    can_hide: bool | None = None
    can_remove: bool | None = None
    can_comment: bool | None = None
    can_reply_privately: bool | None = None

    @property
    def digest(self) -> str:
        """Changes with what it says."""
        return f"{zlib.crc32(self.text.encode('utf-8', 'replace')):08x}"

    def by(self, page: str) -> bool:
        """Whether our Page wrote it."""
        return self.known and self.author.handle == page

    def incoming(self, *, page: str, thread: Thread | None, window: timedelta) -> Incoming:
        """The comment it is. A private answer is taken for `window` after it was written; to a private comment there
        is no other."""
        own = self.by(page)
        until = self.created_at and (self.created_at if self.can_reply_privately is False else self.created_at + window)
        return Incoming(
            native_id=self.id,
            author=self.author,
            text=self.text,
            written_at=self.created_at,
            private=self.private,
            reply_to=self.parent,
            thread=thread,
            url=self.url,
            form="comment",
            likes=self.likes,
            attachments=self.attachments,
            own=own,
            closes_at=until if self.private and not own else None,
            private_until=None if self.private or own else until,
        )


def read_comment(data: object) -> Comment:
    """Raises WireError where it is none."""
    if not isinstance(data, dict) or (native_id := identifier(data)) is None:
        raise WireError("it has no id")
    text = data.get("message", "")
    if not isinstance(text, str):
        raise WireError("its text is no text")
    who, parent = data.get("from"), data.get("parent")
    author_id = identifier(who)
    return Comment(
        id=native_id,
        text=text,
        author=Author(author_id, word(who, "name") if isinstance(who, dict) else None)
        if author_id
        else Author(UNKNOWN + native_id),
        known=author_id is not None,
        created_at=moment(data.get("created_time")),
        parent=identifier(parent),
        url=word(data, "permalink_url"),
        likes=number(data, "like_count"),
        attachments=_addresses(data.get("attachment")),
        hidden=flag(data, "is_hidden") is True,
        private=flag(data, "is_private") is True,
        can_hide=flag(data, "can_hide"),
        can_remove=flag(data, "can_remove"),
        can_comment=flag(data, "can_comment"),
        can_reply_privately=flag(data, "can_reply_privately"),
    )


def _addresses(attachment: object) -> tuple[str, ...]:
    """Of the one thing that can be attached: its picture or film, else where it leads."""
    if not isinstance(attachment, dict):
        return ()
    media = attachment.get("media")
    image = media.get("image") if isinstance(media, dict) else None
    film = word(media, "source") if isinstance(media, dict) else None
    found = film or (word(image, "src") if isinstance(image, dict) else None) or word(attachment, "url")
    return (found,) if found else ()
