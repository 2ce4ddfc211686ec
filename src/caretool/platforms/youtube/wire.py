"""What YouTube sends, read tolerantly: what is needed must be there, what is odd beside it is left out.

https://developers.google.com/youtube/v3/docs/comments and /commentThreads, as in the API's discovery document 20261104.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from caretool.domain.comment import Author, Incoming, Thread
from caretool.platforms.dates import moment

# What is searched for in all of YouTube are videos: their ids among those of comments.
VIDEO = "video:"
_ID = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_HANDLE = re.compile(r"@([^\s@]{1,100})")
_MOST = 2**63 - 1


class WireError(ValueError):
    """Not what it should be; the message says why in a few words."""


@dataclass(frozen=True, slots=True)
class Written:
    """A comment. `channel` is its author's, `parent` the id of the first comment of its thread (None: it is the first);
    `original` is its text as it was typed, where we typed it. Times are aware; `updated` is compared, never read."""

    id: str
    author: Author
    channel: str | None
    text: str
    at: datetime
    updated: str = ""
    original: str | None = None
    parent: str | None = None
    video: str | None = None
    likes: int | None = None
    image: str | None = None

    @property
    def top(self) -> str:
        """The id of its thread's first comment: the only one that can be replied to."""
        return self.parent or self.id


@dataclass(frozen=True, slots=True)
class Talk:
    """A thread: its first comment, some of its replies (`shown`), and how many there are in all, as YouTube counts."""

    first: Written
    video: str | None
    channel: str | None
    can_reply: bool
    total: int
    shown: tuple[Written, ...] = ()

    @property
    def id(self) -> str:
        """Its first comment's."""
        return self.first.id

    @property
    def comments(self) -> tuple[Written, ...]:
        """All of it that is there."""
        return (self.first, *self.shown)


@dataclass(frozen=True, slots=True)
class Video:
    """A video that somebody published."""

    id: str
    author: Author
    channel: str
    title: str
    about: str
    at: datetime

    def incoming(self, *, own: bool) -> Incoming:
        """The post it is."""
        return Incoming(
            native_id=VIDEO + self.id,
            author=self.author,
            text=f"{self.title}\n\n{self.about}".strip(),
            written_at=self.at,
            thread=Thread(self.id, self.title, watch_url(self.id)),
            url=watch_url(self.id),
            form="post",
            own=own,
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """Who we are there: the id of our channel, its handle and what it is called."""

    id: str | None = None
    handle: str | None = None
    name: str | None = None

    @classmethod
    def parse(cls, text: str | None) -> Facts:
        """What was kept; nothing is known where it is another platform's."""
        try:
            kept = cls(**json.loads(text or "{}"))
        except (ValueError, TypeError):
            return cls()
        sound = all(value is None or isinstance(value, str) for value in (kept.id, kept.handle, kept.name))
        return kept if sound else cls()

    def __str__(self) -> str:
        return json.dumps(asdict(self))


def incoming(written: Written, talk: Talk | None, title: str | None, ours: str | None) -> Incoming:
    """The comment it is. What its thread holds is said by `talk` (None: it is not known now), who we are by `ours`.
    A thread that takes no replies from us never did, as far as YouTube tells."""
    video = (talk.video if talk is not None else None) or written.video
    return Incoming(
        native_id=written.id,
        author=written.author,
        text=written.text,
        written_at=written.at,
        reply_to=written.parent,
        thread=Thread(video, title, watch_url(video)) if video else Thread(written.top),
        url=watch_url(video, written.id) if video else None,
        likes=written.likes,
        attachments=(written.image,) if written.image else (),
        own=ours is not None and written.channel == ours,
        closes_at=written.at if talk is not None and not talk.can_reply else None,
    )


def watch_url(video: str, comment: str | None = None) -> str:
    """Where a video, or a comment under it, stands."""
    return f"https://www.youtube.com/watch?v={video}" + (f"&lc={comment}" if comment else "")


def sound_id(value: object) -> str | None:
    """An id that can stand in a list of ids, and in a link; None: it is none of YouTube's."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def read_comment(item: object) -> Written:
    """Raises WireError where it is none."""
    data = _mapping(item)
    snippet = _mapping(data.get("snippet"))
    known, at = sound_id(data.get("id")), moment(snippet.get("publishedAt"))
    text, parent = snippet.get("textDisplay"), snippet.get("parentId")
    if known is None:
        raise WireError("no id")
    if at is None:
        raise WireError("no time")
    if not isinstance(text, str):
        raise WireError("no text")
    if parent is not None and sound_id(parent) is None:
        raise WireError("replies to something odd")
    channel = sound_id(_mapping(snippet.get("authorChannelId")).get("value"))
    image = _word(snippet, "imageUrl")
    return Written(
        id=known,
        author=_author(_word(snippet, "authorDisplayName"), channel),
        channel=channel,
        text=text,
        at=at,
        updated=_word(snippet, "updatedAt") or "",
        original=_word(snippet, "textOriginal"),
        parent=sound_id(parent),
        video=sound_id(snippet.get("videoId")),
        likes=_number(snippet.get("likeCount")),
        image=image if image and image.startswith("https://") else None,
    )


def read_talk(item: object) -> Talk:
    """Raises WireError where it is no thread; a reply in it that cannot be read counts as not shown."""
    data = _mapping(item)
    snippet = _mapping(data.get("snippet"))
    first = read_comment(snippet.get("topLevelComment"))
    shown = []
    replies = _mapping(data.get("replies")).get("comments")
    for reply in replies if isinstance(replies, list) else []:
        try:
            shown.append(read_comment(reply))
        except WireError:
            continue
    return Talk(
        first=first,
        video=sound_id(snippet.get("videoId")) or first.video,
        channel=sound_id(snippet.get("channelId")),
        can_reply=snippet.get("canReply") is not False,
        total=max(_number(snippet.get("totalReplyCount")) or 0, len(shown)),
        shown=tuple(shown),
    )


def read_video(item: object) -> Video:
    """Of `videos.list`. Raises WireError where it is none."""
    data = _mapping(item)
    snippet = _mapping(data.get("snippet"))
    known, channel, at = (
        sound_id(data.get("id")),
        sound_id(snippet.get("channelId")),
        moment(snippet.get("publishedAt")),
    )
    title = _word(snippet, "title")
    if known is None or channel is None or at is None or title is None:
        raise WireError("no video")
    about = _word(snippet, "description") or ""
    return Video(known, Author(channel, _word(snippet, "channelTitle")), channel, title, about, at)


def read_channel(item: object) -> Facts:
    """Of `channels.list`. Raises WireError where it is none."""
    data = _mapping(item)
    snippet = _mapping(data.get("snippet"))
    known = sound_id(data.get("id"))
    if known is None:
        raise WireError("no id")
    named = _HANDLE.fullmatch(_word(snippet, "customUrl") or "")
    return Facts(known, named[1] if named else known, _word(snippet, "title"))


def where(item: object) -> str:
    """How something that cannot be read is named to a person."""
    return f"comment {sound_id(_mapping(item).get('id')) or '?'}"


def _author(shown: str | None, channel: str | None) -> Author:
    """By the handle that is shown; older channels show a name, and are told apart by their id."""
    named = _HANDLE.fullmatch(shown or "")
    if named and named[1].isprintable():
        return Author(named[1])
    if channel is None:
        raise WireError("nobody wrote it")
    return Author(channel, shown)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _word(data: Mapping[str, object], key: str) -> str | None:
    value = data.get(key)
    return value.strip() or None if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return min(value, _MOST) if type(value) is int and value >= 0 else None
