"""The `wordpress` platform: the comments under the posts of a blog or shop on WordPress.

docs/platforms/wordpress.md is its page; the API's is https://developer.wordpress.org/rest-api/reference/comments/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from caretool.domain.host import on_this_machine
from caretool.domain.limits import Limits
from caretool.domain.policy import Account
from caretool.http import Client
from caretool.platforms.platform import Checked, Clock, Looked, Offence, Opening, Outgoing, Page, Posted
from caretool.platforms.wordpress.fetch import Fetch, Reach
from caretool.platforms.wordpress.replies import Replies
from caretool.platforms.wordpress.server import Server, dialect
from caretool.platforms.wordpress.wire import UNKNOWN, Comment, Facts, measured
from caretool.secrets import Secret

ABOUT = "comments under the posts of a WordPress site"
GUIDE = """\
The token is an application password, made on the site: Users → Profile → Application Passwords.
1. Who answers is a user of the site with the role Editor: it may moderate comments, and needs no more.
2. Log in as that user; under Application Passwords write caretool as the name, then Add New.
3. The password of 24 letters is shown once; its blanks may stay. It is not the one you log in with.
4. Where the section is missing, the site is not on https, or a security plugin has turned it off.
5. user is the name (or e-mail address) you logged in with, url what the site's address begins with."""

_ALL, _SPAM = "all", "spam"


class WordPressSettings(BaseModel):
    """The keys of an account with `platform = "wordpress"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    default_since: ClassVar[str | None] = "7 days"

    url: str = Field(description="The site, with the folder it is in if it has one: https://blog.example.")
    user: str = Field(
        pattern=r"^[^:\x00-\x1f]{1,100}$", description="The user of the site that answers, with the role Editor."
    )
    token: Secret = Field(description="Where the application password is kept, never the password itself.")
    staff: tuple[Annotated[int, Field(ge=1, strict=True)], ...] = Field(
        default=(), description="The numbers of other users of the site whose comments count as ours."
    )
    approve_on_reply: bool = Field(
        default=False, strict=True, description="Whether answering a comment that waits for a moderator approves it."
    )
    spam: bool = Field(default=False, strict=True, description="Whether what is in the spam folder is fetched, too.")
    overlap_hours: int = Field(
        default=48, ge=3, le=720, strict=True, description="How far back a fetch reads again what it has read."
    )
    closes_after_days: int | None = Field(
        default=None,
        ge=1,
        le=36_500,
        strict=True,
        description="After how many days the site closes a post for comments (Settings → Discussion); else never.",
    )
    max_length: int = Field(
        default=65_525, ge=1, strict=True, description="The longest reply, in bytes of the HTML that is stored."
    )

    @field_validator("url")
    @classmethod
    def _is_a_site(cls, url: str) -> str:
        try:
            parts = urlsplit(url.strip())
            host = parts.hostname
        except ValueError:
            host = None
        if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("must be the address of a site: https://blog.example")
        if parts.scheme == "http" and not on_this_machine(host):
            raise ValueError("must begin with https://: without it everybody on the way reads the password")
        return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


class WordPressPlatform:
    """One user on one site. `since` is how far back a first fetch reads."""

    def __init__(
        self,
        account: str,
        settings: WordPressSettings,
        client: Client,
        clock: Clock,
        *,
        facts: str | None = None,
        since: timedelta | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._known = facts
        self._since = since
        self._server = Server(client, account, settings.url, settings.user, Facts.parse(facts))
        self._replies = Replies(self._server, clock, settings.max_length, settings.approve_on_reply)

    @property
    def limits(self) -> Limits:
        """A site lists what its own database holds from the moment it was written: what is not there was not posted."""
        return Limits(length=self._settings.max_length, measure=measured, together="names", listing_trustworthy=True)

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        """New comments, approved or waiting for a moderator, and ours; then what was edited or has gone of late."""
        reach, news = self._reach(fetching=True), self._news()
        fetch = Fetch(self._server, reach, self._clock(), bookmark)
        for page in fetch.pages():
            yield replace(page, facts=news)
            news = None
        if news is not None:
            yield Page((), str(fetch), facts=news)

    def look(self, native_ids: Sequence[str]) -> Looked:
        """Gone is what is deleted, in the trash, or held to be spam."""
        if not native_ids:
            return Looked()
        reach = self._reach()
        standing = self._server.standing(native_ids)
        there = {one: comment for one, comment in standing.items() if reach.there(comment)}
        edited = tuple(reach.incoming(comment) for comment in there.values())
        return Looked(gone=frozenset(native_ids) - there.keys(), edited=edited)

    def post(self, reply: Outgoing) -> Posted:
        """Under the comment it answers, or under the post where it answers several."""
        return self._replies.post(reply)

    def find(self, reply: Outgoing) -> Posted | None:
        """Our own words in the same place, since two days before the reply was made; also in the trash."""
        return self._replies.find(reply)

    def retract(self, native_id: str) -> None:
        """Put our own comment into the trash."""
        self._replies.retract(native_id)

    def hide(self, offence: Offence) -> None:
        """As if it waited for a moderator."""
        self._show(offence, "hold")

    def unhide(self, offence: Offence) -> None:
        """Approve it."""
        self._show(offence, "approved")

    def delete(self, offence: Offence) -> None:
        """Put it into the trash, which the site empties after 30 days unless it says otherwise."""
        comment = self._offending(offence)
        if comment is not None:
            self._server.delete(comment.id)

    def check(self) -> Checked:
        """Whether the password is taken, and the user may moderate."""
        me = self._server.me()
        remarks = ["The user may do everything on the site: one with the role Editor would do."] if me.rules else []
        return Checked(
            handle=f"user-{me.facts.id}",
            name=me.facts.name,
            software="WordPress",
            missing=() if me.moderates else ("moderate_comments",),
            remarks=tuple(remarks),
            facts=str(me.facts),
        )

    def _reach(self, *, fetching: bool = False) -> Reach:
        settings = self._settings
        return Reach(
            lists=(_ALL, _SPAM) if settings.spam else (_ALL,),
            overlap=timedelta(hours=settings.overlap_hours),
            since=self._since,
            open_for=None if settings.closes_after_days is None else timedelta(days=settings.closes_after_days),
            answerable=settings.approve_on_reply,
            ours=frozenset([self._server.ours(fetching=fetching), *map(str, settings.staff)]),
        )

    def _news(self) -> str | None:
        """What was learned of the site, if it is new."""
        facts = str(self._server.facts)
        if facts == self._known:
            return None
        self._known = facts
        return facts

    def _show(self, offence: Offence, status: str) -> None:
        comment = self._offending(offence)
        if comment is None or comment.status not in ("approved", "hold"):
            raise self._server.no(f"{offence.native_id} is gone: nothing was done")
        if comment.status != status:
            self._server.set_status(comment.id, status)

    def _offending(self, offence: Offence) -> Comment | None:
        """The comment as it stands, None: gone. Raises PlatformFailed if it is somebody else's, or ours."""
        comment = self._server.standing([offence.native_id]).get(offence.native_id)
        if comment is None:
            return None
        if comment.user is not None and comment.user in self._reach().ours:
            raise self._server.no(f"{comment.id} is our own: nothing was done")
        whose = comment.author.handle
        if offence.handle != whose and not offence.handle.startswith(UNKNOWN):
            raise self._server.no(f"{comment.id} is {whose}'s, not {offence.handle[:80]}'s: nothing was done")
        return comment


def open_account(account: Account, opening: Opening, connect: Callable[..., Client] = Client) -> WordPressPlatform:
    """The account, nothing asked of it. `account.settings` is a `WordPressSettings`."""
    settings: WordPressSettings = account.settings

    def password() -> str:
        """WordPress shows it in groups of four."""
        return "".join(settings.token.reveal(f"accounts.{account.name}.token").split())

    client = connect(
        settings.url,
        name=account.name,
        clock=opening.clock,
        token=password,
        dialect=dialect(settings.user),
        budget=opening.budget,
    )
    return WordPressPlatform(
        account.name,
        settings,
        client,
        opening.clock,
        facts=opening.facts,
        since=account.reach,
    )
