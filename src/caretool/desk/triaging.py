"""Triage: what sort of comment it is, by when it wants an answer, with whom it goes; and a person's corrections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from caretool.desk import permitting
from caretool.desk.desk import Desk
from caretool.domain import windows
from caretool.domain.calendar import response_due
from caretool.domain.comment import Comment, CommentState
from caretool.domain.group import suggest
from caretool.domain.limits import Limits
from caretool.domain.log import KIND_WAS
from caretool.domain.reading import Reading, Text
from caretool.errors import UsageProblem
from caretool.language.alike import fold_key, near_copies
from caretool.language.reading import Reader
from caretool.store.comments import Reread

_RUN = 1000


def read_unread(desk: Desk) -> int:
    """Read every waiting comment that is new or was edited; how many."""
    count = 0
    reader: Reader | None = None
    while unread := desk.store.comments.unread(_RUN):
        reader = reader or make_reader(desk)
        desk.progress(f"reading comments: {count} done")
        _read(desk, reader, unread, anew=True)
        count += len(unread)
    return count


def read_edited(desk: Desk) -> int:
    """Read what was edited after it was answered or closed; what must now reach the manager waits again. How many."""
    count = 0
    while edited := desk.store.comments.edited_after_all(_RUN):
        ids = [comment.id for comment in edited]
        _read(desk, make_reader(desk), edited, anew=True)
        escalated = [comment.id for comment in desk.store.comments.by_ids(ids) if comment.escalation]
        if escalated:
            with desk.store.writing():
                wait_again(desk, escalated, was=("answered", "closed"))
        count += len(escalated)
    return count


def read_these(desk: Desk, ids: Sequence[str]) -> None:
    """Read those of these comments that are new or were edited, also where they do not wait."""
    unread = [comment for comment in desk.store.comments.by_ids(ids) if comment.unread and not comment.own]
    if unread:
        _read(desk, make_reader(desk), unread, anew=True)


def read_again(desk: Desk) -> int:
    """Read every waiting comment anew (the policy or the templates have changed); how many."""
    count, after = 0, 0
    reader: Reader | None = None
    while waiting := desk.store.comments.all_waiting(after, _RUN):
        reader = reader or make_reader(desk)
        desk.progress(f"the settings have changed, reading what waits again: {count} done")
        _read(desk, reader, waiting, anew=False)
        count += len(waiting)
        after = max(comment.number for comment in waiting)
    return count


def make_reader(desk: Desk) -> Reader:
    """The reading in force: the company's languages, the templates' examples, the policy's escalations."""
    policy = desk.policy
    return Reader(
        languages=policy.company.languages,
        templates=desk.settings.templates.values(),
        escalations=policy.escalations,
        patterns=policy.reply.patterns,
    )


def text_of(desk: Desk, comment: Comment) -> Text:
    """What a reading looks at in a comment."""
    account = desk.settings.accounts.get(comment.account)
    fallback = (account.language if account else None) or desk.policy.company.languages[0]
    return Text(
        text=comment.text,
        fallback=fallback,
        tag=comment.tag,
        form=comment.form,
        rating=comment.rating,
        thread_text=comment.thread_text,
    )


def _read(desk: Desk, reader: Reader, unordered: Sequence[Comment], *, anew: bool) -> None:
    # Pages of several accounts arrive in any order; what comes of them should not depend on it.
    comments = sorted(unordered, key=lambda comment: (comment.account, comment.written_at, comment.native_id))
    readings = reader.read([text_of(desk, comment) for comment in comments])
    for remark in reader.take_remarks():
        desk.say(remark)
    texts = [comment.text for comment in comments]
    folds = [fold_key(text) for text in texts]
    roots = near_copies(texts)
    with desk.store.writing():
        first = desk.store.comments.first_copies(folds)
        ids = [comment.id for comment in comments]
        before = desk.store.groups.of_comments(ids)
        today = {comment.id: comment for comment in desk.store.comments.by_ids(ids)}
        rereads: list[Reread] = []
        for index, (comment, reading) in enumerate(zip(comments, readings, strict=True)):
            if today[comment.id].text != comment.text:
                continue  # edited while it was read: it is still unread
            root = roots[index]
            copy_of = comments[root].id if root != index else first.get(folds[index])
            same = copy_of if copy_of != comment.id else None
            kept = _keep_corrections(today[comment.id], reading)
            rereads.append(Reread(comment.id, kept, folds[root], same, _due(desk, today[comment.id], kept.kind)))
        desk.store.comments.write_readings(rereads)
        read = desk.store.comments.by_ids([one.comment for one in rereads])
        _place(desk, [comment.id for comment in read if comment.state == "waiting"], before, anew=anew)


def _keep_corrections(comment: Comment, reading: Reading) -> Reading:
    kind = comment.kind if "kind" in comment.corrected and comment.kind else reading.kind
    tone = comment.tone if "tone" in comment.corrected and comment.tone else reading.tone
    if "topic" in comment.corrected:
        # Who said that it is not the manager's did not mean what was written since.
        escalation = reading.escalation if comment.unread or comment.escalation else None
        return replace(reading, kind=kind, tone=tone, topic=comment.topic, confidence=1.0, escalation=escalation)
    return replace(reading, kind=kind, tone=tone)


def _due(desk: Desk, comment: Comment, kind: str | None) -> datetime | None:
    """By when a first answer is due, at the latest while the platform takes one; spam and abuse want none."""
    if kind in ("spam", "abuse"):
        return None
    response = desk.policy.response
    account = desk.settings.accounts.get(comment.account)
    platform = account.platform if account else ""
    duration = response.accounts.get(comment.account) or response.platforms.get(platform) or response.default
    due_at = response_due(comment.written_at, duration, response.calendar, desk.zone)
    return windows.due(due_at, comment.closes_at, comment.written_at)


def _place(desk: Desk, ids: Sequence[str], before: Sequence[str], *, anew: bool) -> None:
    desk.store.comments.mark_again(ids)
    placed = desk.store.groups.assign(desk.store.comments.by_ids(ids))
    for group, members in placed.items():
        desk.store.comments.place(members, group, anew=anew)
    refresh(desk, sorted({*placed, *before}))


def wait_again(desk: Desk, ids: Sequence[str], *, was: Sequence[CommentState]) -> None:
    """Let comments wait that were in one of the states `was`; they join their groups anew. Inside a transaction."""
    desk.store.comments.set_state(ids, "waiting", was=was)
    read_these(desk, ids)
    waiting = [comment.id for comment in desk.store.comments.by_ids(ids) if comment.state == "waiting"]
    _place(desk, waiting, desk.store.groups.of_comments(ids), anew=True)


def mark_again(desk: Desk, ids: Sequence[str]) -> None:
    """Place these waiting comments anew: a promise to who wrote them has begun to run, or has ended. Inside a
    transaction."""
    _place(desk, ids, desk.store.groups.of_comments(ids), anew=False)


def leave_groups(desk: Desk, ids: Sequence[str]) -> None:
    """Count anew the groups of comments that no longer wait; inside a transaction."""
    refresh(desk, desk.store.groups.of_comments(ids))


def refresh(desk: Desk, groups: Sequence[str]) -> None:
    """Count groups anew and work out what the inbox shows of them."""
    desk.store.groups.refresh(groups)
    _suggest(desk, groups)


def _suggest(desk: Desk, groups: Sequence[str]) -> None:
    limits: dict[str, Limits] = {}
    for group in groups:
        comments = desk.store.comments.waiting_in(group, limit=500)
        if not comments:
            continue
        account = comments[0].account
        if account not in limits:
            known = account in desk.settings.accounts
            limits[account] = desk.open_platform(desk.account(account)).limits if known else Limits()
        suggestion = suggest(comments, desk.settings.templates, limits[account], desk.policy.reply.together_from)
        desk.store.groups.describe(group, comments[0], suggestion)


def wake(desk: Desk, now: datetime) -> int:
    """Bring back what was snoozed until a time that has come, however long ago; how many."""
    due = desk.store.comments.due_to_wake(now)
    if due:
        with desk.store.writing():
            wait_again(desk, due, was=("snoozed",))
    return len(due)


def correct(desk: Desk, ids: Sequence[str], values: Mapping[str, str]) -> list[Comment]:
    """A person says what these comments are (`kind`, `topic`, `tone`); they move to the groups they then belong to."""
    agent = desk.agent()
    now = desk.clock()
    if "topic" in values:
        desk.topic(values["topic"])
    with desk.store.writing():
        read_these(desk, ids)
        before = desk.store.groups.of_comments(ids)
        comments = was = desk.store.comments.by_ids(ids)
        permitting.demand_for(desk, agent, "triage", comments)
        for comment in comments:
            if comment.escalation and "topic" in values and not permitting.may(agent, "de-escalate"):
                raise UsageProblem(f"{comment.id} is a matter of {comment.escalation}: only a manager says it is not.")
            due_at = _due(desk, comment, values.get("kind", comment.kind))
            desk.store.comments.correct(comment.id, values, sorted({*comment.corrected, *values}), due_at)
        comments = desk.store.comments.by_ids(ids)
        _place(desk, [comment.id for comment in comments if comment.state == "waiting"], before, anew=False)
        lifted = {comment.id for comment in was if _lifts(comment, values)}
        for corrected, more in ((lifted, {KIND_WAS: "complaint"}), (set(ids) - lifted, {})):
            subjects = [id_ for id_ in ids if id_ in corrected]
            desk.store.journal.write("triage-corrected", subjects, agent=agent.id, at=now, codes={**values, **more})
    return desk.store.comments.by_ids(ids)


def _lifts(comment: Comment, values: Mapping[str, str]) -> bool:
    """Whether what a person says takes the protection of a complaint from it."""
    return comment.kind == "complaint" and values.get("kind", "complaint") != "complaint"
