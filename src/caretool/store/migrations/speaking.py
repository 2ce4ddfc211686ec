"""7: who is at work on a group, so that two never answer the same; whose yes a draft waits for, who gets it back."""

from __future__ import annotations

SPEAKING = (
    """CREATE TABLE claim (
        grouped TEXT PRIMARY KEY REFERENCES comment_group(id), agent TEXT NOT NULL, claimed_at TEXT NOT NULL,
        until TEXT NOT NULL, key TEXT NOT NULL, by_hand INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE TRIGGER claim_ends_with_its_group AFTER UPDATE OF alive ON comment_group WHEN NEW.alive = 0
        BEGIN DELETE FROM claim WHERE grouped = NEW.id; END""",
    "ALTER TABLE draft ADD COLUMN by_role TEXT NOT NULL DEFAULT 'agent'",
    "ALTER TABLE draft ADD COLUMN why TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE draft ADD COLUMN returned_to TEXT",
    "CREATE INDEX draft_given_back ON draft(returned_to) WHERE returned_to IS NOT NULL",
)
