"""A desk with one man on three accounts, answered in every way a desk answers; and the search for what is left of him
in the bytes that caretool keeps."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from caretool.domain.redaction import QUOTE
from caretool.workspace import create
from tests.cli.conftest import LATE, row
from tests.cli.program import Program
from tests.desk.rewarded import COUPONS, write_codes

ACCOUNTS = """
[accounts.page]
platform = "file"
comments = "page.jsonl"
replies = "page-replies.jsonl"
handle = "bottegablu"

[accounts.shop]
platform = "file"
comments = "shop.csv"

[accounts.forum]
platform = "file"
comments = "forum.jsonl"

[agents.dario]
name = "Dario"
role = "manager"
[agents.giulia]
name = "Giulia"
[agents.tom]
name = "Tom"
role = "trainee"

[owners.desk]
[owners.logistics]
[owners.warehouse]
[owners.accounting]
[owners.technicians]
[owners.management]
"""
HANDLE, NAME, MAIL, PHONE = "zeno.quaglia81", "Zeno Quaglià", "zeno@quaglia.example", "333 765 4321"
KNOWN_BY = (HANDLE, NAME, MAIL, PHONE, PHONE.replace(" ", ""))
TEXTS = {
    "z1": f"Il mio pacco non è ancora arrivato e a zia Cunegonda serviva ieri, scrivetemi a {MAIL}!",
    "z2": "Bellissimo il negozio di Vicolo Stretto, complimenti alla signora coi capelli color zafferano!",
    "z3": f"Il pacco portatelo altrove: adesso abito dal ferramenta, tel. {PHONE}, suonare due volte.",
    "z4": "La lampada è arrivata rotta: sembrava passata sotto un carro armato del museo di Piana delle Orme.",
    "z5": "Apro io la discussione: la vostra console canta il Nabucco ogni volta che la accendo, di notte.",
    "z6": "Guadagna 700 euro al giorno da casa coi tappeti volanti!!! Clicca qui http://tappeti.example/zq",
}
BEFORE = "Il mio pacco non è ancora arrivato e il canarino di zia Cunegonda deperisce a vista d'occhio."
EVERYTHING = (*TEXTS.values(), BEFORE)
CODES = ("ZQX-1", "ZQX-2")
CONSOLE = {"thread": "console", "thread_text": "La console è in offerta!"}


def his(native_id: str, **more: Any) -> dict[str, Any]:
    return {**row(native_id, TEXTS[native_id], NAME), "author": HANDLE, **more}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows), encoding="utf-8")


def others() -> list[dict[str, Any]]:
    rows = [row(f"o{n}", f"{LATE} ({n})", f"Ivo{'abcde'[n - 1]} Rossi", **CONSOLE) for n in range(1, 6)]
    named = f"Ha ragione {NAME}: anch'io ho scritto a {HANDLE.upper()}, al {PHONE} e a {MAIL}"
    return [*rows, row("m1", named, "Ada Monti", **CONSOLE)]


def lay(folder: Path) -> Program:
    """The desk, nothing fetched yet."""
    create(folder)
    (folder / "accounts.toml").write_text(ACCOUNTS, encoding="utf-8")
    with (folder / "policies.toml").open("a", encoding="utf-8") as policies:
        policies.write(COUPONS)
    write_codes(folder, CODES)
    page = [*others(), {**his("z1", **CONSOLE), "text": BEFORE}, his("z2"), his("z3", private=True)]
    write(folder / "page.jsonl", page)
    opened = {"thread": "z5", "thread_text": TEXTS["z5"], "url": f"https://forum.example/u/{HANDLE}/z5"}
    below = {"thread": "z5", "thread_text": TEXTS["z5"], "reply_to": "z5"}
    write(
        folder / "forum.jsonl", [his("z5", **opened), row("m2", f"@{HANDLE} e la mia?", "Bea Loi", **below), his("z6")]
    )
    with (folder / "shop.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, ["id", "author", "author_name", "text", "written_at"])
        table.writeheader()
        table.writerow(his("z4"))
    return Program(folder)


def live_through(desk: Program) -> None:
    """Edits, corrections, replies together and alone, a rejected draft, promises, a case, notes, moderation."""
    desk.done("fetch")
    write(desk.folder / "page.jsonl", [*others(), his("z1", **CONSOLE), his("z2"), his("z3", private=True)])
    desk.done("fetch")
    ids = {name: desk.comment(name) for name in ("z1", "z2", "z3", "z4", "z5", "m1")}
    desk.done("triage", ids["z2"], "--topic", "praise")
    late = [desk.comment(name) for name in ("o1", "o2", "o3", "o4", "o5", "z1")]
    desk.done("reply", *late, "--template", "delivery-late", "--mode", "together", "--yes")
    quoted = f'Buongiorno {{{{ person.name }}}}, sono Tom: "{TEXTS["z2"]}" ci fa piacere, un saluto.'
    desk.by("tom").done("reply", ids["z2"], "--text", quoted, "--yes")
    draft = desk.done("inbox", "--json").json()["drafts"][0]["id"]
    desk.done("reject", draft, "--because", f"non ripetere: {TEXTS['z2']}", "--yes")
    desk.done("reply", ids["z2"], "--reward", "thanks", "--private", "--yes")
    privately = f"Buongiorno {{{{ person.name }}}}, sono Dario, ho segnato: «{TEXTS['z3'][36:]}» Un saluto."
    desk.done("reply", ids["z3"], "--text", privately, "--yes", "--include-new")
    desk.done("reply", ids["z4"], "--template", "parcel-damaged", "--yes", "--later")
    desk.done("promise", "add", "callback", "--for", ids["z3"], "--due", "1 day", "--text", f"richiamiamo {NAME}")
    desk.done("note", ids["m1"], f"la stessa storia di {NAME}: {TEXTS['z4']}")
    desk.done("note", ids["z5"], f"parlato con {NAME} al {PHONE}")
    desk.done("close", ids["z5"], "--because", f"chiarito a voce con {NAME}")
    desk.done("moderate", desk.comment("z6"), "--yes")
    desk.done("backup")
    (desk.folder / "unsent").mkdir()
    (desk.folder / "unsent" / "c1.txt").write_text(f"Caro {NAME}…", encoding="utf-8")


def kept_by_caretool(folder: Path) -> bytes:
    """Every byte of the files that caretool keeps for itself."""
    files = [*folder.glob("caretool.db*"), *folder.glob(".locks/*"), *folder.glob(".secrets/*")]
    return b"\0".join(path.read_bytes() for path in sorted(files))


def left_of(folder: Path, texts: tuple[str, ...] = EVERYTHING, known_by: tuple[str, ...] = KNOWN_BY) -> list[str]:
    """What he is known by and what only he wrote, not what the settings say too, as far as it is there in some form."""
    kept = kept_by_caretool(folder).lower()
    settings = [folder / "policies.toml", *(folder / "templates").rglob("*.toml")]
    shared = "\n".join([*(one["text"] for one in others()), *(path.read_text("utf-8") for path in settings)])
    runs = {text[at : at + QUOTE] for text in texts for at in range(len(text) - QUOTE + 1)}
    wanted = [*known_by, *(run for run in runs if run not in shared)]
    return sorted(one for one in wanted if any(form in kept for form in _forms(one.lower())))


def _forms(text: str) -> Iterator[bytes]:
    yield text.encode()
    yield json.dumps(text)[1:-1].encode()
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")
