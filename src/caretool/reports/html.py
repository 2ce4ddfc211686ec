"""A report as a whole HTML document, fit for a mail: style in the tags, nothing fetched from anywhere, no script."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from caretool.reports.sheet import WHERE, Sheet

if TYPE_CHECKING:
    from jinja2 import Template

_DOCUMENT = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ security }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{{ sheet.title }}</title>
</head>
<body style="margin:1em;color:#1a1a1a;background:#ffffff;font:15px/1.4 sans-serif">
<h1 style="font-size:1.3em">{{ sheet.title }}</h1>
{% for section in sheet.sections -%}
<h{{ section.level + 1 }}>{{ section.heading }}</h{{ section.level + 1 }}>
{% if section.columns -%}
<table style="border-collapse:collapse">
<tr>{% for column in section.columns %}<th scope="col" style="{{ cell }}">{{ column }}</th>{% endfor %}</tr>
{% for row in section.rows -%}
<tr>
{%- for value in row -%}
<td style="{{ cell }}">
{%- if section.columns[loop.index0] == where and value -%}
<a href="{{ value }}" rel="noopener noreferrer nofollow">open</a>
{%- else %}{{ value }}{% endif -%}
</td>
{%- endfor -%}
</tr>
{% endfor -%}
</table>
{% endif -%}
{% else -%}
<p>{{ sheet.nothing }}</p>
{% endfor -%}
{% if note %}<p>{{ note }}</p>
{% endif -%}
</body>
</html>
"""
_SECURITY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_CELL = "padding:4px 8px;border-bottom:1px solid #cccccc;text-align:left;vertical-align:top"


def html(sheet: Sheet, note: str = "") -> str:
    """The document. Everything in the sheet is escaped; `note` is a last sentence, escaped as well."""
    return _template().render(sheet=sheet, note=note, security=_SECURITY, cell=_CELL, where=WHERE)


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    return Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True).from_string(_DOCUMENT)
