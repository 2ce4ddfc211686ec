"""What a Facebook Page answers: posted once, and looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from caretool.platforms.facebook.wire import FIELDS, Comment
from caretool.platforms.graph_comments import SKEW, Comments, Messages, posted
from caretool.platforms.graph_wire import address, identifier, moment, plain, word
from caretool.platforms.platform import Outgoing, Posted

_LAST_MESSAGES = "private_reply_conversation{messages.limit(20){id,message,created_time,from}}"


@dataclass(frozen=True, slots=True)
class Replies:
    """What the Page, known by its id, answers."""

    comments: Comments[Comment]
    messages: Messages[Comment]
    page: str

    def post(self, reply: Outgoing) -> Posted:
        """See `Platform.post`."""
        answered = self.comments.answered(reply)
        if reply.private:
            return self._message(reply, answered)
        return self.comments.write(reply, f"{self._target(reply, answered)}/comments", self.find)

    def find(self, reply: Outgoing) -> Posted | None:
        """See `Platform.find`."""
        if reply.private:
            return self._find_message(reply)
        since = str(int((reply.created_at - SKEW).timestamp()))
        params = {"fields": FIELDS, "filter": "stream", "order": "chronological", "limit": "100", "since": since}
        for listing in self.comments.graph.pages(f"{address(reply.thread or reply.to[0])}/comments", params):
            for item in listing.items:
                comment = self.comments.same(item, reply)
                if comment is not None and self._answers(comment, reply):
                    return posted(comment, reply)
        return None

    def _target(self, reply: Outgoing, answered: Sequence[Comment]) -> str:
        """What it is written under."""
        if any(one.private for one in answered):
            raise self.comments.no("a private comment is never answered in public")
        if len(reply.to) == 1:
            if answered[0].can_comment is False:
                raise self.comments.no(f"{answered[0].id} takes no answer any more")
            return answered[0].id
        if reply.thread is None:
            raise self.comments.no("nobody knows under which post these stand")
        return reply.thread

    def _message(self, reply: Outgoing, answered: Sequence[Comment]) -> Posted:
        """Facebook takes one message for each comment, and for some days only."""
        native_id = self.messages.post(reply, answered, taken=answered[0].can_reply_privately is False)
        if native_id is None:
            return self.comments.found_or_lost(reply, self.find)
        return Posted(native_id, self.comments.clock())

    def _find_message(self, reply: Outgoing) -> Posted | None:
        conversation = self.comments.graph.thing(address(reply.to[0]), _LAST_MESSAGES).get("private_reply_conversation")
        messages = conversation.get("messages") if isinstance(conversation, dict) else None
        items = messages.get("data") if isinstance(messages, dict) else None
        for item in items if isinstance(items, list) else []:
            native_id = identifier(item)
            if native_id is None or native_id in reply.not_these or identifier(item.get("from")) != self.page:
                continue
            at = moment(item.get("created_time")) or reply.created_at
            if at >= reply.created_at - SKEW and plain(word(item, "message") or "") == plain(reply.text):
                return Posted(native_id, at)
        return None

    def _answers(self, comment: Comment, reply: Outgoing) -> bool:
        """Whether it stands where the reply was written, or where Facebook puts an answer to an answer: beside it."""
        if comment.parent is None or len(reply.to) > 1:
            return comment.parent is None and len(reply.to) > 1
        above = self.comments.graph.standing(reply.to, "id,parent{id}").seen.values()
        return comment.parent in {*reply.to, *(identifier(one.get("parent")) for one in above)}
