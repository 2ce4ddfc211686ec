"""The `bluesky` platform: Bluesky, and whatever server of the AT Protocol our account is on.

docs/platforms/bluesky.md is its page; the API's is https://docs.bsky.app.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from caretool.domain.budget import Budget
from caretool.domain.harmless import one_line
from caretool.domain.limits import Limits
from caretool.domain.policy import Account
from caretool.domain.watch import Watch
from caretool.errors import AnswerLost, CaretoolError, PlatformFailed
from caretool.http import Client, Refused
from caretool.platforms.bluesky.fetch import Bookmark, Fetch, Search, gone_of
from caretool.platforms.bluesky.guard import Guard
from caretool.platforms.bluesky.record import reply_record, tid
from caretool.platforms.bluesky.server import (
    Logins,
    Server,
    before_writing,
    dialect,
    requests_left,
    writes,
)
from caretool.platforms.bluesky.wire import POST, AtUri, Facts, Post, WireError, mapping, moment, origin, word
from caretool.platforms.lengths import graphemes_and_bytes
from caretool.platforms.platform import Checked, Clock, Looked, Offence, Opening, Outgoing, Page, Posted
from caretool.platforms.renewing import Renewable
from caretool.secrets import Secret

ABOUT = "replies, mentions and quotes on Bluesky, or on another server of the AT Protocol"
GUIDE = """\
An app password is made at https://bsky.app/settings/app-passwords, as who answers.
Add App Password: a name (caretool), no access to direct messages. Its 16 letters are shown once.
It cannot change the account's password or delete it, and is taken back on the same page.
On another server than bsky.social, the app of that server has the same page; its address is url.
Never use the password you log in with."""

_LONGEST = 300
# Our key is the record's own, and what is there is never written over: a repeat changes nothing, however late.
_KEY_PROTECTS = timedelta(days=365)
_PUT = 2


class BlueskySettings(BaseModel):
    """The keys of an account with `platform = "bluesky"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    default_since: ClassVar[str | None] = "7 days"

    url: str = Field(default="https://bsky.social", description="Where our account logs in: https://bsky.social.")
    handle: str = Field(max_length=300, description="Who we are there: bottegablu.bsky.social; or our DID.")
    token: Secret = Field(description="Where the app password is kept, never the password itself.")
    max_length: int = Field(
        default=_LONGEST,
        ge=1,
        le=_LONGEST,
        strict=True,
        description="The longest reply, in graphemes; ten bytes count for one at least.",
    )
    points_per_hour: int = Field(
        default=5000, ge=1, strict=True, description="What may be written in an hour, in points; a reply costs 2."
    )
    answer_strangers: bool = Field(
        default=False,
        strict=True,
        description="Whether who did not speak to us (found by a watch word) may be answered from here; Bluesky asks "
        "programs not to.",
    )

    @field_validator("url")
    @classmethod
    def _is_a_server(cls, url: str) -> str:
        found = origin(url)
        if found is None:
            raise ValueError("must be the address of a server, with https:// and nothing after it: https://bsky.social")
        return found

    @field_validator("handle")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        handle = name.strip().removeprefix("@")
        one_word = not any(letter.isspace() or not letter.isprintable() for letter in handle)
        if not one_word or not (handle.startswith("did:") or "." in handle.strip(".")):
            raise ValueError("must be a handle with its domain, such as bottegablu.bsky.social, or a DID (did:plc:…)")
        return handle


class BlueskyPlatform:
    """One account. `reach` makes a client of its server's address; `since` is how far back a first fetch reads what we
    wrote ourselves."""

    def __init__(
        self,
        account: str,
        settings: BlueskySettings,
        reach: Callable[[str], Client],
        clock: Clock,
        *,
        budget: Budget,
        facts: str | None = None,
        since: timedelta | None = None,
    ) -> None:
        self._account = account
        self._settings = settings
        self._reach = reach
        self._clock = clock
        self._budget = budget
        self._known = facts
        self._facts = Facts.parse(facts, settings.url, settings.handle)
        self._since = since
        self._clients: dict[str, Client] = {}

    @property
    def limits(self) -> Limits:
        """What stands under our key is surely ours, and what does not was surely not posted: our server is the one
        place where it can be."""
        points = self._budget.left(self._account, writes(self._settings.points_per_hour), self._clock())
        return Limits(
            length=self._settings.max_length,
            measure=graphemes_and_bytes,
            together="mentions",
            key_protects=_KEY_PROTECTS,
            listing_trustworthy=True,
            answerable="anybody" if self._settings.answer_strangers else "who-spoke-to-us",
            replies_left=None if points is None else int(points.left // _PUT),
        )

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        """What was said to us, then what we wrote ourselves, then which of the latest were edited or deleted."""
        news = self._learn(fetching=True)
        since = None if self._since is None else self._clock() - self._since
        mark = Bookmark.parse(bookmark)
        for page in Fetch(self._server(fetching=True), self._facts, since, mark).pages():
            yield replace(page, facts=news)
            news = None
        if news is not None:
            yield Page((), str(mark), facts=news)

    def search(self, watch: Watch, bookmark: str | None) -> Iterator[Page]:
        """Each word by itself, newest first; a phrase as it stands."""
        self._us(fetching=True)
        since = None if self._since is None else self._clock() - self._since
        yield from Search(self._server(fetching=True), self._facts, watch, since).pages(bookmark)

    def look(self, native_ids: Sequence[str]) -> Looked:
        """Gone is what its author's repository no longer has: what a block hides from us is not."""
        if not native_ids:
            return Looked()
        server, ours = self._server(), self._us()
        seen = server.posts(native_ids)
        gone = gone_of(server, [one for one in native_ids if one not in seen])
        edited = (post.incoming(own=post.uri.did == ours, thread=None) for post in seen.values())
        return Looked(gone=frozenset(gone), edited=tuple(edited))

    def post(self, reply: Outgoing) -> Posted:
        """Under the key that the reply's own decides, where nothing is yet."""
        if reply.private:
            raise PlatformFailed(f"{self._account}: there are no private replies on Bluesky")
        length = graphemes_and_bytes(reply.text)
        if length > self._settings.max_length:
            raise PlatformFailed(f"{self._account} takes {self._settings.max_length} characters; this has {length}")
        with before_writing():
            uri = self._uri(reply)
        record = self._record(reply)
        try:
            self._server().put(uri, record, None)
        except Refused as refused:
            if refused.code != "InvalidSwap":
                raise
            return self._posted_before(reply, uri)
        return Posted(str(uri), self._clock(), uri.page)

    def find(self, reply: Outgoing) -> Posted | None:
        """What stands under its key."""
        uri = self._uri(reply)
        kept = self._server().record(uri)
        if kept is None or not _is(reply, uri, kept[0]):
            return None
        return Posted(str(uri), moment(kept[0].get("createdAt")) or reply.created_at, uri.page)

    def retract(self, native_id: str) -> None:
        """Delete our own post."""
        ours = self._us()
        try:
            uri = AtUri.parse(native_id)
        except WireError as problem:
            raise PlatformFailed(f"{self._account}: the reply has {problem}: nothing was deleted") from problem
        if uri.did != ours:
            raise PlatformFailed(f"{self._account}: the reply is of another account than ours: nothing was deleted")
        self._server().delete(uri)

    def like(self, native_id: str) -> None:
        """Like it, once."""
        self._guard().like(native_id)

    def unlike(self, native_id: str) -> None:
        """Take our like back."""
        self._guard().unlike(native_id)

    def hide(self, offence: Offence) -> None:
        """Hide a reply in a thread that we began."""
        self._guard().hide(offence.native_id)

    def unhide(self, offence: Offence) -> None:
        """Show it again."""
        self._guard().unhide(offence.native_id)

    def mute(self, offence: Offence) -> None:
        """See nothing more of its author, who is not told."""
        self._guard().mute(offence)

    def unmute(self, offence: Offence) -> None:
        """See its author again."""
        self._guard().unmute(offence)

    def ban(self, offence: Offence) -> None:
        """Block its author: neither of us sees the other any more."""
        self._guard().ban(offence)

    def unban(self, offence: Offence) -> None:
        """Take the block off."""
        self._guard().unban(offence)

    def report(self, offence: Offence) -> None:
        """Report it to the moderators."""
        self._guard().report(offence)

    def check(self) -> Checked:
        """What may be read is tried out; an app password may do all that is needed."""
        facts, session = self._asked()
        self._know(facts)
        server = self._server()
        _, _, answer = server.notifications(None, limit=1)
        left, until = requests_left(answer.headers, self._clock())
        version = server.version()
        state = word(session, "status") or "not active"
        return Checked(
            handle=facts.handle,
            name=server.name(facts.did or ""),
            software=f"PDS {version}" if version else None,
            requests_left=left,
            left_until=until,
            remarks=(f"The account is {state}: nothing can be posted.",) if session.get("active") is False else (),
            facts=str(facts),
        )

    def _guard(self) -> Guard:
        return Guard(self._account, self._server(), self._us(), self._clock)

    def _server(self, *, fetching: bool = False) -> Server:
        """Our own, where it is known; until then the one we log in at, which passes on what is asked."""
        url = self._facts.pds or self._settings.url
        if url not in self._clients:
            self._clients[url] = self._reach(url)
        return Server(self._clients[url], self._account, fetching=fetching)

    def _us(self, *, fetching: bool = False) -> str:
        """Our DID."""
        if self._facts.did is None:
            self._learn(fetching=fetching)
        return self._facts.did or ""

    def _asked(self, *, fetching: bool = False) -> tuple[Facts, Mapping[str, object]]:
        facts, session = self._server(fetching=fetching).session(self._settings.url, self._settings.handle)
        # What is not on this computer names no place on it.
        if self._settings.url.startswith("https:") and facts.pds and not facts.pds.startswith("https:"):
            facts = replace(facts, pds=None)
        return facts, session

    def _learn(self, *, fetching: bool = False) -> str | None:
        """Ask who we are and where our server is; the facts, if they are new."""
        facts, _ = self._asked(fetching=fetching)
        return self._know(facts)

    def _know(self, facts: Facts) -> str | None:
        self._facts = facts
        if str(facts) == self._known:
            return None
        self._known = str(facts)
        return self._known

    def _uri(self, reply: Outgoing) -> AtUri:
        return AtUri(self._us(), POST, tid(reply.created_at, reply.key))

    def _record(self, reply: Outgoing) -> Mapping[str, object]:
        """Raises PlatformFailed where nobody is left to answer."""
        together = len(reply.to) > 1
        asked = [*reply.to, reply.thread] if together and reply.thread else list(reply.to)
        with before_writing():
            posts = self._server().posts([one for one in asked if one])
        open_ = {uri: post for uri, post in posts.items() if not (post.shut_out or post.reply_disabled)}
        answered = [open_[one] for one in reply.to if one in open_]
        if not answered:
            raise PlatformFailed(f"{self._account}: {one_line(reply.to[0], 120)} {self._why_not(reply.to[0], posts)}")
        parent = open_.get(reply.thread or "", answered[0]) if together else answered[0]
        known = {post.author.handle.casefold(): post.uri.did for post in posts.values()}

        def did(handle: str) -> str | None:
            with before_writing():
                return known.get(handle.casefold()) or self._server().did_of(handle)

        return reply_record(reply.text, reply.created_at, parent.root or parent.ref, parent.ref, did)  # type: ignore[no-any-return]

    def _why_not(self, native_id: str, posts: Mapping[str, Post]) -> str:
        post = posts.get(native_id)
        if post is None:
            return "is gone, or hidden from us: there is nothing to reply to"
        return "is by somebody who blocks us, or whom we block" if post.shut_out else "takes no reply from us"

    def _posted_before(self, reply: Outgoing, uri: AtUri) -> Posted:
        """Something stands under our key: a request whose answer was lost has come there after all."""
        try:
            found = self.find(reply)
        except CaretoolError as problem:
            raise AnswerLost(f"{self._account}: something stands where the reply goes ({problem})") from problem
        if found is None:
            raise PlatformFailed(f"{self._account}: another post of ours stands at {uri}: nothing was posted")
        return found


def _is(reply: Outgoing, uri: AtUri, record: Mapping[str, object]) -> bool:
    """Whether a record of ours is this reply: our key, its words, an answer to what it answers."""
    parent = word(mapping(mapping(record.get("reply")).get("parent")), "uri")
    answers = parent is not None and parent in (*reply.to, reply.thread)
    return answers and str(uri) not in reply.not_these and record.get("text") == reply.text


def open_account(account: Account, opening: Opening, connect: Callable[..., Client] = Client) -> BlueskyPlatform:
    """The account, nothing asked of it. `account.settings` is a `BlueskySettings`."""
    settings: BlueskySettings = account.settings
    said = dialect(settings.points_per_hour)

    def password() -> str:
        return settings.token.reveal(f"accounts.{account.name}.token")

    login = connect(settings.url, name=account.name, clock=opening.clock, dialect=said)
    logins = Logins(login, account.name, settings.handle, password)
    session = Renewable(
        account.name,
        vault=opening.vault,
        clock=opening.clock,
        first=password,
        exchange=logins.exchange,
        login=f"{settings.url} {settings.handle}",
    )

    def reach(url: str) -> Client:
        return connect(
            url,
            name=account.name,
            clock=opening.clock,
            token=session.current,
            renew=session.renew,
            dialect=said,
            budget=opening.budget,
        )

    return BlueskyPlatform(
        account.name,
        settings,
        reach,
        opening.clock,
        budget=opening.budget,
        facts=opening.facts,
        since=account.reach,
    )
