"""Two hundred comments that strangers could have written to do harm; the same ones on every run.

Every field that a stranger fills carries an attack: id, author, author_name, text, thread, thread_text, url, reply_to,
attachments, language.
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from tests.cli.conftest import LATE

CUT = "# ---------------- >8 ---------------- everything below this line is ignored"
MEGABYTE = 1_000_000

TERMINAL = (
    "\x1b[31mred\x1b[0m\x1b[2J\x1b[H",
    "\x1b]0;title\x07 \x1b]2;title\x1b\\",
    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07clipboard",
    "\x1bP$qm\x1b\\ \x1b_apc\x1b\\ \x1b^pm\x1b\\",
    "\x1b[?1049h\x1b[?25l\x1b[6n\x1b[21t\x1bc",
    "\x9b31mred \x9d0;title\x9c \x90dcs\x9c \x85next",
    "bell\x07 back\x08\x08\x08\x08forth \x7fdelete",
    "seen\rhidden\x0bdown\x0cpage",
    "so\x0esi\x0f nul\x00byte \x1c\x1d\x1e\x1f",
    "tab\there\nand there\r\nand here",
)
INVISIBLE = (
    "\u202egnp.exe\u202c \u202dleft\u202c \u202aembed\u202c",
    "\u2066iso\u2069 \u2067iso\u2069 \u2068first\u2069 \u200emark\u200f \u061cmark",
    "zero\u200bwidth\u200c\u200d\u2060 soft\xadhyphen\ufeff mongol\u180e",
    "tag\U000e0001\U000e0065\U000e0076\U000e007f end",
    "filler\u3164\u115f\u1160 \u2800 \ufff9note\ufffa\ufffb",
    "line\u2028end paragraph\u2029end",
    "private\ue000\U000f0000 unassigned\u0378 not\ufdd0\uffff\U0010ffff",
    "Z\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a\u030ba\u0489\u20dd\u20e3",
    "half \ud83d a face \udc00\ud800 \udfff",
)
MARKUP = (
    "[red]rich[/red] [link=http://evil.example]x[/link] [/] [/nothing] [@click=app.bell]x[/] :bomb:",
    "[bold][[nested[/bold]] \\[escaped] [",
    "<script>alert(1)</script> <img src=x onerror=alert(1)> <a href='javascript:alert(1)'>x</a> <!-- ",
    "&lt;script&gt; &#x1b;[31m &amp;amp; &nbsp; &zwj;",
    "[x](javascript:alert(1)) ![x](http://evil.example/x.png) [x]: http://evil.example",
    "| a | b |\n| --- | --- |\n| c | d | || ~~x~~ **b** _i_ # h",
    "`code` ``` fence\n```\n~~~ \\`escaped\\` \\",
    "</td></table></body> ]]> --> */ <?php echo 1 ?> <%= 7*7 %>",
)
CODE = (
    "{{ 7*7 }} {{ 7777*7777 }} ${7777*7777} #{7777*7777} <%= 7777*7777 %> {7777*7777}",
    "{% for a in range(9) %}{{ a }}{% endfor %}",
    "{{ agent.__class__.__mro__ }} {{ ''.__class__ }} {{ person.name }} {{ promises.refund.when }}",
    "{# comment #} {% raw %} {{ {% include '/etc/passwd' %}",
    "%s %n %(a)s %x%x%x%99999999d {0} {0.__class__} {} {!r} f'{x}' $name ${HOME}",
    "'; DROP TABLE comment; -- \" OR 1=1 -- ') UNION SELECT 1",
    "$(rm -rf ~) `id` ; touch /tmp/evil & | cat > x && true",
    "NEAR( \"unclosed AND OR NOT * ^ text:a -b {a b}: '",
    '{"id": "x", "text": "y"}\n{"id": "z"}',
    '"quoted", "cells"; \'single\' \\" \\u001b[31m \\x1b[31m \\033[31m',
)
FORMULAS = (
    '=HYPERLINK("http://evil.example","x")',
    "+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "|=1+1",
)
TALK = (
    CUT,
    f"\n{CUT}\nsmuggled\n# smuggled",
    "\n# smuggled\n#smuggled\n#\nsmuggled below",
    "\nBuongiorno, sono Dario: le rimborso 500 euro domani.",
    "../../etc/passwd",
    "/etc/passwd\x00.jsonl",
    "--yes",
    "-C /tmp",
    "null",
    "nan inf 1e999",
)
ATTACKS = TERMINAL + INVISIBLE + MARKUP + CODE + FORMULAS + TALK

NAMES = (
    "@everyone",
    "@here ",
    "https://evil.example/x",
    "evil.example",
    "Truffatori Bottega Blu",
    "idiota",
    "Anna " * 60,
    "A" * 300,
    "   \u00a0\u2003 ",
    "🌸✨🏳️‍🌈",
    "אנה רוסי\u202e",
    "\u200fمحمد",
    "Anna\nRossi",
    "Anna\tRossi\r\n",
    "Dario (staff)",
    "Dario",
    "Bottega Blu ✓",
    "",
    None,
    "\x1b[31mAnna\x1b[0m",
    "[red]Anna[/red]",
    "{{ 7*7 }}",
    "=1+1",
    "<b>Anna</b>",
    "[Anna](javascript:x)",
    "Anna\u200bRossi",
    "Z" + "\u0301" * 200,
    "\ud83d",
    "Anna|Rossi`",
    "%s{0}",
)
HANDLES = (
    "--yes",
    "-h",
    "@everyone",
    "../../etc/passwd",
    "a\nb\tc",
    "\x1b[31mred",
    "\u202eanna",
    "{{ 7*7 }}",
    "[red]anna[/red]",
    "=1+1",
    "<script>",
    "https://evil.example",
    "x" * 300,
    "anna | bruno",
    "[a](javascript:b)",
    "c" + "\u0301" * 200,
    "\u200b",
    "🌸",
    "d\x00e",
    "$(id)",
)


def huge() -> dict[str, str]:
    """Texts of a million characters, by what they are made of."""
    return {
        "one line": (LATE + " ") * (MEGABYTE // (len(LATE) + 1)),
        "many lines": "Dove\n" * (MEGABYTE // 5),
        "one word": "a" * MEGABYTE,
        "combining marks": "Z" + "\u0301" * 500_000,
        "digits": "0" * MEGABYTE,
        "at signs": "a@" * (MEGABYTE // 2),
        "brackets": "<" * MEGABYTE,
        "escapes": "\x1b[31m" * (MEGABYTE // 5),
        "braces": "{{ " * (MEGABYTE // 3),
    }


def rows() -> list[dict[str, Any]]:
    """The two hundred, as an export has them. Every third is in one thread, the others in threads of their own."""
    texts = [f"{LATE} {attack}" for attack in ATTACKS]
    texts += list(ATTACKS)
    texts += list(huge().values())
    texts += [LATE] * (200 - len(texts))
    return [_row(number, text) for number, text in enumerate(texts)]


def _row(number: int, text: str) -> dict[str, Any]:
    attack = ATTACKS[number % len(ATTACKS)]
    return {
        "id": f"{attack}{number}" if number % 2 else f"{number}{attack}",
        "author": f"{HANDLES[number % len(HANDLES)]}{number if number >= len(HANDLES) else ''}",
        "author_name": NAMES[number % len(NAMES)],
        "text": text,
        "written_at": "2026-11-23T08:30:00+01:00",
        "thread": "console" if number % 3 == 0 else f"{attack}{number}",
        "thread_text": attack * 3,
        "url": f"javascript:{attack}",
        "reply_to": attack,
        "attachments": [attack, "file:///etc/passwd", "https://evil.example/\x1b[31m.png"],
        "language": attack if number % 5 == 0 else None,
    }


def jsonl() -> bytes:
    """The two hundred as JSON Lines, and three lines that no UTF-8 or JSON can be read from."""
    lines = [json.dumps(row).encode() for row in rows()]
    spoilt = [b'{"id": "\xff\xfe", "author": "x", "text": "\xc3\x28"}', b"\x1b[31m{", b"[" * 100_000]
    return b"\n".join([*lines[:100], *spoilt, *lines[100:]]) + b"\n"


def csv_export() -> bytes:
    """The two hundred as CSV, the huge ones cut; what has lone surrogates is bytes that are no UTF-8."""
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, fieldnames=list(rows()[0]))
    writer.writeheader()
    for row in rows():
        writer.writerow(row | {"text": row["text"][:1_000], "attachments": json.dumps(row["attachments"])})
    return written.getvalue().encode("utf-8", "surrogatepass")
