"""What servers of the AT Protocol send, read tolerantly: what is needed must be there, what is odd is left out.

The lexicons: https://github.com/bluesky-social/atproto/tree/main/lexicons (app.bsky.feed.defs, app.bsky.notification).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import cast
from urllib.parse import urlsplit

from caretool.domain.comment import Author, Form, Incoming, Thread
from caretool.domain.host import on_this_machine
from caretool.platforms.dates import moment as moment

POST = "app.bsky.feed.post"
# A handle that its owner's domain no longer confirms: everybody's, and so nobody's.
_INVALID = "handle.invalid"
_DID = re.compile(r"did:[a-z]{1,20}:[A-Za-z0-9._:%-]{1,200}")
_RKEY = re.compile(r"[A-Za-z0-9._:~-]{1,200}")
_COLLECTION = re.compile(r"[A-Za-z0-9.-]{3,200}")
_CID = re.compile(r"[A-Za-z0-9]{8,200}")
# What a database keeps; likes beyond it are somebody's joke.
_MOST = 2**63 - 1


class WireError(ValueError):
    """Not what it should be; the message says why in a few words."""


@dataclass(frozen=True, slots=True)
class AtUri:
    """Where a record is: `at://did/collection/rkey`."""

    did: str
    collection: str
    rkey: str

    @classmethod
    def parse(cls, text: object) -> AtUri:
        """Raises WireError."""
        scheme, _, rest = text.partition("://") if isinstance(text, str) else ("", "", "")
        parts = rest.split("/")
        if scheme != "at" or len(parts) != 3:
            raise WireError("no at:// address of a record")
        did, collection, rkey = parts
        sound = _DID.fullmatch(did) and _COLLECTION.fullmatch(collection) and _RKEY.fullmatch(rkey)
        if not sound or rkey in (".", ".."):
            raise WireError("no at:// address of a record")
        return cls(did, collection, rkey)

    def __str__(self) -> str:
        return f"at://{self.did}/{self.collection}/{self.rkey}"

    @property
    def page(self) -> str:
        """Where people read it."""
        return f"https://bsky.app/profile/{self.did}/post/{self.rkey}"


@dataclass(frozen=True, slots=True)
class Ref:
    """A record in the version that was seen."""

    uri: str
    cid: str

    def plain(self) -> dict[str, str]:
        """As a record holds it."""
        return {"uri": self.uri, "cid": self.cid}


@dataclass(frozen=True, slots=True)
class Post:
    """A post. `root` and `parent` are None where it opens a thread; `at`: when it counts as written; `reply_disabled`:
    who began the thread does not let us answer; `shut_out`: one of us blocks the other. `like` is our like's record."""

    uri: AtUri
    cid: str
    author: Author
    text: str
    at: datetime | None
    root: Ref | None = None
    parent: Ref | None = None
    language: str | None = None
    likes: int | None = None
    attachments: tuple[str, ...] = ()
    embeds: bool = False
    reply_disabled: bool = False
    shut_out: bool = False
    like: str | None = None

    @property
    def ref(self) -> Ref:
        return Ref(str(self.uri), self.cid)

    @property
    def thread(self) -> Thread:
        """What it opens."""
        return Thread(str(self.uri), self.text or None, self.uri.page)

    def incoming(self, *, own: bool, thread: Thread | None, form: Form = "comment") -> Incoming:
        """The comment it is."""
        return Incoming(
            native_id=str(self.uri),
            author=self.author,
            text=self.text,
            written_at=self.at,
            reply_to=self.parent.uri if self.parent else None,
            thread=thread,
            url=self.uri.page,
            form=form,
            likes=self.likes,
            language=self.language,
            attachments=self.attachments,
            own=own,
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of us: `did` for good, `handle` for now, and our server (`pds`); all learned at `url`, logged in as
    `login`."""

    url: str = ""
    did: str | None = None
    handle: str | None = None
    pds: str | None = None
    login: str = ""

    @classmethod
    def parse(cls, text: str | None, url: str, login: str) -> Facts:
        """What was kept; nothing is known where it is another platform's, or was learned elsewhere or as another."""
        try:
            kept = cls(**json.loads(text or "{}"))
        except (ValueError, TypeError):
            return cls(url)
        sound = all(one is None or isinstance(one, str) for one in (kept.did, kept.handle, kept.pds))
        return kept if sound and (kept.url, kept.login) == (url, login) else cls(url)

    def __str__(self) -> str:
        return json.dumps(asdict(self))


def read_session(data: object, url: str, login: str) -> Facts:
    """Of `com.atproto.server.getSession`. Raises WireError."""
    session = mapping(data)
    did = session.get("did")
    if not isinstance(did, str) or not _DID.fullmatch(did):
        raise WireError("it does not say who we are")
    return Facts(url, did, word(session, "handle"), _pds(session.get("didDoc")), login)


def read_post(data: object) -> Post:
    """Of a `postView`. Raises WireError where it is none."""
    view = mapping(data)
    viewer, author = mapping(view.get("viewer")), mapping(mapping(view.get("author")).get("viewer"))
    blocked = any(author.get(sign) for sign in ("blockedBy", "blocking", "blockingByList"))
    return _post(
        view,
        likes=number(view, "likeCount"),
        attachments=_addresses(view.get("embed")),
        reply_disabled=viewer.get("replyDisabled") is True,
        shut_out=blocked,
        like=word(viewer, "like"),
    )


def read_notification(data: object) -> tuple[Post, str]:
    """The post that a notification is about, and its reason. Raises WireError."""
    notification = mapping(data)
    return _post(notification), word(notification, "reason") or ""


def read_own(data: object, us: Author) -> Post:
    """Of a record in our own repository. Raises WireError."""
    record = mapping(data)
    value = mapping(record.get("value"))
    return _told(record, value, us, moment(value.get("createdAt")))


def dated(post: Post) -> datetime:
    """When it was written: a list is in that order. Authors say it, and may say nonsense. Raises WireError."""
    if post.at is None:
        raise WireError("its post has no date")
    return post.at


def uri_of(data: object) -> str:
    """The address of what cannot be read otherwise."""
    return word(mapping(data), "uri") or "?"


def mapping(data: object) -> Mapping[str, object]:
    """What should be an object; an empty one where it is none."""
    return cast("Mapping[str, object]", data) if isinstance(data, dict) else {}


def word(data: Mapping[str, object], key: str) -> str | None:
    """A text that is not blank."""
    value = data.get(key)
    return value.strip() or None if isinstance(value, str) else None


def number(data: Mapping[str, object], key: str) -> int | None:
    """A whole number that is not negative, cut to 2⁶³ - 1."""
    value = data.get(key)
    return min(value, _MOST) if type(value) is int and value >= 0 else None


def read_cid(data: Mapping[str, object]) -> str:
    """Raises WireError."""
    cid = data.get("cid")
    if not isinstance(cid, str) or not _CID.fullmatch(cid):
        raise WireError("its post does not say which version it is")
    return cid


def _post(view: Mapping[str, object], **more: object) -> Post:
    whose = mapping(view.get("author"))
    did, handle = word(whose, "did"), word(whose, "handle")
    if did is None or not _DID.fullmatch(did):
        raise WireError("its author has no name")
    known = handle if handle and handle != _INVALID else did
    author = Author(known, word(whose, "displayName"), number(whose, "followersCount"))
    return _told(view, mapping(view.get("record")), author, moment(view.get("indexedAt")), **more)


def _told(
    view: Mapping[str, object], record: Mapping[str, object], author: Author, at: datetime | None, **more: object
) -> Post:
    uri, text = AtUri.parse(view.get("uri")), record.get("text")
    if uri.collection != POST:
        raise WireError("it is no post")
    if not isinstance(text, str):
        raise WireError("its post has no text")
    reply = mapping(record.get("reply"))
    parent = _ref(reply.get("parent"))
    langs = record.get("langs")
    language = langs[0] if isinstance(langs, list) and langs and isinstance(langs[0], str) else None
    known = {
        "root": (_ref(reply.get("root")) or parent) if parent else None,
        "parent": parent,
        "language": language,
        "embeds": isinstance(record.get("embed"), dict),
    }
    return Post(uri, read_cid(view), author, text, at, **known, **more)  # type: ignore[arg-type]


def _ref(data: object) -> Ref | None:
    try:
        return Ref(str(AtUri.parse(mapping(data).get("uri"))), read_cid(mapping(data)))
    except WireError:
        return None


def _addresses(embed: object) -> tuple[str, ...]:
    """Of an embed as it is shown: pictures, a film, what a link leads to."""
    shown = mapping(embed)
    shown = mapping(shown.get("media")) or shown
    pictures = shown.get("images")
    found = [word(mapping(one), "fullsize") for one in (pictures if isinstance(pictures, list) else [])]
    found += [word(shown, "playlist"), word(mapping(shown.get("external")), "uri")]
    return tuple(address for address in found if address)


def _pds(document: object) -> str | None:
    """Our server's origin, as our DID document has it."""
    services = mapping(document).get("service")
    for service in map(mapping, services if isinstance(services, list) else []):
        if str(service.get("id", "")).endswith("#atproto_pds"):
            return origin(service.get("serviceEndpoint"))
    return None


def origin(url: object) -> str | None:
    """Scheme, host and port, where nothing else is in it and nobody on the way could read the token."""
    try:
        parts = urlsplit(url.strip()) if isinstance(url, str) else None
        host, port = (parts.hostname, parts.port) if parts else (None, None)
    except ValueError:
        return None
    if parts is None or not host or parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        return None
    if parts.scheme != "https" and not (parts.scheme == "http" and on_this_machine(host)):
        return None
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"
