"""A report as Markdown; what people wrote cannot break out of its cell."""

from __future__ import annotations

from caretool.reports.sheet import WHERE, Section, Sheet


def markdown(sheet: Sheet) -> str:
    """A heading and a table a section."""
    lines = [f"# {escaped(sheet.title)}", ""]
    for section in sheet.sections:
        lines += [f"{'#' * (section.level + 1)} {escaped(section.heading, heading=True)}", ""]
        if section.columns:
            lines += [*_table(section), ""]
    if not sheet.sections:
        lines += [sheet.nothing, ""]
    return "\n".join(lines)


def _table(section: Section) -> list[str]:
    lines = [f"| {' | '.join(section.columns)} |", f"|{' --- |' * len(section.columns)}"]
    for row in section.rows:
        pairs = zip(section.columns, row, strict=True)
        cells = [f"<{cell}>" if column == WHERE and cell else escaped(cell) for column, cell in pairs]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def escaped(text: str, *, heading: bool = False) -> str:
    """`text` as nothing but text: no markup, no link by itself, no mail address. A heading keeps its brackets, which
    mean nothing without a link behind them."""
    marks = "\\`*_{}[]<>#+!|~" if heading else "\\`*_{}[]<>()#+!|~"
    shown = "".join("\\" + character if character in marks else character for character in text)
    return shown.replace("&", "&amp;").replace("://", "&#58;//").replace("@", "&#64;")
