"""The `x` platform: who mentions us on X, by its API v2.

docs/platforms/x.md is its page; the API's is https://docs.x.com/x-api/introduction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from caretool.dialect import basic
from caretool.domain.budget import Budget
from caretool.domain.harmless import one_line
from caretool.domain.host import on_this_machine
from caretool.domain.limits import Limits
from caretool.domain.policy import Account
from caretool.domain.watch import Watch
from caretool.errors import AnswerLost, PlatformFailed, TokenRefused
from caretool.http import Client, Refused
from caretool.platforms.descent import Trail
from caretool.platforms.platform import Checked, Clock, Looked, Offence, Opening, Outgoing, Page, Posted, Skipped
from caretool.platforms.renewing import Grant, Renewable
from caretool.platforms.x import fetch as x_fetch
from caretool.platforms.x.server import DIALECT, POSTS, Server, exchanged, requests_left, resets_at
from caretool.platforms.x.weighted import weighted
from caretool.platforms.x.wire import Facts, Names, link, made_at, same_words
from caretool.secrets import Secret

ABOUT = "mentions on X, read and answered for money"
GUIDE = """\
A token is made in a browser, as the account that answers, for an app of the console.x.com project.
There make a project and an app, buy credits, and in "User authentication settings" choose "Web App"
or "Native App" and a callback address. It gives the client id, and to a Web App a client secret.
Then ask for consent to tweet.read users.read tweet.write offline.access (to hide and mute from here
also tweet.moderate.write mute.write mute.read) and exchange the code: "refresh_token" in the answer
is the token. The two requests stand on the page named below. X makes a new one at each renewal,
which caretool keeps in .secrets/: use the token nowhere else."""

# How far our clock and X's may be apart: looking too far back costs cents, too short a second reply.
_SKEW = timedelta(hours=2)
_CAUSES = (
    "X does not say which: who wrote it did not mention or quote us; the same words are out already; we are blocked, "
    "or may not reply there; it is deleted; the app lacks a right"
)


class XSettings(BaseModel):
    """The keys of an account with `platform = "x"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    default_since: ClassVar[str | None] = "7 days"

    client_id: str = Field(pattern=r"^[!-~]+$", description="The client id of the app (OAuth 2.0).")
    client_secret: Secret | None = Field(
        default=None, description="Where the client secret is kept; left out for an app without one (Native App)."
    )
    token: Secret = Field(description="Where the first refresh token is kept, never the token itself.")
    max_length: int = Field(
        default=280,
        ge=1,
        strict=True,
        description="The longest reply, weighted as X counts; a paying account may have more (25,000: unverified).",
    )
    together: Literal["mentions", "no"] = Field(
        default="no",
        description="Whether one reply may answer several and mention them. X restricts programs that mention "
        "people, by rules it does not publish (unverified).",
    )
    watched: int = Field(
        default=50,
        ge=0,
        le=100,
        strict=True,
        description="How many of the latest mentions each fetch looks at again, for edits and deletions; X charges for "
        "each once a day. 0: none, they are then looked at only before a reply.",
    )
    names: Names | None = Field(
        default=None,
        description="Whether X takes its fields as those of a tweet or a post; found out, and remembered, if left out.",
    )
    query_length: int = Field(
        default=512, ge=50, le=4096, strict=True, description="The longest query of a search; 4,096 for an enterprise."
    )
    searched: int = Field(
        default=500,
        ge=1,
        strict=True,
        description="After how many posts the search for a watch stops until the next fetch; X charges for each.",
    )
    url: str = Field(default="https://api.x.com", description="Where the API is.")

    @field_validator("url")
    @classmethod
    def _is_a_server(cls, url: str) -> str:
        try:
            parts = urlsplit(url.strip())
            safe = parts.scheme == "https" or (parts.scheme == "http" and on_this_machine(parts.hostname or ""))
        except ValueError:
            safe = False
        if not safe or not parts.hostname or parts.path.strip("/") or parts.query or "@" in url:
            raise ValueError("must be the address of a server, https:// and nothing after it: https://api.x.com")
        return f"{parts.scheme}://{parts.netloc}"


class XPlatform:
    """One account. `since` is how far back a first fetch and a first search read."""

    def __init__(
        self,
        account: str,
        settings: XSettings,
        client: Client,
        clock: Clock,
        *,
        budget: Budget,
        facts: str | None = None,
        since: timedelta | None = None,
    ) -> None:
        self._account = account
        self._settings = settings
        self._clock = clock
        self._budget = budget
        self._known = facts
        self._facts = Facts.parse(facts)
        self._since = since
        names = settings.names or self._facts.names
        self._server = Server(client, account, names, settled=settings.names is not None)

    @property
    def limits(self) -> Limits:
        """X promises nowhere that what was posted stands in a list at once: what is not there may be out."""
        meter = self._budget.left(self._account, POSTS, self._clock())
        return Limits(
            length=self._settings.max_length,
            measure=weighted,
            together=self._settings.together,
            answerable="who-spoke-to-us",
            unread_replies=False,
            replies_left=None if meter is None else int(meter.left),
            replies_until=None if meter is None else meter.resets_at,
        )

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        """New mentions, then what we wrote ourselves, then which of the latest mentions were edited or deleted."""
        self._learn(fetching=True)
        mark = x_fetch.Mark.parse(bookmark)
        reached = str(mark)
        for page in x_fetch.Fetch(self._server, self._facts, self._begin(), mark, self._settings.watched).pages():
            reached = page.bookmark
            yield replace(page, facts=self._news())
        if (news := self._news()) is not None:
            yield Page((), reached, facts=news)

    def search(self, watch: Watch, bookmark: str | None) -> Iterator[Page]:
        """What its words are found in, of the last seven days at most."""
        if self._facts.id is None:
            self._learn(fetching=True)
        pages = x_fetch.search(
            self._server,
            self._facts,
            watch,
            bookmark,
            now=self._clock(),
            since=self._begin(),
            longest=self._settings.query_length,
            most=self._settings.searched,
        )
        for page in pages:
            yield replace(page, facts=self._news())

    def look(self, native_ids: Sequence[str]) -> Looked:
        """Gone is what is deleted, and what we are no longer let see."""
        standing = self._server.standing(native_ids)
        comments = tuple(standing.incoming(post, self._facts.id) for post in standing.posts)
        return Looked(standing.gone, comments)

    def post(self, reply: Outgoing) -> Posted:
        """Under what it answers; one answer to several under their conversation's first post."""
        if reply.private:
            raise PlatformFailed(f"{self._account}: on X nobody is answered in private from here")
        length = weighted(reply.text)
        if length > self._settings.max_length:
            raise PlatformFailed(f"{self._account} takes {self._settings.max_length} characters; this has {length}")
        parent = reply.thread if len(reply.to) > 1 and reply.thread else reply.to[0]
        try:
            post_id = self._server.create(reply.text, parent)
        except Refused as refused:
            if refused.status != 403:
                raise
            if "duplicate" in refused.said.lower() and (there := self._there_already(reply)):
                return there
            raise PlatformFailed(f"{refused}: {_CAUSES}") from refused
        return self._posted(post_id)

    def _there_already(self, reply: Outgoing) -> Posted | None:
        """X has these words; where it does not let us read which reply they are, they may be this one."""
        try:
            return self.find(reply)
        except PlatformFailed as problem:
            raise AnswerLost(f"{problem}; X has these words already: they may be this reply") from problem

    def find(self, reply: Outgoing) -> Posted | None:
        """Among our own: the same words as an answer to the same post, or to none (where that is deleted), since two
        hours before the reply was made."""
        if self._facts.id is None:
            self._learn()
        parents, cursor, trail = {*reply.to, reply.thread, None}, None, Trail()
        odd: Skipped | None = None
        while True:
            ours = self._server.written(self._facts.id or "", reply.created_at - _SKEW, cursor, fetching=False)
            for post in ours.posts:
                other = {post.id, post.native_id} & reply.not_these
                if not other and post.parent in parents and same_words(post.text, reply.text):
                    return self._posted(post.id)
            odd, cursor = odd or next(iter(ours.skipped), None), trail.on(ours.older)
            if cursor is None:
                break
        if odd is not None:
            raise PlatformFailed(f"{self._account}: what we wrote cannot be read whole ({odd.why})")
        return None

    def retract(self, native_id: str) -> None:
        """Delete our own post."""
        self._server.delete(native_id)

    def hide(self, offence: Offence) -> None:
        """Behind a click, and only in a conversation that we began."""
        self._hidden(offence, True)

    def unhide(self, offence: Offence) -> None:
        """Show it again."""
        self._hidden(offence, False)

    def mute(self, offence: Offence) -> None:
        """See nothing more of its author, who is not told."""
        user = self._author(offence) or self._called(offence)
        if not self._server.mute(self._facts.id or "", user):
            raise PlatformFailed(f"{self._account}: X took it, and does not show it done: look there yourself")

    def unmute(self, offence: Offence) -> None:
        """See its author again."""
        user = self._author(offence) or self._called(offence)
        if self._server.unmute(self._facts.id or "", user):
            raise PlatformFailed(f"{self._account}: X took it, and does not show it done: look there yourself")

    def check(self) -> Checked:
        """Whether mentions may be read is tried out; what may be written only the first reply shows."""
        user = self._server.me()
        self._facts = self._server.facts(user)
        missing: tuple[str, ...] = ()
        left = until = None
        try:
            headers = self._server.latest(user.id).headers
            left, until = requests_left(headers), resets_at(headers)
        except Refused as refused:
            if refused.status != 403:
                raise
            missing = ("tweet.read",)
        except TokenRefused:
            missing = ("tweet.read",)
        return Checked(
            handle=user.author.handle,
            name=user.author.name,
            missing=missing,
            requests_left=left,
            left_until=until,
            remarks=(
                "Whether the token may write, hide and mute shows when it is tried.",
                "X charges for what is read and posted; what is left of the credits stands on console.x.com.",
            ),
            facts=str(self._facts),
        )

    def _learn(self, *, fetching: bool = False) -> None:
        self._facts = self._server.facts(self._server.me(fetching=fetching))

    def _news(self) -> str | None:
        """The facts, if they are not yet kept."""
        self._facts = replace(self._facts, names=self._server.names)
        if str(self._facts) == self._known:
            return None
        self._known = str(self._facts)
        return self._known

    def _begin(self) -> datetime | None:
        """How far back a first reading goes; the same for a day, as X's cursors belong to what was asked for."""
        if self._since is None:
            return None
        return (self._clock() - self._since).replace(hour=0, minute=0, second=0, microsecond=0)

    def _hidden(self, offence: Offence, hidden: bool) -> None:
        if self._author(offence) is None:
            raise PlatformFailed(f"{self._account}: {_shown(offence.native_id)} is gone: nothing was done")
        if self._server.hide(offence.native_id, hidden) is not hidden:
            raise PlatformFailed(f"{self._account}: X took it, and does not show it done: look there yourself")

    def _author(self, offence: Offence) -> str | None:
        """The id of who wrote it, as X shows it now; None: it is not to be seen any more. Raises PlatformFailed if it
        is ours, or not theirs."""
        if self._facts.id is None:
            self._learn()
        standing = self._server.standing([offence.native_id])
        for post in standing.posts:
            author = standing.incoming(post, self._facts.id).author
            if post.by == self._facts.id:
                raise PlatformFailed(f"{self._account}: {_shown(offence.native_id)} is our own: nothing was done")
            if author.handle.casefold() != offence.handle.casefold():
                what = f"{_shown(offence.native_id)} is {_shown(author.handle)}'s, not {_shown(offence.handle)}'s"
                raise PlatformFailed(f"{self._account}: {what}: nothing was done")
            return post.by
        return None

    def _called(self, offence: Offence) -> str:
        """What they wrote is often gone when something is to be undone."""
        user = self._server.user_called(offence.handle)
        if user is None or user.author.handle.casefold() != offence.handle.casefold() or user.id == self._facts.id:
            raise PlatformFailed(f"{self._account}: nobody is called {_shown(offence.handle)} there: nothing was done")
        return user.id

    def _posted(self, post_id: str) -> Posted:
        return Posted(post_id, made_at(post_id, self._clock()), link(post_id))


def open_account(account: Account, opening: Opening, connect: Callable[..., Client] = Client) -> XPlatform:
    """The account, nothing asked of it. `account.settings` is an `XSettings`."""
    settings: XSettings = account.settings

    def exchange(refresh: str) -> Grant:
        secret = settings.client_secret
        known = {} if secret is None else {
            "token": lambda: secret.reveal(f"accounts.{account.name}.client_secret"),
            "dialect": replace(DIALECT, authorize=basic(settings.client_id)),
        }  # fmt: skip
        tokens = connect(settings.url, name=account.name, clock=opening.clock, **known)
        return exchanged(tokens, account.name, settings.client_id, refresh, opening.clock())

    token = Renewable(
        account.name,
        vault=opening.vault,
        clock=opening.clock,
        first=lambda: settings.token.reveal(f"accounts.{account.name}.token"),
        exchange=exchange,
    )
    client = connect(
        settings.url,
        name=account.name,
        clock=opening.clock,
        token=token.current,
        renew=token.renew,
        dialect=DIALECT,
        budget=opening.budget,
    )
    return XPlatform(
        account.name,
        settings,
        client,
        opening.clock,
        budget=opening.budget,
        facts=opening.facts,
        since=account.reach,
    )


def _shown(text: str) -> str:
    return one_line(text, 80)
