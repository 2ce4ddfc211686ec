"""What becomes of each column when a person is forgotten. A column that is not here fails a test: it has to be thought
of before it holds anything.

`stays`: an id, a code, a time, a number, a count, or a word of our own settings; nothing a person is known by.
`theirs`: emptied where the row is theirs; in the rows of others what names them is masked. (In JSON: text by text.)
`ours`: our own words: emptied where the row is about them alone; elsewhere what names them is masked, and what only
they wrote. `key`: replaced by a neutral one where it is theirs. `gone`: theirs alone, the row goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Fate = Literal["stays", "theirs", "theirs-json", "ours", "ours-json", "key", "gone"]


def _table(stays: str, **others: Fate) -> Mapping[str, Fate]:
    return {**dict.fromkeys(stays.split(), "stays"), **others}


FATES: Mapping[str, Mapping[str, Fate]] = {
    "migration": _table("number name applied_at"),
    "kept": _table("key", value="ours-json"),
    "counter": _table("letter last"),
    "bookmark": _table("account cursor closed_before"),
    "watch_bookmark": _table("account watch cursor closed_before"),
    "account": _table("name facts fetched_at failed_at", error="ours"),
    "person": _table("id forgotten_at linked_to", name="theirs"),
    "author": _table("account followers person linked_from", handle="gone", name="gone"),
    "linked": _table("thing person"),
    "thread": _table("id account", native_id="key", text="theirs", url="theirs"),
    "comment_group": _table(
        "id key alive account thread language topic kind private escalation size due_at suggestion people again "
        "closes_at private_until watch first",
        first_text="theirs",
    ),
    "comment": _table(
        "number id account thread person form private own rating written_at dated fetched_at state unread "
        "snoozed_until language kind tone topic confidence escalation vulgar personal_data corrected copy_of due_at "
        "grouped joined again closes_at private_until watch",
        native_id="key", reply_to="key", handle="key", text="theirs", url="theirs", likes="theirs",
        attachments="theirs-json", tag="theirs", digest="theirs", alternatives="theirs-json", reasons="theirs-json",
        fold="key", warning="theirs", exposed="theirs",
    ),
    "revision": _table("comment seen_at", text="theirs"),
    "seen": _table("agent grouped joined"),
    "draft": _table(
        "id agent state grouped made_at decided_at decided_by by_role returned_to",
        request="ours-json", because="ours", why="ours-json",
    ),
    "reply": _table(
        "id draft place state mode private account thread language agent template key kind made_at sending_at "
        "looked_at posted_at native_id by_hand untold",
        text="ours", url="ours", error="ours",
    ),
    "reply_comment": _table("reply comment place"),
    "promise": _table(
        "id kind person made_at due_at first_day due_day review_at state owner reply comment relative moved_to "
        "ended_at heard",
        text="ours", evidence="ours", because="ours",
    ),
    "promise_count": _table("kind first_day due_day open"),
    "notice": _table("promise address stage due_at claimed_at told_at"),
    "cases": _table("id procedure person comment state started_at ended_at", because="ours"),
    "case_step": _table(
        "in_case place step state began_at due_at remind_at close_at ended_at", evidence="ours", because="ours"
    ),
    "case_promise": _table("promise in_case place"),
    "moderation": _table(
        "id comment person account action ground rule state agent key by_hand handed_to was made_at done_at undone_at "
        "undone_by",
        because="ours", error="ours", undone_because="ours",
    ),
    "evidence": _table("moderation written_at kept_at hash", text="theirs", url="theirs", copies="theirs-json"),
    "claim": _table("grouped agent claimed_at until key by_hand"),
    "reward": _table("id kind person comment comment_kind reply amount currency state agent drawn_at ended_at"),
    "code": _table("code kind place reward spent_at"),
    "tombstone": _table("mark what forgotten_at"),
    "note": _table("number subject agent at", text="ours"),
    "log": _table("number at agent action subject codes hash"),
}  # fmt: skip
