"""Write the files of a new connector, and its entry in the registry; what is left is to fill them."""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
from pathlib import Path
from string import Template

ROOT = Path(__file__).parents[2]
TEMPLATES = Path(__file__).parent / "files"
REGISTRY = Path("src/caretool/platforms/registry.py")
# By its template's name, where a file goes.
FILES = {
    "package.txt": "src/caretool/platforms/{name}/__init__.py",
    "connector.txt": "src/caretool/platforms/{name}/connector.py",
    "fake.txt": "tests/platforms/fake_{name}.py",
    "harness.txt": "tests/platforms/{name}_harness.py",
    "tests.txt": "tests/platforms/test_{name}.py",
    "page.txt": "docs/platforms/{name}.md",
}
_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}", re.ASCII)
_LOADER = """\
def _{name}() -> Connector:
    from caretool.platforms.{name} import connector as {name}

    return Connector({name}.{Name}Settings, {name}.open_account, {name}.ABOUT, {name}.GUIDE)


"""


def main(words: list[str], root: Path = ROOT) -> str:
    """Write them below `root`; what was written and what is next. ValueError, and nothing written: the name is none, or
    is taken."""
    name = words[0] if len(words) == 1 else ""
    files = {template: root / path.format(name=name) for template, path in FILES.items()}
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ValueError("make platform NAME=x: x is a module's name, of lower-case letters, digits and _")
    for path in (*files.values(), root / f"src/caretool/platforms/{name}.py"):
        if path.exists():
            raise ValueError(f"{path.relative_to(root)} is there already: nothing was written")
    registry = entered((root / REGISTRY).read_text("utf-8"), name)
    values = {"name": name, "Name": class_name(name), "NAME": name.upper()}
    for template, path in files.items():
        text = (TEMPLATES / template).read_text("utf-8")
        path.parent.mkdir(exist_ok=True)
        path.write_text(Template(text).substitute(values), encoding="utf-8")
    (root / REGISTRY).write_text(registry, encoding="utf-8")
    code = [path for path in (*files.values(), root / REGISTRY) if path.suffix == ".py"]
    sorted_by_their_names = ("check", "--quiet", "--select", "I", "--fix")
    for how in (sorted_by_their_names, ("format", "--quiet")):
        subprocess.run([sys.executable, "-m", "ruff", *how, *map(str, code)], check=True, cwd=root)
    new = "\n".join(f"new  {path.relative_to(root)}" for path in files.values())
    return (
        f"{new}\nits entry  {REGISTRY}\n"
        f"Next: pytest tests/platforms/test_{name}.py says what is not written yet, "
        "tests/platforms/test_every_platform.py what its page needs"
    )


def class_name(name: str) -> str:
    """`google_play` → `GooglePlay`."""
    return "".join(part.capitalize() for part in name.split("_"))


def entered(registry: str, name: str) -> str:
    """The registry's text with one more connector. ValueError where it has one of that name."""
    before, mark, after = registry.partition("_CONNECTORS: ")
    table, brace, rest = after.partition("}")
    if f'"{name}"' in table:
        raise ValueError(f"{REGISTRY} has a platform {name} already: nothing was written")
    last = table.rstrip().rstrip(",")
    return f'{before}{_LOADER.format(name=name, Name=class_name(name))}{mark}{last}, "{name}": _{name}{brace}{rest}'


if __name__ == "__main__":
    try:
        print(main(sys.argv[1:]))  # noqa: T201
    except ValueError as problem:
        sys.exit(str(problem))
