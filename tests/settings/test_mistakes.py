"""Thirty different mistakes in one workspace: thirty findings of one `caretool policy check`, and no traceback."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.program import Program, Ran
from tests.settings.shop import changed, line_of

ACCOUNTS = """\
[accounts.page]
platform = "file"
comments = "page.jsonl"
handle = "bottegablu"
language = "it"
since = "30 days"

[accounts.reviews]
platform = "file"
comments = "reviews.csv"

[accounts.archive]
platform = "file"
comments = "archive.jsonl"
max_length = 500

[agents.dario]
name = "Dario"
role = "manager"

[agents.tom]
name = "Tom"

[owners.desk]
"""

POLICIES = """\
[company]
name = "Bottega Blu"
languages = ["it", "en"]
time_zone = "Europe/Rome"

[calendars.desk]
weekdays = ["09:00-13:00", "14:00-18:00"]
saturday = ["09:00-13:00"]
holidays = "IT"
closed = ["2026-12-24"]

[response]
default = "1h"
calendar = "desk"

[promises.reply]
says = { it = "le rispondo qui", en = "I'll reply to you here" }
owner = "desk"
due = "24h"
cues = { it = ["rispond*"], en = ["reply"] }

[promises.callback]
says = { it = "la richiamo", en = "I'll call you back" }
calendar = "desk"
earliest = "1 working hours"
owner = "dario"
capacity = { per_day = 40 }

[[moderation]]
name = "spam"
when = { kind = "spam" }
action = "hide"

[[moderation]]
name = "floods"
when = { same_message_profiles = 3 }
action = "delete"

[[escalation]]
name = "injury"
cues = { it = ["ferit*"], en = ["injur*"] }

[reply]
together_from = 5
stock_phrases = { it = ["apra un ticket"] }

[reply.patterns]
order = '\\bBB-\\d{4,8}\\b'
case = 'CASE-\\d+'

[[examples]]
text = "il pacco non arriva"
expect = { kind = "complaint", topic = "late" }
"""

TEMPLATE = """\
topic = "TOPIC"
kinds = ["complaint"]

[examples]
it = ["esempio"]

[reply.it]
public = "Buongiorno {{ person.name }}, sono {{ agent.name }}: rispondo qui {{ promises.reply.when }}."

[[promises]]
kind = "reply"
"""

NAMES = (
    "late", "clock", "brace", "value", "loop", "bare", "kind", "odd",
    "twice", "open", "latin", "folder", "control", "undated", "secret",
)  # fmt: skip


@dataclass(frozen=True)
class Mistake:
    """A change to one file, and how the line that tells it begins, from its TOML path on. It stands where the new words
    do, or those of `at`."""

    file: str
    old: str
    new: str
    said: str
    at: str | None = None

    @property
    def name(self) -> str:
        """For the tests' ids."""
        return re.sub(r"\W+", " ", self.said)[:60].strip()


def _template(name: str) -> str:
    return f"templates/replies/{name}.toml"


ALONE = [
    Mistake(
        "accounts.toml",
        'handle = "bottegablu"',
        'handel = "bottegablu"',
        "accounts.page.handel: there is no such key here: did you mean 'handle'?",
    ),
    Mistake(
        "accounts.toml",
        'language = "it"',
        'language = "de"',
        "accounts.page.language: 'de' is not a language of the company: one of it, en",
    ),
    Mistake(
        "accounts.toml",
        'since = "30 days"',
        'since = "30 dys"',
        "accounts.page.since: '30 dys' is not a length of time: write 90m, 3h",
    ),
    Mistake(
        "accounts.toml",
        'platform = "file"\ncomments = "reviews.csv"',
        'platform = "flie"\ncomments = "reviews.csv"',
        "accounts.reviews.platform: 'flie' is not",
    ),
    Mistake(
        "accounts.toml", "max_length = 500", 'max_length = "500"', "accounts.archive.max_length: must be a whole number"
    ),
    Mistake(
        "accounts.toml",
        'name = "Tom"',
        'name = "Tom"\nrole = "boss"',
        "agents.tom.role: 'boss' is not one of manager, agent, trainee",
        'role = "boss"',
    ),
    Mistake(
        "accounts.toml",
        "[owners.desk]",
        '[owners.desk]\nnotify = ["magazzino"]',
        "owners.desk.notify[1]: 'magazzino' is not an address",
        'notify = ["magazzino"]',
    ),
    Mistake(
        "accounts.toml",
        'comments = "archive.jsonl"',
        'comments = "archive.jsonl"\ntoken = "hunter2hunter2"',
        "accounts.archive.token: there is no such key here",
        "token =",
    ),
    Mistake(
        "policies.toml",
        'time_zone = "Europe/Rome"',
        'time_zone = "Europe/Roma"',
        "company.time_zone: 'Europe/Roma' is not a time zone: did you mean 'Europe/Rome'?",
    ),
    Mistake(
        "policies.toml",
        '["09:00-13:00", "14:00-18:00"]',
        '["09:00-14:30", "14:00-18:00"]',
        "calendars.desk.weekdays: the hours overlap or are not in order",
    ),
    Mistake(
        "policies.toml",
        'saturday = ["09:00-13:00"]',
        'saturday = "9 to 13"',
        "calendars.desk.saturday: must be a list of hours like",
    ),
    Mistake(
        "policies.toml",
        'holidays = "IT"',
        'holidays = "XY"',
        "calendars.desk.holidays: 'XY' is not a country whose holidays are known",
    ),
    Mistake(
        "policies.toml",
        'closed = ["2026-12-24"]',
        'closed = ["24/12/2026"]',
        "calendars.desk.closed[1]: '24/12/2026' is not a date: write it like",
    ),
    Mistake(
        "policies.toml",
        'default = "1h"\ncalendar = "desk"',
        'default = "1h"\ncalendar = "shop"',
        "response.calendar: 'shop' is not a calendar: one of desk",
        'calendar = "shop"',
    ),
    Mistake(
        "policies.toml",
        'owner = "desk"',
        'owner = "courier"',
        "promises.reply.owner: 'courier' is not an owner or an agent: one of desk, dario, tom",
    ),
    Mistake("policies.toml", 'due = "24h"', "due = 24", "promises.reply.due: 24 is not a length of time"),
    Mistake("policies.toml", '["rispond*"]', '[""]', "promises.reply.cues.it[1]: must not be empty"),
    Mistake(
        "policies.toml",
        "per_day = 40",
        "per_day = -40",
        "promises.callback.capacity.per_day: must be at least 0, not -40",
    ),
    Mistake(
        "policies.toml",
        'when = { kind = "spam" }',
        'when = { tone = "angry" }',
        "moderation[1].when: this could silence a complaint",
    ),
    Mistake("policies.toml", 'action = "delete"', 'action = "burn"', "moderation[2].action: 'burn' is not"),
    Mistake(
        "policies.toml",
        "order = '\\bBB-\\d{4,8}\\b'",
        "order = '(\\d+)+$'",
        "reply.patterns.order: takes too long on long texts",
    ),
    Mistake(
        "policies.toml",
        "case = 'CASE-\\d+'",
        "case = 'CASE-(\\d+'",
        "reply.patterns.case: 'CASE-(\\\\d+' is not a regular expression: missing )",
    ),
    Mistake(
        _template("clock"),
        "rispondo qui",
        "rispondo domani, qui",
        "reply.it.public: 'domani' means another day whenever it is read",
    ),
    Mistake(_template("brace"), "{{ person.name }}", "{{ person.name", "reply.it.public: "),
    Mistake(
        _template("value"),
        "{{ person.name }}",
        "{{ persn.name }}",
        "reply.it.public: \"persn.name\" is no value a public text has: did you mean 'person.name'?",
    ),
    Mistake(_template("loop"), "{{ person.name }}", "{% for x in [1] %}{{ x }}{% endfor %}", "reply.it.public: "),
    Mistake(
        _template("bare"), "public =", "publik =", "reply.it.publik: there is no such key here: did you mean 'public'?"
    ),
    Mistake(
        _template("kind"),
        'kind = "reply"',
        'kind = "replay"',
        "promises[1].kind: 'replay' is not a kind of promise: did you mean 'reply'?",
    ),
    Mistake(
        _template("odd"),
        'kinds = ["complaint"]',
        'kinds = "complaint"',
        "kinds: must be a list between [ and ], not 'complaint'",
    ),
    Mistake(
        _template("twice"),
        'topic = "twice"',
        'topic = "twice"\ntopic = "again"',
        ": cannot be read as TOML: Cannot overwrite a value",
        'topic = "again"',
    ),
    Mistake(_template("open"), "[reply.it]", "[reply.it", ": cannot be read as TOML: Expected ']'"),
    Mistake(_template("latin"), "esempio", "perch\udce9", ": is not UTF-8: save it as UTF-8 in your editor"),
    Mistake(
        _template("control"),
        "rispondo qui",
        "rispondo\\u001b[31m qui",
        "reply.it.public: holds a control character: leave it out",
    ),
    Mistake(
        _template("undated"),
        'kind = "reply"',
        'kind = "reply"\ndue = "2 working days"',
        "promises[1].due: '2 working days' runs on a calendar",
        "due =",
    ),
    Mistake(
        _template("secret"),
        'it = ["esempio"]',
        'it = ["esempio"]\nfr = ["exemple"]',
        "examples.fr: 'fr' is not a language of the company",
        "fr =",
    ),
]
EITHER = [
    Mistake(
        "policies.toml",
        'topic = "late"',
        'topic = "latte"',
        "examples[1].expect.topic: 'latte' is not the topic of a template: did you mean 'late'?",
    ),
    Mistake(
        "policies.toml",
        "per_day = 40",
        "per_day = 2.5",
        "promises.callback.capacity.per_day: must be a whole number, not 2.5",
    ),
    Mistake(
        "policies.toml",
        'languages = ["it", "en"]',
        'languages = ["it", "en", "qq"]',
        "company.languages[3]: 'qq' is no language a company can have yet",
    ),
    Mistake(
        "policies.toml",
        'name = "floods"',
        'name = "spam"',
        "moderation[2].name: 'spam' is the name of an earlier one",
        'name = "spam"\nwhen = { same',
    ),
    Mistake(
        "policies.toml",
        'earliest = "1 working hours"',
        'earliest = "soon"',
        "promises.callback.earliest: 'soon' is not a length of time",
    ),
    Mistake("policies.toml", "[reply]", "[reply", ": cannot be read as TOML"),
    Mistake(
        "accounts.toml",
        "[owners.desk]",
        '[owners.desk]\n[owners."de sk"]',
        "owners.\"de sk\": 'de sk' is not a name",
        '[owners."de sk"]',
    ),
    Mistake("accounts.toml", 'role = "manager"', 'role = "agent"', "agents: nobody is a manager", "[agents.dario]"),
    Mistake(
        _template("late"),
        'topic = "late"',
        'topic = "late"\nneeds = ["agent"]',
        "needs[1]: 'agent' is a word of the templates already",
        "needs =",
    ),
    Mistake(_template("late"), "[reply.it]", "[reply.de]", "reply.de: 'de' is not a language of the company"),
    Mistake(_template("late"), "{{ promises.reply.when }}", "presto", "reply.it: no text here says when", "[reply.it]"),
    Mistake(_template("late"), "{{ person.name }}", "{{ agent.__class__ }}", "reply.it.public: "),
    Mistake(_template("late"), "{{ person.name }}", "{{ person.name | upper }}", "reply.it.public: "),
]


def files() -> dict[str, str]:
    """A sound shop."""
    templates = {_template(name): TEMPLATE.replace("TOPIC", name) for name in NAMES}
    return {"accounts.toml": ACCOUNTS, "policies.toml": POLICIES, **templates}


def write(folder: Path, texts: dict[str, str]) -> Program:
    """The shop's files on the disk; a lone surrogate stands for a byte that is no UTF-8."""
    (folder / "templates" / "replies").mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    return Program(folder)


def findings(ran: Ran) -> list[str]:
    """The lines of `policy check`, after a look that each says where, and that nothing else was told."""
    assert (ran.code, ran.stdout) == (2, "")
    assert "Traceback" not in ran.stderr
    *lines, last = ran.stderr.splitlines()
    assert last == f"{len(lines)} to mend."
    for line in lines:
        assert re.match(r"[\w./-]+\.toml(:[1-9]\d*)?( [^:]+)?: \S", line), line
        assert line.isprintable()
    return lines


def told(mistake: Mistake, text: str, lines: list[str]) -> bool:
    """Whether a line says it, with the file and its line."""
    line = line_of(mistake.at or mistake.new, text)
    gap = "" if mistake.said.startswith(":") else " "
    return any(found.startswith(f"{mistake.file}:{line}{gap}{mistake.said}") for found in lines)


def test_the_shop_is_sound(tmp_path: Path) -> None:
    assert "All is sound" in write(tmp_path / "shop", files()).done("policy", "check").stdout


def test_thirty_mistakes_are_thirty_findings(tmp_path: Path) -> None:
    texts = files()
    for mistake in ALONE:
        texts[mistake.file] = changed(texts[mistake.file], mistake.old, mistake.new)
    program = write(tmp_path / "shop", texts)
    (program.folder / _template("folder")).unlink()
    (program.folder / _template("folder")).mkdir()
    lines = findings(program.run("policy", "check"))
    assert [mistake.name for mistake in ALONE if not told(mistake, texts[mistake.file], lines)] == []
    assert f"{_template('folder')}: is not a file" in lines
    assert len(ALONE) + 1 >= 30
    # What a template lacks because of its mistake is told, too: that its text says no time, or is none.
    assert len(lines) <= len(ALONE) + 6
    assert "hunter2" not in "".join(lines)


@pytest.mark.parametrize("mistake", [*ALONE, *EITHER], ids=lambda mistake: mistake.name)
def test_each_alone_is_told_in_a_sentence(tmp_path: Path, mistake: Mistake) -> None:
    texts = files()
    texts[mistake.file] = changed(texts[mistake.file], mistake.old, mistake.new)
    program = write(tmp_path / "shop", texts)
    lines = findings(program.run("policy", "check"))
    assert told(mistake, texts[mistake.file], lines), lines
    assert len(lines) <= 3, lines
    ran = program.run("inbox")
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.splitlines() == lines


def test_where_a_file_stands_as_a_folder_or_is_missing_the_others_are_still_told(tmp_path: Path) -> None:
    texts = files()
    texts["policies.toml"] = changed(texts["policies.toml"], 'due = "24h"', 'due = "soon"')
    program = write(tmp_path / "shop", texts)
    (program.folder / _template("late")).unlink()
    (program.folder / _template("late")).mkdir()
    lines = findings(program.run("policy", "check"))
    assert [line.partition(":")[0] for line in lines] == ["policies.toml", _template("late")]
