"""What we answer on Instagram: posted once, and looked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from caretool.platforms.graph_comments import SKEW, Comments, Messages, posted
from caretool.platforms.graph_wire import address, moment
from caretool.platforms.instagram.wire import A_PAGE, FIELDS, Comment
from caretool.platforms.platform import Outgoing, Posted


@dataclass(frozen=True, slots=True)
class Replies:
    """What we write under these comments, and in private to who wrote them."""

    comments: Comments[Comment]
    messages: Messages[Comment]

    def post(self, reply: Outgoing) -> Posted:
        """See `Platform.post`."""
        answered = self.comments.answered(reply)
        if reply.private:
            return self._message(reply, answered)
        return self.comments.write(reply, self._target(reply, answered), self.find)

    def find(self, reply: Outgoing) -> Posted | None:
        """See `Platform.find`."""
        if reply.private:
            raise self.comments.no("whether a private answer is out shows only in the account's messages: look there")
        for item in self._listed(reply):
            comment = self.comments.same(item, reply)
            if comment is not None:
                return posted(comment, reply)
        return None

    def _listed(self, reply: Outgoing) -> Iterator[object]:
        """What stands where the reply was written to: under one comment all of it, for nobody says in which order;
        under a post, newest first, what was written since."""
        graph, params = self.comments.graph, {"fields": FIELDS, "limit": str(A_PAGE)}
        if len(reply.to) == 1:
            comment = self.comments.one(reply.to[0])
            if comment is not None:
                for listing in graph.pages(f"{comment.parent or comment.id}/replies", params):
                    yield from listing.items
            return
        for listing in graph.pages(f"{address(reply.thread or reply.to[0])}/comments", params):
            yield from listing.items
            told = [moment(item.get("timestamp")) for item in listing.items if isinstance(item, dict)]
            times = [at for at in told if at is not None]
            # By its last one: one among the others may bear an older date than its place on the list.
            if times and times[-1] < reply.created_at - SKEW:
                return

    def _message(self, reply: Outgoing, answered: Sequence[Comment]) -> Posted:
        native_id = self.messages.post(reply, answered)
        if native_id is None:
            return self.comments.found_or_lost(reply, self.find)
        return Posted(native_id, self.comments.clock())

    def _target(self, reply: Outgoing, answered: Sequence[Comment]) -> str:
        """Where it is written. Only the first comment of a thread takes answers, and no hidden one does."""
        if len(reply.to) == 1:
            comment = answered[0]
            if comment.hidden:
                raise self.comments.no(f"{comment.id} is hidden and takes no answer: show it, answer, hide it again")
            return f"{comment.parent or comment.id}/replies"
        if reply.thread is None:
            raise self.comments.no("nobody knows under which post these stand")
        return f"{reply.thread}/comments"
