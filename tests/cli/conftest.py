"""A small shop's desk, made and fetched once; each test works on a copy of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from caretool.workspace import create
from tests.cli.program import Program

ACCOUNTS = """
[accounts.page]
platform = "file"
comments = "page.jsonl"
replies = "page-replies.jsonl"
handle = "bottegablu"

[accounts.short]
platform = "file"
comments = "short.jsonl"
replies = "short-replies.jsonl"
max_length = 500

[agents.dario]
name = "Dario"
role = "manager"
signature = "Dario, assistenza clienti"

[agents.giulia]
name = "Giulia"
role = "agent"
signature = "Giulia, assistenza clienti"

[agents.tom]
name = "Tom"
role = "trainee"
signature = "Tom, assistenza clienti"

[owners.desk]
[owners.logistics]
[owners.warehouse]
[owners.accounting]
[owners.technicians]
[owners.management]
"""

LATE = "Buongiorno, il pacco non è ancora arrivato: quando arriva il mio ordine?"
CONSOLE = {"thread": "console", "thread_text": "La console è in offerta: consegna in 48 ore!"}
NAMES = ("Anna Neri", "Bruno Gallo", "Carla Riva", "Davide Conti", "Anna Neri", "Franco Villa")


def row(native_id: str, text: str, name: str, **more: Any) -> dict[str, Any]:
    """One line of an export, written this morning."""
    return {
        "id": native_id,
        "author": f"{name.split()[0].lower()}.{native_id}",
        "author_name": name,
        "text": text,
        "written_at": "2026-11-23T08:30:00+01:00",
        **more,
    }


PAGE = [
    *(row(f"late{number}", f"{LATE} ({number})", name, **CONSOLE) for number, name in enumerate(NAMES, 1)),
    row("price", "Quanto costa la console con due controller?", "Paolo Marini", **CONSOLE),
    row("damaged", "La lampada è arrivata rotta, la scatola era sfondata.", "Chiara Longo", thread="lamp"),
    row("praise", "Bellissimo negozio, consegna veloce e personale gentilissimo: complimenti!", "Sara Poli"),
    row("private", "Vorrei cambiare l'indirizzo di consegna del mio ordine", "Ugo Riva", private=True, form="message"),
    row("legal", "Ho dato mandato al mio avvocato: ci vediamo in tribunale.", "Rita Sanna", form="review", rating=1),
    row("chatter", "ahahah benvenuta nel club", "Leo Costa", **CONSOLE),
]
SHORT = [row(f"s{number}", LATE, f"Nome{chr(96 + number)} Cognome", **CONSOLE) for number in range(1, 21)]


def write_comments(folder: Path, account: str, rows: list[dict[str, Any]]) -> None:
    """An account's export."""
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows)
    (folder / f"{account}.jsonl").write_text(lines, encoding="utf-8")


def make_workspace(folder: Path) -> Program:
    """The shop's files: the starter's policy and templates, its own accounts and comments; nothing fetched."""
    create(folder)
    (folder / "accounts.toml").write_text(ACCOUNTS, encoding="utf-8")
    write_comments(folder, "page", PAGE)
    write_comments(folder, "short", SHORT)
    return Program(folder)


@pytest.fixture(scope="session")
def _fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = make_workspace(tmp_path_factory.mktemp("shop"))
    program.done("fetch")
    return program.folder


@pytest.fixture
def desk(_fetched: Path, tmp_path: Path) -> Program:
    """The shop with its comments fetched, and Dario, the manager, at the desk."""
    return Program(Path(shutil.copytree(_fetched, tmp_path / "shop")))


@pytest.fixture
def fresh(tmp_path: Path) -> Program:
    """The shop before its first fetch."""
    return make_workspace(tmp_path / "shop")
