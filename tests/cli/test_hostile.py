"""What strangers wrote is data, the whole way (DESIGN §4.9): two hundred attacks, in every field that they fill."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, get_args

import pytest

from caretool.cli.reporting import Layout
from tests.cli import hostile
from tests.cli.conftest import SHORT, make_workspace, write_comments
from tests.cli.program import COMMAND, Program
from tests.cli.shapes import INBOX, OVERDUE, conforms
from tests.cli.test_terminal import seen

# All that a terminal obeys or hides, save the end of a line.
_ACTS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_HEAPED = re.compile("[\u0300-\u0362]{5}")
_OUR_STYLES = re.compile(r"\x1b\[[012]m")
_WORKED_OUT = re.compile(r"60481729|(?<!\d)012345678(?!\d)|<class|root:x")
_LONE = re.compile("[\x00\ud800-\udfff]")
HERE = ("inbox", "--json", "--limit", "999", "--account", "page")
WORDS = [word.replace("\x00", "") for word in (*hostile.ATTACKS, *hostile.NAMES, *hostile.HANDLES) if word]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A desk at which every comment, name, handle and thread is an attack, fetched; for looking only."""
    program = make_workspace(tmp_path_factory.mktemp("hostile"))
    (program.folder / "page.jsonl").write_bytes(hostile.jsonl())
    write_comments(program.folder, "short", SHORT[:3])
    began = time.process_time()
    ran = program.done("fetch", "--json")
    assert time.process_time() - began < 30
    (page, short) = ran.json()["accounts"]
    assert (page["new"], page["skipped"], page["ok"]) == (200, 3, True)
    assert (short["new"], short["skipped"]) == (3, 0)
    assert_harmless(ran.told)
    return program


@pytest.fixture
def desk_of_attacks(whole: Program, tmp_path: Path) -> Program:
    """The same, to answer at."""
    return Program(Path(shutil.copytree(whole.folder, tmp_path / "shop")))


@pytest.fixture(scope="module")
def comments(whole: Program) -> list[dict[str, Any]]:
    """All of the two hundred as `inbox --json` has them."""
    ran = whole.done(*HERE)
    conforms(ran.json(), INBOX)
    assert_harmless(ran.told)
    return [comment for group in ran.json()["groups"] for comment in group["comments"]]


def assert_harmless(text: str) -> None:
    """That nothing in it acts on a terminal or hides, nothing was worked out, and nothing broke."""
    assert set(_ACTS.findall(text)) == set()
    assert _WORKED_OUT.search(text) is None
    assert "Traceback" not in text


def assert_readable(text: str) -> None:
    """The same of what people read, in which no marks are heaped on a letter either."""
    assert_harmless(text)
    assert _HEAPED.search(text) is None


def late_group(desk: Program) -> str:
    """The largest group about late parcels; it counts as shown to the agent."""
    groups = desk.groups("--topic", "delivery-late", "--account", "page")
    return str(max(groups, key=lambda group: group["size"])["id"])


def stored(text: str | None) -> str | None:
    """A value as the store keeps it: without what no database holds."""
    return None if text is None else _LONE.sub("\ufffd", text)


def trimmed(text: str | None) -> str | None:
    """The same for a field that is a word or a line: blanks at its ends are nothing."""
    return stored(text.strip()) or None if text else None


def test_there_are_two_hundred_and_each_is_another() -> None:
    rows = hostile.rows()
    assert (len(rows), len({row["id"] for row in rows})) == (200, 200)
    assert sum(len(row["text"]) >= 500_000 for row in rows) == 9


def test_what_is_kept_is_what_was_written(comments: list[dict[str, Any]]) -> None:
    by_id = {comment["native_id"]: comment for comment in comments}
    assert len(by_id) == 200
    for row in hostile.rows():
        comment = by_id[trimmed(row["id"])]
        assert comment["text"] == stored(row["text"])
        assert comment["author"] == {"handle": trimmed(row["author"]), "name": trimmed(row["author_name"])}
        assert comment["url"] == trimmed(row["url"])


def test_a_csv_of_them_is_read_row_by_row_and_what_is_no_utf8_is_told_by_its_line(fresh: Program) -> None:
    accounts = fresh.folder / "accounts.toml"
    accounts.write_text(accounts.read_text("utf-8").replace('"page.jsonl"', '"page.csv"'), encoding="utf-8")
    (fresh.folder / "page.csv").write_bytes(hostile.csv_export())
    ran = fresh.done("fetch", "--json", "page")
    assert_harmless(ran.told)
    (page,) = ran.json()["accounts"]
    assert page["new"] + page["skipped"] == 200
    assert 0 < page["skipped"] < 30
    assert ran.stderr.count("not UTF-8") == page["skipped"]
    kept = {comment["text"] for group in fresh.done(*HERE).json()["groups"] for comment in group["comments"]}
    assert kept <= {stored(row["text"][:1_000]) for row in hostile.rows()}


def test_the_inbox_is_harmless_and_markup_stands_in_it_as_it_was_typed(whole: Program) -> None:
    ran = whole.done("inbox", "--limit", "999")
    assert_readable(ran.told)
    assert max(map(len, ran.stdout.splitlines())) < 250
    assert (
        "[red]rich[/red]"
        in whole.done("show", whole.done("inbox", "--json", "--search", "app.bell").json()["groups"][0]["id"]).stdout
    )


def test_whatever_is_shown_is_harmless_and_quick(whole: Program, comments: list[dict[str, Any]]) -> None:
    ids = [comment["id"] for comment in comments]
    threads = [group["id"] for group in whole.groups()]
    for subject in (*ids[::3], *(comment["person"] for comment in comments[::9]), *threads[::4]):
        began = time.process_time()
        ran = whole.done("show", subject)
        assert time.process_time() - began < 2
        assert_readable(ran.told)
    for comment in comments[::19]:
        assert_harmless(whole.done("show", comment["id"], "--json").told)


def test_of_a_huge_comment_the_beginning_is_shown_and_how_much_is_left(
    whole: Program, comments: list[dict[str, Any]]
) -> None:
    huge = [comment["id"] for comment in comments if len(comment["text"]) >= 500_000]
    assert len(huge) == 9
    for comment in huge:
        told = whole.done("show", comment).stdout
        assert re.search(r"… [0-9]{6} more characters: --json has them all", told)
        assert len(told) < 20_000


@pytest.mark.parametrize(
    "words", [("inbox",), ("show", "one word"), ("show", "combining marks"), ("inbox", "\x1b[31m\u202ex")]
)
def test_on_a_terminal_only_our_own_styles_are_sent(
    whole: Program, comments: list[dict[str, Any]], words: tuple[str, ...]
) -> None:
    by_text = {stored(text): name for name, text in hostile.huge().items()}
    ids = {by_text[c["text"]]: c["id"] for c in comments if c["text"] in by_text}
    shown, code = seen(whole, *(ids.get(word, word) for word in words))
    assert code == (2 if "\u202e" in words[-1] else 0)
    assert_readable(_OUR_STYLES.sub("", shown))


def test_hostile_words_are_searched_for_and_nothing_else_happens(whole: Program) -> None:
    for word in WORDS[::2]:
        ran = whole.run("inbox", f"--search={word}")
        assert ran.code == 0, word
        assert_harmless(ran.told)
    found = whole.done("inbox", "--json", "--search", "HYPERLINK").json()["groups"]
    assert any("=HYPERLINK" in comment["text"] for group in found for comment in group["comments"])


def test_errors_that_quote_them_are_harmless(whole: Program, comments: list[dict[str, Any]]) -> None:
    comment = comments[0]["id"]
    for word in WORDS[::5]:
        for words in (
            ("show", "--", word),
            ("inbox", f"--account={word}"),
            ("inbox", f"--kind={word}"),
            ("inbox", "--", word),
            ("reply", comment, "--dry-run", f"--template={word}"),
            ("reply", comment, "--dry-run", f"--set={word}"),
            ("reply", comment, "--dry-run", f"--promise={word}"),
            ("close", comment, "--because=x", f"--as={word}"),
        ):
            ran = whole.run(*words)
            assert ran.code in (2, 5), (words, ran.told)
            assert ran.stdout == ""
            assert_harmless(ran.stderr)


def test_a_folder_that_no_folder_can_be_is_no_workspace(whole: Program) -> None:
    done = subprocess.run([*COMMAND, "-C", "x" * 300, "inbox"], capture_output=True, check=False, env=whole.variables())
    assert done.returncode == 2
    assert b"is no workspace" in done.stderr


def test_bytes_that_are_no_text_are_read_from_stdin_without_harm(whole: Program) -> None:
    done = subprocess.run(
        [*COMMAND, "-C", str(whole.folder), "policy", "explain"],
        input=b"\xff\xfe\x1b[31m il pacco non arriva \x00 {{ 7777*7777 }}",
        capture_output=True,
        check=False,
        env=whole.variables() | {"PYTHONIOENCODING": "utf-8:strict"},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert_harmless((done.stdout + done.stderr).decode())


@pytest.mark.parametrize("attack", [hostile.TERMINAL[0], hostile.INVISIBLE[0], hostile.CODE[0], "a@" * 50_000])
def test_what_would_be_done_with_it_is_explained_harmlessly(whole: Program, attack: str) -> None:
    assert_harmless(whole.done("policy", "explain", "--", attack).told)
    assert_harmless(whole.done("policy", "explain", "--json", "--", attack).told)


@pytest.mark.parametrize("mode", ["each", "together"])
def test_a_preview_is_harmless(desk_of_attacks: Program, mode: str) -> None:
    words = ("reply", late_group(desk_of_attacks), "--template", "delivery-late", "--mode", mode, "--dry-run")
    for ran in (desk_of_attacks.done(*words), desk_of_attacks.done(*words, "--json")):
        assert_harmless(ran.told)


def spoken_in(text: str) -> str:
    """Our words as they would stand with people called a, b and c: no stranger is in them."""
    return text.partition(", sono Dario")[0]


@pytest.fixture
def answered(desk_of_attacks: Program) -> Program:
    """The same desk after an answer together, and one to each."""
    for mode in ("together", "each"):
        words = ("--template", "delivery-late", "--mode", mode, "--yes", "--json")
        assert_harmless(desk_of_attacks.done("reply", late_group(desk_of_attacks), *words).told)
    return desk_of_attacks


def test_what_goes_out_in_public_names_nobody_by_an_attack(answered: Program) -> None:
    posted = [line["text"] for line in answered.posted()]
    assert len(posted) >= 2
    for text in posted:
        assert_harmless(text)
        called = spoken_in(text)
        assert (
            re.search(r"[\[\]<>{}|`=/\\$%*#:;\"~^]|evil\.example|\.\.|@everyone |Truff|idiota|x{110}", called) is None
        )


def test_the_ledger_and_every_report_are_harmless(answered: Program) -> None:
    later = answered.at("2026-12-10T09:00:00+01:00")
    for words in (("promise", "list"), ("promise", "list", "--json")):
        assert_harmless(later.done(*words).told)
    for layout in get_args(Layout):
        ran = later.run("report", "overdue", "--format", layout)
        assert ran.code == 8, ran.stderr
        assert_harmless(ran.told.replace("\r\n", "\n"))  # the ends of lines in csv and ics
    conforms(later.run("report", "overdue", "--json").json(), OVERDUE)
    for promise in later.promises()[::5]:
        assert_harmless(later.done("show", promise["id"]).told)
        assert_harmless(later.done("show", promise["reply"]).told)


def test_nothing_breaks_out_of_a_markdown_table(answered: Program) -> None:
    told = answered.at("2026-12-10T09:00:00+01:00").run("report", "overdue", "--format", "markdown").stdout
    rows = [line for line in told.splitlines() if line.startswith("| ")]
    assert len(rows) > 30
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows} == {7}
    assert not re.search(r"<\w|(?<!\\)\]\(|(?<!\\)`|@everyone|://|(?<!\\)\[", told)


def editing(desk: Program, folder: Path, script: str) -> tuple[str, str]:
    """What the editor is given, and what a dry run would post."""
    program = desk.with_editor(f'cp "$1" "$0.buffer"\n{script}', folder)
    words = ("reply", late_group(program), "--template", "delivery-late", "--mode", "together", "--edit", "--dry-run")
    posted = program.done(*words, "--json").json()["replies"][0]["text"]
    return (folder / "editor.buffer").read_text("utf-8"), posted


@pytest.mark.parametrize(
    "script",
    [
        "",
        """sed -i '/^# ---------------- >8/d' "$1\"""",
        """tr -d '\\r' < "$1" > "$1.new"; mv "$1.new" "$1\"""",
        """{ sed '/^#/,$d' "$1"; sed -n '/^#/,$p' "$1" | fold -s -w 60; } > "$1.new"; mv "$1.new" "$1\"""",
    ],
    ids=["left as it is", "the cut is deleted", "saved anew", "folded"],
)
def test_nothing_they_wrote_gets_into_the_reply_through_the_editor(
    desk_of_attacks: Program, tmp_path: Path, script: str
) -> None:
    buffer, posted = editing(desk_of_attacks, tmp_path, script)
    assert_readable(buffer)
    above, _, below = buffer.partition(hostile.CUT + "\n")
    assert above.strip().startswith("{{ greeting }}, sono {{ agent.name }}")
    assert len(below.splitlines()) > 40
    assert all(line == "#" or line.startswith("# ") for line in below.splitlines())
    assert max(map(len, below.splitlines())) < 500
    assert "smuggled" not in posted
    assert "rimborso 500" not in posted
    assert "quando arriva il mio ordine" not in posted


def test_their_braces_are_no_template_and_ours_show_values_only(whole: Program, comments: list[dict[str, Any]]) -> None:
    comment = comments[0]["id"]
    for text in ("{{ 7777*7777 }}", "{{ agent.__class__ }}", "{% for a in 'ab' %}x{% endfor %}", "{% include 'x' %}"):
        ran = whole.run("reply", comment, "--dry-run", "--text", f"sono Dario {text}")
        assert ran.code in (2, 5)
        assert ran.stdout == ""
        assert_harmless(ran.stderr)
    with_value = (
        "reply",
        comment,
        "--dry-run",
        "--json",
        "--text",
        "Sono Dario: {{ x }}",
        "--set",
        "x={{ 7777*7777 }}",
    )
    assert_harmless(whole.run(*with_value).told)


def test_what_an_agent_typed_is_shown_as_harmlessly(desk_of_attacks: Program) -> None:
    comment = late_group(desk_of_attacks)
    for word in WORDS[::4]:
        assert_harmless(desk_of_attacks.run("note", comment, "--", word).told)
        assert_harmless(desk_of_attacks.run("close", comment, f"--because={word}x").told)
    shown = desk_of_attacks.done("show", comment)
    assert_harmless(shown.told)
    assert "[red]rich[/red]" in shown.stdout


@pytest.fixture
def odd_policy(desk: Program) -> Program:
    """A shop whose own texts hold what a terminal hides: a careless paste."""
    template = desk.folder / "templates" / "replies" / "phone-unanswered.toml"
    template.write_text(template.read_text("utf-8").replace("Buongiorno", "Buon\u202egiorno\u200b\U000e0041"), "utf-8")
    policies = desk.folder / "policies.toml"
    policies.write_text(
        policies.read_text("utf-8").replace('[[moderation]]\nname = "', '[[moderation]]\nname = "\u202e', 1), "utf-8"
    )
    return desk


def test_settings_that_hide_something_are_shown_without_it(odd_policy: Program) -> None:
    for words in (
        ("template", "preview", "phone-unanswered"),
        ("template", "check", "phone-unanswered"),
        ("template", "list"),
        ("policy", "show", "--json"),
    ):
        assert_harmless(odd_policy.run(*words).told)
    ran = odd_policy.done("policy", "show")
    assert_harmless(ran.told)
    assert "\\U0000202E" in ran.stdout
    import tomllib

    assert "\u202e" in tomllib.loads(ran.stdout)["moderation"][0]["name"]


def test_an_export_is_read_in_a_process_of_its_own_within_bounds(fresh: Program) -> None:
    rows = [row for row in hostile.rows() if len(row["text"]) >= 500_000]
    (fresh.folder / "page.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    accounts = fresh.folder / "accounts.toml"
    accounts.write_text(accounts.read_text("utf-8").replace('handle = "bottegablu"', 'text_format = "html"'), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "caretool.cli.main", "-C", str(fresh.folder), "fetch", "page"],
        capture_output=True,
        check=False,
        env=fresh.variables(),
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert_harmless((done.stdout + done.stderr).decode())
