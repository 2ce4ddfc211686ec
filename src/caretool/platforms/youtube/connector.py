"""The `youtube` platform: comments under everything that our channel has, by the YouTube Data API v3.

docs/platforms/youtube.md is its page; the API's is https://developers.google.com/youtube/v3/docs/comments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from caretool.domain.budget import Budget
from caretool.domain.limits import Limits
from caretool.domain.policy import Account
from caretool.domain.watch import Watch
from caretool.errors import PlatformFailed
from caretool.http import Client, Refused
from caretool.platforms.platform import Checked, Clock, Looked, Offence, Opening, Outgoing, Page, Posted
from caretool.platforms.renewing import Renewable
from caretool.platforms.youtube.fetch import Fetch, Mark, missing
from caretool.platforms.youtube.quota import Quota
from caretool.platforms.youtube.reply import Replies, Standing
from caretool.platforms.youtube.search import Found, Search, Where
from caretool.platforms.youtube.server import API, HELD, TOKENS, HeldStatus, Server, Status, exchanged
from caretool.platforms.youtube.wire import Facts, incoming, sound_id
from caretool.secrets import Secret

ABOUT = "comments under the videos of a YouTube channel"
GUIDE = """\
A token is made in a browser, as the channel itself, for a client of the Google Cloud console.
There make a project, enable "YouTube Data API v3", set up the consent screen (External) and publish
it: while it is in "Testing" every token dies after 7 days. Make a client of the type "Desktop app":
it has the client id and the client secret. Then ask for consent to the scope
https://www.googleapis.com/auth/youtube.force-ssl with access_type=offline and prompt=consent,
choose the channel, and exchange the code: "refresh_token" in the answer is the token. The two
requests stand on the page named below. Requests are counted for the whole project, which its
accounts share."""


class YouTubeSettings(BaseModel):
    """The keys of an account with `platform = "youtube"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    default_since: ClassVar[str | None] = "7 days"

    client_id: str = Field(min_length=1, description="The id of the OAuth client: 1234-abc.apps.googleusercontent.com.")
    client_secret: Secret = Field(description="Where the secret of the OAuth client is kept, never the secret itself.")
    token: Secret = Field(description="Where the refresh token is kept, never the token itself.")
    project: str | None = Field(
        default=None,
        min_length=1,
        description="A name for the Google project: accounts with the same one share a day's units. What stands before "
        "the first - of client_id (the project's number) if left out.",
    )
    daily_units: int = Field(default=10_000, ge=1, strict=True, description="The project's units a day.")
    daily_searches: int = Field(
        default=100, ge=1, strict=True, description="How often a day the project may search all of YouTube."
    )
    reply_units: int = Field(
        default=52, ge=1, strict=True, description="The units of a new comment (50 or 52: unverified, the dearer one)."
    )
    write_units: int = Field(
        default=50, ge=1, strict=True, description="The units of any other change: to delete, to hide, to show again."
    )
    kept: float = Field(
        default=0.5, ge=0, le=0.95, description="The share of the day's units that fetching leaves to replies."
    )
    keep_days: int = Field(
        default=30, ge=1, strict=True, description="How many days at most YouTube's rules let us keep what was fetched."
    )
    max_length: int = Field(
        default=10_000,
        ge=1,
        strict=True,
        description="The longest reply in characters; YouTube says none (unverified).",
    )
    held: tuple[HeldStatus, ...] = Field(
        default=HELD, description="What is fetched beside what is published: heldForReview, likelySpam."
    )
    rescan: int = Field(
        default=100,
        ge=0,
        le=1000,
        strict=True,
        description="How many of the latest threads and comments are looked at again at each fetch, for new replies, "
        "edits and deletions: a new reply does not surely move its thread (unverified). 0: none.",
    )
    search_channels: tuple[str, ...] = Field(
        default=(), description="Ids (UC…) of other channels whose comments are searched for watch words."
    )
    search_videos: bool = Field(
        default=False, strict=True, description="Whether all of YouTube is searched for videos with a watch word."
    )
    search_minutes: int = Field(
        default=60, ge=1, strict=True, description="How many minutes pass between two searches of all of YouTube."
    )

    @field_validator("search_channels")
    @classmethod
    def _are_channels(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        if any(sound_id(channel) is None for channel in channels):
            raise ValueError("must be ids of channels, as their addresses have them: UC… (not @names)")
        return channels

    @property
    def scope(self) -> str:
        """Who shares a day's units."""
        return f"youtube:{self.project or self.client_id.partition('-')[0]}"

    @property
    def quota(self) -> Quota:
        """What may be asked a day."""
        return Quota(self.daily_units, self.daily_searches, self.kept, self.reply_units, self.write_units)


class YouTubePlatform:
    """One channel. `since` is how far back a first fetch goes."""

    def __init__(
        self,
        account: str,
        settings: YouTubeSettings,
        client: Client,
        token: Renewable,
        clock: Clock,
        *,
        budget: Budget,
        facts: str | None = None,
        since: timedelta | None = None,
    ) -> None:
        self._account = account
        self._settings = settings
        self._server = Server(client, account)
        self._token = token
        self._clock = clock
        self._budget = budget
        self._known = facts
        self._facts = Facts.parse(facts)
        self._since = since

    @property
    def limits(self) -> Limits:
        """A reply that YouTube holds back looks like any other when it is posted, and is not listed: what is not found
        may be there."""
        settings = self._settings
        meter = settings.quota.meter(self._budget, settings.scope, self._clock())
        return Limits(
            length=settings.max_length,
            together="names",
            listing_trustworthy=False,
            keep=timedelta(days=settings.keep_days),
            unread_replies=False,
            replies_left=settings.quota.replies(meter),
            replies_until=None if meter is None else meter.resets_at,
        )

    @property
    def expires_at(self) -> datetime | None:
        """When the refresh token ends: Google says it of those that do, with each access token."""
        return self._token.expires_at

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        """New threads and replies, those that YouTube holds back, then what became of the latest."""
        news = self._learn(fetching=True)
        mark = Mark.parse(bookmark, self._facts.id or "")
        settings = self._settings
        fetch = Fetch(self._server, self._facts, mark, since=self._oldest(), held=settings.held, rescan=settings.rescan)
        for page in fetch.pages():
            yield replace(page, facts=news)
            news = None
        if news is not None:
            yield Page((), str(mark), facts=news)

    def search(self, watch: Watch, bookmark: str | None) -> Iterator[Page]:
        """Comments of other channels, and videos, as the settings say; nothing is asked where they name none."""
        settings = self._settings
        where = Where(
            settings.search_channels, timedelta(minutes=settings.search_minutes) if settings.search_videos else None
        )
        if not where.channels and where.every is None:
            return
        mark, ours, now = Found.parse(bookmark), self._ours(fetching=True), self._clock()
        yield from Search(self._server, watch, mark, where, ours=ours, since=self._oldest(), now=now).pages()

    def look(self, native_ids: Sequence[str]) -> Looked:
        """Gone is what is deleted or rejected; what YouTube only holds back is not."""
        if not native_ids:
            return Looked()
        ours, standing = self._ours(), Standing.of(self._server, native_ids)
        absent = [one for one in native_ids if not standing.holds(one)]
        gone = missing(self._server, absent, ours, fetching=False)
        edited = [incoming(one, standing.talks.get(one.top), None, ours) for one in standing.comments.values()]
        edited += [video.incoming(own=video.channel == ours) for video in standing.videos.values()]
        return Looked(gone=frozenset(gone), edited=tuple(edited))

    def post(self, reply: Outgoing) -> Posted:
        """Below the first comment of the thread it answers; to several threads under their video, as one of its own."""
        length, longest = len(reply.text), self._settings.max_length
        if length > longest:
            raise PlatformFailed(f"{self._account} takes {longest} characters; this has {length}")
        return Replies(self._server, self._account, self._facts.id or "").post(reply)

    def find(self, reply: Outgoing) -> Posted | None:
        """Among our own: the same words below what it answers, or where it answers several also under their video,
        since a day before the reply was made."""
        return Replies(self._server, self._account, self._ours()).find(reply)

    def retract(self, native_id: str) -> None:
        """Delete our own."""
        self._server.delete(native_id)

    def hide(self, offence: Offence) -> None:
        """Hold it for review: only its author and we see it."""
        self._server.moderate(offence.native_id, "heldForReview")

    def unhide(self, offence: Offence) -> None:
        """Publish it."""
        self._server.moderate(offence.native_id, "published")

    def delete(self, offence: Offence) -> None:
        """Reject it: YouTube shows it to nobody, and lists it nowhere any more."""
        try:
            self._server.moderate(offence.native_id, "rejected")
        except Refused as refused:
            if refused.status != 404:
                raise

    def check(self) -> Checked:
        """What may be read is tried out; what YouTube holds back is shown to the channel's owner alone."""
        self._learn()
        ours, settings = self._facts.id or "", self._settings
        statuses: tuple[Status, ...] = ("published", *settings.held)
        for status in statuses:
            self._server.talks_of_channel(ours, status, None, fetching=False)
        now = self._clock()
        meter = settings.quota.meter(self._budget, settings.scope, now)
        return Checked(
            handle=self._facts.handle,
            name=self._facts.name,
            expires_at=self.expires_at,
            requests_left=int(max(meter.left, 0)) if meter is not None else None,
            left_until=meter.resets_at if meter is not None else None,
            remarks=("Whether the token may write shows with the first reply.",),
            facts=str(self._facts),
        )

    def _learn(self, *, fetching: bool = False) -> str | None:
        """Ask YouTube who we are; the facts, if they are new."""
        self._facts = self._server.me(fetching=fetching)
        facts = str(self._facts)
        if facts == self._known:
            return None
        self._known = facts
        return facts

    def _oldest(self) -> datetime | None:
        return None if self._since is None else self._clock() - self._since

    def _ours(self, *, fetching: bool = False) -> str:
        """The id of our channel."""
        if self._facts.id is None:
            self._learn(fetching=fetching)
        return self._facts.id or ""


def open_account(account: Account, opening: Opening, connect: Callable[..., Client] = Client) -> YouTubePlatform:
    """The account, nothing asked of it. `account.settings` is a `YouTubeSettings`."""
    settings: YouTubeSettings = account.settings
    key = f"accounts.{account.name}"
    door = connect(TOKENS, name=account.name, clock=opening.clock)
    token = Renewable(
        account.name,
        vault=opening.vault,
        clock=opening.clock,
        first=lambda: settings.token.reveal(f"{key}.token"),
        exchange=lambda refresh: exchanged(
            door, settings.client_id, settings.client_secret.reveal(f"{key}.client_secret"), refresh, opening.clock()
        ),
    )
    client = connect(
        API,
        name=account.name,
        clock=opening.clock,
        token=token.current,
        renew=token.renew,
        dialect=settings.quota.dialect,
        budget=opening.budget,
        scope=settings.scope,
    )
    since = account.reach
    return YouTubePlatform(
        account.name, settings, client, token, opening.clock, budget=opening.budget, facts=opening.facts, since=since
    )
