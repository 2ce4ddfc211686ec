"""What a reply is held to as a whole: its length, and the name it speaks in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from caretool.domain.checks.reply_text import OPENING, ReplyText
from caretool.domain.checks.spans import expression, folded, in_tongue
from caretool.domain.draft import Refusal

_CALLS: Final = {"it": "sono {name}", "en": "I am {name}", "es": "soy {name}"}


def too_long(reply: ReplyText) -> Iterator[Refusal]:
    """More than the platform takes."""
    length = reply.limits.length
    size = reply.limits.measure(reply.text)
    if length is not None and size > length:
        over = size - length
        why = f"The text is {over} characters too long: {size}, where the platform takes {length}."
        yield Refusal("too-long", reply.text[-min(over, OPENING) :], why, f"a text of at most {length} characters")


def no_agent_name(reply: ReplyText) -> Iterator[Refusal]:
    """Nobody says who speaks."""
    if not reply.agent:
        return
    text = reply.text
    for name in reply.names:  # a customer of the same name is not who speaks
        text = text.replace(name, " ", 1)
    if not any(expression(name).search(folded(text)[0]) for name in (reply.agent, *reply.agent.split()[:1])):
        why = f"Nobody can tell who speaks: {reply.agent}'s name is not in the text."
        suggest = in_tongue(_CALLS, reply.language).format(name=reply.agent)
        yield Refusal("no-agent-name", reply.text[:OPENING], why, suggest)
