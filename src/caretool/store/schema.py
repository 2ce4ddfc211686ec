"""The tables as queries name them. Their making is in `migrations`; times are text (see `database.moment_out`)."""

from __future__ import annotations

from typing import Any

import peewee


class Table(peewee.Table):
    """A table with its columns by name: `T.c.x` in queries; rows are inserted as dicts of these names."""

    def __init__(self, name: str, columns: tuple[str, ...]) -> None:
        super().__init__(name)
        self.columns = columns

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__.get("columns", ()):
            return getattr(self.c, name)
        raise AttributeError(name)


# Written out in a query, not bound to it: only so does SQLite find the indexes that hold some rows (`WHERE alive = 1`).
ONE = peewee.SQL("1")

Kept = Table("kept", ("key", "value"))
Counter = Table("counter", ("letter", "last"))
Bookmark = Table("bookmark", ("account", "cursor", "closed_before"))
WatchBookmark = Table("watch_bookmark", ("account", "watch", "cursor", "closed_before"))
Account = Table("account", ("name", "facts", "fetched_at", "failed_at", "error"))
Person = Table("person", ("id", "name", "forgotten_at", "linked_to"))
AuthorRow = Table("author", ("account", "handle", "name", "followers", "person", "linked_from"))
ThreadRow = Table("thread", ("id", "account", "native_id", "text", "url"))
Comment = Table(
    "comment",
    (
        "number", "id", "account", "native_id", "thread", "person", "handle", "form", "text", "private", "own",
        "reply_to", "url", "rating", "likes", "attachments", "warning", "tag", "written_at", "dated", "fetched_at",
        "digest", "state", "unread", "snoozed_until",
        "language", "kind", "tone", "topic", "confidence", "alternatives", "escalation",
        "vulgar", "personal_data", "reasons", "corrected", "fold", "copy_of", "due_at", "grouped", "joined", "again",
        "exposed", "closes_at", "private_until", "watch",
    ),
)  # fmt: skip
Revision = Table("revision", ("comment", "seen_at", "text"))
Group = Table(
    "comment_group",
    (
        "id", "key", "alive", "account", "thread", "language", "topic", "kind", "private", "escalation", "size",
        "people", "due_at", "first_text", "suggestion", "again", "closes_at", "private_until",
        "watch", "first",
    ),
)  # fmt: skip
Seen = Table("seen", ("agent", "grouped", "joined"))
Draft = Table(
    "draft",
    (
        "id", "agent", "state", "request", "grouped", "made_at", "decided_at", "decided_by", "because", "by_role",
        "why", "returned_to",
    ),
)  # fmt: skip
Reply = Table(
    "reply",
    (
        "id", "draft", "place", "state", "mode", "private", "account", "thread", "text", "language", "agent",
        "template", "key", "kind", "made_at", "sending_at", "looked_at", "posted_at", "native_id",
        "url", "error", "by_hand", "untold",
    ),
)  # fmt: skip
ReplyComment = Table("reply_comment", ("reply", "comment", "place"))
Promise = Table(
    "promise",
    (
        "id", "kind", "person", "text", "made_at", "due_at", "first_day", "due_day", "review_at", "state", "owner",
        "reply", "comment", "relative", "evidence", "because", "moved_to", "ended_at", "heard",
    ),
)  # fmt: skip
Notice = Table("notice", ("promise", "address", "stage", "due_at", "claimed_at", "told_at"))
PromiseCount = Table("promise_count", ("kind", "first_day", "due_day", "open"))
Case = Table("cases", ("id", "procedure", "person", "comment", "state", "started_at", "ended_at", "because"))
CaseStep = Table(
    "case_step",
    (
        "in_case", "place", "step", "state", "began_at", "due_at", "remind_at", "close_at", "ended_at", "evidence",
        "because",
    ),
)  # fmt: skip
CasePromise = Table("case_promise", ("promise", "in_case", "place"))
Moderation = Table(
    "moderation",
    (
        "id", "comment", "person", "account", "action", "ground", "rule", "state", "agent", "because", "key", "by_hand",
        "handed_to", "was", "made_at", "done_at", "error", "undone_at", "undone_by", "undone_because",
    ),
)  # fmt: skip
Evidence = Table("evidence", ("moderation", "text", "url", "written_at", "kept_at", "hash", "copies"))
Claim = Table("claim", ("grouped", "agent", "claimed_at", "until", "key", "by_hand"))
Reward = Table(
    "reward",
    (
        "id", "kind", "person", "comment", "comment_kind", "reply", "amount", "currency", "state", "agent", "drawn_at",
        "ended_at",
    ),
)  # fmt: skip
Code = Table("code", ("code", "kind", "place", "reward", "spent_at"))
Linked = Table("linked", ("thing", "person"))
Tombstone = Table("tombstone", ("mark", "what", "forgotten_at"))
Note = Table("note", ("number", "subject", "agent", "at", "text"))
Log = Table("log", ("number", "at", "agent", "action", "subject", "codes", "hash"))
Found = Table("comment_search", ("rowid",))
