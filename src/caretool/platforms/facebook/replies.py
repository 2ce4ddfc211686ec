"""How things stand on a Facebook Page now, and our replies there: posted once, and looked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from caretool.errors import AnswerLost, CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.http import Refused
from caretool.platforms.facebook.wire import FIELDS, Comment, read_comment
from caretool.platforms.graph import DUPLICATE, Graph, code_of
from caretool.platforms.graph_wire import WireError, address, identifier, moment, plain, word
from caretool.platforms.platform import Clock, Outgoing, Posted

PRIVATE_SCOPE = "pages_messaging"
# How far the platform's clock may be behind ours.
_SKEW = timedelta(days=1)
_LAST_MESSAGES = "private_reply_conversation{messages.limit(20){id,message,created_time,from}}"


@dataclass(frozen=True, slots=True)
class Server:
    """One account's Page, by its id. Each method raises as `Platform.fetch` does."""

    account: str
    page: str
    graph: Graph

    def no(self, why: str) -> PlatformFailed:
        """That it will not be done, and why."""
        return PlatformFailed(f"{self.account}: {why}")

    def me(self, *, fetching: bool = False) -> dict[str, object]:
        """The Page, as its own token sees it. Raises TokenRefused where the token is somebody else's: to that one the
        platform shows no comments, and says nothing."""
        me = self.graph.thing("me", "id,name", fetching=fetching)
        if identifier(me) != self.page:
            what = f"the token is {identifier(me) or 'nobody'}'s, not that of the Page {self.page}"
            raise TokenRefused(f"{self.account}: {what}: take the Page's own from GET /me/accounts")
        return me

    def standing(self, native_ids: Sequence[str]) -> tuple[dict[str, Comment], frozenset[str]]:
        """Those that are there, and those that are gone: not there, or not for our eyes."""
        standing = self.graph.standing(native_ids, FIELDS)
        if standing.gone:
            self.me()
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
    """What the Page answers; `longest` in characters. A private answer is taken for `window` after the comment."""

    server: Server
    clock: Clock
    longest: int
    window: timedelta

    def post(self, reply: Outgoing) -> Posted:
        """See `Platform.post`."""
        if len(reply.text) > self.longest:
            raise self.server.no(f"it takes {self.longest} characters; this has {len(reply.text)}")
        answered = self._answered(reply)
        if reply.private:
            return self._message(reply, answered)
        try:
            taken = self.server.graph.write(f"{self._target(reply, answered)}/comments", {"message": reply.text})
        except Refused as refused:
            if code_of(refused)[0] != DUPLICATE:
                raise
            return self._found_or_lost(reply)
        native_id = identifier(taken)
        return self._found_or_lost(reply) if native_id is None else self._read_back(native_id)

    def find(self, reply: Outgoing) -> Posted | None:
        """See `Platform.find`."""
        if reply.private:
            return self._find_message(reply)
        since = str(int((reply.created_at - _SKEW).timestamp()))
        params = {"fields": FIELDS, "filter": "stream", "order": "chronological", "limit": "100", "since": since}
        for listing in self.server.graph.pages(f"{address(reply.thread or reply.to[0])}/comments", params):
            for item in listing.items:
                comment = self._says_the_same(item, reply)
                if comment is not None and self._answers(comment, reply):
                    return Posted(comment.id, comment.created_at or reply.created_at, comment.url)
        return None

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
        """What it is written under."""
        if any(one.private for one in answered):
            raise self.server.no("a private comment is never answered in public")
        if len(reply.to) == 1:
            if answered[0].can_comment is False:
                raise self.server.no(f"{answered[0].id} takes no answer any more")
            return answered[0].id
        if reply.thread is None:
            raise self.server.no("nobody knows under which post these stand")
        return reply.thread

    def _message(self, reply: Outgoing, answered: Sequence[Comment]) -> Posted:
        """Facebook takes one message for each comment, and for some days only."""
        if len(reply.to) > 1:
            raise self.server.no("a private answer goes to one comment")
        comment = answered[0]
        late = comment.created_at is not None and self.clock() >= comment.created_at + self.window
        if late or comment.can_reply_privately is False:
            what = f"one for each comment, within {self.window.days} days"
            raise self.server.no(f"{comment.id} takes no private answer any more ({what})")
        form = {
            "recipient": json.dumps({"comment_id": comment.id}),
            "message": json.dumps({"text": reply.text}, ensure_ascii=False),
            "messaging_type": "RESPONSE",
        }
        taken = self.server.graph.write(f"{self.server.page}/messages", form, scope=PRIVATE_SCOPE)
        native_id = identifier(taken, "message_id")
        return self._found_or_lost(reply) if native_id is None else Posted(native_id, self.clock())

    def _find_message(self, reply: Outgoing) -> Posted | None:
        conversation = self.server.graph.thing(address(reply.to[0]), _LAST_MESSAGES).get("private_reply_conversation")
        messages = conversation.get("messages") if isinstance(conversation, dict) else None
        items = messages.get("data") if isinstance(messages, dict) else None
        for item in items if isinstance(items, list) else []:
            native_id = identifier(item)
            if native_id is None or native_id in reply.not_these or identifier(item.get("from")) != self.server.page:
                continue
            at = moment(item.get("created_time")) or reply.created_at
            if at >= reply.created_at - _SKEW and plain(word(item, "message") or "") == plain(reply.text):
                return Posted(native_id, at)
        return None

    def _says_the_same(self, item: object, reply: Outgoing) -> Comment | None:
        """What is listed, if it is ours and says what the reply says. Raises PlatformFailed where nobody can tell."""
        try:
            comment = read_comment(item)
        except WireError as problem:
            raise self.server.no(f"something under the post cannot be read ({problem})") from problem
        if comment.id in reply.not_these or plain(comment.text) != plain(reply.text):
            return None
        if not comment.known:
            raise self.server.no(f"the platform does not say who wrote {comment.id}, which says the same")
        return comment if comment.by(self.server.page) else None

    def _answers(self, comment: Comment, reply: Outgoing) -> bool:
        """Whether it stands where the reply was written, or where Facebook puts an answer to an answer: beside it."""
        if comment.parent is None or len(reply.to) > 1:
            return comment.parent is None and len(reply.to) > 1
        above = self.server.graph.standing(reply.to, "id,parent{id}").seen.values()
        return comment.parent in {*reply.to, *(identifier(one.get("parent")) for one in above)}

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
