"""What was done about comments and their authors, each with the evidence that was kept before; and what a rule asks of
everything that is stored: copies of a message, an author's history."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from peewee import JOIN, SQL, fn

from caretool.domain.moderation import REVERSIBLE, SILENCING, Evidence, Moderation, ModerationState
from caretool.domain.policy import Action, ModerationRule
from caretool.store.database import Database, Row, moment_in, moment_out, optional_moment, storable
from caretool.store.numbers import among, chunks, new_ids
from caretool.store.schema import Comment as C
from caretool.store.schema import Evidence as E
from caretool.store.schema import Found
from caretool.store.schema import Moderation as M

_SPEAKING = ("kind", "tone", "topic", "language", "account")
_MOST_ALIKE = 200


@dataclass(frozen=True, slots=True)
class NewModeration:
    """What is about to be done about a comment. `key` is its own, made before anything leaves."""

    comment: str
    person: str
    account: str
    action: Action
    ground: str | None
    rule: str | None
    agent: str
    because: str | None
    key: str
    evidence: Evidence
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored comment as one looks for its copies: `fold` is its folded text (None: not read yet)."""

    id: str
    account: str
    person: str
    handle: str
    kind: str | None
    written_at: datetime
    url: str | None
    text: str
    fold: str | None


class Moderations:
    """The tables of what was done."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, new: NewModeration, now: datetime) -> str:
        """Write down what is about to be done, and its evidence; the id. Inside a transaction. Of the same action on
        the same comment only one is in force: the database refuses a second."""
        (new_id,) = new_ids(self._database, "m", 1)
        row = {
            "id": new_id,
            "comment": new.comment,
            "person": new.person,
            "account": new.account,
            "action": new.action,
            "ground": new.ground,
            "rule": new.rule,
            "state": "doing",
            "agent": new.agent,
            "because": storable(new.because) if new.because else None,
            "key": new.key,
            "by_hand": int(new.by_hand),
            "made_at": moment_out(now),
        }
        self._database.insert(M, [row])
        kept = new.evidence
        evidence = {
            "moderation": new_id,
            "text": kept.text,
            "url": kept.url,
            "written_at": moment_out(kept.written_at),
            "kept_at": moment_out(kept.kept_at),
            "hash": kept.hash,
            "copies": json.dumps(kept.copies),
        }
        self._database.insert(E, [evidence])
        return new_id

    def change(
        self,
        moderation: str,
        state: ModerationState,
        *,
        was: Sequence[ModerationState],
        values: Mapping[str, object] | None = None,
    ) -> bool:
        """Move one from a state of `was`, and set columns of it (`values`; moments are aware); False where it was in
        none of them."""
        update: dict[Any, Any] = {M.c.state: state}
        update |= {getattr(M.c, n): moment_out(v) if isinstance(v, datetime) else v for n, v in (values or {}).items()}
        return bool(self._database.run(M.update(update).where((M.c.id == moderation) & M.c.state.in_(tuple(was)))))

    def by_ids(self, ids: Sequence[str]) -> list[Moderation]:
        """These, in this order."""
        found = {one.id: one for part in chunks(list(ids)) for one in self._found(M.c.id.in_(part))}
        return [found[i] for i in ids if i in found]

    def of_comments(self, comments: Sequence[str]) -> list[Moderation]:
        """What was done about these comments, the oldest first."""
        return self._found(among(M.c.comment, comments))

    def of_person(self, person: str) -> list[Moderation]:
        """What was done about one person's comments, the oldest first."""
        return self._found(M.c.person == person)

    def of_author(self, account: str, handle: str, action: Action) -> list[Moderation]:
        """What of one sort is in force against an author on an account, the oldest first."""
        in_force = M.c.state.in_(("doing", "done", "unsure"))
        theirs = C.select(C.c.id).where((C.c.account == account) & (C.c.handle == handle))
        return self._found((M.c.action == action) & (M.c.account == account) & in_force & M.c.comment.in_(theirs))

    def in_states(self, states: Sequence[ModerationState]) -> list[Moderation]:
        """All in these states, the oldest first."""
        return self._found(M.c.state.in_(tuple(states)))

    def of_complaints(self) -> list[Moderation]:
        """What is in force about comments that are complaints, or their authors, and can be taken back; what protects
        their own data is left out. The oldest first."""
        in_force = M.c.state.in_(("done", "unsure")) & M.c.action.in_(tuple(sorted(REVERSIBLE)))
        return self._found((C.c.kind == "complaint") & in_force & (M.c.ground != "personal-data"))

    def since(self, since: datetime | None, until: datetime) -> list[Moderation]:
        """All that was begun between two moments, the oldest first."""
        where = M.c.made_at <= moment_out(until)
        return self._found(where if since is None else where & (M.c.made_at >= moment_out(since)))

    def _found(self, where: Any) -> list[Moderation]:
        columns = [getattr(M.c, name) for name in M.columns]
        evidence = [getattr(E.c, name) for name in E.columns if name != "moderation"]
        query = (
            M.select(*columns, *evidence, C.c.native_id, C.c.handle)
            .join(E, JOIN.LEFT_OUTER, on=(E.c.moderation == M.c.id))
            .join(C, JOIN.LEFT_OUTER, on=(C.c.id == M.c.comment))
            .where(where)
            .order_by(M.c.made_at, M.c.id)
        )
        return [_moderation(row) for row in self._database.rows(query)]

    def vulgar(self, comments: Sequence[str]) -> set[str]:
        """Those of these comments in which vulgar words were read."""
        query = C.select(C.c.id).where(among(C.c.id, comments) & (C.c.vulgar == 1))
        return {row[0] for row in self._database.tuples(query)}

    def candidates(self, rules: Sequence[ModerationRule]) -> list[str]:
        """The waiting comments about which one of these rules could do something, by what was read in them."""
        doing = [rule for rule in rules if rule.action != "leave"]
        if not doing:
            return []
        meant: Any = None
        for rule in doing:
            wanted = _wanted(rule)
            meant = wanted if meant is None else meant | wanted
        query = C.select(C.c.id).where((C.c.state == "waiting") & (C.c.unread == 0) & meant).order_by(C.c.number)
        return [row[0] for row in self._database.tuples(query)]

    def stored(self, comments: Sequence[str]) -> list[Stored]:
        """These comments as one looks for copies."""
        return self._stored(among(C.c.id, comments))

    def with_folds(self, folds: Collection[str]) -> list[Stored]:
        """Every comment of others with one of these folded texts."""
        return self._stored(among(C.c.fold, list(folds)) & (C.c.own == 0))

    def of_handles(self, handles: Collection[str], accounts: Collection[str]) -> list[Stored]:
        """Every comment by authors of these handles on these accounts, and by the same persons."""
        from caretool.store.schema import AuthorRow

        persons = AuthorRow.select(AuthorRow.c.person).where(
            AuthorRow.c.account.in_(tuple(accounts)) & among(AuthorRow.c.handle, list(handles))
        )
        return self._stored(C.c.person.in_(persons) & (C.c.own == 0))

    def written_since(self, since: datetime, limit: int) -> list[Stored]:
        """What others wrote since then, the newest."""
        query = self._query((C.c.written_at >= moment_out(since)) & (C.c.own == 0))
        return [_stored(row) for row in self._database.rows(query.order_by(C.c.number.desc()).limit(limit))]

    def complaints_like(self, words: Sequence[str]) -> list[Stored]:
        """Complaints that share the most of these words, at most 200."""
        terms = " OR ".join('"' + storable(word).replace('"', '""') + '"' for word in words)
        if not terms:
            return []
        query = (
            self._query((C.c.kind == "complaint") & (C.c.own == 0))
            .join(Found, on=(Found.c.rowid == C.c.number))
            .where(SQL("comment_search MATCH ?", (terms,)))
            .order_by(SQL("bm25(comment_search)"))
            .limit(_MOST_ALIKE)
        )
        return [_stored(row) for row in self._database.rows(query)]

    def removed_before(self, persons: Collection[str]) -> dict[str, list[str]]:
        """For each of these persons the comments for which they were silenced, as far as it holds; what protects their
        own data does not count."""
        silenced = M.c.action.in_(tuple(sorted(SILENCING))) & (M.c.state == "done")
        query = M.select(M.c.person, M.c.comment).where(among(M.c.person, list(persons)) & silenced)
        found: dict[str, list[str]] = {}
        for person, comment in self._database.tuples(query.where(M.c.ground != "personal-data")):
            found.setdefault(person, []).append(comment)
        return found

    def how_many(self, persons: Collection[str]) -> Counter[str]:
        """How many comments are known of each of these persons."""
        query = C.select(C.c.person, fn.COUNT(SQL("*"))).where(among(C.c.person, list(persons)))
        return Counter(dict(self._database.tuples(query.group_by(C.c.person))))

    def _stored(self, where: Any) -> list[Stored]:
        return [_stored(row) for row in self._database.rows(self._query(where))]

    def _query(self, where: Any) -> Any:
        names = ("id", "account", "person", "handle", "kind", "written_at", "url", "text", "fold")
        return C.select(*(getattr(C.c, name) for name in names)).where(where)


def in_force_in(file: Path) -> frozenset[str]:
    """The ids of what holds, or may hold, in a database. NotFound, StoreProblem."""
    from caretool.store import copies  # only a restore asks

    with copies.reading(file) as source:
        if not list(source.execute("SELECT 1 FROM sqlite_schema WHERE name = 'moderation'")):
            return frozenset()
        return frozenset(
            str(row[0])
            for row in source.execute("SELECT id FROM moderation WHERE state IN ('doing', 'done', 'unsure')")
        )


def _wanted(rule: ModerationRule) -> Any:
    """What a comment has to be for a rule, as far as its row tells."""
    when = rule.when
    wanted: Any = C.c.own == 0
    for name in _SPEAKING:
        values = getattr(when, name)
        if values is not None:
            wanted &= getattr(C.c, name).in_(values)
    for name in ("vulgar", "personal_data"):
        value = getattr(when, name)
        if value is not None:
            wanted &= fn.COALESCE(getattr(C.c, name), 0) == int(value)
    return wanted


def _stored(row: Row) -> Stored:
    return Stored(**{**row, "written_at": moment_in(row["written_at"])})


def _moderation(row: Row) -> Moderation:
    evidence = None
    if row["hash"] is not None:
        evidence = Evidence(
            text=row["text"],
            url=row["url"],
            written_at=moment_in(row["written_at"]),
            kept_at=moment_in(row["kept_at"]),
            hash=row["hash"],
            copies=tuple((comment, account, url) for comment, account, url in json.loads(row["copies"])),
        )
    return Moderation(
        id=row["id"],
        comment=row["comment"],
        person=row["person"],
        account=row["account"],
        action=row["action"],
        ground=row["ground"],
        rule=row["rule"],
        state=row["state"],
        agent=row["agent"],
        because=row["because"],
        key=row["key"],
        made_at=moment_in(row["made_at"]),
        native_id=row["native_id"] or "",
        handle=row["handle"] or "",
        by_hand=bool(row["by_hand"]),
        handed_to=row["handed_to"],
        was=row["was"],
        done_at=optional_moment(row["done_at"]),
        error=row["error"],
        undone_at=optional_moment(row["undone_at"]),
        undone_by=row["undone_by"],
        undone_because=row["undone_because"],
        evidence=evidence,
    )
