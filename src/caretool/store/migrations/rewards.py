"""8: what was put into somebody's hand, and the codes it is drawn from."""

from __future__ import annotations

REWARDS = (
    """CREATE TABLE reward (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, person TEXT NOT NULL REFERENCES person(id),
        comment TEXT REFERENCES comment(id), comment_kind TEXT, reply TEXT NOT NULL REFERENCES reply(id),
        amount TEXT, currency TEXT, state TEXT NOT NULL, agent TEXT NOT NULL, drawn_at TEXT NOT NULL,
        ended_at TEXT)""",
    "CREATE INDEX reward_of_reply ON reward(reply)",
    "CREATE INDEX reward_of_person ON reward(person, kind)",
    "CREATE INDEX reward_by_kind ON reward(kind, drawn_at)",
    "CREATE INDEX reward_for_comment ON reward(comment, kind)",
    """CREATE TABLE code (
        code TEXT PRIMARY KEY, kind TEXT NOT NULL, place INTEGER NOT NULL, reward TEXT REFERENCES reward(id),
        spent_at TEXT) WITHOUT ROWID""",
    "CREATE INDEX code_that_is_free ON code(kind, place) WHERE reward IS NULL AND spent_at IS NULL",
    "CREATE UNIQUE INDEX code_of_reward ON code(reward) WHERE reward IS NOT NULL",
)
