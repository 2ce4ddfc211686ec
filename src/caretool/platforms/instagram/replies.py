"""How comments stand on Instagram now, and our replies there: posted once, and looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from caretool.errors import AnswerLost, CaretoolError, PlatformBusy, PlatformFailed
from caretool.http import Refused
from caretool.platforms.graph import DUPLICATE, Graph, code_of
from caretool.platforms.graph_wire import WireError, address, identifier, moment, plain
from caretool.platforms.instagram.fetch import A_PAGE, FIELDS, Comment, Us, read_comment
from caretool.platforms.platform import Clock, Outgoing, Posted

# How far the platform's clock may be behind ours.
_SKEW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Server:
    """One account's comments; `us` says who we are. Each method raises as `Platform.fetch` does."""

    account: str
    graph: Graph
    us: Callable[[], Us]

    def no(self, why: str) -> PlatformFailed:
        """That it will not be done, and why."""
        return PlatformFailed(f"{self.account}: {why}")

    def standing(self, native_ids: Sequence[str]) -> tuple[dict[str, Comment], frozenset[str]]:
        """Those that are there, and those that are gone: not there, or not for our eyes."""
        standing = self.graph.standing(native_ids, FIELDS)
        if standing.gone:
            self.graph.thing(self.us().id, "id")
        try:
            there = {one: read_comment(data) for one, data in standing.seen.items()}
        except WireError as problem:
            raise self.no(f"a comment cannot be read ({problem})") from problem
        return there, standing.gone

    def one(self, native_id: str) -> Comment | None:
        """The comment; None: it is gone."""
        return self.standing([native_id])[0].get(native_id)


@dataclass(frozen=True, slots=True)
class Replies:
    """What we answer; `longest` in characters."""

    server: Server
    clock: Clock
    longest: int

    def post(self, reply: Outgoing) -> Posted:
        """See `Platform.post`."""
        if reply.private:
            raise self.server.no("it takes no private answers from here")
        if len(reply.text) > self.longest:
            raise self.server.no(f"it takes {self.longest} characters; this has {len(reply.text)}")
        target = self._target(reply, self._answered(reply))
        try:
            taken = self.server.graph.write(target, {"message": reply.text})
        except Refused as refused:
            if code_of(refused)[0] != DUPLICATE:
                raise
            return self._found_or_lost(reply)
        native_id = identifier(taken)
        return self._found_or_lost(reply) if native_id is None else self._read_back(native_id)

    def find(self, reply: Outgoing) -> Posted | None:
        """See `Platform.find`."""
        us = self.server.us()
        for item in self._listed(reply):
            try:
                comment = read_comment(item)
            except WireError as problem:
                raise self.server.no(f"something beside it cannot be read ({problem})") from problem
            if comment.id in reply.not_these or plain(comment.text) != plain(reply.text):
                continue
            if comment.created_at is not None and comment.created_at < reply.created_at - _SKEW:
                continue
            if not comment.known:
                raise self.server.no(f"the platform does not say who wrote {comment.id}, which says the same")
            if comment.by(us):
                return Posted(comment.id, comment.created_at or reply.created_at, comment.url)
        return None

    def _listed(self, reply: Outgoing) -> Iterator[object]:
        """What stands where the reply was written to: under one comment all of it, for nobody says in which order;
        under a post, newest first, what was written since."""
        params = {"fields": FIELDS, "limit": str(A_PAGE)}
        if len(reply.to) == 1:
            comment = self.server.one(reply.to[0])
            if comment is not None:
                for listing in self.server.graph.pages(f"{comment.parent or comment.id}/replies", params):
                    yield from listing.items
            return
        for listing in self.server.graph.pages(f"{address(reply.thread or reply.to[0])}/comments", params):
            yield from listing.items
            times = [moment(item.get("timestamp")) for item in listing.items if isinstance(item, dict)]
            if any(at is not None and at < reply.created_at - _SKEW for at in times):
                return

    def _answered(self, reply: Outgoing) -> list[Comment]:
        """Those it answers that are there. A failure passes, and the reply must not fail for it: nothing was sent."""
        try:
            there, _ = self.server.standing(reply.to)
        except Refused:
            raise
        except PlatformFailed as problem:
            raise PlatformBusy(f"{problem} (nothing was sent)") from problem
        if not there:
            raise self.server.no(f"{reply.to[0]} is gone, there is nothing to reply to")
        return [there[one] for one in reply.to if one in there]

    def _target(self, reply: Outgoing, answered: Sequence[Comment]) -> str:
        """Where it is written. Only the first comment of a thread takes answers, and no hidden one does."""
        if len(reply.to) == 1:
            comment = answered[0]
            if comment.hidden:
                raise self.server.no(f"{comment.id} is hidden and takes no answer: show it, answer, hide it again")
            return f"{comment.parent or comment.id}/replies"
        if reply.thread is None:
            raise self.server.no("nobody knows under which post these stand")
        return f"{reply.thread}/comments"

    def _read_back(self, native_id: str) -> Posted:
        """It is out, whatever comes of asking how it looks."""
        try:
            comment = read_comment(self.server.graph.thing(native_id, FIELDS))
        except (CaretoolError, WireError):
            return Posted(native_id, self.clock())
        return Posted(native_id, comment.created_at or self.clock(), comment.url)

    def _found_or_lost(self, reply: Outgoing) -> Posted:
        """It was taken without a word as what, or the platform has had it before."""
        try:
            found = self.find(reply)
        except CaretoolError:
            found = None
        if found is None:
            raise AnswerLost(f"{self.server.account}: the platform does not say where it is: it may be out or not")
        return found
