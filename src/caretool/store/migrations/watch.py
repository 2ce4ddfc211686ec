"""13: what watch words find, and the exchange that a comment belongs to."""

from __future__ import annotations

WATCH = (
    "ALTER TABLE comment ADD COLUMN watch TEXT",
    "ALTER TABLE comment_group ADD COLUMN watch TEXT",
    "ALTER TABLE comment_group ADD COLUMN first TEXT",
    """UPDATE comment_group SET first = (
        SELECT id FROM comment WHERE grouped = comment_group.id AND state = 'waiting'
        ORDER BY written_at, number LIMIT 1) WHERE alive = 1""",
    """CREATE TABLE watch_bookmark (
        account TEXT NOT NULL, watch TEXT NOT NULL, cursor TEXT NOT NULL, closed_before TEXT,
        PRIMARY KEY (account, watch)) WITHOUT ROWID""",
    # What somebody wrote before in a thread is found without a look at all they ever wrote.
    "DROP INDEX comment_of_person",
    "CREATE INDEX comment_of_person ON comment(person, thread, number)",
)
