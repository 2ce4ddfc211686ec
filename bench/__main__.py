"""`python -m bench [PART…] [--quick]`: progress on stderr, a Markdown table on stdout."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from bench.measuring import machine
from bench.parts import PARTS, QUICK, Figure, Scale
from bench.stores import NOW


def main(arguments: list[str] | None = None) -> None:
    """Measure the parts named (none: all) in a folder that is thrown away."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; none: all")
    parser.add_argument("--quick", action="store_true", help="small sizes: that it works, not how fast it is")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.parts) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}: {', '.join(PARTS)}")
    print_table(measured(asked.parts or list(PARTS), QUICK if asked.quick else Scale()), quick=asked.quick)


def measured(names: Iterable[str], scale: Scale) -> list[Figure]:
    """The figures of these parts."""
    began = time.monotonic()

    def say(what: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:5.0f} s  {what}\n")
        sys.stderr.flush()

    os.environ["CARETOOL_NOW"] = NOW.isoformat()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        return [figure for name in names for figure in PARTS[name](Path(folder), scale, say)]


def print_table(figures: Iterable[Figure], *, quick: bool) -> None:
    """As Markdown: what, CPU time, how many times what, the most it may be, whether it is."""
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}{', small sizes' if quick else ''}",
        "",
        "| what | CPU | times | of | at most | |",
        "|---|---:|---:|---|---:|---|",
        *map(_line, figures),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _line(figure: Figure) -> str:
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    most = "" if figure.most is None else f"{figure.most:g}" + (f" (aim {figure.aim:g})" if figure.aim else "")
    verdict = "" if figure.most is None or figure.ratio is None else "ok" if figure.ratio <= figure.most else "MISSED"
    return f"| {figure.what} | {1000 * figure.seconds:,.1f} ms | {ratio} | {figure.against} | {most} | {verdict} |"


if __name__ == "__main__":
    main()
