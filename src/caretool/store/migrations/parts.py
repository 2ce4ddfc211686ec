"""14: how many of a part of the inbox are late."""

from __future__ import annotations

PARTS = (
    # Who is late in some of the groups is counted in the index alone.
    "DROP INDEX comment_by_state",
    "CREATE INDEX comment_by_state ON comment(state, due_at, grouped, kind)",
)
