"""The calls caretool makes to YouTube, and what they give. https://developers.google.com/youtube/v3/docs/"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Literal, TypeVar

from caretool.errors import AnswerLost, PlatformFailed
from caretool.http import Answer, Client, Refused
from caretool.platforms.platform import Skipped
from caretool.platforms.renewing import Grant
from caretool.platforms.youtube.wire import (
    Facts,
    Talk,
    Video,
    WireError,
    Written,
    read_channel,
    read_comment,
    read_talk,
    read_video,
    sound_id,
    where,
)

API = "https://youtube.googleapis.com"
TOKENS = "https://oauth2.googleapis.com"

HeldStatus = Literal["heldForReview", "likelySpam"]
Status = Literal["published", "heldForReview", "likelySpam"]
HELD: tuple[HeldStatus, ...] = ("heldForReview", "likelySpam")
T = TypeVar("T")

_PATH = "/youtube/v3"
_A_PAGE = 100
# The longest list of ids, and of results of a search, that Google documents for any of these calls.
_AT_ONCE = 50
_NOT_THERE = 404
_MOST_SECONDS = 10**9


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """One page, as YouTube orders it: what could be read of it, what could not, and the token of the next page."""

    items: tuple[T, ...]
    skipped: tuple[Skipped, ...] = ()
    older: str | None = None


class Server:
    """YouTube, as one channel. `fetching` reads leave to replies what is kept for them. Each method raises as
    `Platform.fetch` does, and `Refused` for any other no."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name

    def me(self, *, fetching: bool = False) -> Facts:
        """Our channel. Raises PlatformFailed where the token has none."""
        listed = self._list("channels", {"part": "snippet", "mine": "true"}, read_channel, fetching)
        if not listed.items:
            raise PlatformFailed(f"{self._name}: the Google account has no channel: take the token as the channel")
        return listed.items[0]

    def talks_of_channel(
        self, channel: str, status: Status, page: str | None, *, words: str | None = None, fetching: bool = True
    ) -> Listed[Talk]:
        """Threads under all that the channel has, the newest first."""
        params = {"allThreadsRelatedToChannelId": channel} | ({"searchTerms": words} if words else {})
        return self._talks(params, status, page, fetching)

    def talks_of_video(self, video: str, status: Status, page: str | None) -> Listed[Talk]:
        """Threads under one video, the newest first."""
        return self._talks({"videoId": video}, status, page, fetching=False)

    def talks(self, ids: Sequence[str], *, fetching: bool = False) -> dict[str, Talk]:
        """Those of these threads that YouTube shows."""
        found: dict[str, Talk] = {}
        for some in _parts(ids):
            params = {"part": "snippet,replies", "textFormat": "plainText", "id": ",".join(some)}
            listed = self._list("commentThreads", params, read_talk, fetching)
            found |= {talk.id: talk for talk in listed.items}
        return found

    def comments(self, ids: Sequence[str], *, fetching: bool = False) -> dict[str, Written]:
        """Those of these comments that YouTube shows."""
        found: dict[str, Written] = {}
        for some in _parts(ids):
            params = {"part": "snippet", "textFormat": "plainText", "id": ",".join(some)}
            found |= {one.id: one for one in self._list("comments", params, read_comment, fetching).items}
        return found

    def replies(self, parent: str, page: str | None, *, fetching: bool) -> Listed[Written]:
        """What stands below a thread's first comment, in YouTube's own order; nothing where that is gone."""
        params = {"part": "snippet", "textFormat": "plainText", "parentId": parent, "maxResults": str(_A_PAGE)}
        try:
            return self._list("comments", _at(params, page), read_comment, fetching)
        except Refused as refused:
            if refused.status == _NOT_THERE:
                return Listed(())
            raise

    def videos(self, ids: Sequence[str], *, fetching: bool = False) -> dict[str, Video]:
        """Those of these videos that we may see."""
        found: dict[str, Video] = {}
        for some in _parts(ids):
            listed = self._list("videos", {"part": "snippet", "id": ",".join(some)}, read_video, fetching)
            found |= {video.id: video for video in listed.items}
        return found

    def found(self, query: str, page: str | None) -> Listed[str]:
        """The ids of videos in which YouTube finds the query, the newest first."""
        params = {"part": "id", "type": "video", "order": "date", "q": query, "maxResults": str(_AT_ONCE)}
        return self._list("search", _at(params, page), _found, fetching=True)

    def reply(self, parent: str, text: str) -> Written:
        """Below a thread's first comment, once. Raises AnswerLost too."""
        body = {"snippet": {"parentId": parent, "textOriginal": text}}
        answer = self._client.post(f"{_PATH}/comments", json=body, params={"part": "snippet"})
        return self._taken(answer, read_comment)

    def begin(self, video: str, channel: str | None, text: str) -> Written:
        """A thread of our own under a video, once. Raises AnswerLost too."""
        snippet = {"videoId": video, "topLevelComment": {"snippet": {"textOriginal": text}}}
        body = {"snippet": snippet | ({"channelId": channel} if channel else {})}
        answer = self._client.post(f"{_PATH}/commentThreads", json=body, params={"part": "snippet"})
        return self._taken(answer, read_talk).first

    def moderate(self, comment: str, status: Literal["published", "heldForReview", "rejected"]) -> None:
        """Set how a comment under our own videos stands. Raises AnswerLost too."""
        params = {"id": self._sound(comment), "moderationStatus": status}
        self._client.post(f"{_PATH}/comments/setModerationStatus", params=params)

    def delete(self, comment: str) -> None:
        """Delete our own; one that is gone already is no failure. Raises AnswerLost too."""
        try:
            self._client.delete(f"{_PATH}/comments", params={"id": self._sound(comment)})
        except Refused as refused:
            if refused.status != _NOT_THERE:
                raise

    def _talks(self, params: dict[str, str], status: Status, page: str | None, fetching: bool) -> Listed[Talk]:
        """What is published is shown to anybody who does not ask for it by name; all else to the channel's owner."""
        asked = {
            **params,
            **({} if status == "published" else {"moderationStatus": status}),
            "part": "snippet,replies",
            "order": "time",
            "textFormat": "plainText",
            "maxResults": str(_A_PAGE),
        }
        return self._list("commentThreads", _at(asked, page), read_talk, fetching)

    def _list(self, what: str, params: Mapping[str, str], read: Callable[[object], T], fetching: bool) -> Listed[T]:
        answer = self._client.get(f"{_PATH}/{what}", params, fetching=fetching)
        data = answer.json()
        # Google leaves out a list that is empty; what is no object is no list of nothing.
        items = data.get("items", []) if isinstance(data, dict) else None
        if not isinstance(items, list):
            raise PlatformFailed(f"{self._name}: YouTube answered {what} with something else than a list: try again")
        older = data.get("nextPageToken")
        found: list[T] = []
        skipped: list[Skipped] = []
        for item in items:
            try:
                found.append(read(item))
            except WireError as problem:
                skipped.append(Skipped(where(item), str(problem)))
        return Listed(tuple(found), tuple(skipped), older if isinstance(older, str) and older else None)

    def _taken(self, answer: Answer, read: Callable[[object], T]) -> T:
        try:
            return read(answer.json())
        except WireError as problem:
            raise AnswerLost(f"{self._name}: the reply was taken, but not shown ({problem})") from problem

    def _sound(self, comment: str) -> str:
        if sound_id(comment) is None:
            raise PlatformFailed(f"{self._name}: that is no comment of YouTube's")
        return comment


def exchanged(door: Client, client: str, secret: str, refresh: str, now: datetime) -> Grant:
    """An access token for a refresh token, from Google's own place for that. Raises Refused where it is none any more.
    https://developers.google.com/identity/protocols/oauth2/native-app#offline"""
    form = {"grant_type": "refresh_token", "client_id": client, "client_secret": secret, "refresh_token": refresh}
    answer = door.post("/token", form=form)
    said = answer.json()
    access = said.get("access_token") if isinstance(said, dict) else None
    if not isinstance(access, str) or not access:
        raise PlatformFailed(f"{answer.account}: Google gave no access token: try again later")
    renewed = said.get("refresh_token")
    return Grant(
        access,
        renewed if isinstance(renewed, str) and renewed else None,
        _later(said.get("expires_in"), now),
        # Only of those that end: while the consent screen is in testing, or where consent was given for a while.
        _later(said.get("refresh_token_expires_in"), now),
    )


def _later(seconds: object, now: datetime) -> datetime | None:
    if type(seconds) is not int or not 0 < seconds < _MOST_SECONDS:
        return None
    return now + timedelta(seconds=seconds)


def _found(item: object) -> str:
    known = item.get("id") if isinstance(item, dict) else None
    video = sound_id(known.get("videoId")) if isinstance(known, dict) else None
    if video is None:
        raise WireError("no video")
    return video


def _at(params: dict[str, str], page: str | None) -> dict[str, str]:
    return params | ({"pageToken": page} if page else {})


def _parts(ids: Sequence[str]) -> Iterator[list[str]]:
    sound = [one for one in dict.fromkeys(ids) if sound_id(one) is not None]
    for start in range(0, len(sound), _AT_ONCE):
        yield sound[start : start + _AT_ONCE]
