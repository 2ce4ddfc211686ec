"""The `file` platform: comments from an export, replies and actions appended to files for a person to carry out.

No network; docs/platforms/file.md is its page. An export is read whole; the bookmark says which export it was and how
far it was handed over.
"""

from __future__ import annotations

import codecs
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from caretool import paths
from caretool.domain.comment import Incoming
from caretool.domain.limits import Limits
from caretool.domain.policy import Account, Together
from caretool.errors import PlatformFailed
from caretool.platforms import html
from caretool.platforms.file import replies
from caretool.platforms.file.comments import RowError, to_comment
from caretool.platforms.file.rows import Column, Row, clean, read_csv, read_jsonl, skipped
from caretool.platforms.platform import Checked, Clock, Looked, Offence, Opening, Outgoing, Page, Posted, Skipped

ABOUT = "comments from an export (.jsonl, .csv); replies go into a file, for a person to paste"
GUIDE = """\
No token: an export is read, and what would be posted is appended to a file, for a person to paste.
Save the export into the workspace: one JSON object a line (.jsonl), or a .csv with a line of
headings. It needs the columns id, author and text; where they are called otherwise, columns says
how: columns.id=COMMENT_ID columns.text=CONTENT."""

_PAGE = 500
_FORMATS = (".jsonl", ".ndjson", ".csv")


class FileSettings(BaseModel):
    """The keys of an account with `platform = "file"`. Paths are relative to the workspace, or absolute."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    default_since: ClassVar[str | None] = None

    comments: Path = Field(description="The export to read: .jsonl (one JSON object a line) or .csv.")
    replies: Path | None = Field(
        default=None, description="Where replies go, one JSON object a line; <account>-replies.jsonl if left out."
    )
    actions: Path | None = Field(
        default=None,
        description="Where moderation's actions go, one JSON object a line; <account>-actions.jsonl if left out.",
    )
    columns: dict[Column, str] = Field(
        default_factory=dict, description="Our name of a value = the export's, where they differ."
    )
    text_format: Literal["plain", "html"] = Field(
        default="plain", description="html: tags are taken out and entities resolved."
    )
    max_length: int | None = Field(
        default=None, ge=1, strict=True, description="The longest reply, in characters, that the page takes."
    )
    together: Together = Field(
        default="names", description="How one answer to many speaks to each: by mentions, by names, or not at all."
    )

    @field_validator("comments", "replies", "actions")
    @classmethod
    def _stays_in_the_workspace(cls, path: Path | None) -> Path | None:
        if path is not None and paths.climbs(path):
            raise ValueError("leads out of the workspace: name a file inside it, or write the whole path")
        return path

    @field_validator("comments")
    @classmethod
    def _format_is_known(cls, path: Path) -> Path:
        if path.suffix.lower() not in _FORMATS:
            raise ValueError(f"{path.name} should end in {' or '.join(_FORMATS)}, which says how it is read")
        return path

    @model_validator(mode="after")
    def _what_is_written_goes_elsewhere(self) -> Self:
        if self.replies == self.comments:
            raise ValueError("replies would be written into the comments: name another file")
        if self.actions is not None and self.actions in (self.comments, self.replies):
            raise ValueError("actions would be written among comments or replies: name another file")
        return self


@dataclass(frozen=True, slots=True)
class FilePlatform:
    """One account of files, which are absolute or relative to `folder`; `clock` gives the aware moment it is now."""

    account: str
    folder: Path
    comments: Path
    replies: Path
    actions: Path
    settings: FileSettings
    zone: ZoneInfo
    clock: Clock

    @property
    def limits(self) -> Limits:
        """A person pastes the reply, so it may also go out in private; what is not in the file was not posted."""
        return Limits(
            length=self.settings.max_length,
            together=self.settings.together,
            private_replies=True,
            listing_trustworthy=True,
            handed_to=str(self.replies),
        )

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        """All comments of an export that is not the bookmark's, else those after it; what could not be read is told on
        the first page. Raises PlatformFailed."""
        data = self._read()
        digest = self._digest(data)
        mark = _Bookmark.parse(bookmark)
        if mark is None or mark.sha256 != digest:
            mark = _Bookmark(digest, done=0, of=None)
        if mark.done == mark.of:
            return
        comments, unread, remarks = self._comments(data)
        for start in range(mark.done, max(len(comments), 1), _PAGE):
            chunk = comments[start : start + _PAGE]
            reached = _Bookmark(digest, done=start + len(chunk), of=len(comments))
            told = (unread, remarks) if start == 0 else ((), ())
            yield Page(chunk, str(reached), skipped=told[0], remarks=told[1])

    def look(self, native_ids: Sequence[str]) -> Looked:
        """Nothing to see: a comment that is missing from a later export may still stand on the page."""
        return Looked()

    def post(self, reply: Outgoing) -> Posted:
        """Append the reply. Raises PlatformFailed (too long), PlatformBusy (nothing was written), AnswerLost."""
        length = self.limits.measure(reply.text)
        if self.settings.max_length is not None and length > self.settings.max_length:
            raise PlatformFailed(f"{self.account} takes {self.settings.max_length} characters; this has {length}")
        posted = Posted(f"reply-{reply.key}", self.clock().astimezone(UTC))
        line = {
            "id": posted.native_id,
            "to": reply.to[0] if len(reply.to) == 1 else list(reply.to),
            "thread": reply.thread,
            "text": clean(reply.text),
            "private": reply.private,
            "posted_at": _written(posted.posted_at),
            "key": reply.key,
        }
        replies.append(self.folder, self.replies, line)
        return posted

    def find(self, reply: Outgoing) -> Posted | None:
        """The reply as it stands in the file, by its key. Raises PlatformFailed."""
        line = replies.find(self.folder, self.replies, reply.key)
        return None if line is None else Posted(f"reply-{reply.key}", _moment(line.get("posted_at"), reply.created_at))

    def hide(self, offence: Offence) -> str:
        """Hand it to whoever carries it out there, as all that follow. Raises PlatformBusy (nothing was written),
        AnswerLost."""
        return self._act("hide", offence)

    def unhide(self, offence: Offence) -> str:
        """Show the comment again."""
        return self._act("unhide", offence)

    def delete(self, offence: Offence) -> str:
        """Delete the comment."""
        return self._act("delete", offence)

    def mute(self, offence: Offence) -> str:
        """See nothing more of its author."""
        return self._act("mute", offence)

    def unmute(self, offence: Offence) -> str:
        """See its author again."""
        return self._act("unmute", offence)

    def ban(self, offence: Offence) -> str:
        """Keep its author out."""
        return self._act("ban", offence)

    def unban(self, offence: Offence) -> str:
        """Let its author in again."""
        return self._act("unban", offence)

    def report(self, offence: Offence) -> str:
        """Report the comment to those who run the platform."""
        return self._act("report", offence)

    def check(self) -> Checked:
        """Whether the export can be read, and how much is in it. Raises PlatformFailed."""
        comments, unread, remarks = self._comments(self._read())
        first = f"{unread[0].where}: {unread[0].why}" if unread else ""
        bad = (f"{_rows(len(unread))} that cannot be read; the first is {first}.",) if unread else ()
        return Checked(remarks=(f"{self.comments.name}: {len(comments)} comments.", *bad, *remarks))

    def _act(self, action: str, offence: Offence) -> str:
        """A line, unless the last one with this key says the same: it was asked for before; the file it stands in."""
        line = {
            "action": action,
            "native_id": clean(offence.native_id),
            "handle": clean(offence.handle),
            "ground": offence.ground,
            "at": _written(self.clock()),
            "key": offence.key,
        }
        asked = ("action", "native_id", "key")

        def is_there(last: replies.Line | None) -> bool:
            return last is not None and all(last.get(name) == line[name] for name in asked)

        replies.append(self.folder, self.actions, line, unless=is_there)
        return str(self.actions)

    def _read(self) -> bytes:
        where, export = f"accounts.{self.account}.comments in accounts.toml", self.folder / self.comments
        try:
            data = paths.read(paths.within(self.folder, self.comments))
        except FileNotFoundError:
            raise PlatformFailed(
                f"{self.comments.name} is not there: put the export at {export}, or correct {where}"
            ) from None
        except OSError as problem:
            raise PlatformFailed(f"{export} cannot be read ({problem.strerror}): see {where}") from problem
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise PlatformFailed(f"{self.comments.name} is UTF-16: save it as UTF-8")
        return data

    def _digest(self, data: bytes) -> str:
        """Of the export and of how it is read: a corrected `columns` reads it again."""
        how = [self.settings.columns, self.settings.text_format, self.zone.key]
        return hashlib.sha256(data + json.dumps(how, sort_keys=True).encode()).hexdigest()

    def _comments(self, data: bytes) -> tuple[tuple[Incoming, ...], tuple[Skipped, ...], tuple[str, ...]]:
        """Oldest first, those without a date last, the later of two rows with one id; what was skipped; remarks."""
        to_text = html.to_text if self.settings.text_format == "html" else str
        comments: dict[str, Incoming] = {}
        unread: list[Skipped] = []
        undated = repeated = 0
        for row in self._rows(data):
            if isinstance(row, Skipped):
                unread.append(row)
                continue
            try:
                comment = to_comment(row.values, self.settings.columns, self.zone, to_text)
            except RowError as problem:
                unread.append(skipped(row.line, str(problem)))
            else:
                undated += comment.written_at is None
                repeated += comment.native_id in comments
                comments[comment.native_id] = comment
        remarks = []
        if undated:
            remarks.append(f"{_rows(undated)} without a date: a comment without one counts from its first fetch.")
        if repeated:
            remarks.append(f"{_rows(repeated)} with an id that stood before: the last one with an id counts.")
        return tuple(sorted(comments.values(), key=_age)), tuple(unread), tuple(remarks)

    def _rows(self, data: bytes) -> Iterator[Row | Skipped]:
        if self.comments.suffix.lower() == ".csv":
            return read_csv(data, self.settings.columns, self.comments.name)
        return read_jsonl(data)


@dataclass(frozen=True, slots=True)
class _Bookmark:
    """How many comments of which export were handed over, of how many (None: not yet known)."""

    sha256: str
    done: int
    of: int | None

    @classmethod
    def parse(cls, text: str | None) -> _Bookmark | None:
        """None too where another platform left it: the account's name was used before."""
        try:
            return None if text is None else cls(**json.loads(text))
        except (ValueError, TypeError):
            return None

    def __str__(self) -> str:
        return json.dumps({"sha256": self.sha256, "done": self.done, "of": self.of})


def open_account(account: Account, opening: Opening) -> FilePlatform:
    """The account's files, none of them opened. `account.settings` is a `FileSettings`."""
    settings: FileSettings = account.settings
    return FilePlatform(
        account=account.name,
        folder=opening.folder,
        comments=settings.comments,
        replies=settings.replies or Path(f"{account.name}-replies.jsonl"),
        actions=settings.actions or Path(f"{account.name}-actions.jsonl"),
        settings=settings,
        zone=opening.zone,
        clock=opening.clock,
    )


def _rows(number: int) -> str:
    return f"{number} row{'' if number == 1 else 's'}"


def _age(comment: Incoming) -> datetime:
    return comment.written_at or datetime.max.replace(tzinfo=UTC)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(text: object, otherwise: datetime) -> datetime:
    """The aware moment a line of the replies names; `otherwise` where a person edited it into something else."""
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        return otherwise
    return moment if moment.tzinfo else otherwise
