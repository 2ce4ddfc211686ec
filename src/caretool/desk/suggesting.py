"""What is said of the template for some comments: why none is taken for all of them, and that it is for others."""

from __future__ import annotations

from collections.abc import Sequence

from caretool.desk.composing import template_of
from caretool.desk.desk import Desk
from caretool.desk.request import Request
from caretool.domain.comment import Comment

# The inbox offers to close these.
_CLOSED = {"spam", "abuse"}


def instead(desk: Desk, request: Request, offered: Sequence[str]) -> str:
    """What to do where no suggestion is taken without somebody's choice, as a sentence."""
    comments = desk.store.comments.by_ids(request.comments)
    kinds = {comment.kind for comment in comments}
    if comments and kinds <= _CLOSED and not any(one.escalation for one in comments):
        named, kind = " ".join(dict.fromkeys(_named(request, one) for one in comments)), comments[0].kind
        return f"{kind} is closed rather than answered: caretool close {named} --because {kind}, or --text, or --edit."
    if len(sets := _suggested(desk, request, comments)) > 1:
        then = ", then ".join(f"caretool reply {' '.join(dict.fromkeys(ids))}" for ids in sets.values())
        return f"They are answered differently ({', '.join(sets)}), so one after the other: {then}."
    choices = f"say --template {' or --template '.join(dict.fromkeys(offered))}" if offered else "give --template"
    return f"No suggestion is sure enough here: {choices}, or --text, or --edit."


def _named(request: Request, comment: Comment) -> str:
    """A comment as it was named: by its group, or itself."""
    return comment.group if comment.group in request.groups else comment.id


def _suggested(desk: Desk, request: Request, comments: Sequence[Comment]) -> dict[str, list[str]]:
    """The templates suggested for them, each with what is named of them."""
    found: dict[str, list[str]] = {}
    for comment in comments:
        group = desk.store.groups.by_id(comment.group) if comment.group else None
        if group is not None and group.suggestion is not None:
            found.setdefault(group.suggestion.template, []).append(_named(request, comment))
    return found


def other_topic(desk: Desk, request: Request) -> str | None:
    """That its template is for something else than what every one of its comments is about; None: it is not."""
    if request.template is None:
        return None
    template = template_of(desk, request.template)
    comments = desk.store.comments.by_ids(request.comments)
    about = list(dict.fromkeys(one.topic or one.kind for one in comments))
    fits = any(one.topic == template.topic or (one.topic is None and one.kind in template.kinds) for one in comments)
    if fits or None in about or not about:
        return None
    return f"{template.id} is for {template.topic}; this is about {', '.join(str(one) for one in about)}."
