"""The `mastodon` platform: Mastodon, and the servers that speak its API (GoToSocial, Pleroma, Akkoma).

docs/platforms/mastodon.md is its page; the API's is https://docs.joinmastodon.org/client/intro/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from caretool.dialect import Dialect, Said, Verdict
from caretool.domain.budget import Bucket, Meter
from caretool.domain.harmless import one_line
from caretool.domain.host import on_this_machine
from caretool.domain.limits import Limits
from caretool.domain.policy import Account
from caretool.domain.watch import Watch
from caretool.errors import AnswerLost, PlatformBusy, PlatformFailed, TokenRefused
from caretool.http import Client, Refused, retry_after
from caretool.platforms.lengths import graphemes
from caretool.platforms.mastodon import guard, search
from caretool.platforms.mastodon.fetch import Bookmark, Fetch
from caretool.platforms.mastodon.guard import Guard
from caretool.platforms.mastodon.length import Counted, CountedAtMost
from caretool.platforms.mastodon.server import Server
from caretool.platforms.mastodon.wire import (
    Facts,
    Status,
    WireError,
    narrowest,
    read_status,
    requests_allowed,
    requests_left,
    resets_at,
    seconds_left,
    written_at,
)
from caretool.platforms.platform import Checked, Clock, Looked, Offence, Opening, Outgoing, Page, Posted
from caretool.secrets import Secret

ABOUT = "mentions on Mastodon, GoToSocial, Pleroma or Akkoma"
GUIDE = """\
A token is made on your server, as who answers: Preferences → Development → New application.
Scopes: read:accounts read:notifications read:statuses write:statuses, and no others; to mute, block,
report and like from here also write:mutes write:blocks write:reports write:favourites; to search for
watch words without a # also read:search. Leave the redirect address as it is. Submit, and open the
application: "Your access token" is the token. Where there is no such page (GoToSocial, Pleroma,
Akkoma), the page named below has the three steps to one."""

# Mastodon keeps a key for up to an hour; an attempt may take a while to arrive.
_KEY_PROTECTS = timedelta(minutes=50)
# How far the server's clock may be behind ours: looking too far back costs a request, too short a second reply.
_SKEW = timedelta(days=1)
_ELSEWHERE = re.compile(r"(@\w[\w.-]*)@\w[\w.-]*\w")
_NAMES = {"mastodon": "Mastodon", "gotosocial": "GoToSocial", "pleroma": "Pleroma", "akkoma": "Akkoma"}


class MastodonSettings(BaseModel):
    """The keys of an account with `platform = "mastodon"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    default_since: ClassVar[str | None] = "7 days"

    url: str = Field(description="The server our account is on: https://social.example.")
    token: Secret = Field(description="Where the access token is kept, never the token itself.")
    max_length: int | None = Field(
        default=None, ge=1, strict=True, description="The longest reply; the server's own limit if left out."
    )

    @field_validator("url")
    @classmethod
    def _is_a_server(cls, url: str) -> str:
        try:
            parts = urlsplit(url.strip())
            host = parts.hostname
        except ValueError:
            host = None
        if not host or parts.scheme not in ("http", "https") or parts.path.strip("/") or parts.query or "@" in url:
            raise ValueError("must be the address of a server and nothing after it: https://social.example")
        if parts.scheme == "http" and not on_this_machine(host):
            raise ValueError("must begin with https://: without it everybody on the way reads the token")
        return f"{parts.scheme}://{parts.netloc}"


class MastodonPlatform:
    """One account on one server. `since` is how far back a first fetch reads what we wrote ourselves."""

    def __init__(
        self,
        account: str,
        settings: MastodonSettings,
        client: Client,
        clock: Clock,
        *,
        facts: str | None = None,
        since: timedelta | None = None,
    ) -> None:
        self._account = account
        self._settings = settings
        self._server = Server(client, account)
        self._reading = Server(client, account, fetching=True)
        self._clock = clock
        self._known = facts
        self._facts = Facts.parse(facts)
        self._since = since

    @property
    def limits(self) -> Limits:
        """Mastodon's own until the server has told its. Its kin keep keys in memory if at all, and say nowhere what
        their lists hold: there neither settles whether a reply is out."""
        mastodon = self._facts.software == "mastodon"
        return Limits(
            length=self._settings.max_length or self._facts.longest,
            measure=(Counted if mastodon else CountedAtMost)(self._facts.per_url),
            together="mentions",
            private_replies=True,
            mention_needed=True,
            key_protects=_KEY_PROTECTS if mastodon else timedelta(0),
            listing_trustworthy=mastodon,
        )

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        """New mentions, then what we wrote ourselves, then which of the latest mentions were edited or deleted."""
        news = self._learn(self._reading)
        since = None if self._since is None else self._clock() - self._since
        mark = Bookmark.parse(bookmark)
        for page in Fetch(self._reading, self._facts, since, mark).pages():
            yield replace(page, facts=news)
            news = None
        if news is not None:
            yield Page((), str(mark), facts=news)

    def search(self, watch: Watch, bookmark: str | None) -> Iterator[Page]:
        """What its words are found in, from the account's `since` on; private statuses are left out."""
        if self._facts.id is None:
            self._learn(self._reading)
        mark = search.Bookmark.parse(bookmark, search.first(self._clock(), self._since))
        yield from search.Search(self._reading, self._facts, watch, self._clock()).pages(mark)

    def look(self, native_ids: Sequence[str]) -> Looked:
        """Gone is what is deleted, and what we are no longer let see. Where many are asked for one by one, the last of
        them may be passed over: `post` sends nothing before it has seen all that it answers."""
        standing = self._server.statuses(native_ids, self._facts)
        ours = self._facts.id
        edited = (status.incoming(own=status.account == ours, thread=None) for status in standing.seen.values())
        return Looked(gone=standing.gone, edited=tuple(edited))

    def post(self, reply: Outgoing) -> Posted:
        """Never more public than the narrowest of what it answers; a `private` one goes to those it names only."""
        self._must_fit(reply)
        parent, visibility = self._where(reply)
        status = {"status": reply.text, "in_reply_to_id": parent, "visibility": visibility}
        if reply.warning:
            status["spoiler_text"] = reply.warning
        answer = self._server.create(status, reply.key)
        try:
            return self._posted(read_status(answer.json()), self._clock())
        except WireError as problem:
            raise AnswerLost(f"{self._account}: the reply was taken, but not shown ({problem})") from problem

    def find(self, reply: Outgoing) -> Posted | None:
        """Among our own: the same words as an answer to the same status, or to none (what is deleted is taken out of
        its answers), since a day before the reply was made."""
        if self._facts.id is None:
            self._learn()
        text, parents = _plain(reply.text), {*reply.to, reply.thread, None}
        for status in self._written_since(reply.created_at - _SKEW):
            if status.id not in reply.not_these and status.parent in parents and _plain(status.text) == text:
                return self._posted(status, reply.created_at)
        return None

    def retract(self, native_id: str) -> None:
        """Delete our own status; its copies on other servers are asked to go too."""
        known = self._facts.id
        if self._server.delete(native_id):
            return
        self._learn()
        if known not in (None, self._facts.id):
            raise PlatformFailed(
                f"{self._account}: the token is of another account than the reply: nothing was deleted"
            )
        if native_id in self._server.statuses([native_id], self._facts).seen:
            raise PlatformFailed(f"{self._account}: the server deletes no reply {native_id}, which is still there")

    def like(self, native_id: str) -> None:
        """Favourite it; its author is told."""
        Guard(self._account, self._server, self._facts).like(native_id, undo=False)

    def unlike(self, native_id: str) -> None:
        """Favourite it no longer."""
        Guard(self._account, self._server, self._facts).like(native_id, undo=True)

    def mute(self, offence: Offence) -> None:
        """See nothing more of its author, who is not told."""
        self._guard().do("mute", offence)

    def unmute(self, offence: Offence) -> None:
        """See its author again."""
        self._guard().do("unmute", offence)

    def ban(self, offence: Offence) -> None:
        """Block its author: neither of us sees the other any more."""
        self._guard().do("block", offence)

    def unban(self, offence: Offence) -> None:
        """Take the block off."""
        self._guard().do("unblock", offence)

    def report(self, offence: Offence) -> None:
        """Report it to our server's staff."""
        self._guard().report(offence)

    def check(self) -> Checked:
        """What may be read is tried out. What may be written only the first reply shows: a server tells what the
        application may ask for, not what this token was given."""
        me = self._server.me()
        self._facts = me.facts
        missing = self._unreadable()
        scopes = self._server.app_scopes()
        if scopes and not _covered("write:statuses", scopes):
            missing.append("write:statuses")
        remarks = [] if "write:statuses" in missing else ["Whether the token may write shows with the first reply."]
        unasked = [scope for scope in guard.SCOPES if scopes and not _covered(scope, scopes)]
        if unasked:
            remarks.append(f"To mute, block, report or like somebody it would need {' '.join(unasked)}, too.")
        if scopes and not _covered("read:search", scopes):
            remarks.append("To search for words of the policy's [[watch]] it would need read:search, too.")
        name = _NAMES.get(me.facts.software)
        return Checked(
            handle=me.facts.handle,
            name=me.name,
            software=f"{name} {me.facts.version}" if name else me.facts.version or None,
            scopes=scopes,
            missing=tuple(missing),
            requests_left=requests_left(me.headers),
            left_until=resets_at(me.headers),
            remarks=tuple(remarks),
            facts=str(me.facts),
        )

    def _guard(self) -> Guard:
        if self._facts.id is None:
            self._learn()
        return Guard(self._account, self._server, self._facts)

    def _learn(self, server: Server | None = None) -> str | None:
        """Ask the server who we are and what it takes; the facts, if they are new."""
        self._facts = (server or self._server).me().facts
        facts = str(self._facts)
        if facts == self._known:
            return None
        self._known = facts
        return facts

    def _unreadable(self) -> list[str]:
        """The scopes without which what we asked for was refused."""
        asked: dict[str, Callable[[], object]] = {
            "read:notifications": lambda: self._server.mentions(None),
            "read:statuses": lambda: self._server.written(self._facts.id or ""),
        }
        missing = []
        for scope, ask in asked.items():
            try:
                ask()
            except TokenRefused:
                missing.append(scope)
        return missing

    def _must_fit(self, reply: Outgoing) -> None:
        limits = self.limits
        warning = reply.warning or ""
        length = limits.measure(reply.text) + max(limits.measure(warning), graphemes(warning))
        if limits.length is not None and length > limits.length:
            raise PlatformFailed(f"{self._account} takes {limits.length} characters; this has {length}")

    def _where(self, reply: Outgoing) -> tuple[str, str]:
        """The id it replies to, and who may see it. Raises PlatformFailed where nobody is left to answer, PlatformBusy
        where that cannot be known now."""
        together = len(reply.to) > 1
        asked = [*reply.to, reply.thread] if together and reply.thread else reply.to
        standing = self._standing([native_id for native_id in asked if native_id])
        answered = [standing[native_id] for native_id in reply.to if native_id in standing]
        if not answered:
            raise PlatformFailed(f"{self._account}: {one_line(reply.to[0], 80)} is gone, there is nothing to reply to")
        parent = standing.get(reply.thread or "", answered[0]) if together else answered[0]
        visibilities = {status.visibility for status in (*answered, parent)}
        if reply.private:
            return parent.id, "direct"
        if "direct" in visibilities:
            raise PlatformFailed(f"{self._account}: a private message is never answered in public")
        return parent.id, narrowest(visibilities)

    def _standing(self, native_ids: Sequence[str]) -> dict[str, Status]:
        """Those of these that are there. A failure passes, and the reply must not fail for it: nothing was sent."""
        try:
            standing = self._server.statuses(native_ids, self._facts)
        except Refused:
            raise
        except PlatformFailed as problem:
            raise PlatformBusy(f"{problem} (nothing was sent)") from problem
        known = len(standing.seen) + len(standing.gone)
        if known < len(set(native_ids)):
            what = f"of {len(set(native_ids))} statuses the server, asked one by one, shows no more than {known} now"
            raise PlatformBusy(f"{self._account}: {what}: nothing was sent; try again later, or answer fewer at once")
        return standing.seen

    def _written_since(self, moment: datetime) -> Iterator[Status]:
        """Raises PlatformFailed after the last one if one of them cannot be read: it may be what is looked for."""
        odd: WireError | None = None
        for item in self._written_items():
            at = written_at(item)
            if at is not None and at < moment:
                break
            try:
                yield read_status(item)
            except WireError as problem:
                odd = problem
        if odd is not None:
            raise PlatformFailed(f"{self._account}: something that we wrote cannot be read ({odd})")

    def _written_items(self) -> Iterator[object]:
        for listing in self._server.written_before(self._facts.id or ""):
            yield from listing.items

    def _posted(self, status: Status, otherwise: datetime) -> Posted:
        return Posted(status.id, status.created_at or otherwise, status.url)


def open_account(account: Account, opening: Opening, connect: Callable[..., Client] = Client) -> MastodonPlatform:
    """The account, nothing asked of it. `account.settings` is a `MastodonSettings`."""
    settings: MastodonSettings = account.settings
    client = connect(
        settings.url,
        name=account.name,
        clock=opening.clock,
        token=lambda: settings.token.reveal(f"accounts.{account.name}.token"),
        dialect=_DIALECT,
        budget=opening.budget,
    )
    return MastodonPlatform(
        account.name,
        settings,
        client,
        opening.clock,
        facts=opening.facts,
        since=account.reach,
    )


def _verdict(said: Said) -> Verdict | None:
    if said.status != 429:
        return None
    seconds = seconds_left(said.headers, said.now)
    return Verdict("busy", retry_after(said.headers, said.now) if seconds is None else seconds)


def _meters(headers: Mapping[str, str], bucket: Bucket, now: datetime) -> tuple[Meter, ...]:
    left, reset = requests_left(headers), resets_at(headers)
    return () if left is None or reset is None else (Meter(bucket.name, left, reset, requests_allowed(headers)),)


_DIALECT = Dialect(verdict=_verdict, meters=_meters)


def _covered(scope: str, scopes: Sequence[str]) -> bool:
    return scope in scopes or scope.partition(":")[0] in scopes


def _plain(text: str) -> str:
    """For comparing what we wrote with what the server made of it: people of other servers lose their server's name,
    and white space is where the layout puts it."""
    return " ".join(_ELSEWHERE.sub(r"\1", text).split()).casefold()
