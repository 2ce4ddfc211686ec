"""What X sends, read tolerantly and under both of its names: what was a tweet is being renamed to a post.

https://docs.x.com/x-api/fundamentals/data-dictionary; openapi 2.159 (tweet) and 2.167 (post) of xdevplatform.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from caretool.domain.comment import Author, Incoming, Thread
from caretool.platforms.dates import moment
from caretool.platforms.platform import Skipped

Names = Literal["tweet", "post"]

HERE = "https://x.com"
# An id holds the millisecond in which it was made: https://docs.x.com/fundamentals/x-ids
_FIRST = datetime(2010, 11, 4, 1, 42, 54, 657000, tzinfo=UTC)
_ID = re.compile(r"[0-9]{1,19}", re.ASCII)
_USERNAME = re.compile(r"[A-Za-z0-9_]{1,20}", re.ASCII)
_ADDRESSED = re.compile(r"\A(?:\s*@\w{1,20}\b)+", re.ASCII)
_NO_LANGUAGE = frozenset({"und", "zxx", "art"})
_MOST = 2**63 - 1


class WireError(ValueError):
    """Not what it should be; the message says why in a few words."""


@dataclass(frozen=True, slots=True)
class User:
    """Who wrote something. `protected`: only who was let in reads it."""

    id: str
    author: Author
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Post:
    """A post, as it reads in its version `id`; `native_id` is that of its first version, under which it stays known,
    `latest` that of its newest. `by` is its author's id, `parent` what it replies to: of a reply `text` is without the
    names that X puts before it."""

    id: str
    native_id: str
    by: str
    text: str
    at: datetime
    latest: str
    conversation: str | None = None
    parent: str | None = None
    language: str | None = None
    likes: int | None = None
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Posts:
    """One answer: the posts in the order of the answer, whoever and whatever they speak of, and what comes after."""

    posts: tuple[Post, ...] = ()
    users: Mapping[str, User] = field(default_factory=dict)
    others: Mapping[str, Post] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    gone: frozenset[str] = frozenset()
    older: str | None = None

    def incoming(self, post: Post, ours: str | None) -> Incoming:
        """The comment that a post is. What a protected account wrote is private: an answer would be read by more."""
        user = self.users.get(post.by)
        author = user.author if user is not None else Author(f"id:{post.by}")
        return Incoming(
            native_id=post.native_id,
            author=author,
            text=post.text,
            written_at=post.at,
            private=user is not None and user.protected,
            reply_to=post.parent,
            thread=self._thread(post),
            url=f"{HERE}/{author.handle}/status/{post.id}" if user is not None else link(post.id),
            form="mention",
            likes=post.likes,
            language=post.language,
            attachments=post.attachments,
            own=post.by == ours,
        )

    def _thread(self, post: Post) -> Thread:
        first = post.conversation or post.native_id
        opening = post if first == post.native_id else self.others.get(first)
        return Thread(first, None if opening is None else opening.text, link(first))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of us there, and by which names X knows its own fields."""

    id: str | None = None
    handle: str | None = None
    names: Names = "tweet"

    @classmethod
    def parse(cls, text: str | None) -> Facts:
        """What was kept; nothing is known where it is another platform's."""
        try:
            kept = cls(**json.loads(text or "{}"))
        except (ValueError, TypeError):
            return cls()
        known = all(one is None or isinstance(one, str) for one in (kept.id, kept.handle))
        return kept if known and kept.names in ("tweet", "post") else cls()

    def __str__(self) -> str:
        return json.dumps(asdict(self))


def read_posts(data: object) -> Posts:
    """Of a list, or of some that were asked for. Errors that stand beside them tell what is gone; those without any
    data are none. Raises WireError."""
    if not isinstance(data, dict):
        raise WireError("it is no object")
    items = data.get("data", [])
    if not isinstance(items, list):
        raise WireError("its data is no list")
    if not items and not isinstance(data.get("meta"), dict) and not isinstance(data.get("errors"), list):
        raise WireError("there is neither data nor a count of it")
    posts: list[Post] = []
    skipped: list[Skipped] = []
    for item in items:
        try:
            posts.append(read_post(item))
        except WireError as problem:
            skipped.append(Skipped(f"post {identifier(_object(item), 'id') or '?'}", str(problem)))
    includes = _object(data.get("includes"))
    users = [user for one in _list(includes.get("users")) if (user := read_user(one)) is not None]
    others = [post for one in _list(includes.get("tweets") or includes.get("posts")) if (post := _known(one))]
    return Posts(
        tuple(posts),
        {user.id: user for user in users},
        {known: post for post in others for known in (post.native_id, post.id)},
        tuple(skipped),
        frozenset(gone for one in _list(data.get("errors")) if (gone := _gone(_object(one))) is not None),
        word(_object(data.get("meta")), "next_token"),
    )


def read_post(item: object) -> Post:
    """Raises WireError where it is none."""
    data = _object(item)
    post_id, by = identifier(data, "id"), identifier(data, "author_id")
    if post_id is None:
        raise WireError("it has no id")
    if by is None:
        raise WireError("it does not say who wrote it")
    at = moment(data.get("created_at"))
    if at is None:
        raise WireError("it does not say when it was written")
    note = _object(data.get("note_tweet") or data.get("note_post"))
    whole = note if isinstance(note.get("text"), str) else data
    text = whole.get("text")
    if not isinstance(text, str):
        raise WireError("it has no text")
    links = _links(whole.get("entities")) + _links(data.get("entities"))
    versions = [one for one in _list(_either(data, "edit_history_tweet_ids", "edit_history_post_ids")) if is_id(one)]
    parent = _parent(_list(_either(data, "referenced_tweets", "referenced_posts")))
    said = _readable(text, links)
    return Post(
        id=post_id,
        native_id=min([*versions, post_id], key=int),
        by=by,
        text=(_ADDRESSED.sub("", said).strip() or said) if parent is not None else said,
        at=at,
        latest=max([*versions, post_id], key=int),
        conversation=identifier(data, "conversation_id"),
        parent=parent,
        language=_language(word(data, "lang")),
        likes=number(_object(data.get("public_metrics")), "like_count"),
        attachments=tuple(dict.fromkeys(there for _, there, media in links if media)),
    )


def read_user(item: object) -> User | None:
    """None where it is none."""
    data = _object(item)
    user_id, username = identifier(data, "id"), word(data, "username")
    if user_id is None or username is None or not _USERNAME.fullmatch(username):
        return None
    followers = number(_object(data.get("public_metrics")), "followers_count")
    return User(user_id, Author(username, word(data, "name"), followers), data.get("protected") is True)


def problem(body: object) -> str:
    """X's word for what is wrong: the last step of the address that its `type` is."""
    kind = word(_object(body), "type") or word(_object(next(iter(_list(_object(body).get("errors"))), None)), "type")
    return (kind or "").rstrip("/").rpartition("/")[2]


def same_words(one: str, other: str) -> bool:
    """Whether X made one of the other: it puts whom a reply goes to before it, and writes addresses out."""
    return _bare(one) == _bare(other)


def link(post_id: str) -> str:
    """Where a post is, whoever wrote it."""
    return f"{HERE}/i/web/status/{post_id}"


def made_at(post_id: str, otherwise: datetime) -> datetime:
    """When what has this id was posted."""
    milliseconds = int(post_id) >> 22
    return _FIRST + timedelta(milliseconds=milliseconds) if milliseconds else otherwise


def word(data: Mapping[str, Any], key: str) -> str | None:
    """A text that is not blank."""
    value = data.get(key)
    return value.strip() or None if isinstance(value, str) else None


def identifier(data: Mapping[str, Any], key: str) -> str | None:
    """An id: a decimal number, as text."""
    value = data.get(key)
    return value if is_id(value) else None


def number(data: Mapping[str, Any], key: str) -> int | None:
    """A whole number that is not negative, cut to 2⁶³ - 1."""
    value = data.get(key)
    return min(value, _MOST) if type(value) is int and value >= 0 else None


def _known(item: object) -> Post | None:
    try:
        return read_post(item)
    except WireError:
        return None


def _gone(error: Mapping[str, Any]) -> str | None:
    """The id of a post that is deleted, or that we are no longer let see."""
    if problem(error) not in ("resource-not-found", "not-authorized-for-resource", "resource-unavailable"):
        return None
    about = word(error, "resource_type") or "tweet"
    return (identifier(error, "resource_id") or identifier(error, "value")) if about in ("tweet", "post") else None


def _parent(referenced: Sequence[object]) -> str | None:
    for one in map(_object, referenced):
        if one.get("type") == "replied_to":
            return identifier(one, "id")
    return None


def _links(entities: object) -> list[tuple[str, str, bool]]:
    """As it stands in the text, where it leads, and whether that is a picture or a film of the post's own."""
    found = []
    for one in map(_object, _list(_object(entities).get("urls"))):
        short, there = word(one, "url"), word(one, "expanded_url") or ""
        if short is not None and short.startswith("https://t.co/") and there.startswith(("http://", "https://")):
            found.append((short, there, "media_key" in one))
    return found


def _readable(text: str, links: Sequence[tuple[str, str, bool]]) -> str:
    """With the addresses that X shortened, without those of its own pictures; `&`, `<` and `>` come escaped, once."""
    for short, there, media in links:
        text = re.sub(re.escape(short) + r"(?![A-Za-z0-9])", lambda _, to="" if media else there: to, text)  # type: ignore[misc]
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def _bare(text: str) -> str:
    said = _ADDRESSED.sub("", unicodedata.normalize("NFC", text))
    said = re.sub(r"/(?=\W|\Z)", "", re.sub(r"https?://", "", said, flags=re.IGNORECASE))
    return " ".join(said.split())


def _language(tag: str | None) -> str | None:
    """`und` and `zxx` are no languages, nor is what begins with q."""
    if tag is None or tag in _NO_LANGUAGE or tag.startswith("q"):
        return None
    return {"iw": "he", "in": "id"}.get(tag, tag)


def _either(data: Mapping[str, Any], one: str, other: str) -> object:
    return data.get(one) or data.get(other)


def is_id(value: object) -> bool:
    """Whether it is an id as X gives them: a decimal number, as text."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
