"""account add: in a script all is said, at a terminal it is asked; what stands in accounts.toml stays."""

from __future__ import annotations

import itertools
import stat
import tomllib
from pathlib import Path
from typing import Any

import pexpect
import pytest

from caretool.desk import adding
from caretool.platforms import registry
from caretool.settings.adding import Answers
from caretool.settings.loading import load
from tests.cli.program import Program
from tests.cli.shapes import conforms
from tests.cli.test_terminal import seen, terminal

MASTODON = ("account", "add", "mastodon", "fediverse")
MAILBOX = ("--set", "address=aiuto@shop.example", "--set", "imap=imap.shop.example")
PASSWORD = ("--set", "password.env=MAILBOX")
OAUTH = (
    "--set", "oauth.client_id=x", "--set", "oauth.token_url=https://login.example/token", "--set", "oauth.token.env=T",
)  # fmt: skip
URL, TOKEN = ("--set", "url=https://social.example"), ("--set", "token.env=CARETOOL_MASTODON_TOKEN")


def accounts(desk: Program) -> dict[str, Any]:
    """What stands in accounts.toml."""
    found: dict[str, Any] = tomllib.loads((desk.folder / "accounts.toml").read_text("utf-8"))["accounts"]
    return found


def test_without_a_platform_they_are_listed(fresh: Program) -> None:
    shown = fresh.done("account", "add").stdout
    assert all(f"{name} " in shown for name in registry.KNOWN)
    found = fresh.done("account", "add", "--json").json()
    conforms(found, {"platforms": [{"platform": str, "about": str}]})
    assert [one["platform"] for one in found["platforms"]] == list(registry.KNOWN)


def test_what_is_said_whole_is_written_and_nothing_else_changes(fresh: Program) -> None:
    path = fresh.folder / "accounts.toml"
    path.chmod(0o640)
    before = path.read_text("utf-8")
    ran = fresh.done(*MASTODON, *URL, *TOKEN, "--set", "max_length=400", "--set", "since=30 days", "--json")
    conforms(ran.json(), {"account": str, "platform": str, "file": str, "line": int, "variables": [str]})
    assert ran.json()["variables"] == ["CARETOOL_MASTODON_TOKEN"]
    after = path.read_text("utf-8")
    at = after.index("[accounts.fediverse]")
    assert after[:at].count("\n") + 1 == ran.json()["line"]
    assert before == after[:at] + after[after.index("\n\n", at) + 2 :]
    assert accounts(fresh)["fediverse"] == {
        "platform": "mastodon",
        "url": "https://social.example",
        "token": {"env": "CARETOOL_MASTODON_TOKEN"},
        "max_length": 400,
        "since": "30 days",
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [one["account"] for one in fresh.done("account", "list", "--json").json()["accounts"]] == [
        "page", "short", "fediverse",
    ]  # fmt: skip
    assert not list(fresh.folder.glob(".*.part"))


def test_tables_of_names_are_said_by_their_dots(fresh: Program) -> None:
    columns = ("--set", "columns.id=COMMENT_ID", "--set", "columns.text=CONTENT")
    shown = fresh.done("account", "add", "file", "reviews", "--set", "comments=r.csv", *columns).stdout
    assert accounts(fresh)["reviews"]["columns"] == {"id": "COMMENT_ID", "text": "CONTENT"}
    assert "caretool account check reviews" in shown
    fresh.done("account", "add", "file", "more", "--set", "comments=r.csv", "--set", 'columns={ id = "ID" }')
    assert accounts(fresh)["more"]["columns"] == {"id": "ID"}


def test_a_command_and_a_keyring_are_said_too(fresh: Program) -> None:
    fresh.done(*MASTODON, *URL, "--set", 'token.command=["pass", "show", "x"]')
    fresh.done("account", "add", "mastodon", "other", *URL, "--set", "token.keyring=caretool/other")
    assert accounts(fresh)["fediverse"]["token"] == {"command": ["pass", "show", "x"]}
    assert accounts(fresh)["other"]["token"] == {"keyring": "caretool/other"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("mastadon", "x"), "\"mastadon\" is no platform: did you mean 'mastodon'?"),
        (("\x1b[31m", "x"), "is no platform: one of file"),
        (("mastodon", "page", *URL, *TOKEN), 'has an account "page" already'),
        (("mastodon", "a b", *URL, *TOKEN), "is no name"),
        (("mastodon", "../x", *URL, *TOKEN), "is no name"),
        (("mastodon", "x]\n[agents.eve", *URL, *TOKEN), "is no name"),
        (("mastodon",), "Missing: its name, url, token. Say it like this: caretool account add mastodon NAME --set"),
        (("mastodon", "x"), "Missing: url, token."),
        (("mastodon", "x"), str(Path("docs", "platforms", "mastodon.md"))),
        (("mastodon", "x", *URL), "Say it like this: caretool account add mastodon x … --set token.env=VARIABLE"),
        (("mastodon", "x", *URL, "--set", "token.env=ghp_s3cret"), "token.env: must be the name of an environment"),
        (
            ("mastodon", "x", *URL, "--set", "token=ghp_s3cret"),
            "token: a secret is not said here, only where it is kept: --set token.env=NAME",
        ),
        (("mastodon", "x", *URL, *TOKEN, "--set", "token.keyring=a/b"), "token: must be exactly one of"),
        (("mastodon", "x", *URL, *URL), "url is said twice"),
        (("mastodon", "x", "--set", "url=http://social.example", *TOKEN), "url: must begin with https://"),
        (("mastodon", "x", *URL, *TOKEN, "--set", "urll=x"), "urll: there is no such key here: did you mean 'url'?"),
        (("mastodon", "x", *URL, *TOKEN, "--set", "max_length=a"), "max_length: must be a whole number"),
        (("mastodon", "x", *URL, *TOKEN, "--set", "max_length=0"), "max_length: must be at least 1, not 0"),
        (("mastodon", "x", *URL, *TOKEN, "--set", "platform=file"), "platform is said by the first word"),
        (("mastodon", "x", *URL, *TOKEN, "--set", "handle"), "--set takes KEY=VALUE"),
        (("mastodon", "x", *URL, *TOKEN, "--set", "a b=1"), "--set takes KEY=VALUE"),
        (("mastodon", "x", *URL, *TOKEN, "--set", "]\n[agents.eve=1"), "--set takes KEY=VALUE"),
        (("mastodon", "x", *URL, *TOKEN, "--set", "handle=a\nb"), "handle: is too long, or holds a character"),
        (("mastodon", "x", *URL, *TOKEN, "--set", "handle=\udcff"), "handle: is too long, or holds a character"),
        (("mastodon", "x", *URL, *TOKEN, "--set", "handle=" + "x" * 20_000), "handle: is too long"),
        (("mastodon", "x", *URL, *TOKEN, "--set", "max_length=" + "[" * 9_000), "max_length: must be a whole number"),
        (("mastodon", "x", *URL, *TOKEN, "--set", "language=xx"), "With it the settings would not load"),
        (("facebook", "x", "--set", "page=shop"), "page: will not do: The Page's id: its number, in quotes."),
        (("mastodon", "x", *URL, *TOKEN, "--set", "since=99"), "since: '99' is not a length of time: write 90m, 3h"),
        (
            ("email", "post", *MAILBOX),
            "Missing: password. Say it like this: caretool account add email post … --set pass",
        ),
        (
            ("email", "post", *MAILBOX, "--set", "oauth.client_id=x"),
            "… --set oauth.token_url=… --set oauth.token.env=VAR",
        ),
        (("email", "post", *MAILBOX, *PASSWORD, *OAUTH), "post: is opened by a password or by OAuth"),
        (("bluesky", "x", "--set", "handle=bottega"), "handle: must be a handle with its domain"),
        (("file", "x", "--set", "comments=../out.csv"), "comments: leads out of the workspace"),
        (("file", "x", "--set", "comments=a.csv", "--set", "replies=a.csv"), "x: replies would be written into"),
    ],
)
def test_what_will_not_do_is_told_and_nothing_is_written(fresh: Program, words: tuple[str, ...], told: str) -> None:
    before = (fresh.folder / "accounts.toml").read_bytes()
    ran = fresh.run("account", "add", *words, "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert told in ran.stderr
    assert "s3cret" not in ran.told
    assert "\x1b" not in ran.told
    assert (fresh.folder / "accounts.toml").read_bytes() == before


def test_an_address_that_may_be_a_secret_is_said_either_way(fresh: Program) -> None:
    fresh.done("account", "add", "feed", "courier", "--set", "url=https://status.example/history.atom")
    fresh.done("account", "add", "feed", "alerts", "--set", "url.env=ALERT")
    known = accounts(fresh)
    assert known["courier"]["url"] == "https://status.example/history.atom"
    assert known["alerts"]["url"] == {"env": "ALERT"}
    alert = "https://www.google.com/alerts/feeds/1/s3cret"
    ran = fresh.run("account", "add", "feed", "other", "--set", f"url={alert}")
    assert (ran.code, "s3cret" in ran.told) == (2, False)
    assert "url: is a secret" in ran.stderr


def test_a_value_can_only_ever_be_a_value(fresh: Program) -> None:
    hostile = '" ]\\n[agents.eve] {{ x }} \\u001b[31m #'
    fresh.done("account", "add", "file", "x", "--set", f"comments={hostile}.csv", "--set", f"columns.id={hostile}")
    assert accounts(fresh)["x"] == {"platform": "file", "comments": f"{hostile}.csv", "columns": {"id": hostile}}
    assert "eve" not in fresh.done("policy", "check").told


def test_nothing_is_added_to_files_that_are_wrong_already(fresh: Program) -> None:
    path = fresh.folder / "accounts.toml"
    path.write_text(path.read_text("utf-8").replace('role = "manager"', 'role = "managre"'), encoding="utf-8")
    ran = fresh.run(*MASTODON, *URL, *TOKEN)
    assert ran.code == 2
    assert "accounts.toml:16 agents.dario.role" in ran.stderr
    assert "fediverse" not in path.read_text("utf-8")


def test_a_file_that_was_changed_meanwhile_is_left_alone(fresh: Program, tmp_path: Path) -> None:
    from caretool import workspace

    premises = workspace.premises(fresh.folder, None, print, lambda _: None)
    draft = adding.begin(premises, "file", "new", ["comments=r.csv"])
    path = fresh.folder / "accounts.toml"
    path.write_text(path.read_text("utf-8") + "# changed\n", encoding="utf-8")
    with pytest.raises(adding.UsageProblem, match="was changed meanwhile: nothing was written"):
        adding.write(premises, draft)
    assert "new" not in load(fresh.folder, registry.settings_models()).accounts
    again = adding.begin(premises, "file", "new", ["comments=r.csv"])
    assert adding.write(premises, again).name == "new"
    assert path.read_text("utf-8").endswith("# changed\n")


def test_a_file_that_is_a_link_is_left_to_whoever_made_it(fresh: Program) -> None:
    path = fresh.folder / "accounts.toml"
    elsewhere = path.rename(fresh.folder / "elsewhere.toml")
    path.symlink_to(elsewhere)
    ran = fresh.run(*MASTODON, *URL, *TOKEN)
    assert ran.code == 1
    assert "it is a link" in ran.stderr
    assert "fediverse" not in elsewhere.read_text("utf-8")


def test_at_a_terminal_it_says_how_and_asks_until_each_answer_will_do(fresh: Program) -> None:
    with terminal(fresh, "account", "add", "mastodon") as child:
        child.expect("Preferences → Development → New application")
        child.expect(r"What is it called here\? \[mastodon\]")
        child.sendline("page")
        child.expect("has an account")
        child.expect(r"What is it called here\?")
        child.sendline("fediverse")
        child.expect("The server our account is on")
        child.sendline("social.example")
        child.expect("must be the address of a server")
        child.sendline("https://social.example")
        child.expect(r"env, command or keyring\? \[env\]")
        child.sendline("")
        child.expect(r"In which variable of the environment\? \[CARETOOL_MASTODON_TOKEN\]")
        child.sendline("ghp_s3cret")
        child.expect("must be the name of an environment variable")
        child.expect(r"env, command or keyring\?")
        child.sendline("command")
        child.expect("Which command prints it")
        child.sendline("pass show 'care tool'")
        child.expect("max_length: The longest reply")
        child.expect("KEY=VALUE")
        child.sendline("max_length=x")
        child.expect("must be a whole number")
        child.sendline("max_length=400")
        child.expect("KEY=VALUE")
        child.sendline("")
        child.expect(r"new  accounts.toml:\d+ \[accounts.fediverse\]")
        child.expect("Ask the platform now")
        child.sendline("n")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 0
    assert accounts(fresh)["fediverse"] == {
        "platform": "mastodon",
        "url": "https://social.example",
        "token": {"command": ["pass", "show", "care tool"]},
        "max_length": 400,
    }


@pytest.mark.parametrize("columns", [40, 80])
def test_a_guide_is_folded_to_the_terminal_not_to_where_it_was_written(fresh: Program, columns: int) -> None:
    with terminal(fresh, "account", "add", "facebook", columns=columns) as child:
        child.expect("All of it")
        lines = str(child.before).replace("\r\n", "\n").splitlines()
    assert max(map(len, lines)) <= columns
    starts = [number for number, line in enumerate(lines) if line[:1].isdigit()]
    assert [lines[number][:3] for number in starts] == ["1. ", "2. ", "3. ", "4. "]
    assert all(
        line.startswith("   ") for number, line in enumerate(lines) if number > starts[0] and number not in starts
    )
    if columns == 80:  # a line is left only where the next word has no room
        first = lines[starts[0] : starts[1]]
        assert all(len(f"{one} {other.split()[0]}") > columns for one, other in itertools.pairwise(first))


def test_a_command_in_a_guide_stays_as_it_is_typed(fresh: Program) -> None:
    with terminal(fresh, "account", "add", "matrix", columns=110) as child:
        child.expect("All of it")
        lines = str(child.before).replace("\r\n", "\n").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("curl"))
    assert lines[at + 1].endswith("}' \\")
    assert lines[at + 2] == "  https://matrix.example/_matrix/client/v3/login"


def test_at_a_terminal_a_mailbox_is_asked_for_its_password(fresh: Program) -> None:
    with terminal(fresh, "account", "add", "email", "post", *MAILBOX) as child:
        child.expect(r"env, command or keyring\? \(Enter: oauth instead\)")
        child.sendline("env")
        child.expect(r"\[CARETOOL_EMAIL_PASSWORD\]")
        child.sendline("")
        child.expect("KEY=VALUE")
        assert "oauth:" not in str(child.before)
        child.sendline("")
        child.expect(pexpect.EOF)
    assert accounts(fresh)["post"]["password"] == {"env": "CARETOOL_EMAIL_PASSWORD"}


def test_at_a_terminal_a_password_is_passed_over_for_oauth(fresh: Program) -> None:
    with terminal(fresh, "account", "add", "email", "post", *MAILBOX) as child:
        child.expect("oauth instead")
        child.sendline("")
        child.expect("oauth.client_id: ")
        child.sendline("desk")
        child.expect("oauth.token_url: ")
        child.sendline("https://login.example/token")
        child.expect(r"env, command or keyring\? \[env\]")
        child.sendline("")
        child.expect(r"\[(\w+)\]")
        assert child.match[1] == "CARETOOL_EMAIL_OAUTH_TOKEN"
        child.sendline("")
        child.expect("KEY=VALUE")
        child.sendline("")
        child.expect(pexpect.EOF)
    assert accounts(fresh)["post"]["oauth"] == {
        "client_id": "desk",
        "token_url": "https://login.example/token",
        "token": {"env": "CARETOOL_EMAIL_OAUTH_TOKEN"},
    }


def test_at_a_terminal_an_answer_may_name_its_key_as_the_guide_does_and_the_page_is_there(fresh: Program) -> None:
    with terminal(fresh, "account", "add", "feed", "alerts") as child:
        child.expect(r"All of it: (\S+)\r\n")
        assert Path(child.match[1]).read_text("utf-8").startswith("# feed")
        child.expect("url: $")
        child.sendline("url.env=CARETOOL_ALERT")
        child.expect("KEY=VALUE")
        child.sendline("")
        child.expect("export CARETOOL_ALERT=…")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 0
    assert accounts(fresh)["alerts"] == {"platform": "feed", "url": {"env": "CARETOOL_ALERT"}}


def test_at_a_terminal_what_was_said_is_not_asked_and_the_variable_is_told(fresh: Program) -> None:
    shown, code = seen(fresh, *MASTODON, *URL, *TOKEN)
    assert code == 0
    assert "Preferences" not in shown
    assert "?" not in shown
    assert "export CARETOOL_MASTODON_TOKEN=…" in shown


def test_the_check_that_is_offered_is_made_and_the_account_stays_whatever_it_says(fresh: Program) -> None:
    with terminal(fresh, "account", "add", "file", "reviews") as child:
        child.expect("No token")
        child.expect("comments")
        child.sendline("gone.csv")
        child.expect("KEY=VALUE")
        child.sendline("")
        child.expect("Ask the platform now")
        child.sendline("")
        child.expect("gone.csv is not there")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 0
    assert "reviews" in accounts(fresh)


@pytest.mark.parametrize("leaving", ["\x03", "\x04"])
def test_leaving_writes_nothing(fresh: Program, leaving: str) -> None:
    with terminal(fresh, "account", "add", "mastodon", "fediverse") as child:
        child.expect("The server our account is on")
        child.expect(r"url")
        child.send(leaving)
        child.expect("Nothing was written")
        told = child.read()
        child.wait()
        assert child.exitstatus == 2
    assert "Traceback" not in told
    assert "fediverse" not in accounts(fresh)


def test_the_platforms_are_offered_when_somebody_presses_tab() -> None:
    from caretool.cli import completing

    assert [name for name, _ in completing.platforms("")] == list(registry.KNOWN)
    assert [name for name, _ in completing.platforms("masto")] == ["mastodon"]


def test_a_variable_that_only_a_comment_names_is_still_free() -> None:
    answers = Answers("mastodon", registry.connector("mastodon").settings, "fedi")
    used = b'token = { env = "CARETOOL_MASTODON_TOKEN" }\n'
    assert adding.Draft(answers, "", (), b"# " + used).proposed_variable("token") == "CARETOOL_MASTODON_TOKEN"
    assert adding.Draft(answers, "", (), used).proposed_variable("token") == "CARETOOL_FEDI_TOKEN"
