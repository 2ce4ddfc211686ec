"""How comments stand on one of Meta's platforms now, and our own among them: written once, and looked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from caretool.domain.comment import Author
from caretool.domain.harmless import one_line
from caretool.errors import AnswerLost, CaretoolError, Delayed, PlatformBusy, PlatformFailed
from caretool.http import Refused
from caretool.platforms.graph import DUPLICATE, Forbidden, Graph, code_of
from caretool.platforms.graph_wire import UNKNOWN, WireError, identifier, plain
from caretool.platforms.platform import Clock, Offence, Outgoing, Posted

# How far the platform's clock may be behind ours.
SKEW = timedelta(days=1)


class Comment(Protocol):
    """What both platforms tell of a comment. `known`: they say who wrote it."""

    @property
    def id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def author(self) -> Author: ...
    @property
    def known(self) -> bool: ...
    @property
    def created_at(self) -> datetime | None: ...
    @property
    def url(self) -> str | None: ...


C = TypeVar("C", bound=Comment)


@dataclass(frozen=True, slots=True)
class Comments(Generic[C]):
    """One account's, asked for by `fields` and read by `read` (which raises WireError). `ours` says whether we wrote
    one; `sure` raises where the token does not speak for us any more. `longest` is a reply's, in characters. Each
    method raises as `Platform.fetch` does."""

    account: str
    graph: Graph
    clock: Clock
    fields: str
    read: Callable[[object], C]
    ours: Callable[[C], bool]
    sure: Callable[[], object]
    longest: int

    def no(self, why: str) -> PlatformFailed:
        """That it will not be done, and why."""
        return PlatformFailed(f"{self.account}: {why}")

    def standing(self, native_ids: Sequence[str]) -> tuple[dict[str, C], frozenset[str]]:
        """Those that are there, and those that are gone: not there, or not for our eyes."""
        standing = self.graph.standing(native_ids, self.fields)
        if standing.gone:
            self.sure()
        try:
            there = {one: self.read(data) for one, data in standing.seen.items()}
        except WireError as problem:
            raise self.no(f"a comment cannot be read ({problem})") from problem
        return there, standing.gone

    def one(self, native_id: str) -> C | None:
        """The comment; None: it is gone."""
        return self.standing([native_id])[0].get(native_id)

    def offending(self, offence: Offence) -> C | None:
        """The comment as it stands, None: gone. Raises PlatformFailed if it is somebody else's, or ours."""
        comment = self.one(offence.native_id)
        if comment is None:
            return None
        if self.ours(comment):
            raise self.no(f"{comment.id} is our own: nothing was done")
        whose, meant = comment.author.handle.casefold(), offence.handle.casefold()
        if comment.known and whose != meant and not meant.startswith(UNKNOWN):
            raise self.no(f"{comment.id} is {one_line(whose, 80)}'s, not {one_line(meant, 80)}'s: nothing was done")
        return comment

    def still_there(self, comment: C | None, native_id: str) -> C:
        """What is to be changed must be there. Raises PlatformFailed."""
        if comment is None:
            raise self.no(f"{native_id} is gone: nothing was done")
        return comment

    def take_back(self, native_id: str) -> None:
        """Delete our own; one that is gone already is no failure."""
        comment = self.one(native_id)
        if comment is None:
            return
        if comment.known and not self.ours(comment):
            raise self.no(f"{native_id} is not ours: nothing was deleted")
        self.graph.remove(native_id)

    def answered(self, reply: Outgoing) -> list[C]:
        """Those a reply answers that are there. A failure passes, and the reply must not fail for it: nothing was
        sent."""
        if not reply.private and len(reply.text) > self.longest:
            raise self.no(f"it takes {self.longest} characters; this has {len(reply.text)}")
        try:
            there, _ = self.standing(reply.to)
        except Refused:
            raise
        except PlatformFailed as problem:
            raise PlatformBusy(f"{problem} (nothing was sent)") from problem
        if not there:
            raise self.no(f"{reply.to[0]} is gone, there is nothing to reply to")
        return [there[one] for one in reply.to if one in there]

    def write(self, reply: Outgoing, path: str, find: Callable[[Outgoing], Posted | None]) -> Posted:
        """Write the reply there, once. Where its id is not told it is looked for by `find`."""
        try:
            taken = self.graph.write(path, {"message": reply.text})
        except Refused as refused:
            if code_of(refused)[0] != DUPLICATE:
                raise
            return self.found_or_lost(reply, find)
        native_id = identifier(taken)
        return self.found_or_lost(reply, find) if native_id is None else self._read_back(native_id)

    def found_or_lost(self, reply: Outgoing, find: Callable[[Outgoing], Posted | None]) -> Posted:
        """It was taken without a word as what, or the platform has had it before."""
        try:
            found = find(reply)
        except CaretoolError:
            found = None
        if found is None:
            raise AnswerLost(f"{self.account}: the platform does not say where it is: it may be out or not")
        return found

    def same(self, item: object, reply: Outgoing) -> C | None:
        """What is listed, if it is ours and says what the reply says, since a day before it was made. Raises
        PlatformFailed where nobody can tell."""
        try:
            comment = self.read(item)
        except WireError as problem:
            raise self.no(f"something beside it cannot be read ({problem})") from problem
        if comment.id in reply.not_these or plain(comment.text) != plain(reply.text):
            return None
        if comment.created_at is not None and comment.created_at < reply.created_at - SKEW:
            return None
        if self.ours(comment):
            return comment
        if not comment.known:
            raise self.no(f"the platform does not say who wrote {comment.id}, which says the same")
        return None

    def _read_back(self, native_id: str) -> Posted:
        """It is out, whatever comes of asking how it looks."""
        try:
            comment = self.read(self.graph.thing(native_id, self.fields))
        except (CaretoolError, WireError):
            return Posted(native_id, self.clock())
        return Posted(native_id, comment.created_at or self.clock(), comment.url)


@dataclass(frozen=True, slots=True)
class Messages(Generic[C]):
    """Private answers to these comments: one for each, for `window` after it was written, of `longest` by `measure`.
    They go to `path`, with `more`; `scope` is what the token needs for them."""

    comments: Comments[C]
    path: Callable[[], str]
    window: timedelta
    longest: int
    measure: Callable[[str], int]
    scope: str = ""
    more: Mapping[str, str] = field(default_factory=dict)

    def post(self, reply: Outgoing, answered: Sequence[C], *, taken: bool = False) -> str | None:
        """Send it, once; its id (None: the platform does not tell it). `taken`: the platform takes none to this comment
        any more. Raises AnswerLost too, and Delayed where the token may send none: what is public goes out all the
        same."""
        if len(reply.to) > 1:
            raise self.comments.no("a private answer goes to one comment")
        if (size := self.measure(reply.text)) > self.longest:
            raise self.comments.no(f"a private answer is no longer than {self.longest}; this has {size}")
        comment, now = answered[0], self.comments.clock()
        late = comment.created_at is not None and now >= comment.created_at + self.window
        if late or taken:
            what = f"one for each comment, within {self.window.days} days"
            raise self.comments.no(f"{comment.id} takes no private answer any more ({what})")
        form = {
            "recipient": json.dumps({"comment_id": comment.id}),
            "message": json.dumps({"text": reply.text}, ensure_ascii=False),
            **self.more,
        }
        try:
            return identifier(self.comments.graph.write(self.path(), form, scope=self.scope), "message_id")
        except Forbidden as problem:
            raise Delayed(f"{problem} (nothing was sent)") from None


def posted(comment: Comment, reply: Outgoing) -> Posted:
    """What was found, as the reply it is."""
    return Posted(comment.id, comment.created_at or reply.created_at, comment.url)
