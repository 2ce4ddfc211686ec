"""6: what was done about a comment or its author, with the evidence that was kept before anything was touched."""

from __future__ import annotations

MODERATION = (
    """CREATE TABLE moderation (
        id TEXT PRIMARY KEY, comment TEXT NOT NULL REFERENCES comment(id), person TEXT NOT NULL REFERENCES person(id),
        account TEXT NOT NULL, action TEXT NOT NULL, ground TEXT, rule TEXT, state TEXT NOT NULL, agent TEXT NOT NULL,
        because TEXT, key TEXT NOT NULL UNIQUE, by_hand INTEGER NOT NULL, handed_to TEXT, was TEXT,
        made_at TEXT NOT NULL, done_at TEXT, error TEXT, undone_at TEXT, undone_by TEXT, undone_because TEXT)""",
    """CREATE UNIQUE INDEX moderation_in_force ON moderation(comment, action)
        WHERE state IN ('doing', 'done', 'unsure')""",
    "CREATE INDEX moderation_of_comment ON moderation(comment)",
    "CREATE INDEX moderation_of_person ON moderation(person)",
    "CREATE INDEX moderation_by_state ON moderation(state, made_at)",
    """CREATE TABLE evidence (
        moderation TEXT PRIMARY KEY REFERENCES moderation(id), text TEXT, url TEXT, written_at TEXT NOT NULL,
        kept_at TEXT NOT NULL, hash TEXT NOT NULL, copies TEXT NOT NULL) WITHOUT ROWID""",
)
