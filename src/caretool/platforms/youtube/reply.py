"""Where a reply goes on YouTube, and how it is found there again.

Only a thread's first comment can be replied to. What answers several threads becomes one of its own, under their video.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from caretool.domain.harmless import one_line
from caretool.errors import PlatformBusy, PlatformFailed
from caretool.http import Refused
from caretool.platforms.descent import Trail
from caretool.platforms.platform import Outgoing, Posted
from caretool.platforms.youtube.server import HELD, Server, Status
from caretool.platforms.youtube.wire import VIDEO, Talk, Video, Written, watch_url

# How far YouTube's clock may be behind ours: looking too far back costs a unit, too short a second reply.
_SKEW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is there of some native ids: comments, the threads they belong to, videos; each by YouTube's id."""

    comments: dict[str, Written]
    talks: dict[str, Talk]
    videos: dict[str, Video]

    @classmethod
    def of(cls, server: Server, native_ids: Sequence[str]) -> Standing:
        """As YouTube shows them now. Raises as `Platform.fetch` does."""
        videos = [one.removeprefix(VIDEO) for one in native_ids if one.startswith(VIDEO)]
        comments = server.comments([one for one in native_ids if not one.startswith(VIDEO)])
        talks = server.talks([one.top for one in comments.values()])
        return cls(comments, talks, server.videos(videos))

    def holds(self, native_id: str) -> bool:
        """Whether this one is there."""
        return native_id in self.comments or native_id.removeprefix(VIDEO) in self.videos

    @property
    def tops(self) -> set[str]:
        """The first comments of their threads."""
        return {one.top for one in self.comments.values()}

    @property
    def under(self) -> set[str]:
        """The videos that they are, or stand under."""
        return {talk.video for talk in self.talks.values() if talk.video} | set(self.videos)

    @property
    def channel(self) -> str | None:
        """Whose videos these are; None: it is not known, or not one channel's."""
        channels = {talk.channel for talk in self.talks.values()} | {video.channel for video in self.videos.values()}
        return channels.pop() if len(channels) == 1 else None


class Replies:
    """What we write, as the channel `ours`. Each method raises as `Platform.post` and `Platform.find` do."""

    def __init__(self, server: Server, account: str, ours: str) -> None:
        self._server = server
        self._account = account
        self._ours = ours

    def post(self, reply: Outgoing) -> Posted:
        """Post it, once."""
        standing = self._there(reply)
        tops, under = standing.tops, standing.under
        if len(tops) == 1 and not standing.videos:
            (top,) = tops
            talk = standing.talks.get(top)
            if talk is not None and not talk.can_reply:
                which = one_line(reply.to[0], 80)
                raise PlatformFailed(f"{self._account}: the thread of {which} takes no replies from us")
            written = self._server.reply(top, reply.text)
        elif len(under) == 1:
            written = self._server.begin(min(under), standing.channel, reply.text)
        else:
            raise PlatformFailed(f"{self._account}: these do not all stand under one video: answer each by itself")
        return _posted(written, min(under, default=None) or _video_of(reply))

    def find(self, reply: Outgoing) -> Posted | None:
        """Among our own, wherever it may stand: the same words, since a day before the reply was made."""
        standing = Standing.of(self._server, reply.to)
        # A reply's id begins with its thread's, as far as is known: so it is found where what it answers is gone.
        tops = standing.tops | {one.partition(".")[0] for one in reply.to if not standing.holds(one)}
        video = min(standing.under, default=None) or _video_of(reply)
        since = reply.created_at - _SKEW
        for written in self._written(tops, video, since, single=len(reply.to) == 1):
            same = _plain(written.original or written.text) == _plain(reply.text)
            if same and written.at >= since and written.id not in reply.not_these:
                return _posted(written, video)
        return None

    def _there(self, reply: Outgoing) -> Standing:
        """What it answers. A failure passes, and the reply must not fail for it: nothing was sent."""
        if reply.private:
            raise PlatformFailed(f"{self._account}: YouTube has no private messages")
        try:
            standing = Standing.of(self._server, reply.to)
        except Refused:
            raise
        except PlatformFailed as problem:
            raise PlatformBusy(f"{problem} (nothing was sent)") from problem
        if not any(standing.holds(one) for one in reply.to):
            raise PlatformFailed(f"{self._account}: {one_line(reply.to[0], 80)} is gone, there is nothing to reply to")
        return standing

    def _written(self, tops: set[str], video: str | None, since: datetime, *, single: bool) -> Iterator[Written]:
        """What we wrote in these threads, and where a reply to several may stand also under the video."""
        sound = {top for top in tops if not top.startswith(VIDEO)}
        if len(sound) == 1 or single:
            for top in sorted(sound):
                yield from self._below(top)
        if video is not None and not (single and sound):
            yield from self._under(video, "published", since)
            for status in HELD:
                try:
                    yield from self._under(video, status, since)
                except Refused:  # somebody else's video: what is held back there is not for us to see
                    return

    def _below(self, top: str) -> Iterator[Written]:
        page, trail = None, Trail()
        while True:
            listed = self._server.replies(top, page, fetching=False)
            yield from (one for one in listed.items if one.channel == self._ours)
            page = trail.on(listed.older)
            if page is None:
                return

    def _under(self, video: str, status: Status, since: datetime) -> Iterator[Written]:
        page, trail = None, Trail()
        while True:
            listed = self._server.talks_of_video(video, status, page)
            yield from (talk.first for talk in listed.items if talk.first.channel == self._ours)
            page = trail.on(listed.older)
            if page is None or any(talk.first.at < since for talk in listed.items):
                return


def _video_of(reply: Outgoing) -> str | None:
    """By the thread, which is a video's wherever there is one; else it is a first comment's."""
    return None if reply.thread is None or reply.thread in reply.to else reply.thread


def _posted(written: Written, video: str | None) -> Posted:
    video = written.video or video
    return Posted(written.id, written.at, watch_url(video, written.id) if video and video != written.top else None)


def _plain(text: str) -> str:
    """For comparing what we wrote with what YouTube made of it: white space is where the layout puts it."""
    return " ".join(text.split())
