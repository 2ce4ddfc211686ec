"""What an answer is held against beside the rules: what people ask and in which language, how we speak to them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from caretool.desk.desk import Desk
from caretool.desk.request import Part
from caretool.domain import voice
from caretool.domain.checks import ReplyText
from caretool.domain.comment import Comment
from caretool.domain.reading import Question
from caretool.domain.voice import Register
from caretool.language import plainly, questions

_LONG_ENOUGH = 8
_MOST_COMMENTS = 50
_WORD = re.compile(r"[^\W\d_]{2,}")


def weighed(desk: Desk, text: ReplyText, part: Part, template: str | None) -> ReplyText:
    """The text of one part beside the comments it answers."""
    comments = part.comments[:_MOST_COMMENTS]
    several = part.target.mode == "together"
    first = comments[0]
    return replace(
        text,
        said=tuple(comment.text for comment in comments),
        questions=_asked(comments),
        written_in=written_in(text.text),
        spoken=_spoken(desk, comments),
        registers=registers(
            desk, text.language, first.account, template, (first.thread_native_id, first.thread_url), (several,)
        ),
        capitals=capitals(desk, [first.thread_text or ""]),
    )


def written_in(text: str) -> str | None:
    """The language of a text of ours, None where that is not certain."""
    return plainly.language_of(text, _LONG_ENOUGH)


def registers(
    desk: Desk,
    language: str,
    account: str,
    template: str | None = None,
    thread: Sequence[str | None] = (),
    several: Iterable[bool] = (False, True),
) -> frozenset[Register]:
    """The registers a text may speak in to one person or to `several`; empty: nobody has said."""
    found = desk.settings.templates.get(template) if template is not None else None
    own = found.register if found is not None else {}
    wanted = voice.wanted_register(desk.policy.voice, own, language, account, thread)
    if wanted is None:
        return frozenset()
    return frozenset().union(*(voice.accepted(wanted, language, several=many) for many in several))


def capitals(desk: Desk, texts: Iterable[str] = ()) -> frozenset[str]:
    """Words that our own names are written with in capitals, folded."""
    titles = (title for link in desk.policy.links for title in link.title.values())
    words = (word for one in (desk.policy.company.name, *titles, *texts) for word in _WORD.findall(one))
    return frozenset(word.casefold() for word in words if word.isupper())


def _asked(comments: Sequence[Comment]) -> tuple[Question, ...]:
    """What at least half of these comments ask: an answer for many is not held to what one of them adds."""
    asked = [question for comment in comments for question in questions.find(comment.text)]
    times = Counter(question.sought for question in asked)
    first = {question.sought: question for question in reversed(asked)}
    return tuple(first[sought] for sought, number in times.items() if 2 * number >= len(comments))


def _spoken(desk: Desk, comments: Sequence[Comment]) -> frozenset[str]:
    """The languages of the company that these people write in; empty where that is certain of none of them."""
    ours = [comment for comment in comments if comment.language in desk.policy.company.languages]
    certain = any(comment.language is not None and _certain(comment.text, comment.language) for comment in ours)
    return frozenset(comment.language for comment in ours if comment.language) if certain else frozenset()


def _certain(text: str, language: str) -> bool:
    """Whether a text is in the language it was read as: its small words alone tell it, or none speaks against it."""
    return plainly.language_of(text) == language or plainly.agrees(text, language)
