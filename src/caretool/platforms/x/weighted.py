"""How long a text is to a platform that weighs its characters, by twitter-text 3: https://github.com/twitter/twitter-text.

A link is 23 whatever its length, an emoji 2 however it is put together, a letter 1, what is written wide 2. What is a
link, the ends of host names tell; the public suffix list knows them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

import regex
from publicsuffixlist import PublicSuffixList

# config/v3.json
_PER_LINK, _SCALE, _WIDE, _NARROW = 2300, 100, 200, 100
_RANGES = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
_LONGEST_LINK, _LONGEST_LABEL, _LONGEST_END = 4096, 63, 64

_NO_HOST = (
    r"\x09-\x0d\x20\x85\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"  # spaces
    r"\u202a-\u202e\u061c\u200e\u200f\u2066-\u2069\ufffe\ufeff\uffff"  # directions, and what is no character
    r"!'#%&()*+,\\/:;<=>?@\[\]^{|}~$"
)
_LATIN = (
    r"\xc0-\xd6\xd8-\xf6\xf8-\xff\u0100-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289\u028b"
    r"\u02bb\u0300-\u036f\u1e00-\u1eff"
)
_NOT_BEFORE = r"A-Za-z0-9@＠$#＃\ufffe\ufeff\uffff"
_PIECE = regex.compile(
    rf"(?:(?<![{_NOT_BEFORE}])(?P<protocol>https?://))?(?P<host>(?:(?!https?://)[^{_NO_HOST}])++)", regex.IGNORECASE
)
_MAY_STAND_BEFORE = regex.compile(rf"[^{_NOT_BEFORE}]")
_AFTER_END = regex.compile(r"[^0-9a-zA-Z@+-]")
_PUNYCODE = regex.compile(r"xn--[-0-9a-z]++", regex.IGNORECASE)
_LABEL = regex.compile(r"[^_-](?:.*[^_-])?", regex.DOTALL)
_LATIN_END = regex.compile(rf"[-a-z0-9{_LATIN}]+\Z", regex.IGNORECASE)
_PORT = regex.compile(r":[0-9]++")
_IN_PATH = rf"a-z\u0400-\u04ff0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&{_LATIN}"
_PATH = regex.compile(
    rf"/(?:[{_IN_PATH}]|\((?:[{_IN_PATH}]++|[{_IN_PATH}]*+\([{_IN_PATH}]++\)[{_IN_PATH}]*+)\))*+", regex.IGNORECASE
)
_PATH_GOES_ON = "!*';:,.$%[]\u2013~@|&"
_QUERY = regex.compile(r"\?[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*+", regex.IGNORECASE)
_QUERY_GOES_ON = "!?*'@();:+$%[].,~|"

_PLAIN = r"[\p{Emoji}--\p{Emoji_Presentation}--[0-9\#*]]\ufe0f?"
_ONE = rf"(?:\p{{Emoji_Modifier_Base}}\p{{Emoji_Modifier}}|\p{{Emoji_Presentation}}|{_PLAIN})"
_EMOJI = regex.compile(
    rf"[0-9\#*]\ufe0f?\u20e3|\p{{Regional_Indicator}}{{2}}"
    rf"|{_ONE}(?:[\U000e0020-\U000e007e]++\U000e007f)?(?:\u200d{_ONE})*+",
    regex.VERSION1,
)


def weighted(text: str) -> int:
    """How long it is, in the units of which a post may have 280."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    total, reached = 0, 0
    for start, end in links(text):
        total += _weight(text[reached:start]) + _PER_LINK
        reached = end
    return (total + _weight(text[reached:])) // _SCALE


def links(text: str) -> list[tuple[int, int]]:
    """Where links begin and end in a text, those without a protocol, too."""
    found: list[tuple[int, int]] = []
    place = reached = 0
    while piece := _PIECE.search(text, place):
        place = piece.end()
        if "." in piece["host"]:
            spans, reached = _links_at(text, piece.start("host"), place, piece["protocol"], reached)
            found += spans
            place = max(place, reached)
    return found


def _links_at(
    text: str, start: int, stop: int, protocol: str | None, reached: int
) -> tuple[list[tuple[int, int]], int]:
    """Of the host names between `start` and `stop`, where only characters of host names are; and how far what was
    taken for a link reached."""
    found: list[tuple[int, int]] = []
    if protocol and (end := _host_end(text, start, stop)[0]) is not None:
        reached = _behind(text, end)
        if _sound(text[start:end], len(protocol) + reached - start, protocol):
            found.append((start - len(protocol), reached))
    while match := _first_host(text, max(start, reached), stop, reached):
        begin, end = match
        reached = _behind(text, end)
        if text[begin - 1 : begin] not in ("-", "_", ".", "/") and _sound(text[begin:end], reached - begin, "https://"):
            found += _plain_links(text, begin, end, reached)
    return found, reached


def _plain_links(text: str, begin: int, end: int, whole: int) -> list[tuple[int, int]]:
    """Without a protocol only what stands in Latin letters before its end is a link; the last one has the path."""
    found: list[tuple[int, int]] = []
    start, best, place = None, None, begin
    for label in text[begin:end].split("."):
        if start is not None and (length := _end_of_names(text, place, place + len(label), end)):
            best = place + length
        latin = _LATIN_END.search(label)
        if latin is None or len(latin[0]) < len(label):
            found += [(start, best)] if start is not None and best is not None else []
            start, best = None if latin is None else place + latin.start(), None
        elif start is None:
            start = place
        place += len(label) + 1
    found += [(start, best)] if start is not None and best is not None else []
    if found and _PATH.match(text, _port(text, end)):
        found[-1] = (found[-1][0], whole)
    return found


def _first_host(text: str, start: int, stop: int, reached: int) -> tuple[int, int] | None:
    """The first host name in there, as far to the left as one may begin, as long as it can be. What stands before it
    is not what was taken for a link already."""
    if not _named(text, start, stop):
        return None
    # At the very beginning what may stand before a link is taken for that first.
    if start == 0 and _MAY_STAND_BEFORE.match(text) and (end := _host_end(text, 1, stop)[0]) is not None:
        return 1, end
    place = hopeless = start
    for label in text[start:stop].split("."):
        behind = place + len(label) + 1
        # Behind a _ a name may begin that ends at once; else what came to nothing would come to nothing again.
        if place >= hopeless or ("_" in label and _end_of_names(text, behind, stop, len(text))):
            for begin in _beginnings(text, place, place + len(label), reached):
                end, hopeless = _host_end(text, begin, stop)
                if end is not None:
                    return begin, end
        place = behind
    return None


def _beginnings(text: str, start: int, stop: int, reached: int) -> Iterator[int]:
    """Where in a label a host name may begin: as early as it can, or behind what keeps it from being one."""
    for early in dict.fromkeys((start, text.rfind("_", start, stop) + 1)):
        for begin in range(max(early, start), stop):
            before = begin == 0 or (begin > reached and _MAY_STAND_BEFORE.match(text, begin - 1))
            if before and text[begin] not in "-_":
                yield begin
                break


def _named(text: str, start: int, stop: int) -> bool:
    """Whether anything in there is an end of host names: without one, looking further would take long."""
    place = start
    for number, label in enumerate(text[start:stop].split(".")):
        if number and _end_of_names(text, place, place + len(label), len(text)):
            return True
        place += len(label) + 1
    return False


def _host_end(text: str, start: int, stop: int) -> tuple[int | None, int]:
    """Where the longest host name that begins at `start` ends, and where no label of one stands any more."""
    best, place, plain = None, start, False
    for number, label in enumerate(text[start:stop].split(".")):
        if number and plain and (length := _end_of_names(text, place, place + len(label), len(text))):
            best = place + length
        if not _LABEL.fullmatch(label):
            break
        plain = "_" not in label
        place += len(label) + 1
    return best, place


def _end_of_names(text: str, start: int, stop: int, limit: int) -> int:
    """How much of the label between `start` and `stop` is an end of host names; 0: none. Nothing goes on at `limit`."""
    if puny := _PUNYCODE.match(text, start, stop):
        return len(puny[0])
    for end in range(min(stop, start + _LONGEST_END), start, -1):
        if (end == limit or _AFTER_END.match(text, end)) and _ends_names(text[start:end].lower()):
            return end - start
    return 0


def _behind(text: str, end: int) -> int:
    """Where the port, the path and the query behind a host name end."""
    end = _port(text, end)
    if path := _PATH.match(text, end):
        # What stands in brackets ends a path, whatever it is.
        end = path.start() + max(len(path[0].rstrip(_PATH_GOES_ON)), 1)
    if query := _QUERY.match(text, end):
        asked = query[0].rstrip(_QUERY_GOES_ON)
        end += len(asked)
    return end


def _port(text: str, end: int) -> int:
    port = _PORT.match(text, end)
    return port.end() if port else end


def _sound(host: str, length: int, protocol: str) -> bool:
    """Whether it can be written in ASCII, and is not too long then."""
    encoded = 0
    for label in host.split("."):
        size = len(label) if label.isascii() else len(label.lower().encode("punycode", "replace")) + len("xn--")
        if size > _LONGEST_LABEL:
            return False
        encoded += size + 1
    return len(protocol) + length + encoded - 1 - len(host) <= _LONGEST_LINK


def _weight(text: str) -> int:
    total, reached = 0, 0
    for emoji in _EMOJI.finditer(text):
        total += sum(map(_weight_of, text[reached : emoji.start()])) + _WIDE
        reached = emoji.end()
    return total + sum(map(_weight_of, text[reached:]))


@lru_cache(4096)
def _weight_of(character: str) -> int:
    code = ord(character)
    return _NARROW if any(first <= code <= last for first, last in _RANGES) else _WIDE


@lru_cache(4096)
def _ends_names(label: str) -> bool:
    return _suffixes().publicsuffix(f"a.{label}") is not None


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)
