"""The `instagram` platform: the comments under the posts of a professional Instagram account, by one of two routes.

docs/platforms/instagram.md is its page; the API's is
https://developers.facebook.com/docs/instagram-platform/comment-moderation/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from caretool.domain.limits import Limits
from caretool.domain.policy import Account
from caretool.errors import CaretoolError, TokenRefused
from caretool.http import Client
from caretool.platforms.graph import Graph, Tariff, dialect
from caretool.platforms.graph_comments import Comments, Messages
from caretool.platforms.graph_facts import Learned
from caretool.platforms.graph_posts import Fetch, Reach
from caretool.platforms.graph_wire import identifier, number, used, word
from caretool.platforms.instagram.fetch import OVERLAP, Reader, media_of, read_bookmark
from caretool.platforms.instagram.replies import Replies
from caretool.platforms.instagram.wire import FIELDS, Comment, Us, read_comment
from caretool.platforms.lengths import utf8
from caretool.platforms.platform import Checked, Clock, Looked, Offence, Opening, Outgoing, Page, Posted
from caretool.platforms.renewing import Grant, Renewable
from caretool.secrets import Secret

ABOUT = "comments under the posts of an Instagram business or creator account"
GUIDE = """\
A token is made with an app of your own: developers.facebook.com/apps → Create app (Business).
The account must be a professional one (business or creator). Two routes, choose one:
route = "instagram": add the product Instagram → "API setup with Instagram login"; add the account,
   Generate token, with instagram_business_basic and instagram_business_manage_comments. It lasts
   60 days and is renewed by itself while it is used; until it is a day old it cannot be.
route = "facebook": the account is linked to a Facebook Page. Make that Page's token (see facebook),
   with instagram_basic instagram_manage_comments pages_show_list pages_read_engagement besides;
   page is the Page's number."""

Route = Literal["instagram", "facebook"]
_SCOPES: dict[Route, tuple[str, ...]] = {
    "instagram": ("instagram_business_basic", "instagram_business_manage_comments"),
    "facebook": ("instagram_basic", "instagram_manage_comments", "pages_read_engagement"),
}
# What the ids of private messages begin with (unverified); those of comments are numbers.
_MESSAGE = "aWdf"
_HOSTS: dict[Route, str] = {"instagram": "https://graph.instagram.com", "facebook": "https://graph.facebook.com"}
# A token that cannot be renewed now (it is younger than a day, or the platform is in trouble) serves on until then.
_TRY_AGAIN = timedelta(hours=6)


class InstagramSettings(BaseModel):
    """The keys of an account with `platform = "instagram"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    default_since: ClassVar[str | None] = "7 days"

    route: Route = Field(description="How we log in: instagram (its own token) or facebook (the linked Page's).")
    token: Secret = Field(description="Where the token is kept, never the token itself.")
    page: str | None = Field(
        default=None, pattern=r"^[0-9]{1,30}$", description="The linked Page's id, in quotes (route facebook)."
    )
    app_id: str | None = Field(
        default=None,
        pattern=r"^[0-9]{1,30}$",
        description="The app's id (route facebook); with app_secret the platform tells when the token ends.",
    )
    app_secret: Secret | None = Field(default=None, description="Where the app's secret is kept (route facebook).")
    version: str = Field(default="v26.0", pattern=r"^v[0-9]{1,3}\.[0-9]$", description="The version of the Graph API.")
    max_length: int = Field(
        default=2200, ge=1, strict=True, description="The longest reply, in characters (unverified)."
    )
    max_private_bytes: int = Field(
        default=1000, ge=1, strict=True, description="The longest private answer, in bytes of UTF-8 (unverified)."
    )
    private_days: int = Field(
        default=7, ge=0, le=365, strict=True, description="For how many days a comment takes a private answer."
    )
    media: int = Field(
        default=50, ge=1, le=500, strict=True, description="How many of the latest posts each fetch looks at."
    )
    older_media: int = Field(
        default=5, ge=0, le=100, strict=True, description="How many older posts each fetch looks at besides, in turn."
    )
    blocked_hours: int = Field(
        default=24,
        ge=1,
        le=720,
        strict=True,
        description="For how long nothing is written once Meta has blocked the account (unverified: it tells none).",
    )

    @model_validator(mode="after")
    def _of_one_route(self) -> Self:
        if (self.app_id is None) != (self.app_secret is None):
            raise ValueError("app_id and app_secret belong together: write both, or neither")
        if self.route == "facebook" and self.page is None:
            raise ValueError("route facebook needs page: the number of the Page the account is linked to")
        if self.route == "instagram" and (self.page is not None or self.app_id is not None):
            raise ValueError("route instagram has no page, app_id and app_secret: take them out, or write facebook")
        return self


class InstagramPlatform:
    """One account. `renewable` is its token where that is renewed, `inspector` what tells of one that is not."""

    def __init__(
        self,
        account: str,
        settings: InstagramSettings,
        graph: Graph,
        clock: Clock,
        *,
        renewable: Renewable | None = None,
        inspector: Client | None = None,
        facts: str | None = None,
        since: timedelta | None = None,
    ) -> None:
        self._account = account
        self._settings = settings
        self._graph = graph
        self._clock = clock
        self._renewable = renewable
        self._inspector = inspector
        self._learned = Learned(facts)
        self._since = since
        self._comments: Comments[Comment] = Comments(
            account, graph, clock, FIELDS, read_comment, self._ours, self._still_us, settings.max_length
        )
        self._window = timedelta(days=settings.private_days)
        messages = Messages(
            self._comments, lambda: f"{self._us().id}/messages", self._window, settings.max_private_bytes, utf8
        )
        self._replies = Replies(self._comments, messages)

    @property
    def limits(self) -> Limits:
        """There is no key, and nobody has said what its lists hold: what is unsure a person settles."""
        return Limits(
            length=self._settings.max_length,
            together="mentions",
            private_replies=True,
            private_length=self._settings.max_private_bytes,
            private_measure=utf8,
        )

    @property
    def expires_at(self) -> datetime | None:
        """When the token ends, if nobody renews it before."""
        return self._learned.ends_at if self._renewable is None else self._renewable.expires_at

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        """Under the latest posts whose number of comments changed, and under some of the older ones."""
        news = self._learn(fetching=True)
        mark, us, now = read_bookmark(bookmark), self._us(), self._clock()
        reach = Reach(self._settings.media, self._settings.older_media, OVERLAP, self._since)
        reader = Reader(self._graph, us, self._window, now, mark)
        yield from Fetch(self._graph, media_of(us.id), reader, reach, now, mark).pages(news)

    def look(self, native_ids: Sequence[str]) -> Looked:
        """Gone is what is not there, or not for our eyes, while the token is still ours."""
        there, gone = self._comments.standing(native_ids)
        us = self._us() if there else Us("")
        return Looked(
            gone=gone, edited=tuple(one.incoming(us=us, thread=None, window=self._window) for one in there.values())
        )

    def post(self, reply: Outgoing) -> Posted:
        """Under the comment it answers, or under the first of its thread where that is an answer itself; an answer to
        several under the post; a private one into the conversation with who wrote it."""
        return self._replies.post(reply)

    def find(self, reply: Outgoing) -> Posted | None:
        """Our own words since a day before the reply was made, in the place it was written to. Whether a private one is
        out nobody can see from here: raises PlatformFailed."""
        return self._replies.find(reply)

    def retract(self, native_id: str) -> None:
        """Delete our own comment; a private message stays."""
        if native_id.startswith(_MESSAGE):
            raise self._comments.no("a private message cannot be taken back")
        self._comments.take_back(native_id)

    def hide(self, offence: Offence) -> None:
        """Nobody but its author sees it; while it is hidden it takes no answer."""
        self._hide(offence, hidden=True)

    def unhide(self, offence: Offence) -> None:
        """Show it again."""
        self._hide(offence, hidden=False)

    def delete(self, offence: Offence) -> None:
        """Delete it for everybody."""
        comment = self._comments.offending(offence)
        if comment is not None:
            self._graph.remove(comment.id)

    def check(self) -> Checked:
        """Who we are there, and what the token may do where the platform tells."""
        self._learn()
        answer = self._graph.ask(self._us().id, {"fields": "id"})
        share = used(answer.headers)
        remarks = [] if share is None else [f"{share:g} % is used of what the platform lets this app ask."]
        if not self._learned.scopes:
            remarks.append("Whether the token may write shows with the first reply.")
        return Checked(
            handle=self._learned.facts.handle,
            software=f"Graph API {self._settings.version}",
            scopes=self._learned.scopes,
            missing=self._learned.missing(_SCOPES[self._settings.route]),
            expires_at=self.expires_at,
            remarks=tuple(remarks),
            facts=str(self._learned.facts),
        )

    def _us(self) -> Us:
        """Asked for once, if nobody has done so before."""
        if self._learned.facts.id is None:
            self._ask_who()
        return Us(self._learned.facts.id or "", self._learned.facts.handle)

    def _ours(self, comment: Comment) -> bool:
        return comment.by(self._us())

    def _still_us(self) -> object:
        return self._graph.thing(self._us().id, "id")

    def _learn(self, *, fetching: bool = False) -> str | None:
        """Who we are, and until when; the facts, if they are new."""
        self._ask_who(fetching=fetching)
        if self._renewable is None:
            secret = self._settings.token.reveal(f"accounts.{self._account}.token")
            self._learned.token(self._graph.token(secret, self._inspector, fetching=fetching), self._clock())
        return self._learned.news()

    def _ask_who(self, *, fetching: bool = False) -> None:
        """The account's own id is `user_id` on the one route (`id` is the app's word for it), the Page's account on the
        other."""
        if self._settings.route == "instagram":
            me = self._graph.thing("me", "user_id,username", fetching=fetching)
            known, handle = identifier(me, "user_id"), word(me, "username")
        else:
            fields = "instagram_business_account{id,username}"
            page = self._graph.thing(str(self._settings.page), fields, fetching=fetching)
            linked = page.get("instagram_business_account")
            known, handle = identifier(linked), word(linked, "username") if isinstance(linked, dict) else None
        if known is None:
            what = "the platform shows no professional Instagram account to this token"
            raise TokenRefused(f"{self._account}: {what}: is it linked, and was it chosen when the token was made?")
        self._learned.who(id=known, handle=handle)

    def _hide(self, offence: Offence, *, hidden: bool) -> None:
        comment = self._comments.still_there(self._comments.offending(offence), offence.native_id)
        if comment.hidden != hidden:
            # It is read as `hidden` and written as `hide`.
            self._graph.write(comment.id, params={"hide": "true" if hidden else "false"})


def open_account(account: Account, opening: Opening, connect: Callable[..., Client] = Client) -> InstagramPlatform:
    """The account, nothing asked of it. `account.settings` is an `InstagramSettings`."""
    settings: InstagramSettings = account.settings
    tariff, host = Tariff(), _HOSTS[settings.route]
    base = f"{host}/{settings.version}"
    spoken = dialect(tariff, timedelta(hours=settings.blocked_hours))

    def secret() -> str:
        return settings.token.reveal(f"accounts.{account.name}.token")

    def client(where: str, token: Callable[[], str]) -> Client:
        return connect(where, name=account.name, clock=opening.clock, token=token, dialect=spoken)

    def app_token() -> str:
        kept = settings.app_secret.reveal(f"accounts.{account.name}.app_secret") if settings.app_secret else ""
        return f"{settings.app_id}|{kept}"

    renewable = None
    if settings.route == "instagram":
        renewing = _Renewing(client, host, settings.version, opening.clock)
        renewable = Renewable(
            account.name, vault=opening.vault, clock=opening.clock, first=secret, exchange=renewing.exchange
        )
    ours = connect(
        base,
        name=account.name,
        clock=opening.clock,
        token=secret if renewable is None else renewable.current,
        renew=None if renewable is None else renewable.renew,
        dialect=spoken,
        budget=opening.budget,
    )
    return InstagramPlatform(
        account.name,
        settings,
        Graph(ours, account.name, tariff, _SCOPES[settings.route]),
        opening.clock,
        renewable=renewable,
        inspector=client(base, app_token) if settings.app_secret is not None else None,
        facts=opening.facts,
        since=account.reach,
    )


@dataclass(frozen=True, slots=True)
class _Renewing:
    """A token of the route `instagram` renews itself: what comes of it takes its place."""

    client: Callable[[str, Callable[[], str]], Client]
    host: str
    version: str
    clock: Clock

    def exchange(self, token: str) -> Grant:
        """Sixty more days; half of them pass before it is asked again. Not while the token is younger than a day: then
        the old one serves on, if the platform still takes it. Raises TokenRefused."""
        try:
            answer = self.client(self.host, lambda: token).get(
                "refresh_access_token", {"grant_type": "ig_refresh_token", "access_token": token}
            )
            told = answer.json()
        except TokenRefused:
            self._must_be_taken(token)
            told = None
        except CaretoolError:
            told = None
        access = word(told, "access_token") if isinstance(told, dict) else None
        seconds = number(told, "expires_in") if isinstance(told, dict) else None
        if access is None or seconds is None:
            return Grant(access or token, access, self.clock() + _TRY_AGAIN)
        life = timedelta(seconds=min(seconds, 10**9))
        return Grant(access, access, self.clock() + life / 2, self.clock() + life)

    def _must_be_taken(self, token: str) -> None:
        """Raises TokenRefused if the platform does not take it at all."""
        try:
            self.client(f"{self.host}/{self.version}", lambda: token).get("me", {"fields": "user_id"})
        except TokenRefused:
            raise
        except CaretoolError:
            return
