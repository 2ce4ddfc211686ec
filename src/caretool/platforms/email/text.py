"""What somebody wrote in a mail: its own words, without what they quote and how they sign."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from email.message import Message

from selectolax.lexbor import LexborHTMLParser

from caretool.domain.harmless import one_line
from caretool.platforms import html

# Codecs that are no charset of a mail; the first two take time that is quadratic in a stranger's text.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})
# As the WHATWG reads them: what calls itself Latin-1 is written on Windows.
_WINDOWS = frozenset({"iso8859-1", "ascii"})
_LONGEST = 200_000  # characters; what nobody reads to the end
_MOST_HTML = 1024 * 1024
_MOST_TAGS = 20_000
_MOST_PARTS = 1_000
_MOST_NAMES = 50
_QUOTED_HTML = (
    "blockquote, .gmail_quote, .gmail_attr, .moz-cite-prefix, .yahoo_quoted, .protonmail_quote, #divRplyFwdMsg,"
    " #appendonsend, #mail-editor-reference-message-container"
)

_LINE = 500  # of a longer one no expression sees more
_ATTRIBUTION = re.compile(
    r"""(?: on\b .{4,200} \bwrote | il\b .{4,200} \bha\ scritto | am\b .{4,200} \bschrieb\b .{0,100}
        | le\b .{4,200} \ba\ écrit | el\b .{4,200} \bescribió ) \s* :""",
    re.IGNORECASE | re.VERBOSE,
)
_ATTRIBUTION_BEGINS = re.compile(r"(?:on|il|am|le|el) \S", re.IGNORECASE)
_SEPARATOR = re.compile(
    r"[-_ ]{2,}(?:original message|messaggio originale|ursprüngliche nachricht|message d'origine|mensaje original)"
    r"[-_ ]{2,}",
    re.IGNORECASE,
)
_RULE = re.compile(r"_{5,}")
_FROM = re.compile(r"\*?(?:from|da|von|de)\*?\s*:\s*\S", re.IGNORECASE)
_SENT = re.compile(r"\*?(?:sent|date|inviato|data|gesendet|datum|envoyé|enviado|fecha)\*?\s*:\s*\S", re.IGNORECASE)
_TO = re.compile(r"\*?(?:to|a|an|à|para|subject|oggetto|betreff|objet|asunto)\*?\s*:\s*\S", re.IGNORECASE)
_FROM_A_PHONE = re.compile(
    r"(?:sent from|get outlook for|inviato da(?:l mio|lla mia)?|scarica outlook per|gesendet von"
    r"|envoyé de mon|enviado desde) .{2,60}",
    re.IGNORECASE,
)


def words_of(mail: Message) -> str:
    """The text of a mail, plain where there is one, else of its HTML; what is quoted and signed only where nothing else
    is left. Empty: it has none."""
    plain: list[str] = []
    marked: list[str] = []
    for part in _shown(mail):
        kind = part.get_content_type()
        if kind == "text/plain":
            plain.append(_decoded(part))
        elif kind == "text/html":
            marked.append(_decoded(part)[:_MOST_HTML])
    text = "\n".join(filter(str.strip, plain))
    if not text:
        text = "\n".join(filter(None, map(_unquoted_html, marked))) or "\n".join(map(html.to_text, marked))
    return own_words(text[:_LONGEST])


def attachments_of(mail: Message) -> tuple[str, ...]:
    """The names of what is attached, made harmless."""
    names = []
    for part in _parts(mail):
        try:
            name = part.get_filename()
        except (ValueError, LookupError, TypeError, AttributeError):
            name = None
        shown = one_line(str(name), 120) if name else ""
        if shown:
            names.append(shown)
    return tuple(names[:_MOST_NAMES])


def own_words(text: str) -> str:
    """What was written anew, without what it answers and the signature; all of it where nothing would be left."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = _unsigned(list(_unquoted(lines)))
    return "\n".join(kept).strip() or text.replace("\r\n", "\n").strip()


def decoded(data: bytes, charset: str | None) -> str:
    """Text in the charset it says it has, else in the one it seems to have; never fails."""
    for name in (charset, "utf-8"):
        codec = _codec(name)
        if codec is not None:
            try:
                return codecs.decode(data, codec)
            except (UnicodeError, LookupError, ValueError):
                continue
    return data.decode("windows-1252", "replace")


def _codec(name: str | None) -> str | None:
    """The charset's own name; None: it is none that a text is in, or ASCII, which is left to the others."""
    try:
        found = codecs.lookup((name or "").strip()).name
    except (LookupError, ValueError, UnicodeError):
        return None
    return None if found in _NO_CHARSETS or found in _WINDOWS else found


def _decoded(part: Message) -> str:
    try:
        data = part.get_payload(decode=True)
        charset = part.get_content_charset()
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    if not isinstance(data, bytes):
        return ""
    return decoded(data[: 4 * _MOST_HTML], charset).replace("\0", "\ufffd")


def _parts(mail: Message) -> Iterator[Message]:
    """Its parts, in their order; what is inside a mail that is attached to it is not one of them."""
    waiting, left = [mail], _MOST_PARTS
    while waiting and left:
        part, left = waiting.pop(), left - 1
        inside = part.get_payload() if part.get_content_maintype() == "multipart" else None
        if isinstance(inside, list):
            waiting += [one for one in reversed(inside) if isinstance(one, Message)]
        else:
            yield part


def _shown(mail: Message) -> Iterator[Message]:
    """Those that are shown as the mail's own text."""
    for part in _parts(mail):
        disposition = str(part.get("Content-Disposition", "")).strip().lower()
        if not disposition.startswith("attachment") and part.get_content_maintype() == "text":
            yield part


def _unquoted_html(markup: str) -> str:
    """Its text without what the usual programs mark as quoted."""
    if markup.count("<") > _MOST_TAGS:
        return html.to_text(markup)
    tree = LexborHTMLParser(markup)
    for node in tree.css(_QUOTED_HTML):
        node.decompose()
    return html.to_text(tree.html or "")


def _unquoted(lines: list[str]) -> Iterator[str]:
    """Without quoted lines and the line that introduces them; from where all the rest is an older mail, nothing."""
    at = 0
    while at < len(lines):
        line = lines[at].strip()[:_LINE]
        if line.startswith(">"):
            at += 1
            continue
        introduced = _introduces(lines, at)
        if introduced:
            if not _next_is_quoted(lines, at + introduced):
                return
            at += introduced
            continue
        if _SEPARATOR.fullmatch(line) or _is_header_of_an_older_one(lines, at):
            return
        yield lines[at]
        at += 1


def _introduces(lines: list[str], at: int) -> int:
    """How many lines say who wrote what follows when; mail programs break them. 0: none."""
    line = lines[at].strip()
    if not _ATTRIBUTION_BEGINS.match(line):
        return 0
    for count in (1, 2, 3):
        joined = " ".join(line.strip() for line in lines[at : at + count])
        if _ATTRIBUTION.fullmatch(joined[:_LINE]):
            return count
    return 0


def _next_is_quoted(lines: list[str], at: int) -> bool:
    return next((line for line in lines[at : at + 5] if line.strip()), "").lstrip().startswith(">")


def _is_header_of_an_older_one(lines: list[str], at: int) -> bool:
    """From, Sent, To or Subject in consecutive lines, as Outlook writes them, often below a line."""
    if _RULE.fullmatch(lines[at].strip()[:_LINE]) and at + 1 < len(lines):
        at += 1
    if not _FROM.match(lines[at].strip()):
        return False
    below = [line.strip()[:_LINE] for line in lines[at + 1 : at + 5]]
    return any(map(_SENT.match, below)) and any(map(_TO.match, below))


def _unsigned(lines: list[str]) -> list[str]:
    for at, line in enumerate(lines):
        if line.rstrip() == "--" and any(map(str.strip, lines[:at])):
            lines = lines[:at]
            break
    end = len(lines)
    while end and (not lines[end - 1].strip() or _FROM_A_PHONE.fullmatch(lines[end - 1].strip()[:_LINE])):
        end -= 1
    return lines[:end]
