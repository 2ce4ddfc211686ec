"""3 to 5: owners are told, procedures are followed, who writes again is seen."""

from __future__ import annotations

NOTICES = (
    """CREATE TABLE notice (
        promise TEXT NOT NULL REFERENCES promise(id) ON DELETE CASCADE, address TEXT NOT NULL, stage TEXT NOT NULL,
        due_at TEXT NOT NULL, claimed_at TEXT NOT NULL, told_at TEXT, PRIMARY KEY (promise, address)) WITHOUT ROWID""",
)

CASES = (
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

AGAIN = (
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
