"""Where the pages are that messages and settings name (docs/…): they come with every installation."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(package: Path = _PACKAGE) -> Path:
    """The folder of the pages: that of the checkout which `package` is part of, else the one a wheel has put in it."""
    checkout = package.parent.parent
    return checkout / "docs" if (checkout / "pyproject.toml").is_file() else package / "docs"


def page(name: str) -> str:
    """The path of one of them (`log.md`, `platforms/x.md`)."""
    return str(folder() / name)
