"""What a server makes of a posted text: HTML, and how long it is to each software. Written from what the servers do,
not from what the connector does: the two are compared."""

from __future__ import annotations

import functools
import html
from collections.abc import Callable
from dataclasses import dataclass

import regex

_PATH = r"[^\p{White_Space}<>()?]"
_PARENS = rf"\((?:{_PATH}+|{_PATH}*\({_PATH}+\){_PATH}*)\)"
_PATH_END = rf"(?:[^\p{{White_Space}}()?!*\"'「」<>;:=,.$%\[\]~&|@]|{_PARENS})"
_QUERY = r"[a-z0-9!?*'();:&=+$/%#\[\]\-_.,~|@^\u00a0-\ud7ff\U00010000-\U0001fffd]"
_QUERY_END = r"[a-z0-9_&=#/\-\u00a0-\ud7ff\U00010000-\U0001fffd]"
_LETTER = r"[a-z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u0100-\u024f]"
_TOP = """
    com net org edu gov int info biz name app dev shop store online site social blog cloud page link news help support
    travel museum amsterdam photography
    at au be bg br ca cc ch cn co cy cz de dk ee es eu fi fr gr hr hu ie in io is it jp li lt lu lv me mt mx nl no nz
    pl pt ro rs ru se si sk sm tv ua uk us va
"""
_LINK = regex.compile(
    rf"""
    (?<![a-z0-9@＠$\#＃\u202a-\u202e])
    (?:https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini)://
    (?:(?:{_LETTER}(?:[_-]|{_LETTER})*)?{_LETTER}\.)*
    (?:{_LETTER}(?:-|{_LETTER})*)?{_LETTER}\.(?:{"|".join(_TOP.split())})(?=[^0-9a-z@+-]|$)
    (?::[0-9]+)?
    (?:/(?:(?:{_PATH}*(?:{_PARENS}{_PATH}*)*{_PATH_END})|(?:{_PATH}+/))*)?
    (?:\?{_QUERY}*{_QUERY_END})?
    """,
    regex.VERBOSE | regex.IGNORECASE,
)
_MENTION = regex.compile(
    r"(?<![=/\w\p{M}])@([a-z0-9_]+(?:[.-]+[a-z0-9_]+)*)(@[\w\p{M}.-]+[\w\p{M}])?", regex.IGNORECASE
)
_NO_MENTION = regex.compile(r"[@＠\u00c0-\u024f]|://")


@dataclass(frozen=True, slots=True)
class Entity:
    """A link, or somebody who is mentioned, in a text from `start` to `end`."""

    start: int
    end: int
    link: str | None = None
    name: str | None = None
    server: str | None = None


@functools.lru_cache(maxsize=1000)
def entities(text: str) -> tuple[Entity, ...]:
    """In order, none within another; a link goes before a mention in it."""
    found = [Entity(match.start(), match.end(), match[0]) for match in _LINK.finditer(text)]
    for match in _MENTION.finditer(text):
        if not _NO_MENTION.match(text, match.end()):
            found.append(Entity(match.start(), match.end(), None, match[1], (match[2] or "")[1:] or None))
    found.sort(key=lambda entity: entity.start)
    kept: list[Entity] = []
    for entity in found:
        if not kept or entity.start >= kept[-1].end:
            kept.append(entity)
    return tuple(kept)


def length(text: str, warning: str, software: str) -> int:
    """As the server counts before it takes a status."""
    if software == "gotosocial":
        return len(text) + len(warning)
    if software == "mastodon":
        text = _rewritten(text, lambda entity: "x" * 23 if entity.link else f"@{entity.name}", str)
    return len(regex.findall(r"\X", warning + text))


def to_html(text: str, known: Callable[[str, str | None], str | None]) -> str:
    """As it is shown: paragraphs, links and mentions anchors. `known` gives the address of a profile, if it is one."""

    def anchor(entity: Entity) -> str:
        if entity.link is not None:
            return _link(entity.link)
        address = known(entity.name or "", entity.server)
        if address is None:
            return html.escape(text[entity.start : entity.end], quote=False)
        return f'<span class="h-card"><a href="{address}" class="u-url mention">@<span>{entity.name}</span></a></span>'

    written = _rewritten(text.strip(), anchor, lambda plain: html.escape(plain, quote=False))
    paragraphs = regex.split(r"\n{2,}", written.replace("\r\n", "\n"))
    return "".join(f"<p>{paragraph.replace(chr(10), '<br />')}</p>" for paragraph in paragraphs)


def _link(url: str) -> str:
    scheme, _, rest = url.partition("://")
    shown, hidden = html.escape(rest[:30]), html.escape(rest[30:])
    return (
        f'<a href="{html.escape(url)}" target="_blank" rel="nofollow noopener">'
        f'<span class="invisible">{scheme}://</span><span class="ellipsis">{shown}</span>'
        f'<span class="invisible">{hidden}</span></a>'
    )


def _rewritten(text: str, entity: Callable[[Entity], str], plain: Callable[[str], str]) -> str:
    parts, reached = [], 0
    for one in entities(text):
        parts += [plain(text[reached : one.start]), entity(one)]
        reached = one.end
    return "".join([*parts, plain(text[reached:])])
