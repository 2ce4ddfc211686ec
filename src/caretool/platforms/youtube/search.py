"""Watch words on YouTube: among the comments of other channels, and among all that is published.

YouTube finds roughly; what it found is looked at again here. What is written to our own channel comes with a fetch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from caretool.domain.comment import Incoming
from caretool.domain.watch import Watch
from caretool.platforms.descent import Descent, Entry, Listing, walk
from caretool.platforms.platform import Page, Skipped
from caretool.platforms.youtube.server import Server
from caretool.platforms.youtube.wire import Talk, Video, incoming

_VIDEOS = "videos"


@dataclass
class Found:
    """Where a search stands: the descent of each listing, and when all of YouTube was searched last."""

    walks: dict[str, Descent] = field(default_factory=dict)
    videos_at: datetime | None = None

    @classmethod
    def parse(cls, text: str | None) -> Found:
        """The beginning where there is none, or where another platform left it."""
        try:
            kept = json.loads(text or "{}")
            at = kept.get("videos_at")
            walks = {str(key): Descent.parse(walked) for key, walked in kept.get("walks", {}).items()}
            searched = None if at is None else datetime.fromisoformat(at)
            return cls(walks, searched if searched is not None and searched.tzinfo is not None else None)
        except (ValueError, TypeError, AttributeError):
            return cls()

    def __str__(self) -> str:
        kept: dict[str, Any] = {key: descent.plain() for key, descent in self.walks.items()}
        return json.dumps({"walks": kept, "videos_at": self.videos_at and self.videos_at.isoformat()})


@dataclass(frozen=True, slots=True)
class Where:
    """What is searched: the comments of these `channels`, and all videos `every` so often (None: never)."""

    channels: Sequence[str] = ()
    every: timedelta | None = None


class Search:
    """One search, from `mark` on, which moves with it. `ours` is our channel; `since` is how far back a first one
    goes (None: to the end)."""

    def __init__(
        self,
        server: Server,
        watch: Watch,
        mark: Found,
        where: Where,
        *,
        ours: str,
        since: datetime | None,
        now: datetime,
    ) -> None:
        self._server = server
        self._watch = watch
        self._mark = mark
        self._where = where
        self._ours = ours
        self._since = since
        self._now = now

    def pages(self) -> Iterator[Page]:
        """Raises as `Platform.fetch` does."""
        for channel in self._where.channels:
            for word in self._watch.words:
                yield from self._talks(channel, word)
        every, last = self._where.every, self._mark.videos_at
        unfinished = self._mark.walks.get(_VIDEOS, Descent()).cursor is not None
        if every is not None and (last is None or self._now - last >= every or unfinished):
            self._mark.videos_at = self._now
            yield from self._videos()
            yield Page((), str(self._mark))

    def _talks(self, channel: str, word: str) -> Iterator[Page]:
        key = f"{channel} {word}"
        skipped: list[Skipped] = []

        def ask(cursor: str | None) -> Listing[Talk]:
            listed = self._server.talks_of_channel(channel, "published", cursor, words=word)
            skipped.extend(listed.skipped)
            return Listing([Entry(talk.id, talk.first.at, talk) for talk in listed.items], listed.older)

        before = self._mark.walks.get(key, Descent())
        for step in walk(before, ask, oldest=self._oldest(before)):
            self._mark.walks[key] = step.descent
            talks = [entry.what for entry in step.entries]
            videos = self._server.videos([talk.video for talk in talks if talk.video], fetching=True)
            found = [incoming(one, talk, _title(videos, talk), self._ours) for talk in talks for one in talk.comments]
            yield self._page(found, tuple(skipped))
            skipped.clear()

    def _videos(self) -> Iterator[Page]:
        """One request for all words: each search counts against the few of a day."""
        query = " | ".join(f'"{word}"' if " " in word else word for word in self._watch.words)
        skipped: list[Skipped] = []

        def ask(cursor: str | None) -> Listing[Video]:
            listed = self._server.found(query, cursor)
            skipped.extend(listed.skipped)
            # What is found is shown cut short and with entities: a video itself says what it is called.
            videos = self._server.videos(listed.items, fetching=True)
            return Listing([Entry(video.id, video.at, video) for video in videos.values()], listed.older)

        before = self._mark.walks.get(_VIDEOS, Descent())
        for step in walk(before, ask, oldest=self._oldest(before)):
            self._mark.walks[_VIDEOS] = step.descent
            found = [entry.what.incoming(own=entry.what.channel == self._ours) for entry in step.entries]
            yield self._page(found, tuple(skipped))
            skipped.clear()

    def _oldest(self, before: Descent) -> datetime | None:
        return self._since if before.floor is None else None

    def _page(self, found: Sequence[Incoming], skipped: tuple[Skipped, ...]) -> Page:
        wanted = [one for one in found if self._watch.finds(one.text, one.language)]
        wanted.sort(key=lambda one: one.written_at or self._now)
        return Page(tuple(wanted), str(self._mark), skipped=skipped)


def _title(videos: Mapping[str, Video], talk: Talk) -> str | None:
    video = videos.get(talk.video or "")
    return video.title if video is not None else None
