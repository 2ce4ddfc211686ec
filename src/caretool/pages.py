"""Where the pages are that messages and settings name (docs/…): they come with every installation."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(package: Path = _PACKAGE) -> Path:
    """The folder of the pages: the one a wheel has put into the `package`, else that of the checkout it is part of."""
    ours, checkout = package / "docs", package.parent.parent
    return checkout / "docs" if not ours.is_dir() and (checkout / "pyproject.toml").is_file() else ours


def page(name: str) -> str:
    """The path of one of them (`log.md`, `platforms/x.md`)."""
    return str(folder() / name)
