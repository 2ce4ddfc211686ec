"""9: personal data is known where it stands, has an end, and what was forgotten does not come back."""

from __future__ import annotations

PRIVACY = (
    "ALTER TABLE comment ADD COLUMN exposed TEXT",
    "ALTER TABLE person ADD COLUMN forgotten_at TEXT",
    "ALTER TABLE person ADD COLUMN linked_to TEXT REFERENCES person(id)",
    "ALTER TABLE author ADD COLUMN linked_from TEXT REFERENCES person(id)",
    "CREATE TABLE linked (thing TEXT PRIMARY KEY, person TEXT NOT NULL REFERENCES person(id)) WITHOUT ROWID",
    """CREATE TABLE tombstone (
        mark TEXT PRIMARY KEY, what TEXT NOT NULL, forgotten_at TEXT NOT NULL) WITHOUT ROWID""",
)
