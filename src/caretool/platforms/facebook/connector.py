"""The `facebook` platform: the comments under the posts of a Facebook Page.

docs/platforms/facebook.md is its page; the API's is https://developers.facebook.com/docs/pages-api/comments-mentions/.
Never `POST /{comment-id}` with a `message`: Meta's guide shows it as a reply, its specification says that it edits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from caretool.domain.limits import Limits
from caretool.domain.policy import Account
from caretool.http import Client
from caretool.platforms.facebook.fetch import Bookmark, Fetch, Reach
from caretool.platforms.facebook.replies import PRIVATE_SCOPE, Replies, Server
from caretool.platforms.facebook.wire import UNKNOWN, Comment, Facts
from caretool.platforms.graph import Graph, Tariff, dialect
from caretool.platforms.graph_wire import moment, used, word
from caretool.platforms.platform import Checked, Clock, Looked, Offence, Opening, Outgoing, Page, Posted
from caretool.secrets import Secret

ABOUT = "comments under the posts of a Facebook Page"
GUIDE = """\
A Page token is made with an app of your own: developers.facebook.com/apps → Create app (Business).
1. You need the task MODERATE on the Page (and MESSAGING for private answers); the Page's number
   stands under About → Page transparency.
2. Tools → Graph API Explorer: choose the app, "Get User Access Token", and the permissions
   pages_show_list pages_read_engagement pages_read_user_content pages_manage_engagement
   (and pages_messaging for private answers). Generate.
3. Access Token Debugger → Extend Access Token: the user token now lasts about 60 days.
4. In the Explorer, with that token: GET /me/accounts. The access_token beside your Page's id is the
   Page token, and the one to keep. A user token will not do: the platform then shows no comments."""

_SCOPES = ("pages_read_engagement", "pages_read_user_content", "pages_manage_engagement")
_HOST = "https://graph.facebook.com"
_MESSAGE = "m_"


class FacebookSettings(BaseModel):
    """The keys of an account with `platform = "facebook"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    default_since: ClassVar[str | None] = "7 days"

    page: str = Field(pattern=r"^[0-9]{1,30}$", description="The Page's id: its number, in quotes.")
    token: Secret = Field(description="Where the Page token is kept, never the token itself.")
    app_id: str | None = Field(
        default=None,
        pattern=r"^[0-9]{1,30}$",
        description="The app's id; with app_secret the platform tells when the token ends. Without, it may not.",
    )
    app_secret: Secret | None = Field(default=None, description="Where the app's secret is kept.")
    version: str = Field(default="v26.0", pattern=r"^v[0-9]{1,3}\.[0-9]$", description="The version of the Graph API.")
    max_length: int = Field(
        default=8000, ge=1, strict=True, description="The longest reply, in characters (unverified: Meta tells none)."
    )
    posts: int = Field(
        default=25, ge=1, le=500, strict=True, description="How many of the latest posts each fetch looks at."
    )
    older_posts: int = Field(
        default=5, ge=0, le=100, strict=True, description="How many older posts each fetch looks at besides, in turn."
    )
    overlap_minutes: int = Field(
        default=60, ge=1, le=10_080, strict=True, description="How far back a fetch reads again what it has read."
    )
    private_days: int = Field(
        default=7, ge=0, le=365, strict=True, description="For how many days a comment takes a private answer."
    )
    blocked_hours: int = Field(
        default=24,
        ge=1,
        le=720,
        strict=True,
        description="For how long nothing is written once Facebook has blocked the Page (unverified: Meta tells none).",
    )

    @model_validator(mode="after")
    def _whole_app(self) -> Self:
        if (self.app_id is None) != (self.app_secret is None):
            raise ValueError("app_id and app_secret belong together: write both, or neither")
        return self


class FacebookPlatform:
    """One Page. `since` is how far back a first fetch reads what stands under older posts."""

    def __init__(
        self,
        account: str,
        settings: FacebookSettings,
        graph: Graph,
        clock: Clock,
        *,
        inspector: Client | None = None,
        facts: str | None = None,
        since: timedelta | None = None,
    ) -> None:
        self._account = account
        self._settings = settings
        self._page = settings.page
        self._graph = graph
        self._clock = clock
        self._inspector = inspector
        self._known = facts
        self._facts = Facts.parse(facts)
        self._scopes: tuple[str, ...] = ()
        self._since = since
        self._window = timedelta(days=settings.private_days)
        self._server = Server(account, self._page, graph)
        self._replies = Replies(self._server, clock, settings.max_length, self._window)

    @property
    def limits(self) -> Limits:
        """There is no key, and nobody has said what its lists hold: what is unsure a person settles."""
        return Limits(length=self._settings.max_length, together="names", private_replies=True)

    @property
    def expires_at(self) -> datetime | None:
        """When the token ends, or our leave to see people's data: as the platform said last."""
        return moment(self._facts.ends)

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        """Under the latest posts and some of the older ones: new comments, edited ones, and which are gone."""
        news = self._learn(fetching=True)
        mark = Bookmark.parse(bookmark)
        reach = Reach(
            self._settings.posts,
            self._settings.older_posts,
            timedelta(minutes=self._settings.overlap_minutes),
            self._window,
            self._since,
        )
        for page in Fetch(self._graph, self._page, reach, self._clock(), mark).pages():
            yield replace(page, facts=news)
            news = None
        if news is not None:
            yield Page((), str(mark), facts=news)

    def look(self, native_ids: Sequence[str]) -> Looked:
        """Gone is what is not there, or not for our eyes, while the token is still the Page's."""
        there, gone = self._server.standing(native_ids)
        edited = (one.incoming(page=self._page, thread=None, window=self._window) for one in there.values())
        return Looked(gone=gone, edited=tuple(edited))

    def post(self, reply: Outgoing) -> Posted:
        """Under the comment it answers (Facebook puts an answer to an answer under the first of them), or under the
        post where it answers several; a private one into the conversation with who wrote it."""
        return self._replies.post(reply)

    def find(self, reply: Outgoing) -> Posted | None:
        """Our own words since a day before the reply was made: under the post, as an answer to the same comment or, in
        the place where Facebook has put it, to that one's parent. A private one: in the conversation."""
        return self._replies.find(reply)

    def retract(self, native_id: str) -> None:
        """Delete our own comment; a private message stays."""
        if native_id.startswith(_MESSAGE):
            raise self._server.no("a private message cannot be taken back")
        comment = self._server.one(native_id)
        if comment is None:
            return
        if comment.known and not comment.by(self._page):
            raise self._server.no(f"{native_id} is not ours: nothing was deleted")
        self._graph.remove(native_id)

    def hide(self, offence: Offence) -> None:
        """Its author and their friends go on seeing it."""
        self._hide(offence, hidden=True)

    def unhide(self, offence: Offence) -> None:
        """Show it again."""
        self._hide(offence, hidden=False)

    def delete(self, offence: Offence) -> None:
        """Delete it for everybody."""
        comment = self._offending(offence)
        if comment is None:
            return
        if comment.can_remove is False:
            raise self._server.no(f"the Page may not delete {comment.id}")
        self._graph.remove(comment.id)

    def ban(self, offence: Offence) -> None:
        """Block its author from the Page."""
        self._bar(offence, self._graph.write)

    def unban(self, offence: Offence) -> None:
        """Take the block off."""
        self._bar(offence, self._graph.remove)

    def like(self, native_id: str) -> None:
        """As the Page."""
        self._graph.write(f"{self._must_be_there(native_id).id}/likes")

    def unlike(self, native_id: str) -> None:
        """Take it back."""
        self._graph.remove(f"{self._must_be_there(native_id).id}/likes")

    def check(self) -> Checked:
        """The token must be the Page's own: to any other the platform shows no comments, and says nothing."""
        self._learn()
        answer = self._graph.ask("me", {"fields": "id"})
        share = used(answer.headers)
        remarks = [] if share is None else [f"{share:g} % is used of what the platform lets this app ask."]
        if self._scopes and PRIVATE_SCOPE not in self._scopes:
            remarks.append(f"To answer in private the token would need {PRIVATE_SCOPE}, too.")
        if not self._scopes:
            remarks.append("What the token may do, and until when, it tells only to the app: see app_id.")
        return Checked(
            handle=self._page,
            name=self._facts.name,
            software=f"Graph API {self._settings.version}",
            scopes=self._scopes,
            missing=tuple(scope for scope in _SCOPES if self._scopes and scope not in self._scopes),
            expires_at=self.expires_at,
            remarks=tuple(remarks),
            facts=str(self._facts),
        )

    def _learn(self, *, fetching: bool = False) -> str | None:
        """Whose the token is, and until when; the facts, if they are new. Raises TokenRefused if it is not the
        Page's."""
        self._facts = replace(self._facts, name=word(self._server.me(fetching=fetching), "name"))
        secret = self._settings.token.reveal(f"accounts.{self._account}.token")
        told = self._graph.token(secret, self._inspector, fetching=fetching)
        if told is not None:
            self._scopes = told.scopes
            self._facts = replace(self._facts, ends=told.ends_at.isoformat() if told.ends_at else None)
        facts = str(self._facts)
        if facts == self._known:
            return None
        self._known = facts
        return facts

    def _must_be_there(self, native_id: str) -> Comment:
        comment = self._server.one(native_id)
        if comment is None:
            raise self._server.no(f"{native_id} is gone")
        return comment

    def _offending(self, offence: Offence) -> Comment | None:
        """The comment as it stands, None: gone. Raises PlatformFailed if it is somebody else's, or ours."""
        comment = self._server.one(offence.native_id)
        if comment is None:
            return None
        if comment.by(self._page):
            raise self._server.no(f"{comment.id} is our own: nothing was done")
        whose = comment.author.handle
        if comment.known and whose != offence.handle and not offence.handle.startswith(UNKNOWN):
            raise self._server.no(f"{comment.id} is {whose}'s, not {offence.handle[:80]}'s: nothing was done")
        return comment

    def _hide(self, offence: Offence, *, hidden: bool) -> None:
        comment = self._offending(offence)
        if comment is None:
            raise self._server.no(f"{offence.native_id} is gone: nothing was done")
        if comment.hidden == hidden:
            return
        if comment.can_hide is False:
            raise self._server.no(f"the Page may not hide or show {comment.id}")
        self._graph.write(comment.id, {"is_hidden": "true" if hidden else "false"})

    def _bar(self, offence: Offence, do: Callable[..., object]) -> None:
        """Who is meant is who wrote it; where that is gone, who the desk says wrote it."""
        comment = self._offending(offence)
        person = comment.author.handle if comment is not None and comment.known else offence.handle
        if person.startswith(UNKNOWN):
            raise self._server.no("the platform does not say who wrote it: nothing was done")
        if person == self._page:
            raise self._server.no("that is ourselves: nothing was done")
        do(f"{self._page}/blocked", params={"user": json.dumps([person])})


def open_account(account: Account, opening: Opening, connect: Callable[..., Client] = Client) -> FacebookPlatform:
    """The account, nothing asked of it. `account.settings` is a `FacebookSettings`."""
    settings: FacebookSettings = account.settings
    tariff, base = Tariff(), f"{_HOST}/{settings.version}"
    spoken = dialect(tariff, timedelta(hours=settings.blocked_hours))
    client = connect(
        base,
        name=account.name,
        clock=opening.clock,
        token=lambda: settings.token.reveal(f"accounts.{account.name}.token"),
        dialect=spoken,
        budget=opening.budget,
    )
    inspector = None
    if settings.app_secret is not None:
        secret, what = settings.app_secret, f"accounts.{account.name}.app_secret"
        inspector = connect(
            base,
            name=account.name,
            clock=opening.clock,
            token=lambda: f"{settings.app_id}|{secret.reveal(what)}",
            dialect=spoken,
        )
    return FacebookPlatform(
        account.name,
        settings,
        Graph(client, account.name, tariff, _SCOPES),
        opening.clock,
        inspector=inspector,
        facts=opening.facts,
        since=account.reach,
    )
