"""How the database came to be: each step is applied with its record in one transaction, after a backup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from caretool.errors import StoreProblem
from caretool.store.database import Database, moment_out


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its number (from 1, no gaps), what it is for, its statements."""

    number: int
    name: str
    statements: tuple[str, ...]


_OPENING = (
    "CREATE TABLE kept (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE counter (letter TEXT PRIMARY KEY, last INTEGER NOT NULL)",
    "CREATE TABLE bookmark (account TEXT PRIMARY KEY, cursor TEXT, fetched_at TEXT NOT NULL, closed_before TEXT)",
    "CREATE TABLE person (id TEXT PRIMARY KEY, name TEXT NOT NULL)",
    """CREATE TABLE author (
        account TEXT NOT NULL, handle TEXT NOT NULL, name TEXT, followers INTEGER,
        person TEXT NOT NULL REFERENCES person(id), PRIMARY KEY (account, handle))""",
    "CREATE INDEX author_of_person ON author(person)",
    """CREATE TABLE thread (
        id TEXT PRIMARY KEY, account TEXT NOT NULL, native_id TEXT NOT NULL, text TEXT, url TEXT,
        UNIQUE (account, native_id))""",
    """CREATE TABLE comment_group (
        id TEXT PRIMARY KEY, key TEXT NOT NULL, alive INTEGER NOT NULL, account TEXT NOT NULL,
        thread TEXT REFERENCES thread(id), language TEXT, topic TEXT, kind TEXT NOT NULL, private INTEGER NOT NULL,
        escalation TEXT, size INTEGER NOT NULL, due_at TEXT, first_text TEXT NOT NULL, suggestion TEXT)""",
    "CREATE UNIQUE INDEX group_by_key ON comment_group(key) WHERE alive = 1",
    "CREATE INDEX group_by_urgency ON comment_group(alive, (escalation IS NULL), (due_at IS NULL), due_at)",
    """CREATE TABLE comment (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, native_id TEXT NOT NULL,
        thread TEXT REFERENCES thread(id), person TEXT NOT NULL REFERENCES person(id), handle TEXT NOT NULL,
        form TEXT NOT NULL, text TEXT NOT NULL, private INTEGER NOT NULL, own INTEGER NOT NULL, reply_to TEXT,
        url TEXT, rating INTEGER, likes INTEGER, attachments TEXT NOT NULL, tag TEXT, written_at TEXT NOT NULL,
        dated INTEGER NOT NULL, fetched_at TEXT NOT NULL, digest TEXT NOT NULL, state TEXT NOT NULL,
        unread INTEGER NOT NULL,
        snoozed_until TEXT, language TEXT, kind TEXT, tone TEXT, topic TEXT, confidence REAL, alternatives TEXT,
        escalation TEXT, vulgar INTEGER, personal_data INTEGER, reasons TEXT, corrected TEXT, fold TEXT, copy_of TEXT,
        due_at TEXT, grouped TEXT REFERENCES comment_group(id), joined INTEGER,
        UNIQUE (account, native_id))""",
    "CREATE INDEX comment_by_state ON comment(state, due_at)",
    "CREATE INDEX comment_of_group ON comment(grouped, state, joined)",
    "CREATE INDEX comment_of_person ON comment(person)",
    "CREATE INDEX comment_by_fold ON comment(fold, account)",
    "CREATE INDEX comment_ours ON comment(account, reply_to) WHERE own = 1",
    "CREATE INDEX comment_unread ON comment(number) WHERE state = 'waiting' AND unread = 1",
    "CREATE TABLE revision (comment TEXT NOT NULL REFERENCES comment(id), seen_at TEXT NOT NULL, text TEXT NOT NULL)",
    "CREATE INDEX revision_of_comment ON revision(comment)",
    """CREATE TABLE seen (
        agent TEXT NOT NULL, grouped TEXT NOT NULL REFERENCES comment_group(id), joined INTEGER NOT NULL,
        PRIMARY KEY (agent, grouped))""",
    """CREATE TABLE draft (
        id TEXT PRIMARY KEY, agent TEXT NOT NULL, state TEXT NOT NULL, request TEXT NOT NULL, grouped TEXT,
        made_at TEXT NOT NULL, decided_at TEXT, decided_by TEXT, because TEXT)""",
    "CREATE INDEX draft_by_state ON draft(state)",
    """CREATE TABLE reply (
        id TEXT PRIMARY KEY, draft TEXT NOT NULL REFERENCES draft(id), place INTEGER NOT NULL, state TEXT NOT NULL,
        mode TEXT NOT NULL,
        private INTEGER NOT NULL, account TEXT NOT NULL, thread TEXT REFERENCES thread(id), text TEXT NOT NULL,
        language TEXT NOT NULL, agent TEXT NOT NULL, template TEXT, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
        made_at TEXT NOT NULL, sending_at TEXT, looked_at TEXT, posted_at TEXT, native_id TEXT, url TEXT, error TEXT,
        by_hand INTEGER NOT NULL)""",
    "CREATE INDEX reply_by_state ON reply(state, account)",
    "CREATE INDEX reply_of_draft ON reply(draft)",
    """CREATE TABLE reply_comment (
        reply TEXT NOT NULL REFERENCES reply(id), comment TEXT NOT NULL REFERENCES comment(id),
        place INTEGER NOT NULL, PRIMARY KEY (reply, comment))""",
    "CREATE INDEX reply_to_comment ON reply_comment(comment)",
    """CREATE TABLE promise (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, person TEXT NOT NULL REFERENCES person(id), text TEXT NOT NULL,
        made_at TEXT NOT NULL, due_at TEXT NOT NULL, first_day TEXT NOT NULL, due_day TEXT NOT NULL, review_at TEXT,
        state TEXT NOT NULL, owner TEXT NOT NULL, reply TEXT REFERENCES reply(id), comment TEXT REFERENCES comment(id),
        relative INTEGER NOT NULL, evidence TEXT, because TEXT, moved_to TEXT REFERENCES promise(id), ended_at TEXT)""",
    "CREATE INDEX promise_by_state ON promise(state, due_at)",
    "CREATE INDEX promise_load ON promise(kind, state, first_day, due_day)",
    "CREATE INDEX promise_of_reply ON promise(reply)",
    "CREATE INDEX promise_to_person ON promise(person)",
    """CREATE TABLE note (
        number INTEGER PRIMARY KEY, subject TEXT NOT NULL, agent TEXT NOT NULL, at TEXT NOT NULL,
        text TEXT NOT NULL)""",
    "CREATE INDEX note_on ON note(subject)",
    """CREATE TABLE log (
        number INTEGER PRIMARY KEY, at TEXT NOT NULL, agent TEXT NOT NULL, action TEXT NOT NULL,
        subject TEXT NOT NULL, codes TEXT NOT NULL)""",
    "CREATE INDEX log_of ON log(subject)",
    """CREATE TRIGGER log_is_kept BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END""",
    """CREATE TRIGGER log_stays BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END""",
    """CREATE VIRTUAL TABLE comment_search USING fts5(
        text, handle, content='comment', content_rowid='number', tokenize="unicode61 remove_diacritics 2")""",
    """CREATE TRIGGER comment_is_searchable AFTER INSERT ON comment BEGIN
        INSERT INTO comment_search(rowid, text, handle) VALUES (new.number, new.text, new.handle); END""",
    """CREATE TRIGGER comment_search_follows AFTER UPDATE OF text ON comment BEGIN
        INSERT INTO comment_search(comment_search, rowid, text, handle)
            VALUES ('delete', old.number, old.text, old.handle);
        INSERT INTO comment_search(rowid, text, handle) VALUES (new.number, new.text, new.handle); END""",
    """CREATE TRIGGER comment_search_forgets AFTER DELETE ON comment BEGIN
        INSERT INTO comment_search(comment_search, rowid, text, handle)
            VALUES ('delete', old.number, old.text, old.handle); END""",
)

_COUNTED = "kind, first_day, due_day, state, moved_to"
_ONE_MORE = """INSERT INTO promise_count VALUES (new.kind, new.first_day, new.due_day, 1)
        ON CONFLICT DO UPDATE SET open = open + 1;"""
_ONE_LESS = """UPDATE promise_count SET open = open - 1
            WHERE kind = old.kind AND first_day = old.first_day AND due_day = old.due_day;
        DELETE FROM promise_count
            WHERE kind = old.kind AND first_day = old.first_day AND due_day = old.due_day AND open = 0;"""


def _counts(row: str) -> str:
    """Whether a promise takes a unit: one that is being moved does not, its successor does."""
    return f"{row}.state IN ('logged', 'running') AND {row}.moved_to IS NULL"


_STEEL = (
    "ALTER TABLE comment ADD COLUMN warning TEXT",
    "CREATE TABLE account (name TEXT PRIMARY KEY, facts TEXT, fetched_at TEXT, failed_at TEXT, error TEXT)",
    "INSERT INTO account(name, fetched_at) SELECT account, fetched_at FROM bookmark",
    "ALTER TABLE bookmark DROP COLUMN fetched_at",
    "CREATE INDEX reply_posted ON reply(account, native_id)",
    "ALTER TABLE comment_group ADD COLUMN people INTEGER NOT NULL DEFAULT 0",
    """UPDATE comment_group SET people = (
        SELECT count(DISTINCT person) FROM comment WHERE grouped = comment_group.id AND state = 'waiting')""",
    """CREATE TABLE promise_count (
        kind TEXT NOT NULL, first_day TEXT NOT NULL, due_day TEXT NOT NULL, open INTEGER NOT NULL,
        PRIMARY KEY (kind, first_day, due_day)) WITHOUT ROWID""",
    """INSERT INTO promise_count(kind, first_day, due_day, open) SELECT kind, first_day, due_day, count(*) FROM promise
        WHERE state IN ('logged', 'running') AND moved_to IS NULL GROUP BY kind, first_day, due_day""",
    f"CREATE TRIGGER promise_opens AFTER INSERT ON promise WHEN {_counts('new')} BEGIN {_ONE_MORE} END",
    f"CREATE TRIGGER promise_leaves AFTER DELETE ON promise WHEN {_counts('old')} BEGIN {_ONE_LESS} END",
    f"""CREATE TRIGGER promise_closes AFTER UPDATE OF {_COUNTED} ON promise WHEN {_counts("old")}
        BEGIN {_ONE_LESS} END""",
    f"""CREATE TRIGGER promise_reopens AFTER UPDATE OF {_COUNTED} ON promise WHEN {_counts("new")}
        BEGIN {_ONE_MORE} END""",
    "DROP INDEX promise_by_state",
    "CREATE INDEX promise_by_state ON promise(state, due_at, id)",
    "DROP INDEX promise_load",
    "CREATE INDEX promise_ended ON promise(kind, state, ended_at)",
    "DROP TRIGGER comment_is_searchable",  # `Arrivals` sees to it, a page at once
    "DROP INDEX comment_unread",
    "CREATE INDEX comment_unread ON comment(state, number) WHERE unread = 1",
    "CREATE INDEX promise_moved ON promise(moved_to) WHERE moved_to IS NOT NULL",
)

_NOTICES = (
    """CREATE TABLE notice (
        promise TEXT NOT NULL REFERENCES promise(id) ON DELETE CASCADE, address TEXT NOT NULL, stage TEXT NOT NULL,
        due_at TEXT NOT NULL, claimed_at TEXT NOT NULL, told_at TEXT, PRIMARY KEY (promise, address)) WITHOUT ROWID""",
)

_CASES = (
    """CREATE TABLE cases (
        id TEXT PRIMARY KEY, procedure TEXT NOT NULL, person TEXT NOT NULL REFERENCES person(id),
        comment TEXT REFERENCES comment(id), state TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT,
        because TEXT)""",
    "CREATE INDEX case_by_state ON cases(state, started_at)",
    "CREATE INDEX case_of_person ON cases(person)",
    "CREATE UNIQUE INDEX case_that_runs ON cases(procedure, person) WHERE state = 'running'",
    """CREATE TABLE case_step (
        in_case TEXT NOT NULL REFERENCES cases(id), place INTEGER NOT NULL, step TEXT NOT NULL, state TEXT NOT NULL,
        began_at TEXT, due_at TEXT, remind_at TEXT, close_at TEXT, ended_at TEXT, evidence TEXT, because TEXT,
        PRIMARY KEY (in_case, place)) WITHOUT ROWID""",
    """CREATE TABLE case_promise (
        promise TEXT PRIMARY KEY REFERENCES promise(id), in_case TEXT NOT NULL REFERENCES cases(id),
        place INTEGER NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX promise_of_case ON case_promise(in_case)",
    """CREATE TRIGGER case_follows_move AFTER UPDATE OF moved_to ON promise WHEN new.moved_to IS NOT NULL BEGIN
        INSERT INTO case_promise(promise, in_case, place)
            SELECT new.moved_to, in_case, place FROM case_promise WHERE promise = new.id
            ON CONFLICT DO NOTHING; END""",
)

_AGAIN = (
    "ALTER TABLE promise ADD COLUMN heard INTEGER NOT NULL DEFAULT 0",
    "UPDATE promise SET heard = coalesce((SELECT max(number) FROM comment WHERE fetched_at <= promise.made_at), 0)",
    "ALTER TABLE comment ADD COLUMN again TEXT REFERENCES promise(id)",
    "ALTER TABLE comment_group ADD COLUMN again TEXT REFERENCES promise(id)",
    "CREATE INDEX comment_again ON comment(again) WHERE again IS NOT NULL",
    "CREATE INDEX group_again ON comment_group(again) WHERE again IS NOT NULL",
    "DROP INDEX group_by_urgency",
    """CREATE INDEX group_by_urgency
        ON comment_group(alive, (escalation IS NULL), (again IS NULL), (due_at IS NULL), due_at)""",
    """CREATE TRIGGER promise_is_not_shifted BEFORE UPDATE OF due_at ON promise
        WHEN old.due_at <> new.due_at AND old.state <> 'logged'
            AND NOT EXISTS (SELECT 1 FROM reply WHERE id = old.reply AND state = 'unsure')
        BEGIN SELECT RAISE(ABORT, 'a due time that was said does not change: the promise is moved'); END""",
)

MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "the desk opens", _OPENING),
    Migration(2, "steel in the spine", _STEEL),
    Migration(3, "owners are told", _NOTICES),
    Migration(4, "procedures are followed", _CASES),
    Migration(5, "who writes again", _AGAIN),
)
# The schema this program works with.
NEWEST = MIGRATIONS[-1].number


def migrate(database: Database, now: datetime, migrations: tuple[Migration, ...] = MIGRATIONS) -> Path | None:
    """Bring the database to today's shape; where a backup was put before (None: nothing to do, or it was empty).

    StoreProblem where a newer caretool made it: nothing is touched.
    """
    version = _version(database)
    newest = migrations[-1].number
    if version == newest:
        return None
    not_newer(database.where, version, newest)
    backup = None
    with database.writing():
        done = _version(database)  # another process may have been quicker
        if 0 < done < newest:
            backup = _backup(database, done)
        for migration in migrations:
            if migration.number <= done:
                continue
            for statement in migration.statements:
                database.statement(statement)
            database.statement(
                "INSERT INTO migration(number, name, applied_at) VALUES (?, ?, ?)",
                (migration.number, migration.name, moment_out(now)),
            )
    return backup


def not_newer(where: Path | str, version: int, newest: int = NEWEST) -> None:
    """StoreProblem where a newer caretool than this one made the database."""
    if version > newest:
        raise StoreProblem(
            f"{where} was made by a newer caretool (schema {version}, this one knows {newest}): "
            "upgrade caretool, or work on a backup."
        )


def _version(database: Database) -> int:
    if not database.statement("SELECT 1 FROM sqlite_schema WHERE name = 'migration'"):
        with database.writing():
            database.statement(
                "CREATE TABLE IF NOT EXISTS migration "
                "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL)"
            )
        return 0
    return int(database.statement("SELECT coalesce(max(number), 0) FROM migration")[0][0])


def _backup(database: Database, version: int) -> Path | None:
    if database.where == ":memory:":
        return None
    from caretool.store import copies  # there is mostly nothing to migrate

    source = Path(database.where)
    target = source.with_name(f"{source.stem}.before-{version + 1}.db")
    try:
        copies.copy(source, target, overwrite=True)
    except StoreProblem as problem:
        raise StoreProblem(f"{str(problem).rstrip('.')}: no migration without a backup.") from problem
    return target
