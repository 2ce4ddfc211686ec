"""The bytes of a feed as a tree of elements, within bounds, whoever wrote them.

expat reads; what a document declares for itself (entities) is refused, nothing outside it is ever asked for, and how
deep and how much it nests is bounded (docs/decisions/0031).
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from caretool.bodies import Unreadable

_DEEPEST, _MOST_ELEMENTS = 100, 200_000
_MOST_MENDED = 5_000_000
# By its namespace, what is written before an element's or an attribute's name here; any other name is "other:…".
_PREFIXES = {
    "": "",
    "http://www.w3.org/2005/Atom": "",
    "http://purl.org/atom/ns#": "",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://backend.userland.com/rss2": "",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
    "http://www.w3.org/XML/1998/namespace": "xml:",
    "http://www.w3.org/1999/xhtml": "xhtml:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/dc/elements/1.0/": "dc:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/terms/": "dcterms:",
    "http://purl.org/syndication/thread/1.0": "thr:",
}
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""", re.ASCII)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.ASCII | re.IGNORECASE)
# What a feed may say it is written in. Whoever says ISO-8859-1 means what Windows made of it.
_ENCODINGS = re.compile(
    r"utf-?8|(us-)?ascii|(iso-?8859-?|windows-?|cp)\d{1,4}|latin-?\d|koi8-?[ru]|shift[_-]?jis|euc-?(jp|kr)|big5|"
    r"gb(2312|k|18030)",
    re.IGNORECASE,
)
_LATIN = re.compile(r"(us-)?ascii|iso-?8859-?1|latin-?1", re.IGNORECASE)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_PROLOG = re.compile(r"\s*<\?xml[^>]{0,200}\?>")
_CDATA = re.compile(r"(<!\[CDATA\[.*?(?:\]\]>|\Z))", re.DOTALL)
_FOREIGN = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});)(?:(\w{1,31});)?", re.ASCII)
_NO_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Element:
    """An element: its name and attributes with the prefixes of `_PREFIXES`; `content` is text and elements, in turn."""

    name: str
    attributes: dict[str, str]
    content: list[str | Element] = field(default_factory=list)

    def elements(self, *names: str) -> Iterator[Element]:
        """Those inside it that bear one of these names."""
        return (one for one in self.content if isinstance(one, Element) and one.name in names)

    def first(self, *names: str) -> Element | None:
        """The first one that bears the first of these names, else the second, and so on."""
        found = {one.name: one for one in reversed([*self.elements(*names)])}
        return next((found[name] for name in names if name in found), None)

    @property
    def text(self) -> str:
        """Its own text and all that is inside it."""
        return "".join(part if isinstance(part, str) else part.text for part in self.content)

    @property
    def markup(self) -> str:
        """What is inside it, as HTML."""
        parts = []
        for part in self.content:
            if isinstance(part, str):
                parts.append(html.escape(part, quote=False))
            else:
                tag = part.name.rpartition(":")[2]
                parts.append(f"<{tag}>" if tag == "br" else f"<{tag}>{part.markup}</{tag}>")
        return "".join(parts)


def read(body: bytes, content_type: str) -> Element:
    """The root. What is no XML in the ways that people's programs get it wrong (an ampersand, an entity of HTML, a
    control character, a prefix that is not declared) is put right. Raises Unreadable; says why, after the host."""
    text = _PROLOG.sub("", _decoded(body, content_type), count=1)
    text = text[max(text.find("<"), 0) :]
    if re.match(r"<(!doctype html|html)\b", text, re.IGNORECASE):
        raise Unreadable("answered with a web page, which is no feed")
    try:
        return _Reader(" ").read(text)
    except expat.ExpatError as trouble:
        found = trouble
    if len(text) <= _MOST_MENDED:
        try:
            return _Reader(None).read(_mended(text))
        except expat.ExpatError as trouble:
            found = trouble
    raise Unreadable(f"answered with no feed, or a broken one ({expat.ErrorString(found.code)}, line {found.lineno})")


def _decoded(body: bytes, content_type: str) -> str:
    """By its byte order mark, else as it declares, else UTF-8, else as the server says, else as Windows writes."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body.decode(encoding, "replace").removeprefix("\ufeff")
    for start, encoding in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if body.startswith(start):
            return body.decode(encoding, "replace")
    declared, served = _DECLARED.match(body), _CHARSET.search(content_type)
    named = (declared and declared[1].decode(), "utf-8", served and served[1])
    for encoding in (name for name in named if name and _ENCODINGS.fullmatch(name)):
        try:
            return body.decode("cp1252" if _LATIN.fullmatch(encoding) else encoding)
        except (UnicodeError, LookupError):
            continue
    return body.decode("utf-8" if declared and declared[1].lower() == b"utf-8" else "cp1252", "replace")


def _mended(text: str) -> str:
    """Sections of CDATA hold anything, and keep it."""
    parts = _CDATA.split(_NO_CHARACTER.sub("", text))
    return "".join(part if at % 2 else _FOREIGN.sub(_reference, part) for at, part in enumerate(parts))


def _reference(found: re.Match[str]) -> str:
    """An entity of HTML as the character it is, what is none as it is written."""
    meant = html.unescape(found[0])
    return html.escape(meant, quote=False)


class _Reader:
    """One reading. `separator` None: prefixes are taken as they are written, declared or not."""

    def __init__(self, separator: str | None) -> None:
        self._parser = expat.ParserCreate("UTF-8", separator)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.EntityDeclHandler = self._declares
        self._parser.SkippedEntityHandler = self._skipped
        self._open: list[Element] = []
        self._root: Element | None = None
        self._count = 0

    def read(self, text: str) -> Element:
        """Raises ExpatError, Unreadable."""
        self._parser.Parse(text.encode("utf-8", "replace"), True)
        assert self._root is not None  # expat fails where there is none
        return self._root

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= _DEEPEST or self._count > _MOST_ELEMENTS:
            raise Unreadable("answered with a feed that is nested deeper, or holds more, than anybody wrote")
        element = Element(_plain(name), {_plain(key): value for key, value in attributes.items()})
        if self._open:
            self._open[-1].content.append(element)
        else:
            self._root = element
        self._open.append(element)

    def _end(self, name: str) -> None:
        self._open.pop()

    def _characters(self, text: str) -> None:
        self._open[-1].content.append(text)

    def _declares(self, *_: object) -> None:
        raise Unreadable("answered with a feed that declares entities of its own, which none needs")

    def _skipped(self, name: str, is_parameter: bool) -> None:
        if self._open and not is_parameter:
            self._open[-1].content.append(html.unescape(f"&{name};"))


def _plain(name: str) -> str:
    """expat gives "namespace name"; without namespaces the name as it is written."""
    namespace, separator, local = name.rpartition(" ")
    return f"{_PREFIXES.get(namespace, 'other:')}{local}" if separator else name.removeprefix("atom:")
