"""Registers, variants, signatures and links as somebody at the terminal meets them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import Program
from tests.cli.test_editing import KEEPING
from tests.cli.test_hot_path import HEAVY, LOOK

LINK = """
[[links]]
name = "lamp"
kind = "help"
url = "https://bottegablu.example/lampada"
title = { it = "La lampada", en = "The lamp" }
cues = { it = ["lampada"], en = ["lamp"] }
"""


@pytest.fixture
def linked(desk: Program) -> Program:
    """A desk whose catalogue has one more page, for whoever names the lamp."""
    with (desk.folder / "policies.toml").open("a", encoding="utf-8") as file:
        file.write(LINK)
    return desk


def speak(desk: Program, old: str, new: str) -> None:
    """Change how the company speaks."""
    path = desk.folder / "policies.toml"
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_show_offers_the_pages_that_fit_a_group_and_says_why(linked: Program) -> None:
    group = linked.group("parcel-damaged")
    (offered,) = linked.done("show", group, "--json").json()["links"]
    assert (offered["name"], offered["title"], offered["kind"]) == ("lamp", "La lampada", "help")
    assert offered["why"] == ['they say "lampada"']
    shown = linked.done("show", group).stdout
    assert "a link may help: La lampada, https://bottegablu.example/lampada" in shown
    assert linked.done("show", linked.group("praise"), "--json").json()["links"] == []


def test_reply_offers_them_too_and_its_json_is_as_ever(linked: Program) -> None:
    ran = linked.done("reply", linked.group("parcel-damaged"), "--dry-run", "--json")
    assert "A link may help: La lampada" in ran.stderr
    assert {"replies", "promises", "refused"} <= ran.json().keys()
    assert "links" not in ran.json()


def test_the_editor_names_them_below_the_line(linked: Program, tmp_path: Path) -> None:
    folder = tmp_path / "editor"
    folder.mkdir()
    linked.with_editor(KEEPING, folder).done("reply", linked.group("parcel-damaged"), "--edit", "--yes")
    _, below = (folder / "buffer.1").read_text("utf-8").split("# ----", 1)
    assert "# A link: {{ links.lamp.url }}  La lampada" in below


def test_looking_for_links_imports_nothing_heavy(linked: Program) -> None:
    group = linked.group("parcel-damaged")
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(heavy=HEAVY), "-C", str(linked.folder), "show", group],
        env=linked.variables(), capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert "a link may help" in done.stdout
    assert done.stderr.split() == []


def test_an_account_says_tu_and_a_text_that_says_lei_there_is_refused(desk: Program) -> None:
    speak(
        desk, '# accounts.instagram = { register = "tu", signature = "append" }', 'accounts.page = { register = "tu" }'
    )
    group = desk.group("parcel-damaged")
    ran = desk.run("reply", group, "--dry-run", "--json")
    assert ran.code == 5
    assert {refusal["check"] for refusal in ran.json()["refused"]} == {"wrong-register"}
    said = "{{ greeting }}, sono Dario: mi scuso, ti rispondo qui {{ promises.reply.when }}."
    found = desk.done("reply", group, "--dry-run", "--json", "--text", said).json()
    assert found["replies"][0]["text"].startswith("Ciao Chiara Longo, sono Dario")


def test_checking_the_settings_tells_of_texts_that_an_account_would_refuse(desk: Program) -> None:
    assert desk.done("policy", "check").stderr == ""
    desk.done("template", "check")
    speak(
        desk, '# accounts.instagram = { register = "tu", signature = "append" }', 'accounts.page = { register = "tu" }'
    )
    told = desk.done("policy", "check").stderr
    assert "page asks for tu, and " in told
    assert "templates have no texts in it" in told
    ran = desk.run("template", "check", "parcel-damaged")
    assert ran.code == 5
    assert "parcel-damaged · it · public · page asks for tu\n    wrong-register: " in ran.stdout
    shown = desk.done("template", "preview", "parcel-damaged").stdout
    assert "parcel-damaged · it · public · page asks for tu\n    refused there: wrong-register\n" in shown
    found = desk.run("template", "check", "parcel-damaged", "--json").json()["texts"]
    assert {"register": "tu", "by": "page"} in [one["wanted"] for one in found]


def test_every_reply_is_signed_where_the_policy_says_so(desk: Program) -> None:
    speak(desk, 'signature = "none"', 'signature = "append"')
    found = desk.done("reply", desk.group("praise"), "--dry-run", "--json").json()
    assert found["replies"][0]["text"].endswith("\nDario, assistenza clienti")


def test_a_preview_tells_variants_and_registers_apart(desk: Program) -> None:
    path = desk.folder / "templates" / "replies" / "praise.toml"
    path.write_text(path.read_text("utf-8") + '\n[reply.it.tu]\npublic = "{{ greeting }}, grazie! {{ agent.name }}"\n')
    texts = desk.done("template", "preview", "praise", "delivery-late", "--json").json()["texts"]
    found = {(one["template"], one["language"], one["variant"], one["register"], one["number"]) for one in texts}
    assert ("praise", "it", "public", "tu", 1) in found
    assert ("delivery-late", "it", "public", None, 2) in found
    shown = desk.done("template", "preview", "praise", "delivery-late").stdout
    assert "praise · it · tu · public\n    Ciao Anna Rossi, grazie! Dario" in shown
    assert "delivery-late · it · public · 2 of 2" in shown


def test_a_template_whose_link_nobody_has_is_refused_with_the_nearest(desk: Program) -> None:
    path = desk.folder / "templates" / "replies" / "thanks.toml"
    text = path.read_text("utf-8").replace(
        "Un saluto, {{ agent.name }}.", "Un saluto, {{ agent.name }}: {{ link.url }}"
    )
    path.write_text(text, encoding="utf-8")
    ran = desk.run("template", "check", "thanks")
    assert ran.code == 5
    assert "missing-value" in ran.stdout
    assert "console is for price" in ran.stdout
