"""Our replies on a WordPress site: posted once, looked for, taken back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from caretool.errors import AnswerLost, CaretoolError, Delayed, PlatformFailed
from caretool.http import Refused
from caretool.platforms.platform import Clock, Outgoing, Posted
from caretool.platforms.wordpress.server import DUPLICATE, Server, when
from caretool.platforms.wordpress.wire import Comment, escaped, identifier, measured, moment, plain, word

# How far the site's clock may be behind ours, and how far its time zone may have moved.
_SKEW = timedelta(days=2)
_ANSWERABLE = ("approved", "hold")


@dataclass(frozen=True, slots=True)
class Replies:
    """What we answer; `longest` in bytes. With `approves` what waits for a moderator is approved by being answered, as
    soon as the reply is there: one that is refused shows nobody what it answers."""

    server: Server
    clock: Clock
    longest: int
    approves: bool

    def post(self, reply: Outgoing) -> Posted:
        """See `Platform.post`."""
        if measured(reply.text) > self.longest:
            raise self.server.no(f"it takes {self.longest} bytes; this has {measured(reply.text)}")
        answered = self._answered(reply)
        post = self._post_of(reply, answered)
        parent = answered[0].id if len(reply.to) == 1 else None
        try:
            answer = self.server.create(post, parent, escaped(reply.text))
        except Refused as refused:
            if refused.code != DUPLICATE:
                raise
            return self._there_already(reply)
        told = answer.json()
        native_id = identifier(told)
        if native_id is None:
            raise AnswerLost(f"{answer.account}: the reply was taken, but the site does not say as what")
        try:
            self._approve(answered)
        except CaretoolError as problem:
            what = f"the reply is there as comment {native_id}, what it answers still waits for a moderator"
            raise AnswerLost(f"{problem} ({what})") from problem
        return Posted(native_id, moment(told.get("date_gmt")) or self.clock(), word(told, "link"))

    def find(self, reply: Outgoing) -> Posted | None:
        """See `Platform.find`. WordPress lists what is in its own database, and an answer to what was deleted for good
        stands where that stood. What the reply was to approve, and did not come to, is approved now."""
        elsewhere: Comment | None = None
        for comment in self._alike(reply, since=True):
            if comment.id in reply.not_these:
                continue
            if self._in_place(comment, reply):
                if self.approves and comment.status == "approved":
                    self._approve(self.server.standing(reply.to).values())
                return self._posted(comment, reply)
            elsewhere = elsewhere or comment
        if elsewhere is None or len(reply.to) > 1 or self.server.standing(reply.to):
            return None
        return self._posted(elsewhere, reply)

    def retract(self, native_id: str) -> None:
        """See `Retracts.retract`."""
        comment = self.server.standing([native_id]).get(native_id)
        if comment is None:
            return
        if comment.user != self.server.ours():
            raise self.server.no(f"{native_id} is not ours: nothing was deleted")
        self.server.delete(native_id)

    def _answered(self, reply: Outgoing) -> list[Comment]:
        """Those it answers that are there. A failure passes, and the reply must not fail for it: nothing was sent."""
        try:
            standing = self.server.standing(reply.to)
        except Refused:
            raise
        except PlatformFailed as problem:
            raise Delayed(f"{problem} (nothing was sent)") from problem
        answered = [standing[one] for one in reply.to if one in standing and standing[one].status in _ANSWERABLE]
        if not answered:
            raise self.server.no(f"{reply.to[0]} is gone or thrown out, there is nothing to reply to")
        held = [one.id for one in answered if one.held]
        if held and (reply.private or not self.approves):
            what = "waits for a moderator and nobody sees it: approve it there first"
            raise self.server.no(f"comment {held[0]} {what} (or say approve_on_reply)")
        if reply.private:
            raise self.server.no("WordPress has no private answers")
        return answered

    def _post_of(self, reply: Outgoing, answered: Sequence[Comment]) -> str:
        """Under which post they stand: WordPress takes an answer under any."""
        posts = {one.thread.native_id if one.thread else None for one in answered}
        post = next(iter(posts))
        if len(posts) > 1 or post is None:
            raise self.server.no(f"{', '.join(reply.to)[:80]} do not stand under one post")
        return post

    def _approve(self, answered: Iterable[Comment]) -> None:
        """Those of them that wait for a moderator; what was thrown out meanwhile stays so."""
        for comment in answered:
            if comment.status != "hold":
                continue
            try:
                self.server.set_status(comment.id, "approved")
            except AnswerLost as lost:  # asked for again it does no harm
                raise PlatformFailed(str(lost)) from lost

    def _there_already(self, reply: Outgoing) -> Posted:
        """The site has the same words by us in the same place. It is this reply, if an earlier request was carried out;
        or another one of ours, which stays as it is."""
        try:
            found = self.find(reply)
            others = [] if found else [one for one in self._alike(reply, since=False) if self._in_place(one, reply)]
        except CaretoolError as problem:
            raise AnswerLost(
                f"{problem} (the site has these words there; whether as this reply, nobody knows)"
            ) from problem
        if found is not None:
            return found
        if others:
            raise self.server.no(f"the same words of ours stand there as {others[0].id}: say it in others")
        raise AnswerLost(str(self.server.no("the site has these words there, and does not show them")))

    def _alike(self, reply: Outgoing, *, since: bool) -> Iterator[Comment]:
        """What we wrote in the same words, wherever it is now; with `since`, when it may be this reply."""
        asked = {"author": self.server.ours(), "status": "any"}
        if reply.thread is not None:
            asked["post"] = reply.thread
        if since:
            asked["after"] = when(reply.created_at - _SKEW)
        words = plain(reply.text)
        for comments, skipped in self.server.listed(asked):
            if skipped:
                raise self.server.no(f"something that we wrote cannot be read ({skipped[0].where}: {skipped[0].why})")
            yield from (one for one in comments if plain(one.text) == words)

    @staticmethod
    def _in_place(comment: Comment, reply: Outgoing) -> bool:
        """Whether it stands where the reply was written: under the one it answers, or under the post."""
        return comment.parent == (reply.to[0] if len(reply.to) == 1 else None)

    @staticmethod
    def _posted(comment: Comment, reply: Outgoing) -> Posted:
        return Posted(comment.id, comment.created_at or reply.created_at, comment.url)
