"""1: the desk opens: comments, groups, replies, promises, the log."""

from __future__ import annotations

OPENING = (
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
