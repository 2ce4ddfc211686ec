"""What WordPress tells of a comment, read tolerantly, and what is known of the site.

https://developer.wordpress.org/rest-api/reference/comments/
"""

from __future__ import annotations

import html
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from caretool.domain.comment import Author, Incoming, Thread
from caretool.platforms import dates
from caretool.platforms.html import to_text
from caretool.platforms.lengths import utf8

# An e-mail address is asked for to tell guests apart, and goes no further; addresses of machines are not asked for.
FIELDS = "id,post,parent,author,author_name,author_email,date,date_gmt,content,link,status,_links.up,_embedded"
# A guest who left no address: nobody else is called so, and nobody takes it for a name.
UNKNOWN = "unknown-"
_ID = re.compile(r"[1-9]\d{0,17}", re.ASCII)
_LINE = re.compile(r"\r\n|\r|\n")
_LONGEST_NAME = 200
_FIRST = datetime.min.replace(tzinfo=UTC)
# A post's date is told in the site's own time, and which that was is known by the comment's: an hour off at most.
_SUMMER = timedelta(hours=1)


class WireError(ValueError):
    """Not what it should be; the message says why in a few words."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Who `user` is on `site`: the number there, and the name shown. `pretty`: addresses of the API begin with
    /wp-json."""

    site: str = ""
    user: str = ""
    id: str | None = None
    name: str | None = None
    pretty: bool = True

    @classmethod
    def parse(cls, text: str | None) -> Facts:
        """What was kept; nothing where it is another platform's."""
        try:
            kept = cls(**json.loads(text or "{}"))
        except (ValueError, TypeError):
            return cls()
        words = (kept.site, kept.user, kept.id or "", kept.name or "")
        return kept if all(isinstance(one, str) for one in words) and isinstance(kept.pretty, bool) else cls()

    def __str__(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment. `status` is approved, hold, spam, trash, or what a plugin made of it; `user` the number of who wrote
    it, None: a guest. `thread_at` is when its post was published, where the site may close posts after a time."""

    id: str
    text: str
    author: Author
    status: str
    user: str | None = None
    created_at: datetime | None = None
    parent: str | None = None
    thread: Thread | None = None
    thread_at: datetime | None = None
    url: str | None = None

    @property
    def key(self) -> tuple[datetime, int]:
        """The order in which WordPress lists them."""
        return self.created_at or _FIRST, int(self.id)

    @property
    def held(self) -> bool:
        """Whether nobody sees it but who wrote it, and who moderates."""
        return self.status != "approved"

    @property
    def digest(self) -> str:
        """Changes with what it says, and with who sees it."""
        return f"{zlib.crc32(f'{self.status} {self.text}'.encode('utf-8', 'replace')):08x}"

    def incoming(self, *, own: bool, private: bool, open_for: timedelta | None) -> Incoming:
        """The comment it is; its post takes answers for `open_for` (None: for ever)."""
        closes = None if own or open_for is None or self.thread_at is None else self.thread_at + open_for
        return Incoming(
            native_id=self.id,
            author=self.author,
            text=self.text,
            written_at=self.created_at,
            private=private,
            reply_to=self.parent,
            thread=self.thread,
            url=self.url,
            own=own,
            closes_at=closes,
        )


def read_comment(data: object, site: str) -> Comment:
    """Raises WireError where it is none. Guests of one `site` are told from those of another."""
    if not isinstance(data, dict) or (native_id := identifier(data)) is None:
        raise WireError("it has no id")
    status = data.get("status")
    if not isinstance(status, str):
        raise WireError("it has no status")
    created_at = moment(data.get("date_gmt"))
    post = identifier(data, "post")
    above = _post(data)
    return Comment(
        id=native_id,
        text=_words(data.get("content")),
        author=_author(data, native_id, site),
        status=status,
        user=identifier(data, "author"),
        created_at=created_at,
        parent=identifier(data, "parent"),
        thread=None if post is None else Thread(post, _title(above), word(above, "link")),
        thread_at=_published(above, data.get("date"), created_at),
        url=word(data, "link"),
    )


def escaped(text: str) -> str:
    """Plain text as WordPress takes it: HTML."""
    return html.escape(text, quote=False)


def measured(text: str) -> int:
    """How many bytes of a comment's column it takes."""
    return utf8(escaped(text))


def plain(text: str) -> str:
    """For comparing: white space is where the site puts it."""
    return " ".join(text.split()).casefold()


def guest(email: str, site: str) -> str:
    """What a guest is called: the same for the same address on the same site, and no way back to the address."""
    return (
        "guest-"
        + blake2b(email.strip().casefold().encode("utf-8", "replace"), digest_size=6, key=_key(site)).hexdigest()
    )


def identifier(data: object, key: str = "id") -> str | None:
    """A number as WordPress gives things; 0 is none."""
    value = data.get(key) if isinstance(data, dict) else None
    known = str(value) if type(value) is int else value
    return known if isinstance(known, str) and _ID.fullmatch(known) else None


def word(data: Mapping[str, object], key: str) -> str | None:
    """A text that is not blank."""
    value = data.get(key)
    return value.strip() or None if isinstance(value, str) else None


def moment(value: object) -> datetime | None:
    """A time of Greenwich, which WordPress writes without saying so."""
    return dates.moment(value, UTC)


def _key(site: str) -> bytes:
    return blake2b(site.encode("utf-8", "replace"), digest_size=16).digest()


def _author(data: Mapping[str, object], native_id: str, site: str) -> Author:
    named = html.unescape(word(data, "author_name") or "").strip()[:_LONGEST_NAME] or None
    user, email = identifier(data, "author"), word(data, "author_email")
    if user is not None:
        return Author(f"user-{user}", named)
    return Author(UNKNOWN + native_id if email is None else guest(email, site), named)


def _words(content: object) -> str:
    """As it was written: what a theme makes of it has other quotes and dashes. A line's end is one to the reader."""
    told = content if isinstance(content, dict) else {}
    raw, rendered = told.get("raw"), told.get("rendered")
    if isinstance(raw, str):
        return to_text(_LINE.sub("<br>", raw))
    if isinstance(rendered, str):
        return to_text(rendered)
    raise WireError("its text is no text")


def _post(data: Mapping[str, object]) -> Mapping[str, object]:
    """The post it stands under, where the site tells of it."""
    embedded = data.get("_embedded")
    above = embedded.get("up") if isinstance(embedded, dict) else None
    first = above[0] if isinstance(above, list) and above else None
    return first if isinstance(first, dict) else {}


def _title(post: Mapping[str, object]) -> str | None:
    title = post.get("title")
    rendered = word(title, "rendered") if isinstance(title, dict) else None
    return None if rendered is None else to_text(rendered) or None


def _published(post: Mapping[str, object], local: object, created_at: datetime | None) -> datetime | None:
    """When its post was published; only those of type `post` are ever closed for their age."""
    there, then = moment(post.get("date")), moment(local)
    if post.get("type") != "post" or there is None or then is None or created_at is None:
        return None
    try:
        return there - (then - created_at) - _SUMMER
    except OverflowError:
        return None
