"""12: until when a platform takes an answer, and which replies failed without their agent knowing."""

from __future__ import annotations

WINDOWS = (
    "ALTER TABLE comment ADD COLUMN closes_at TEXT",
    "ALTER TABLE comment ADD COLUMN private_until TEXT",
    "ALTER TABLE comment_group ADD COLUMN closes_at TEXT",
    "ALTER TABLE comment_group ADD COLUMN private_until TEXT",
    "ALTER TABLE reply ADD COLUMN untold INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX reply_untold ON reply(agent) WHERE untold = 1",
)
