"""11: what was last said under a thread is found, so that the next answer there takes other words."""

from __future__ import annotations

VOICE = ("CREATE INDEX reply_under_thread ON reply(thread) WHERE thread IS NOT NULL",)
