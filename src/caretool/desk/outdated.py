"""What became of a comment since somebody wrote an answer to it: edited, answered, closed, deleted, read otherwise.
Each is told with the difference, so that who is refused need not look for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from caretool.desk import looking
from caretool.desk.desk import Desk
from caretool.domain.changed import side_by_side
from caretool.domain.comment import Comment
from caretool.domain.draft import Refusal, Reply, ReplyState
from caretool.domain.harmless import one_line, short_name
from caretool.domain.masking import roughly_masked
from caretool.domain.moment import stamp

_LONGEST = 60
_ANSWERS: tuple[ReplyState, ...] = ("approved", "sending", "posted", "unsure")


def ended(desk: Desk, comment: Comment) -> Refusal:
    """Why a comment that no longer waits is not answered: what became of it, when and by whom."""
    return Refusal(
        "already-answered",
        comment.masked[:_LONGEST],
        f"{comment.id} is {comment.state}: {_end_of(desk, comment)}",
        f"Leave {comment.id} out; to write again: caretool reopen {comment.id} --because TEXT",
    )


def ended_together(desk: Desk, comments: Sequence[Comment]) -> list[Refusal]:
    """The same of comments of which none can be left out: those of which the same became are named in one."""
    same: dict[tuple[str, str], list[Comment]] = {}
    for comment in comments:
        same.setdefault((comment.state, _end_of(desk, comment)), []).append(comment)
    refusals = []
    for (state, became), alike in same.items():
        ids = ", ".join(comment.id for comment in alike)
        why = f"{ids} {'is' if len(alike) == 1 else 'are'} {state}: {became}"
        refusals.append(Refusal("already-answered", alike[0].masked[:_LONGEST], why))
    return refusals


def whereabouts(desk: Desk, group: str) -> str:
    """Where to look for those who waited in a group in which nobody waits any more."""
    now = desk.store.groups.moved_on(group)
    if now:
        return f"the same waits in {now} now: caretool show {now}"
    return f"`caretool show {group}` tells what became of it."


def _end_of(desk: Desk, comment: Comment) -> str:
    became = {
        "queued": _answered(desk, comment) or "somebody's answer is on its way.",
        "answered": _answered(desk, comment) or _elsewhere(desk, comment) or "we answered it elsewhere.",
        "gone": "it was deleted on the platform.",
        "closed": _closed(desk, comment) or "somebody decided that it needs no answer.",
    }
    return became.get(comment.state, "it does not wait.")


def edited(desk: Desk, ids: Sequence[str], before: Mapping[str, str | None]) -> list[Refusal]:
    """Why comments that were edited are not answered before somebody has read them again: what they said and what they
    say. `before` has the texts that were answered, None where they are kept no longer; the last one else."""
    refusals = []
    for comment in desk.store.comments.by_ids(ids):
        then = before[comment.id] if comment.id in before else _last_text(desk, comment.id)
        refusals.append(
            Refusal(
                "group-changed",
                comment.masked[:_LONGEST],
                f"{comment.id} was edited meanwhile: {_difference(then, comment)}",
                f"Look with `caretool show {comment.id}`, then answer again.",
            )
        )
    return refusals


def text_then(desk: Desk, comment: Comment, digest: str) -> str | None:
    """What a comment said when this digest of it was kept; None: that is kept no longer."""
    texts = [comment.text, *(text for _, text in desk.store.comments.revisions(comment.id))]
    return next((text for text in texts for private in (0, 1) if looking.digest_of(text, private) == digest), None)


def read_otherwise(desk: Desk, read: Mapping[str, str], comments: Sequence[Comment]) -> list[Refusal]:
    """Comments that a person has said to be something else than they were read as when the answer was written: it may
    no longer fit them. `read`: what they were then, as `reading_of` says it."""
    refusals = []
    for comment in comments:
        then, now = read.get(comment.id), reading_of(comment)
        if then is None or then == now or not comment.corrected:
            continue
        by = _last_line(desk, comment.id, "triage-corrected")
        refusals.append(
            Refusal(
                "group-changed",
                comment.masked[:_LONGEST],
                f"{comment.id} was read as {then}, and is {now}{by and f': corrected by {by}'}.",
                f"Look with `caretool show {comment.id}`, then answer again.",
            )
        )
    return refusals


def reading_of(comment: Comment) -> str:
    """What a comment is taken to be, in a few words: "angry complaint about delivery-late"."""
    words = " ".join(word for word in (comment.tone, comment.kind) if word)
    return f"{words} about {comment.topic}" if comment.topic else words


def _difference(then: str | None, comment: Comment) -> str:
    if then is None:
        return "this is how it reads now."
    if then == comment.text:
        return f"it is {'private' if comment.private else 'public'} now."
    was, is_now = side_by_side(_shown(then), _shown(comment.text))
    if was == is_now:
        return "the personal data in it is not what it was; this is how it reads now."
    return f"it said “{was}”, this is how it reads now: “{is_now}”."


def _shown(text: str) -> str:
    return one_line(roughly_masked(text), 10_000)


def _last_text(desk: Desk, comment: str) -> str | None:
    revisions = desk.store.comments.revisions(comment)
    return max(revisions)[1] if revisions else None


def _answered(desk: Desk, comment: Comment) -> str | None:
    """By which of our replies, whose and when."""
    ours = [reply for reply in desk.store.replies.of_comments([comment.id]) if reply.state in _ANSWERS]
    if not ours:
        return None
    last = ours[-1]
    said = one_line(desk.store.rewards.unsaid(last.id, last.text), 80)
    return f"{_deed(last)} {stamp(last.posted_at or last.made_at, desk.zone)} ({last.id}): “{said}”"


def _deed(reply: Reply) -> str:
    return f"{reply.agent} {'answered it' if reply.state == 'posted' else 'approved an answer'}"


def _elsewhere(desk: Desk, comment: Comment) -> str | None:
    """By a post of ours that did not leave from here."""
    posts = desk.store.comments.ours_to(comment)
    if not posts:
        return None
    last = posts[-1]
    at = stamp(last.written_at, desk.zone)
    return f"{short_name(last.handle)} answered it there {at}: “{one_line(last.text, 80)}”"


def _closed(desk: Desk, comment: Comment) -> str | None:
    by = _last_line(desk, comment.id, "comment-closed")
    if by is None:
        return None
    notes = desk.store.journal.notes(comment.id)
    return f"{by} decided that it needs no answer" + (f": “{one_line(notes[-1][2], 80)}”" if notes else ".")


def _last_line(desk: Desk, subject: str, action: str) -> str | None:
    """Who did this to it last, and when."""
    lines = [line for line in desk.store.journal.about([subject]) if line.action == action]
    return f"{lines[-1].agent}, {stamp(lines[-1].at, desk.zone)}" if lines else None
