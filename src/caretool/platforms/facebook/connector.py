"""The `facebook` platform: the comments under the posts of a Facebook Page.

docs/platforms/facebook.md is its page; the API's is https://developers.facebook.com/docs/pages-api/comments-mentions/.
Never `POST /{comment-id}` with a `message`: Meta's guide shows it as a reply, its specification says that it edits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from caretool.domain.limits import Limits
from caretool.domain.policy import Account
from caretool.errors import TokenRefused
from caretool.http import Client
from caretool.platforms.facebook.fetch import Reader, posts_of, read_bookmark
from caretool.platforms.facebook.replies import Replies
from caretool.platforms.facebook.wire import FIELDS, Comment, read_comment
from caretool.platforms.graph import Graph, Tariff, dialect
from caretool.platforms.graph_comments import Comments, Messages
from caretool.platforms.graph_facts import Learned
from caretool.platforms.graph_posts import Fetch, Reach
from caretool.platforms.graph_wire import UNKNOWN, identifier, used, word
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
_PRIVATE_SCOPE = "pages_messaging"
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
    max_private_length: int = Field(
        default=2000, ge=1, strict=True, description="The longest private answer, in characters (unverified)."
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
        self._learned = Learned(facts)
        self._since = since
        self._window = timedelta(days=settings.private_days)
        self._comments: Comments[Comment] = Comments(
            account, graph, clock, FIELDS, read_comment, lambda one: one.by(self._page), self._me, settings.max_length
        )
        messages = Messages(
            self._comments,
            lambda: f"{self._page}/messages",
            self._window,
            settings.max_private_length,
            len,
            scope=_PRIVATE_SCOPE,
            more={"messaging_type": "RESPONSE"},
        )
        self._replies = Replies(self._comments, messages, self._page)

    @property
    def limits(self) -> Limits:
        """There is no key, and nobody has said what its lists hold: what is unsure a person settles."""
        return Limits(
            length=self._settings.max_length,
            together="names",
            private_replies=True,
            private_length=self._settings.max_private_length,
        )

    @property
    def expires_at(self) -> datetime | None:
        """When the token ends, or our leave to see people's data: as the platform said last."""
        return self._learned.ends_at

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        """Under the latest posts and some of the older ones: new comments, edited ones, and which are gone."""
        news = self._learn(fetching=True)
        overlap, now = timedelta(minutes=self._settings.overlap_minutes), self._clock()
        reach = Reach(self._settings.posts, self._settings.older_posts, overlap, self._since)
        reader = Reader(self._graph, self._page, overlap, self._window, now)
        fetch = Fetch(self._graph, posts_of(self._page), reader, reach, now, read_bookmark(bookmark))
        yield from fetch.pages(news)

    def look(self, native_ids: Sequence[str]) -> Looked:
        """Gone is what is not there, or not for our eyes, while the token is still the Page's."""
        there, gone = self._comments.standing(native_ids)
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
            raise self._comments.no("a private message cannot be taken back")
        self._comments.take_back(native_id)

    def hide(self, offence: Offence) -> None:
        """Its author and their friends go on seeing it."""
        self._hide(offence, hidden=True)

    def unhide(self, offence: Offence) -> None:
        """Show it again."""
        self._hide(offence, hidden=False)

    def delete(self, offence: Offence) -> None:
        """Delete it for everybody."""
        comment = self._comments.offending(offence)
        if comment is None:
            return
        if comment.can_remove is False:
            raise self._comments.no(f"the Page may not delete {comment.id}")
        self._graph.remove(comment.id)

    def ban(self, offence: Offence) -> None:
        """Block its author from the Page."""
        person = self._person(offence)
        told = self._graph.write(f"{self._page}/blocked", params={"user": json.dumps([person])})
        if told.get(person) is False:
            raise self._comments.no(f"the platform says of {person} that it was not done")

    def unban(self, offence: Offence) -> None:
        """Take the block off."""
        self._graph.remove(f"{self._page}/blocked", params={"user": json.dumps([self._person(offence)])})

    def like(self, native_id: str) -> None:
        """As the Page."""
        self._graph.write(f"{self._there(native_id)}/likes")

    def unlike(self, native_id: str) -> None:
        """Take it back."""
        self._graph.remove(f"{self._there(native_id)}/likes")

    def check(self) -> Checked:
        """The token must be the Page's own: to any other the platform shows no comments, and says nothing."""
        self._learn()
        answer = self._graph.ask("me", {"fields": "id"})
        share = used(answer.headers)
        remarks = [] if share is None else [f"{share:g} % is used of what the platform lets this app ask."]
        if self._learned.missing([_PRIVATE_SCOPE]):
            remarks.append(f"To answer in private the token would need {_PRIVATE_SCOPE}, too.")
        if not self._learned.scopes:
            remarks.append("What the token may do, and until when, it tells only to the app: see app_id.")
        return Checked(
            handle=self._page,
            name=self._learned.facts.name,
            software=f"Graph API {self._settings.version}",
            scopes=self._learned.scopes,
            missing=self._learned.missing(_SCOPES),
            expires_at=self.expires_at,
            remarks=tuple(remarks),
            facts=str(self._learned.facts),
        )

    def _me(self, *, fetching: bool = False) -> dict[str, object]:
        """The Page, as its own token sees it. Raises TokenRefused where the token is somebody else's: to that one the
        platform shows no comments, and says nothing."""
        me = self._graph.thing("me", "id,name", fetching=fetching)
        if identifier(me) != self._page:
            what = f"the token is {identifier(me) or 'nobody'}'s, not that of the Page {self._page}"
            raise TokenRefused(f"{self._account}: {what}: take the Page's own from GET /me/accounts")
        return me

    def _learn(self, *, fetching: bool = False) -> str | None:
        """Whose the token is, and until when; the facts, if they are new. Raises TokenRefused if it is not the
        Page's."""
        self._learned.who(name=word(self._me(fetching=fetching), "name"))
        secret = self._settings.token.reveal(f"accounts.{self._account}.token")
        self._learned.token(self._graph.token(secret, self._inspector, fetching=fetching), self._clock())
        return self._learned.news()

    def _there(self, native_id: str) -> str:
        return self._comments.still_there(self._comments.one(native_id), native_id).id

    def _hide(self, offence: Offence, *, hidden: bool) -> None:
        comment = self._comments.still_there(self._comments.offending(offence), offence.native_id)
        if comment.hidden == hidden:
            return
        # Whether a hidden one may be shown again the platform does not say beforehand.
        if hidden and comment.can_hide is False:
            raise self._comments.no(f"the Page may not hide {comment.id}")
        self._graph.write(comment.id, {"is_hidden": "true" if hidden else "false"})

    def _person(self, offence: Offence) -> str:
        """Who is meant is who wrote it; where that is gone, who the desk says wrote it."""
        comment = self._comments.offending(offence)
        person = comment.author.handle if comment is not None and comment.known else offence.handle
        if person.startswith(UNKNOWN):
            raise self._comments.no("the platform does not say who wrote it: nothing was done")
        if person == self._page:
            raise self._comments.no("that is ourselves: nothing was done")
        return person


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
