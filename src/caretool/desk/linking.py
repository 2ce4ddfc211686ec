"""Links: which page of the catalogue answers whom, for a text that shows it and for an agent who looks (R10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from caretool.domain.links import Asked, Fit, Link, best, fitting, nearest

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.domain.comment import Comment

_MOST_OFFERED = 3
_NAMED = 20


def asked_by(comments: Sequence[Comment], language: str, topic: str | None = None) -> Asked:
    """What these people (of one thread) want a page for; `topic` where it is known better than from the reading."""
    topics = Counter(comment.topic for comment in comments if comment.topic)
    return Asked(
        texts=tuple(comment.text for comment in comments),
        language=language,
        topic=topic or next((name for name, _ in topics.most_common(1)), None),
        thread_text=comments[0].thread_text if comments else None,
    )


def link_for(desk: Desk, asked: Asked) -> Link | None:
    """The page that `{{ link.url }}` means for these people."""
    fit = best(desk.policy.links, asked)
    return fit.link if fit is not None else None


def offered(desk: Desk, comments: Sequence[Comment]) -> tuple[Fit, ...]:
    """The pages an agent may want to link in an answer to these people; none where nobody waits."""
    waiting = [comment for comment in comments if comment.state == "waiting" and not comment.own]
    if not waiting or not desk.policy.links:
        return ()
    spoken = desk.policy.company.languages
    languages = Counter(comment.language for comment in waiting if comment.language in spoken)
    language = next((name for name, _ in languages.most_common(1)), None) or spoken[0]
    return tuple(fitting(desk.policy.links, asked_by(waiting, language))[:_MOST_OFFERED])


def helps(desk: Desk, name: str, asked: Asked) -> str | None:
    """What to do where a text shows a link that is not there; None where `name` is no link."""
    from difflib import get_close_matches  # for mistakes only

    catalogue = desk.policy.links
    root, *rest = name.split(".")
    if root == "links" and rest:
        known = next((link for link in catalogue if link.name == rest[0]), None)
        if known is not None:
            return f"{known.name} has no title in {asked.language}"
        alike = get_close_matches(rest[0], [link.name for link in catalogue], n=1)
        hint = f"did you mean links.{alike[0]}?" if alike else f"it has {_names(catalogue)}"
        return f"no link of the catalogue has this name: {hint}"
    if root != "link":
        return None
    about = f"the topic {asked.topic}" if asked.topic else "comments without a topic"
    near = "; ".join(f"{link.name} {wrong}" for link, wrong in nearest(catalogue, asked))
    return (
        f"no link of the catalogue fits {about} in {asked.language}{f' ({near})' if near else ''}; "
        "add one to [[links]] of policies.toml, or name one: {{ links.NAME.url }}"
    )


def _names(catalogue: Sequence[Link]) -> str:
    return ", ".join(link.name for link in catalogue[:_NAMED]) or "none yet"
