"""Drafts and the outbox: what was decided, what leaves, what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from peewee import JOIN, SQL, fn

from caretool.store.database import Database, Row, moment_in, moment_out, optional_moment
from caretool.store.numbers import chunks
from caretool.store.schema import ONE, ReplyComment, ThreadRow
from caretool.store.schema import Comment as C
from caretool.store.schema import Draft as D
from caretool.store.schema import Reply as R

if TYPE_CHECKING:
    from caretool.domain.comment import CommentState
    from caretool.domain.draft import Draft, Reply, ReplyState


class Replies:
    """The tables of drafts and replies."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_draft(self, draft: Draft) -> None:
        """Keep a decision; its replies follow in the same transaction."""
        self._database.run(
            D.insert(
                {
                    "id": draft.id,
                    "agent": draft.agent,
                    "state": draft.state,
                    "request": draft.request,
                    "grouped": draft.group,
                    "made_at": moment_out(draft.made_at),
                    "by_role": draft.by,
                    "why": json.dumps(draft.why, ensure_ascii=False),
                }
            )
        )

    def decide(self, draft: str, state: ReplyState, *, by: str, at: datetime, because: str | None = None) -> bool:
        """Approve or reject a draft that waits for somebody; False if somebody else was quicker."""
        values = {D.c.state: state, D.c.decided_by: by, D.c.decided_at: moment_out(at), D.c.because: because}
        values[D.c.returned_to] = D.c.agent if state == "rejected" else None
        return self._database.run(D.update(values).where((D.c.id == draft) & (D.c.state == "awaiting"))) == 1

    def add(self, replies: Sequence[Reply]) -> None:
        """Put replies into the outbox, with the comments each answers."""
        for number, reply in enumerate(replies):
            self._database.run(
                R.insert(
                    {
                        "id": reply.id,
                        "draft": reply.draft,
                        "place": number,
                        "state": reply.state,
                        "mode": reply.mode,
                        "private": int(reply.private),
                        "account": reply.account,
                        "thread": reply.thread,
                        "text": reply.text,
                        "language": reply.language,
                        "agent": reply.agent,
                        "template": reply.template,
                        "key": reply.key,
                        "kind": reply.kind,
                        "made_at": moment_out(reply.made_at),
                        "posted_at": moment_out(reply.posted_at) if reply.posted_at else None,
                        "url": reply.url,
                        "by_hand": int(reply.by_hand),
                    }
                )
            )
            rows = [{"reply": reply.id, "comment": c, "place": place} for place, c in enumerate(reply.comments)]
            self._database.insert(ReplyComment, rows)

    def posted_alike(self, reply: Reply) -> list[str]:
        """Native ids of our other replies on the account that say the same."""
        alike = (R.c.account == reply.account) & (R.c.text == reply.text) & (R.c.id != reply.id)
        query = R.select(R.c.native_id).where(alike & R.c.native_id.is_null(False))
        return [row[0] for row in self._database.tuples(query)]

    def last_under(self, thread: str) -> str | None:
        """What we last said in public under a thread, or are about to say; None: nothing yet."""
        said = (R.c.thread == thread) & (R.c.private == 0)
        said &= R.c.state.in_(("approved", "sending", "posted", "unsure"))
        found = self._database.one(R.select(R.c.text).where(said).order_by(SQL("rowid").desc()).limit(1))
        return str(found["text"]) if found is not None else None

    def drop_of_draft(self, draft: str) -> None:
        """Take away the replies of a draft that are about to be written anew (never one that was approved)."""
        ids = [
            row[0]
            for row in self._database.tuples(R.select(R.c.id).where((R.c.draft == draft) & (R.c.state == "awaiting")))
        ]
        self.drop(ids)

    def drop(self, replies: Sequence[str]) -> None:
        """Take away replies that wait for a yes and nobody waits for any more."""
        for part in chunks(list(replies)):
            self._database.run(ReplyComment.delete().where(ReplyComment.c.reply.in_(part)))
            self._database.run(R.delete().where(R.c.id.in_(part)))

    def change(self, reply: str, state: ReplyState, *, was: Sequence[ReplyState], **values: Any) -> bool:
        """Move one reply from one of the states `was` to `state`; False if it was in none of them."""
        update: dict[Any, Any] = {R.c.state: state}
        for name, value in values.items():
            update[getattr(R.c, name)] = moment_out(value) if isinstance(value, datetime) else value
        return self._database.run(R.update(update).where((R.c.id == reply) & R.c.state.in_(tuple(was)))) == 1

    def looked(self, reply: str, at: datetime) -> None:
        """That an unsure reply was looked for on the platform and not found."""
        self._database.run(R.update({R.c.looked_at: moment_out(at)}).where(R.c.id == reply))

    def by_ids(self, ids: Sequence[str]) -> list[Reply]:
        """These replies, in this order."""
        found: dict[str, Reply] = {}
        for part in chunks(list(ids)):
            found.update({reply.id: reply for reply in self._replies(R.c.id.in_(part))})
        return [found[i] for i in ids if i in found]

    def in_state(self, state: ReplyState, account: str | None = None) -> list[Reply]:
        """Every reply in a state (of one account), oldest first."""
        where = R.c.state == state
        return self._replies(where if account is None else where & (R.c.account == account))

    def leaving(self) -> dict[tuple[str, ReplyState], int]:
        """How many replies are in the outbox, on their way or unsure, by account and state."""
        states: tuple[ReplyState, ...] = ("approved", "sending", "unsure")
        query = R.select(R.c.account, R.c.state, fn.COUNT(SQL("*"))).where(R.c.state.in_(states))
        found = self._database.tuples(query.group_by(R.c.state, R.c.account))
        return {(account, state): int(number) for account, state, number in found}

    def of_draft(self, draft: str) -> list[Reply]:
        """The replies of one decision."""
        return self._replies(R.c.draft == draft)

    def of_comments(self, comments: Sequence[str]) -> list[Reply]:
        """Replies that answer any of these comments, oldest first."""
        ids: list[str] = []
        for part in chunks(list(comments)):
            query = ReplyComment.select(ReplyComment.c.reply).where(ReplyComment.c.comment.in_(part)).distinct()
            ids += [row[0] for row in self._database.tuples(query)]
        return self.by_ids(list(dict.fromkeys(ids)))

    def drafts(self, state: ReplyState) -> list[Draft]:
        """Every decision in a state, oldest first."""
        return [_draft(row) for row in self._database.rows(D.select().where(D.c.state == state).order_by(D.c.made_at))]

    def given_back(self, agent: str) -> list[Draft]:
        """An agent's rejected drafts of which somebody still waits for a better answer, oldest first."""
        waits = (
            ReplyComment.select(ReplyComment.c.comment)
            .join(R, on=(R.c.id == ReplyComment.c.reply))
            .join(C, on=(C.c.id == ReplyComment.c.comment))
            .where((R.c.draft == D.c.id) & (C.c.state == "waiting"))
        )
        query = D.select().where((D.c.returned_to == agent) & fn.EXISTS(waits)).order_by(D.c.made_at)
        return [_draft(row) for row in self._database.rows(query)]

    def untold(self, agent: str) -> list[Reply]:
        """An agent's replies that failed, of which nobody has told them yet, oldest first."""
        return self._replies((R.c.agent == agent) & (R.c.untold == ONE))

    def told(self, replies: Sequence[str]) -> None:
        """That the agent knows of these."""
        for part in chunks(list(replies)):
            self._database.run(R.update({R.c.untold: 0}).where(R.c.id.in_(part) & (R.c.untold == ONE)))

    def taken_up(self, comments: Sequence[str]) -> None:
        """That somebody has written anew to these comments: what was rejected about them is not given back any more."""
        for part in chunks(list(comments)):
            drafts = (
                R.select(R.c.draft)
                .join(ReplyComment, on=(ReplyComment.c.reply == R.c.id))
                .where(ReplyComment.c.comment.in_(part))
            )
            self._database.run(
                D.update({D.c.returned_to: None}).where(D.c.returned_to.is_null(False) & D.c.id.in_(drafts))
            )

    def keep_request(self, draft: str, request: str) -> None:
        """How a decision was asked for, once more is known of it."""
        self._database.run(D.update({D.c.request: request}).where(D.c.id == draft))

    def waiving(self, since: datetime | None) -> list[Draft]:
        """Every decision (not made before `since`) that says of some words that they promise nothing, oldest first."""
        # Inside a text the quotes would stand escaped: so this is the list itself.
        query = D.select().where(~D.c.request.contains('"not_a_promise": []'))
        if since is not None:
            query = query.where(D.c.made_at >= moment_out(since))
        return [_draft(row) for row in self._database.rows(query.order_by(D.c.made_at, D.c.id))]

    def count_of_drafts(self, drafts: Sequence[str]) -> dict[str, int]:
        """How many replies each of these decisions holds; one without is left out."""
        found: dict[str, int] = {}
        for part in chunks(list(drafts)):
            query = R.select(R.c.draft, fn.COUNT(SQL("*"))).where(R.c.draft.in_(part)).group_by(R.c.draft)
            found.update({row[0]: int(row[1]) for row in self._database.tuples(query)})
        return found

    def states_of_drafts(self, drafts: Sequence[str]) -> dict[str, list[CommentState]]:
        """Where the comments stand that each of these decisions answers."""
        found: dict[str, list[CommentState]] = {}
        for part in chunks(list(drafts)):
            query = (
                R.select(R.c.draft, C.c.state)
                .join(ReplyComment, on=(ReplyComment.c.reply == R.c.id))
                .join(C, on=(C.c.id == ReplyComment.c.comment))
                .where(R.c.draft.in_(part))
            )
            for draft, state in self._database.tuples(query):
                found.setdefault(draft, []).append(state)
        return found

    def draft(self, draft: str) -> Draft | None:
        """One decision."""
        row = self._database.one(D.select().where(D.c.id == draft))
        return _draft(row) if row else None

    def _replies(self, where: Any) -> list[Reply]:
        columns = [getattr(R.c, name) for name in R.columns]
        query = (
            R.select(*columns, ThreadRow.c.native_id.alias("thread_native_id"))
            .join(ThreadRow, JOIN.LEFT_OUTER, on=(ThreadRow.c.id == R.c.thread))
            .where(where)
            .order_by(R.c.made_at, R.c.draft, R.c.place)
        )
        rows = self._database.rows(query)
        answers = self._answered_by([row["id"] for row in rows])
        return [_reply(row, answers.get(row["id"], [])) for row in rows]

    def _answered_by(self, replies: Sequence[str]) -> Mapping[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for part in chunks(list(replies)):
            query = (
                ReplyComment.select(ReplyComment.c.reply, C.c.id, C.c.native_id)
                .join(C, on=(C.c.id == ReplyComment.c.comment))
                .where(ReplyComment.c.reply.in_(part))
                .order_by(ReplyComment.c.reply, ReplyComment.c.place)
            )
            for reply, comment, native_id in self._database.tuples(query):
                found.setdefault(reply, []).append((comment, native_id))
        return found


def _draft(row: Row) -> Draft:
    from caretool.domain.draft import Draft  # mostly there is none

    return Draft(
        id=row["id"],
        agent=row["agent"],
        state=row["state"],
        request=row["request"],
        made_at=moment_in(row["made_at"]),
        group=row["grouped"],
        decided_by=row["decided_by"],
        because=row["because"],
        by=row["by_role"],
        why=tuple(json.loads(row["why"])),
        decided_at=optional_moment(row["decided_at"]),
    )


def _reply(row: Row, answers: Sequence[tuple[str, str]]) -> Reply:
    from caretool.domain.draft import Reply

    return Reply(
        id=row["id"],
        draft=row["draft"],
        state=row["state"],
        mode=row["mode"],
        private=bool(row["private"]),
        account=row["account"],
        text=row["text"],
        language=row["language"],
        agent=row["agent"],
        kind=row["kind"],
        key=row["key"],
        made_at=moment_in(row["made_at"]),
        template=row["template"],
        thread=row["thread"],
        thread_native_id=row["thread_native_id"],
        sending_at=optional_moment(row["sending_at"]),
        looked_at=optional_moment(row["looked_at"]),
        posted_at=optional_moment(row["posted_at"]),
        native_id=row["native_id"],
        url=row["url"],
        error=row["error"],
        by_hand=bool(row["by_hand"]),
        to=tuple(native_id for _, native_id in answers),
        comments=tuple(comment for comment, _ in answers),
    )
