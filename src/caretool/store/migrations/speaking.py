"""7: who is at work on a group, so that two never answer the same."""

from __future__ import annotations

SPEAKING = (
    """CREATE TABLE claim (
        grouped TEXT PRIMARY KEY REFERENCES comment_group(id), agent TEXT NOT NULL, claimed_at TEXT NOT NULL,
        until TEXT NOT NULL) WITHOUT ROWID""",
)
