"""HTML as platforms send it, turned into the plain text a comment holds."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

_SILENT = ["script", "style", "template", "noscript"]
_LINES = ("div", "li", "tr", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6")
_BREAKS = {"p": "\n\n", **dict.fromkeys(_LINES, "\n")}
# The parser takes a minute for 200,000 nested tags (its time is quadratic in depth); no person writes a tenth of that.
_MOST_TAGS = 20_000


def to_text(html: str) -> str:
    """The text a reader of `html` sees: entities resolved, `br` a newline, paragraphs apart by an empty line.

    Never fails: what is no markup (`I <3 you`) stays as it is written. Links keep their words, not their address.
    """
    if html.count("<") > _MOST_TAGS:
        html = re.sub(r"<[^<>]*>", " ", html)
    # Markup's own line ends are spaces. An explicit body keeps `frameset` from swallowing the text after it.
    tree = LexborHTMLParser("<body>" + re.sub(r"[ \t\r\n\f]+", " ", html))
    if tree.body is None:
        return ""
    tree.strip_tags(_SILENT)
    for node in tree.tags("br"):  # by name: to look by a selector takes three times as long as to parse
        node.replace_with("\n")
    for tag, gap in _BREAKS.items():
        for node in tree.tags(tag):
            node.insert_before(gap)
            node.insert_after(gap)
    text = re.sub(r" *\n *", "\n", tree.body.text())
    return re.sub(r"\n{3,}", "\n\n", text).strip()
