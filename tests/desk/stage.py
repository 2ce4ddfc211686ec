"""A desk to try things on: a small shop, a clock that a test moves, platforms that fail when they are told to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from caretool.desk import fetching, listing, replying, sending
from caretool.desk.desk import Desk
from caretool.desk.replying import Outcome
from caretool.desk.request import Request
from caretool.desk.sending import Sent
from caretool.domain.comment import Author, Comment, Incoming, Thread
from caretool.domain.limits import Limits
from caretool.domain.policy import PromiseKind, Settings
from caretool.errors import AnswerLost, CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.platform import Checked, Looked, Outgoing, Page, Posted
from caretool.settings.loading import load
from caretool.store.store import Store

ROME = ZoneInfo("Europe/Rome")
MONDAY = datetime(2026, 11, 23, 9, 12, tzinfo=ROME)

ACCOUNTS = """\
[accounts.page]
platform = "board"
handle = "bottegablu"
since = "7 days"

[accounts.fediverse]
platform = "board"

[agents.dario]
name = "Dario"
role = "manager"
[agents.giulia]
name = "Giulia"
[agents.tom]
name = "Tom"
role = "trainee"

[owners.desk]
[owners.logistics]
"""

POLICIES = """\
[company]
name = "Bottega Blu"
languages = ["it", "en"]
time_zone = "Europe/Rome"

[calendars.desk]
weekdays = ["09:00-13:00", "14:00-18:00"]
saturday = ["09:00-13:00"]

[calendars.courier]
weekdays = ["08:00-18:00"]

[response]
default = "1h"
calendar = "desk"

[promises.callback]
says = { it = "la richiamo", en = "I'll call you back" }
earliest = "1h"
latest = "5 working days"
due = "1 working day"
calendar = "desk"
capacity = { per_day = 30 }
owner = "desk"
cues = { it = ["richiam*"], en = ["call"] }

[promises.reply]
says = { it = "le rispondo qui", en = "I'll reply to you here" }
earliest = "30m"
latest = "5 working days"
due = "1 working day"
calendar = "desk"
owner = "desk"
cues = { it = ["rispond*"], en = ["reply", "answer"] }

[promises.pickup]
says = { it = "il corriere passa a ritirare il pacco", en = "the courier collects the parcel" }
earliest = "2 working days"
latest = "10 working days"
calendar = "courier"
capacity = { per_day = 40 }
owner = "logistics"
review = "4 working hours"
evidence = ["text"]
cues = { it = ["corriere", "ritir*"], en = ["courier", "collect*"] }

[[escalation]]
name = "injury"
cues = { it = ["ustion*"], en = ["burned my"] }
"""

DELIVERY_LATE = """\
kinds = ["complaint", "question"]
[examples]
it = ["il pacco non è ancora arrivato", "quando arriva il mio ordine?", "aspetto ancora il pacco"]
en = ["my parcel has not arrived yet", "where is my order?", "still waiting for my parcel"]
[reply.it]
public = "Buongiorno {{ person.name }}, sono {{ agent.name }}: mi scuso e le rispondo qui {{ promises.reply.when }}."
together = "Buongiorno {{ people }}, sono {{ agent.name }}: mi scuso e vi rispondo qui {{ promises.reply.when }}."
private = "Buongiorno {{ person.name }}, in privato: sono {{ agent.name }}, le rispondo {{ promises.reply.when }}."
[reply.en]
public = "Hello {{ person.name }}, {{ agent.name }} here: I am sorry, I'll reply to you here {{ promises.reply.when }}."
together = "Hello {{ people }}, {{ agent.name }} here: I am sorry, I'll reply to you here {{ promises.reply.when }}."
[[promises]]
kind = "reply"
"""

PRAISE = """\
kinds = ["praise"]
[examples]
it = ["bellissimo, lo adoro", "siete bravissimi", "ottimo prodotto"]
en = ["beautiful, I love it", "great product"]
[reply.it]
public = "Grazie {{ person.name }}, un caro saluto da {{ agent.name }}!"
[reply.en]
public = "Thank you {{ person.name }}, warm regards from {{ agent.name }}!"
"""

# What agents type, in words whose reading is not what these tests are about.
CALLBACK = "Buongiorno {{ person.name }}, sono {{ agent.name }}, mi scuso: la richiamo {{ promises.callback.when }}."
PICKUP = "Buongiorno {{ person.name }}, sono {{ agent.name }}, mi scuso: il corriere passa {{ promises.pickup.when }}."
PLAIN = "Grazie {{ person.name }}, un saluto da {{ agent.name }}."
LATE = "Il mio pacco non è ancora arrivato, quando arriva?"


class Board(BaseModel):
    """The settings of an account on a made-up platform."""

    model_config = ConfigDict(extra="forbid")


@dataclass
class Clock:
    """The moment it is, as long as a test does not move it."""

    now: datetime = MONDAY

    def __call__(self) -> datetime:
        return self.now.astimezone(UTC)

    def goes(self, **length: float) -> None:
        """Let time pass."""
        self.now = (self.now.astimezone(UTC) + timedelta(**length)).astimezone(ROME)

    def says(self, day: int, hour: int, minute: int = 0) -> None:
        """Set it to a day and hour of November 2026 in Rome."""
        self.now = datetime(2026, 11, day, hour, minute, tzinfo=ROME)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026 in Rome."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ROME)


@dataclass
class FakePlatform:
    """A place that keeps what is posted and does what a test tells it to.

    `pages` are handed over in turn, the bookmark being how many were; an error among them breaks the fetch off there.
    `next_posts` tells what becomes of the next posts: nothing special (empty), `lost before` and `lost after` it is
    public, `dies after` that (the whole process), or an error to raise before it.
    `hidden` are keys that its listing does not show (yet).
    """

    clock: Clock
    limits: Limits = field(
        default_factory=lambda: Limits(together="names", private_replies=True, listing_trustworthy=True)
    )
    pages: list[Page | Exception] = field(default_factory=list)
    next_posts: list[str | BaseException] = field(default_factory=list)
    next_finds: list[Exception] = field(default_factory=list)
    wall: list[Outgoing] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)
    edited: dict[str, Incoming] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    attempts: int = 0
    looks: int = 0

    def receive(self, *comments: Incoming, deleted: Sequence[str] = ()) -> None:
        """One more page."""
        self.pages.append(Page(comments, str(len(self.pages) + 1), deleted=tuple(deleted)))

    def break_off(self, error: Exception) -> None:
        """The next fetch ends here; the one after goes on."""
        self.pages.append(error)

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        for number, page in enumerate(self.pages[int(bookmark or 0) :], int(bookmark or 0)):
            if isinstance(page, Exception):
                self.pages[number] = Page((), str(number + 1))
                raise page
            yield page

    def look(self, native_ids: Sequence[str]) -> Looked:
        return Looked(
            gone=frozenset(self.deleted & set(native_ids)),
            edited=tuple(comment for native_id, comment in self.edited.items() if native_id in native_ids),
        )

    def check(self) -> Checked:
        return Checked()

    def post(self, reply: Outgoing) -> Posted:
        self.attempts += 1
        trouble = (self.next_posts.pop(0) or None) if self.next_posts else None
        if isinstance(trouble, BaseException):
            raise trouble
        if trouble != "lost before" and not (self.limits.key_protects and self._listed(reply.key)):
            self.wall.append(reply)
        if trouble == "dies after":
            raise KeyboardInterrupt
        if trouble is not None:
            raise AnswerLost(f"no answer to {reply.key}")
        return Posted(f"our-{reply.key}", self.clock())

    def find(self, reply: Outgoing) -> Posted | None:
        self.looks += 1
        if self.next_finds:
            raise self.next_finds.pop(0)
        found = self._listed(reply.key) and reply.key not in self.hidden
        return Posted(f"our-{reply.key}", self.clock()) if found else None

    def _listed(self, key: str) -> bool:
        return any(posted.key == key for posted in self.wall)


@cache
def shop() -> Settings:
    """The shop's settings, read once."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        lay_shop(folder)
        return load(folder, {"board": Board})


def lay_shop(folder: Path, accounts: str = ACCOUNTS, policies: str = POLICIES) -> Path:
    """The shop's files."""
    (folder / "templates" / "replies").mkdir(parents=True)
    (folder / "accounts.toml").write_text(accounts, encoding="utf-8")
    (folder / "policies.toml").write_text(policies, encoding="utf-8")
    for name, text in (("delivery-late", DELIVERY_LATE), ("praise", PRAISE)):
        (folder / "templates" / "replies" / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def with_kind(settings: Settings, name: str, **changes: Any) -> Settings:
    """The settings with one kind of promise changed; `per_day` sets the units of every day."""
    if "per_day" in changes:
        changes["capacity"] = (changes.pop("per_day"),) * 7
    kinds: Mapping[str, PromiseKind] = settings.policy.promises
    policy = replace(settings.policy, promises={**kinds, name: replace(kinds[name], **changes)})
    return replace(settings, policy=policy)


def without_kind(settings: Settings, name: str) -> Settings:
    """The settings with one kind of promise taken out."""
    kinds = {known: kind for known, kind in settings.policy.promises.items() if known != name}
    return replace(settings, policy=replace(settings.policy, promises=kinds))


def comment(
    native_id: str,
    text: str = LATE,
    *,
    author: str | None = None,
    thread: str | None = "post",
    written_at: datetime | None = MONDAY - timedelta(hours=1),
    **more: Any,
) -> Incoming:
    """A comment, by an author of its own unless one is named."""
    who = author or f"author.{native_id}"
    return Incoming(
        native_id=native_id,
        author=Author(who, more.pop("name", None)),
        text=text,
        written_at=written_at,
        thread=Thread(thread) if thread else None,
        language=more.pop("language", "it"),
        **more,
    )


class Stage:
    """A desk with its platforms and everything a test does all the time."""

    def __init__(self, folder: Path, database: Path | str | None = None) -> None:
        self.folder = folder
        self.clock = Clock()
        self.settings = shop()
        self.page = FakePlatform(self.clock)
        self.fediverse = FakePlatform(self.clock)
        self.said: list[str] = []
        self.database = database or folder / "caretool.db"
        self.store = Store(self.database, self.clock())

    def desk(self, agent: str | None = "dario") -> Desk:
        """The desk with somebody at it."""
        platforms = {"page": self.page, "fediverse": self.fediverse}
        return Desk(
            folder=self.folder,
            store=self.store,
            load_settings=lambda: self.settings,
            open_platform=lambda account: platforms[account.name],
            clock=self.clock,
            agent_id=agent,
            say=self.said.append,
        )

    def fetch(self, *comments: Incoming, deleted: Sequence[str] = ()) -> list[fetching.Fetched]:
        """Let these be written on the page, and fetch everything."""
        if comments or deleted:
            self.page.receive(*comments, deleted=deleted)
        return fetching.fetch(self.desk(), [])

    def comment(self, native_id: str) -> Comment:
        """A comment as it stands, by its native id."""
        found = self.rows("SELECT id FROM comment WHERE native_id = ?", native_id)
        return self.store.comments.by_ids([found[0][0]])[0]

    def states(self, *native_ids: str) -> list[str]:
        """Where these comments stand."""
        return [self.comment(native_id).state for native_id in native_ids]

    def group_of(self, native_id: str) -> str:
        """The group a comment is in."""
        group = self.comment(native_id).group
        assert group is not None
        return group

    def ask(
        self, *native_ids: str, text: str | None = PLAIN, agent: str = "dario", groups: Iterable[str] = (), **more: Any
    ) -> Request:
        """A request to answer these comments (or groups)."""
        ids = [*(self.comment(native_id).id for native_id in native_ids), *groups]
        return replying.make_request(self.desk(agent), ids, Request(comments=(), text=text, **more))

    def reply(self, *native_ids: str, agent: str = "dario", by_hand: str | None = None, **asked: Any) -> Outcome:
        """Ask and approve; nothing leaves yet."""
        request = self.ask(*native_ids, agent=agent, **asked)
        return replying.approve(self.desk(agent), request, shown=None, by_hand=by_hand)

    def send(self, agent: str | None = None) -> Sent:
        """Post what waits."""
        return sending.send(self.desk(agent))

    def look(self, agent: str = "dario", **wanted: Any) -> listing.Inbox:
        """The inbox as an agent sees it."""
        return listing.inbox(self.desk(agent), listing.Wanted(**wanted), self.clock(), with_comments=True)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What stands in the tables."""
        return self.store._database.statement(sql, values)

    def reply_states(self) -> list[str]:
        """The states of all replies, oldest first."""
        return [row[0] for row in self.rows("SELECT state FROM reply ORDER BY rowid")]

    def promise_states(self) -> list[str]:
        """The states of all promises, oldest first."""
        return [row[0] for row in self.rows("SELECT state FROM promise ORDER BY rowid")]


TROUBLES: tuple[CaretoolError, ...] = (
    PlatformBusy("come back later", 30.0),
    PlatformFailed("no"),
    TokenRefused("a new token is needed"),
)
