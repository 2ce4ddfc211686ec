from __future__ import annotations

import re
import subprocess
import sys
from datetime import date, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from caretool.domain.duration import Duration
from caretool.domain.policy import Days, Escalated, Mail, When
from caretool.domain.template import Wish
from caretool.errors import SettingsProblem
from caretool.settings import kept
from caretool.settings.loading import load
from tests.settings.shop import (
    ACCOUNTS,
    DELIVERY_LATE,
    PLATFORMS,
    POLICIES,
    THANKS,
    Board,
    changed,
    line_of,
    loaded,
    problems,
    workspace,
)


def test_accounts_come_with_their_common_keys_and_the_connectors_own(tmp_path: Path) -> None:
    page = loaded(workspace(tmp_path)).accounts["page"]
    assert (page.platform, page.handle, page.followers, page.language) == ("board", "bottegablu", 12000, "it")
    assert page.settings == Board(path="page.jsonl", together="names")


def test_since_is_what_is_written_else_the_connectors_else_a_week(tmp_path: Path) -> None:
    accounts = loaded(workspace(tmp_path)).accounts
    assert accounts["page"].since == Duration(30, "days")
    assert accounts["feed"].since == Duration(7, "days")
    assert accounts["archive"].since is None


def test_people_come_with_their_roles(tmp_path: Path) -> None:
    settings = loaded(workspace(tmp_path))
    assert {name: agent.role for name, agent in settings.agents.items()} == {"dario": "manager", "tom": "agent"}
    assert settings.owners["logistics"].notify == ("mailto:magazzino@bottegablu.example",)


def test_calendars_know_their_week_holidays_and_days_of_their_own(tmp_path: Path) -> None:
    desk = loaded(workspace(tmp_path)).policy.calendars["desk"]
    short = ((time(10), time(13)),)
    assert desk.week == (short, short, short, short, (), ((time(9), time(13)),), ((time(0), time(0)),))
    assert (desk.zone, desk.country, desk.region) == (ZoneInfo("Europe/Rome"), "IT", "MI")
    assert desk.closed == {date(2026, 12, 24), date(2026, 12, 31)}
    assert desk.open == {date(2026, 12, 13): ((time(9), time(13)),)}


def test_promises_know_what_can_be_delivered(tmp_path: Path) -> None:
    policy = loaded(workspace(tmp_path)).policy
    pickup = policy.promises["pickup"]
    assert pickup.calendar == policy.calendars["courier"].without([date(2026, 12, 28), date(2026, 12, 29)])
    assert (pickup.earliest, pickup.latest) == (Duration(2, "working days"), Duration(5, "working days"))
    assert (pickup.capacity, pickup.weekly) == ((1, 2, 3, 4, 5, 10, 0), 150)
    assert pickup.blackouts == (Days(date(2026, 12, 28), date(2026, 12, 29), "the courier's holidays"),)
    assert (pickup.owner, pickup.stand_in) == ("logistics", "tom")
    assert pickup.escalate == Escalated("dario", Duration(4, "working hours"))
    assert pickup.cues == {"it": ("corriere", "ritir*"), "en": ("courier", "pick* up")}
    assert pickup.evidence == ("text", "url")
    assert policy.promises["reply"].capacity is None


def test_rules_and_examples_are_values(tmp_path: Path) -> None:
    policy = loaded(workspace(tmp_path)).policy
    assert policy.moderation[1].when == When(account=("page", "feed"), platform=("board",), same_message_profiles=3)
    assert policy.examples[1].expect == {"escalation": "injury", "ground": None, "topic": None}
    assert policy.response.accounts == {"page": Duration(30, "minutes")}
    assert policy.reply.patterns == {"order": r"\bBB-\d{4,8}\b"}


def test_a_template_is_called_as_its_file_and_its_texts_are_trimmed(tmp_path: Path) -> None:
    templates = loaded(workspace(tmp_path)).templates
    late = templates["delivery-late"]
    assert (late.topic, late.needs, late.reserved) == ("delivery-late", ("order",), True)
    assert late.promises == (Wish("reply", Duration(24, "hours")),)
    assert (late.replies["it"].private or "").startswith("Buongiorno")
    assert (templates["thanks"].topic, templates["thanks"].replies["it"].together) == ("thanks", None)


def test_a_byte_order_mark_and_windows_lines_are_tolerated(tmp_path: Path) -> None:
    workspace(tmp_path)
    (tmp_path / "policies.toml").write_bytes(b"\xef\xbb\xbf" + POLICIES.replace("\n", "\r\n").encode())
    assert loaded(tmp_path).policy.company.name == "Bottega Blu"
    broken = changed(POLICIES, 'due = "24h"', 'due = "24x"').replace("\n", "\r\n")
    (tmp_path / "policies.toml").write_bytes(b"\xef\xbb\xbf" + broken.encode())
    line = line_of('due = "24h"', POLICIES)
    assert problems(tmp_path)[0].startswith(f"policies.toml:{line} promises.reply.due: '24x' is not a length of time")


def test_a_workspace_without_accounts_or_templates_loads(tmp_path: Path) -> None:
    policies = '[company]\nname = "B"\nlanguages = ["it"]\ntime_zone = "UTC"\n'
    (tmp_path / "accounts.toml").write_text("# nothing yet\n")
    (tmp_path / "policies.toml").write_text(policies)
    settings = load(tmp_path, PLATFORMS)
    assert (settings.accounts, settings.templates) == ({}, {})
    assert settings.policy.response.default == Duration(1, "hours")


def test_an_empty_folder_says_what_is_missing_and_how_to_begin(tmp_path: Path) -> None:
    assert problems(tmp_path) == [
        "accounts.toml: is missing: `caretool init DIR` writes one to begin with",
        "policies.toml: is missing: `caretool init DIR` writes one to begin with",
    ]


def test_files_that_cannot_be_read_are_one_line_each_and_the_others_are_still_checked(tmp_path: Path) -> None:
    workspace(tmp_path, policies=changed(POLICIES, 'due = "24h"', "due = 24"))
    replies = tmp_path / "templates" / "replies"
    (tmp_path / "accounts.toml").write_bytes(b'[agents.dario]\nname = "Dar\xeco"\n')
    (replies / "folder.toml").mkdir()
    (replies / "broken.toml").write_text('topic = "x"\n[reply.it\n')
    (replies / "open.toml").write_text('topic = """never closed\n')
    (replies / "deep.toml").write_text("a = " + "[" * 5000)
    (replies / "long.toml").write_text("a = " + "1" * 5000)
    (replies / "dangling.toml").symlink_to(tmp_path / "nowhere")
    (replies / ".#late.toml").symlink_to(tmp_path / "editor-lock")
    reply_due = line_of('due = "24h"', POLICIES)
    found = problems(tmp_path)
    assert [line.split(" ")[0].rstrip(":") for line in found] == [
        "accounts.toml:2",
        f"policies.toml:{reply_due}",
        "templates/replies/broken.toml:2",
        "templates/replies/dangling.toml",
        "templates/replies/deep.toml",
        "templates/replies/folder.toml",
        "templates/replies/long.toml",
        "templates/replies/open.toml:1",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[accounts.inbox]\n[accounts.inbox]\n", "2: cannot be read as TOML: Cannot declare accounts.inbox twice"),
        ('[a."x y"]\n[a."x y"]', '2: cannot be read as TOML: Cannot declare a."x y" twice'),
        ("a.b = 1\n[x]\n[a]\n", "3: cannot be read as TOML: Cannot declare a twice"),
        ('name = "Dario\nx = 1', "1: cannot be read as TOML: a quotation mark is missing before the end of the line"),
        ("name = 'Dario\nx = ''", "1: cannot be read as TOML: a quotation mark is missing before the end of the line"),
        ('name = "Dar\x01io"', "1: cannot be read as TOML: Illegal character '\\x01'"),
        ('x = {"(,)" = 1, "(,)" = 2}', "1: cannot be read as TOML: Duplicate inline table key '(,)'"),
        (" \n", " is empty: delete it, and `caretool init DIR` writes one"),
    ],
)
def test_what_is_no_toml_is_told_in_words(tmp_path: Path, text: str, told: str) -> None:
    workspace(tmp_path, accounts=text)
    assert problems(tmp_path)[0] == f"accounts.toml:{told}"


def test_a_file_in_place_of_the_templates_folder_is_told(tmp_path: Path) -> None:
    workspace(tmp_path, templates={})
    (tmp_path / "templates" / "replies").rmdir()
    (tmp_path / "templates" / "replies").write_text("")
    assert problems(tmp_path)[0].startswith("templates/replies: cannot be read:")


def test_a_template_that_cannot_be_read_makes_no_topic_unknown(tmp_path: Path) -> None:
    workspace(tmp_path)
    (tmp_path / "templates" / "replies" / "delivery-late.toml").write_text("[")
    assert len(problems(tmp_path)) == 1


def test_owners_are_not_called_unknown_where_accounts_cannot_be_read(tmp_path: Path) -> None:
    workspace(tmp_path, accounts="[")
    assert len(problems(tmp_path)) == 1


MISTAKES = {
    "accounts.toml": [
        ('platform = "export"', 'platform = "exprt"', "accounts.archive.platform: 'exprt' is not one of board, export"),
        (
            'together = "names"',
            'together = "name"',
            "accounts.page.together: is not one of mentions, names, no: did you",
        ),
        ("followers = 12000", 'followers = "many"', "accounts.page.followers: must be a whole number, not 'many'"),
        ('language = "it"', 'language = "de"', "accounts.page.language: 'de' is not a language of the company: one of"),
        ('since = "30 days"', 'since = "2 working days"', "accounts.page.since: '2 working days' runs on a calendar"),
        (
            'path = "feed.jsonl"',
            'pth = "feed.jsonl"',
            "accounts.feed.pth: there is no such key here: did you mean 'path'?",
        ),
        ('role = "manager"', 'role = "boss"', "agents.dario.role: 'boss' is not one of manager, agent, trainee"),
        ('name = "Tom"', 'nome = "Tom"', "agents.tom.name: is missing: the name customers read"),
        (
            'notify = ["mailto:magazzino@bottegablu.example"]',
            'notify = ["magazzino"]',
            "owners.logistics.notify[1]: 'mag",
        ),
    ],
    "policies.toml": [
        ('name = "Bottega Blu"', 'name = " "', "company.name: must not be empty"),
        ('languages = ["it", "en"]', 'languages = ["it", "en", "it"]', "company.languages: names a language twice"),
        (
            'time_zone = "Europe/Rome"',
            'time_zone = "Europe/Roma"',
            "company.time_zone: 'Europe/Roma' is not a time zone: did you mean 'Europe/Rome'?",
        ),
        (
            'help_page = "https://bottegablu.example/aiuto"',
            'help_page = "aiuto"',
            "company.help_page: 'aiuto' is not a web",
        ),
        (
            'weekdays = ["09:00-13:00", "14:00-18:00"]',
            'weekdays = ["14:00-18:00", "09:00-13:00"]',
            "calendars.desk.weekdays: the hours overlap",
        ),
        ('saturday = ["9:00-13:00"]', 'saturday = ["9-13"]', "calendars.desk.saturday: '9-13' is not a range of hours"),
        ('sunday = ["00:00-24:00"]', 'sunday = ["22:00-02:00"]', "calendars.desk.sunday: '22:00-02:00' ends before it"),
        ('region = "MI"', 'region = "MIX"', "calendars.desk.holidays.region: 'MIX' is not a region of IT"),
        ('holidays = "IT"', 'holidays = "Italy"', "calendars.courier.holidays: 'Italy' is not a country"),
        (
            'closed = ["2026-12-24", 2026-12-31]',
            'closed = ["2026-02-30"]',
            "calendars.desk.closed[1]: '2026-02-30' is not a date",
        ),
        (
            '"2026-12-13" = ["09:00-13:00"]',
            '"13/12/2026" = ["09:00-13:00"]',
            "calendars.desk.open.\"13/12/2026\": '13/12/2026' is not a date",
        ),
        ('calendar = "desk"', 'calendar = "dsk"', "response.calendar: 'dsk' is not a calendar: did you mean 'desk'?"),
        ('board = "15m"', 'bord = "15m"', "response.platforms.bord: 'bord' is not a platform: did you mean 'board'?"),
        ('page = "30m"', 'pge = "30m"', "response.accounts.pge: 'pge' is not an account: did you mean 'page'?"),
        (
            'earliest = "2 working days"',
            'earliest = "2 wrking days"',
            "promises.pickup.earliest: '2 wrking days' is not a length of time: write 90m, 3h",
        ),
        (
            'owner = "logistics"',
            'owner = "logistic"',
            "promises.pickup.owner: 'logistic' is not an owner or an agent: did you mean 'logistics'?",
        ),
        ("per_day = 40", "per_day = -40", "promises.pickup.capacity.per_day: must be at least 0, not -40"),
        ("saturday = 10", "saturday = 2.5", "promises.pickup.capacity.saturday: must be a whole number, not 2.5"),
        (
            'evidence = ["text", "url"]',
            'evidence = ["photo"]',
            "promises.pickup.evidence[1]: 'photo' is not one of text, url, file",
        ),
        (
            'due = "24h"',
            'due = "1 working day"',
            "promises.reply.due: '1 working day' runs on a calendar and none is named: add",
        ),
        ('kind = "spam"', 'kind = "spm"', "moderation[1].when.kind: 'spm' is not one of complaint, question"),
        (
            "same_message_profiles = 3",
            "",
            "moderation[2].when: this could silence a complaint: 'delete' needs a ground",
        ),
        ("together_from = 6", "together_from = true", "reply.together_from: must be a whole number, not true"),
        ("order = '\\bBB-\\d{4,8}\\b'", "order = '(\\d+)+$'", "reply.patterns.order: takes too long on long texts"),
        (
            'escalation = "injury"',
            'escalation = "injry"',
            "examples[2].expect.escalation: 'injry' is not an escalation: did you mean 'injury'?",
        ),
    ],
    "templates/replies/delivery-late.toml": [
        (
            'kinds = ["complaint", "question"]',
            'kinds = ["complaints"]',
            "kinds[1]: 'complaints' is not one of complaint, question",
        ),
        ('en = ["my parcel has not arrived yet"]', "en = []", "examples.en: must not be empty"),
        ("reserved = true", 'reserved = "yes"', "reserved: must be true or false, not 'yes'"),
        ("vi rispondo qui", "vi rispondo domani", "reply.it.together: 'domani' means another day whenever it is read"),
        (
            "sono {{ agent.name }}: vi",
            "sono {{ agnt.name }}: vi",
            "reply.it.together: \"agnt.name\" is no value a together text has: did you mean 'agent.name'?",
        ),
    ],
}


# A key that is missing is told at its table's line, not where it would have stood.
OF_A_TABLE = ('nome = "Tom"', "")


def test_every_mistake_of_every_file_is_told_at_once_with_its_line_and_its_path(tmp_path: Path) -> None:
    files = {
        "accounts.toml": ACCOUNTS,
        "policies.toml": POLICIES,
        "templates/replies/delivery-late.toml": DELIVERY_LATE,
    }
    for name, mistakes in MISTAKES.items():
        for right, wrong, _ in mistakes:
            files[name] = changed(files[name], right, wrong)
    expected = [
        f"{name}:{line_of(wrong, files[name])} {said}" if at_its_place else said
        for name, mistakes in MISTAKES.items()
        for _, wrong, said in mistakes
        for at_its_place in [wrong not in OF_A_TABLE]
    ]
    workspace(
        tmp_path,
        accounts=files["accounts.toml"],
        policies=files["policies.toml"],
        templates={"delivery-late": files["templates/replies/delivery-late.toml"], "thanks": THANKS},
    )
    found = problems(tmp_path)
    assert len(found) >= 39
    assert [said for said in expected if not any(said in line for line in found)] == []
    order = [(line.split(":")[0], int(re.findall(r":(\d+) ", line)[0])) for line in found]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'latest = "5 working days"',
            'latest = "1 working day"',
            "promises.pickup.latest: '1 working day' is before the",
        ),
        (
            'due = "3 working days"',
            'due = "6 working days"',
            "promises.pickup.due: '6 working days' is after the latest",
        ),
        (
            'due = "3 working days"',
            'due = "1 working day"',
            "promises.pickup.due: '1 working day' is before the earliest",
        ),
        ("[promises.reply]", "[promises.data-subject]", "promises.data-subject: 'data-subject' is not a name that a"),
        (
            'name = "floods"',
            'name = "exposed data"',
            "moderation[3].name: 'exposed data' is the name of an earlier one",
        ),
        (
            "expect = { kind",
            "expect = { knd",
            "examples[1].expect.knd: there is no such key here: did you mean 'kind'?",
        ),
        ("[reply.patterns]", "[reply.pattern]", "reply.pattern: there is no such key here: did you mean 'patterns'?"),
        ("[company]", "[compny]", "compny: there is no such key here: did you mean 'company'?"),
        ("[company]", "[compny]", "company: is missing: who we are"),
        ('["ferit*"]', '["*"]', "escalation[1].cues.it[1]: '*' is not a cue"),
        (
            'topic = "delivery-late", language = "it" }',
            'topic = "late" }',
            "moderation[1].when.topic: 'late' is not the topic",
        ),
        (
            "when = { personal_data = true }",
            "when = { kind = [], personal_data = true }",
            "moderation[3].when.kind: must not",
        ),
        ('weekdays = ["08:00-18:00"]', "weekdays = []", "calendars.courier: is never open: add hours"),
        ('"2026-12-13" = ["09:00-13:00"]', '"2026-12-13" = []', "calendars.desk.open.2026-12-13: names no hours"),
        ('languages = ["it", "en"]', 'languages = ["it"]', "delivery-late.toml:20 reply.en: 'en' is not"),
        (
            "vague = { it =",
            "vague = { ti =",
            "reply.vague.ti: 'ti' is not a language of the company: did you mean 'it'",
        ),
        ("blame = { it =", "blame = { itt =", "reply.blame.itt: 'itt' is not a language of the company: did you mean"),
        ('en = ["open a ticket"]', 'fr = ["x"]', "reply.stock_phrases.fr: 'fr' is not a language of the company"),
        ('en = ["injur*"]', 'enn = ["injur*"]', "escalation[1].cues.enn: 'enn' is not a language of the company: did"),
        ('en = ["courier"', 'ne = ["courier"', "promises.pickup.cues.ne: 'ne' is not a language of the company: did"),
        (', en = "the courier', ', eng = "the courier', "promises.pickup.says.eng: 'eng' is not a language of the"),
        (
            """, en = "I'll reply to you here\"""",
            "",
            'promises.reply.says: how it is said is missing in en: add says = { en = "…" }',
        ),
        (
            """says = { it = "le rispondo qui", en = "I'll reply to you here" }\n""",
            "",
            'promises.reply: how it is said is missing in it and en: add says = { it = "…", en = "…" }',
        ),
        (
            'languages = ["it", "en"]',
            'languages = ["it", "en", "zz"]',
            "company.languages[3]: 'zz' is no language a company can have yet: a due time cannot be said in 'zz': a r",
        ),
        (
            'help_page = "https://bottegablu.example/aiuto"',
            "",
            "reply.it.private: shows company.help_page, which is not set",
        ),
    ],
)
def test_what_does_not_fit_together_in_the_policy_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    found = problems(workspace(tmp_path, policies=changed(POLICIES, old, new)))
    assert any(said in line for line in found), found


def test_a_language_that_cannot_be_said_is_told_once(tmp_path: Path) -> None:
    policies = changed(POLICIES, 'languages = ["it", "en"]', 'languages = ["it", "en", "zz"]')
    assert len(problems(workspace(tmp_path, policies=policies))) == 1


def test_somebody_must_be_a_manager(tmp_path: Path) -> None:
    found = problems(workspace(tmp_path, accounts=changed(ACCOUNTS, 'role = "manager"', 'role = "trainee"')))
    assert found == ['accounts.toml:19 agents: nobody is a manager: give one of them role = "manager"']


def test_mail_and_addresses_in_secrets_load(tmp_path: Path) -> None:
    settings = load(workspace(tmp_path), PLATFORMS)
    password = {"env": "CARETOOL_MAIL_PASSWORD"}
    assert settings.mail == Mail("smtp.bottegablu.example", 2525, "desk@bottegablu.example", "desk", password)
    ways = ({"env": "SHOP_CHAT"}, {"command": ("pass", "show", "shop")}, {"keyring": "caretool/shop"})
    assert settings.owners["shop"].notify == ways
    again = kept.from_text(kept.to_text(kept.worked_in(settings, 2026)))
    assert again.mail == settings.mail
    assert again.owners["shop"].notify[0] == {"env": "SHOP_CHAT"}


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("tls", 465)])
def test_the_port_of_the_mail_server_follows_from_its_protection(tmp_path: Path, tls: str, port: int) -> None:
    accounts = changed(changed(ACCOUNTS, "port = 2525\n", ""), 'tls = "starttls"', f'tls = "{tls}"')
    mail = load(workspace(tmp_path, accounts=accounts), PLATFORMS).mail
    assert mail is not None
    assert mail.port == port


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('from = "desk@bottegablu.example"', 'from = "desk"', "mail.from: 'desk' is not a mail address: write it like"),
        ('from = "desk@bottegablu.example"\n', "", "mail.from: is missing: the address it comes from"),
        ('from = "desk@', 'from = "a\\nBcc: b@', "mail.from: "),
        ('user = "desk"\n', "", "mail: user and password belong together: write both or none"),
        ('tls = "starttls"', 'tls = "none"', 'mail: tls = "none" would send the password in the clear: leave tls out'),
        ('tls = "starttls"', 'tls = "ssl"', "mail.tls: 'ssl' is not one of starttls, tls, none"),
        ('server = "smtp.', 'server = "smtp://smtp.', "mail.server: 'smtp://smtp.bottegablu.example' is not a"),
        ("port = 2525", "port = 0", "mail.port: must be at least 1, not 0"),
        ("port = 2525", "prt = 2525", "mail.prt: there is no such key here: did you mean 'port'?"),
        ('{ env = "CARETOOL_MAIL_PASSWORD" }', '"hunter2"', "mail.password: a secret does not belong into this file"),
        ('{ env = "SHOP_CHAT" }', '{ enb = "SHOP_CHAT" }', "owners.shop.notify[1].enb: there is no such key here: did"),
        ('{ env = "SHOP_CHAT" }', '{ env = "tgram://token" }', "owners.shop.notify[1].env: must be the name of an"),
        ('{ env = "SHOP_CHAT" }', "{}", "owners.shop.notify[1]: must be exactly one of"),
        ('{ env = "SHOP_CHAT" }', "7", "owners.shop.notify[1]: must be a text in quotes, not 7"),
        ('{ env = "SHOP_CHAT" }', '"mailto:a@b.example,c@d.example"', "owners.shop.notify[1]: 'mailto:a@b.example,c@d"),
        ('{ env = "SHOP_CHAT" }', '"mailtos://u:hunter2@b.example"', "owners.shop.notify[1]: holds a password, which"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_how_owners_are_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    [found] = problems(workspace(tmp_path, accounts=changed(ACCOUNTS, old, new)))
    assert told in found
    assert "hunter2" not in found
    assert "token" not in found


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ('platfrom = "board"\npath = "x"', "platfrom: there is no such key here: did you mean 'platform'?"),
        ('platform = "bord"\npth = "x"', "pth: there is no such key here: did you mean 'path'?"),
        ("platform = 5\nfolowers = 3", "folowers: there is no such key here: did you mean 'followers'?"),
    ],
)
def test_a_slip_in_a_key_is_named_where_the_platform_is_not_known(tmp_path: Path, account: str, said: str) -> None:
    found = problems(workspace(tmp_path, accounts=f"{ACCOUNTS}\n[accounts.inbox]\n{account}\n"))
    assert len(found) == 2
    assert any(line.endswith(f"accounts.inbox.{said}") for line in found), found


def test_a_path_that_is_no_text_is_told_in_words(tmp_path: Path) -> None:
    class Box(BaseModel):
        comments: Path

    workspace(tmp_path, accounts=ACCOUNTS + '\n[accounts.inbox]\nplatform = "box"\ncomments = 5\n')
    with pytest.raises(SettingsProblem) as caught:
        load(tmp_path, {**PLATFORMS, "box": Box})
    assert caught.value.problems == [
        "accounts.toml:56 accounts.inbox.comments: must be text, the path of a file, not 5"
    ]


def test_an_account_of_an_unknown_platform_is_still_checked(tmp_path: Path) -> None:
    accounts = ACCOUNTS + '\n[accounts.other]\nplatform = "fax"\nfollowers = -1\n[accounts.none]\nhandle = "x"\n'
    found = problems(workspace(tmp_path, accounts=accounts))
    assert [re.sub(r":\d+", "", line) for line in found] == [
        "accounts.toml accounts.other.platform: 'fax' is not one of board, export",
        "accounts.toml accounts.other.followers: must be at least 0, not -1",
        "accounts.toml accounts.none.platform: is missing: what kind of place it is; the connector that speaks to it",
    ]


def test_a_secret_written_where_it_does_not_belong_is_not_repeated(tmp_path: Path) -> None:
    accounts = changed(ACCOUNTS, 'path = "feed.jsonl"', 'path = "feed.jsonl"\ntoken = "hunter2hunter2"')
    found = problems(workspace(tmp_path, accounts=accounts))
    assert len(found) == 1
    assert "accounts.feed.token: must be a table" in found[0]
    assert "hunter2" not in found[0]


def test_two_templates_cannot_have_one_topic(tmp_path: Path) -> None:
    found = problems(
        workspace(tmp_path, templates={"a": THANKS, "delivery-late": DELIVERY_LATE, "b": 'topic = "a"\n' + THANKS})
    )
    assert found == [
        "templates/replies/b.toml:1 topic: 'a' is the topic of templates/replies/a.toml: a topic has one template"
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'kind = "reply"',
            'kind = "replay"',
            "promises[1].kind: 'replay' is not a kind of promise: did you mean 'reply'?",
        ),
        (
            'due = "24h"',
            'due = "1 working day"',
            "promises[1].due: '1 working day' runs on a calendar, and promises.reply names none",
        ),
        ('due = "24h"', 'due = "24h"\n[[promises]]\nkind = "reply"', "promises: promises the same kind twice"),
        (
            "I reply {{ promises.reply.when }}",
            "I reply",
            "reply.en: no text here says when: write {{ promises.reply.when }}",
        ),
        ('needs = ["order"]', 'needs = ["order", "person"]', "needs[2]: 'person' is a word of the templates already"),
        (
            'needs = ["order"]',
            'needs = ["order-number"]',
            "needs[1]: 'order-number' is not a name that a template can use",
        ),
        ("[reply.en]", "[reply.de]", "reply.de: 'de' is not a language of the company: one of it, en"),
        ("[reply.it]", "[replies.it]", "replies: there is no such key here: did you mean 'reply'?"),
        (
            'it = ["il pacco non è ancora arrivato", "quando arriva?"]',
            'it = [" "]',
            "examples.it[1]: must not be empty",
        ),
    ],
)
def test_what_is_wrong_with_a_template_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = changed(DELIVERY_LATE, old, new)
    found = problems(workspace(tmp_path, templates={"delivery-late": text, "thanks": THANKS}))
    assert any(said in line for line in found), found


def test_a_template_that_only_has_an_empty_language_says_so(tmp_path: Path) -> None:
    found = problems(workspace(tmp_path, templates={"delivery-late": DELIVERY_LATE, "x y": THANKS + "[reply.en]\n"}))
    assert found == [
        "templates/replies/x y.toml: the file's name is the template's id: use letters, digits, - _ and . only",
        "templates/replies/x y.toml:6 reply.en: has no text: add at least one of public, together, private",
    ]


def test_the_whole_error_reads_as_its_lines(tmp_path: Path) -> None:
    with pytest.raises(SettingsProblem) as caught:
        load(tmp_path, PLATFORMS)
    assert str(caught.value) == "\n".join(caught.value.problems)
    assert caught.value.exit_code == 2


def test_the_line_finder_is_imported_only_where_there_is_a_problem(tmp_path: Path) -> None:
    workspace(tmp_path)
    program = (
        "import sys, pathlib; from caretool.settings.loading import load; from tests.settings.shop import PLATFORMS;"
        "load(pathlib.Path(sys.argv[1]), PLATFORMS); print('tree_sitter' in sys.modules, 'difflib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "False"
