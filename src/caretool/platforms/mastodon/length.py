"""How long a text is to Mastodon: graphemes, a link and somebody of another server counting less than they are long.

Never less than the server counts: where it might not see a link, the link counts as it is written.
https://docs.joinmastodon.org/user/posting/#text
"""

from __future__ import annotations

from dataclasses import dataclass

import regex

from caretool.platforms.lengths import graphemes

# Ends of host names that the server surely knows. Under any other one a link counts in full (and never too little).
_KNOWN_ENDS = """
    com net org edu gov int info biz name app dev shop store online site social blog cloud page link news help support
    at au be bg br ca cc ch cn co cy cz de dk ee es eu fi fr gr hr hu ie in io is it jp li lt lu lv me mt mx nl no nz
    pl pt ro rs ru se si sk sm tv ua uk us va
"""
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LINK = rf"""
    (?<![^\s(\["'«“‘,;:!?])                                  # after a space, or what opens or ends a phrase
    https?://(?:{_LABEL}\.)+(?:{"|".join(_KNOWN_ENDS.split())})
    (?![a-z0-9@+.:_-]*[a-z0-9@+_-]|[^\x00-\x7f])             # the host name ends here, and is ASCII
    (?:/(?:[a-z0-9_/+\#-]|[.,:;=&%~!$'*]+(?=[a-z0-9_/+\#-]))*
      (?:\?(?:[a-z0-9_&=\#/-]|[!*';:+$%.,~]+(?=[a-z0-9_&=\#/-]))+)?
    )?
"""
_ELSEWHERE = r"""
    (?<![^\s(\["'«“‘,;!?])
    (?P<name>@[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*)
    @[a-z0-9]+(?:[.-][a-z0-9]+)+
    (?!\w|\S*(?:://|[@＠]))                                 # what is followed by these is nobody
"""
_DOUBTFUL = r"(?:https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini)://(?:(?![a-z]+://)\S)*"
_SHORTER = regex.compile(
    rf"(?P<link>{_LINK})|(?P<who>{_ELSEWHERE})|(?P<doubtful>{_DOUBTFUL})",
    regex.VERBOSE | regex.IGNORECASE | regex.ASCII,
)
_LONGEST_LINK = 2000


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts a text as Mastodon does; a link is `per_url` graphemes whatever its length."""

    per_url: int

    def __call__(self, text: str) -> int:
        return graphemes(_SHORTER.sub(self._stand_in, text))

    def _stand_in(self, match: regex.Match[str]) -> str:
        if match["who"]:
            return str(match["name"])
        if match["link"] and len(match[0]) <= _LONGEST_LINK:
            return "x" * self.per_url
        # Where the server sees a link it goes at least two letters beyond the first dot, and what follows counts too.
        text = str(match[0])
        host, dot, rest = text.partition(".")
        shortest = graphemes(host + dot + rest[:2])
        return text + "x" * max(self.per_url - shortest, 0) if dot else text


@dataclass(frozen=True, slots=True)
class CountedAtMost:
    """Counts a text as the one of Mastodon's kin that counts it longest: by code point, nothing shortened."""

    per_url: int

    def __call__(self, text: str) -> int:
        return max(len(text), Counted(self.per_url)(text))
