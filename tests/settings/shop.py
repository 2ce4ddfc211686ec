"""A small shop's workspace in which every key of every file is used once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, Literal

import pytest
from pydantic import BaseModel, ConfigDict

from caretool.domain.policy import Settings
from caretool.errors import SettingsProblem
from caretool.settings.loading import load


class Board(BaseModel):
    """A connector's own keys, as a connector declares them."""

    model_config = ConfigDict(extra="forbid")

    path: str
    together: Literal["mentions", "names", "no"] = "no"
    max_length: int | None = None
    token: dict[str, str] | None = None


class Export(BaseModel):
    model_config = ConfigDict(extra="forbid")
    default_since: ClassVar[str | None] = None

    path: str


PLATFORMS: dict[str, type[BaseModel]] = {"board": Board, "export": Export}

ACCOUNTS = """\
# where we are
[accounts.page]
platform = "board"
path = "page.jsonl"
together = "names"
handle = "bottegablu"
followers = 12000
language = "it"
since = "30 days"

[accounts.feed]
platform = "board"
path = "feed.jsonl"

[accounts.archive]
platform = "export"
path = "archive.csv"

[agents.dario]
name = "Dario"
role = "manager"
signature = "Dario, assistenza clienti"

[agents.tom]
name = "Tom"
accounts = ["page", "feed", "archive"]

[owners.logistics]
away = [{ from = "2026-12-28", until = 2026-12-29, why = "stocktaking" }]
notify = ["mailto:magazzino@bottegablu.example"]

[owners.shop]
notify = [{ env = "SHOP_CHAT" }, { command = ["pass", "show", "shop"] }, { keyring = "caretool/shop" }]

[mail]
server = "smtp.bottegablu.example"
port = 2525
user = "desk"
password = { env = "CARETOOL_MAIL_PASSWORD" }
from = "desk@bottegablu.example"
tls = "starttls"

[owners.logistics.capacity]
per_day = 60
monday = 1
tuesday = 2
wednesday = 3
thursday = 4
friday = 5
saturday = 6
sunday = 0
per_week = 99
"""

POLICIES = """\
[company]
name = "Bottega Blu"
languages = ["it", "en"]
time_zone = "Europe/Rome"
help_page = "https://bottegablu.example/aiuto"

[calendars.desk]
weekdays = ["09:00-13:00", "14:00-18:00"]
monday = ["10:00-13:00"]
tuesday = ["10:00-13:00"]
wednesday = ["10:00-13:00"]
thursday = ["10:00-13:00"]
friday = []
saturday = ["9:00-13:00"]
sunday = ["00:00-24:00"]
holidays = { country = "IT", region = "MI" }
closed = ["2026-12-24", 2026-12-31]
open = { "2026-12-13" = ["09:00-13:00"] }

[calendars.courier]
time_zone = "Europe/Paris"
weekdays = ["08:00-18:00"]
holidays = "IT"

[response]
default = "1h"
calendar = "desk"
platforms = { board = "15m", mastodon = "4 working hours" }
accounts = { page = "30m" }

[promises.pickup]
says = { it = "il corriere passa a ritirare il pacco", en = "the courier collects the parcel" }
earliest = "2 working days"
latest = "5 working days"
due = "3 working days"
calendar = "courier"
owner = "logistics"
stand_in = "tom"
supplier = "Corriere Rosso"
escalate = { to = "dario", after = "4 working hours" }
blackouts = [{ from = "2026-12-28", until = 2026-12-29, why = "the courier's holidays" }]
apology = { it = "Mi scuso, {{ person.name }}. {{ instead }}. {{ agent.name }}" }
review = "4 working hours"
evidence = ["text", "url"]
cues = { it = ["corriere", "ritir*"], en = ["courier", "pick* up"] }

[promises.pickup.capacity]
per_day = 40
monday = 1
tuesday = 2
wednesday = 3
thursday = 4
friday = 5
saturday = 10
sunday = 0
per_week = 150

[promises.reply]
says = { it = "le rispondo qui", en = "I'll reply to you here" }
owner = "dario"
due = "24h"

[procedures.damaged-parcel]
says = { it = "I passi sono questi: foto, pratica, ritiro.", en = "The steps are these: photo, case, collection." }
calendar = "courier"

[[procedures.damaged-parcel.steps]]
name = "photo"
owner = "dario"
waits_for = "customer"
remind = "1 working day"
close = "10 days"

[[procedures.damaged-parcel.steps]]
name = "pickup"
does = "See that the parcel is collected"
owner = 'logistics'
due = "4 working hours"
calendar = 'desk'
promise = "pickup"
evidence = ["text", "file"]

[rewards.thanks]
form = "coupon"
codes = "codes/thanks.txt"
value = "9.90"
currency = "EUR"
per_month = 50
kinds = ["praise", "suggestion"]
[rewards.thanks.budget]
amount = 500
per = "quarter"
[rewards.thanks.per_person]
month = 1
quarter = 2
year = 3
[rewards.thanks.says]
it = "{{ greeting }}, sono {{ agent.name }}: il codice {{ reward.code }} vale {{ reward.value }}."
en = "Hello {{ person.name }}, {{ agent.name }} here: the code {{ reward.code }} is worth {{ reward.value }}."

[rewards.mug]
form = "gift"
stock = 20
kinds = ["complaint"]
says = { it = "{{ person.name }}, una tazza per lei. {{ agent.name }}", en = "A mug for you. {{ agent.name }}" }

[[moderation]]
name = "strangers' links"
when = { kind = "spam", tone = ["angry", "neutral"], topic = "delivery-late", language = "it" }
action = "hide"

[[moderation]]
name = "floods"
action = "delete"
[moderation.when]
account = ["page", "feed"]
platform = "board"
same_message_profiles = 3

[[moderation]]
name = "exposed data"
when = { personal_data = true }
action = "hide"

[[moderation]]
name = "again and again"
when = { same_message_profiles = 2, within = "24h", vulgar = true, removed_before = 1, first_comment = false }
action = "ask"

[[approval]]
name = "money"
by = "manager"
[approval.when]
role = ["agent", "trainee"]
kind = "complaint"
tone = ["angry", "neutral"]
topic = "delivery-late"
language = "it"
account = "page"
platform = "board"
private = false
template = ["delivery-late"]
promise = "pickup"
people_from = 3

[[approval]]
name = "crowds"
when = { people_from = 20 }

[[escalation]]
name = "injury"
cues = { it = ["ferit*"], en = ["injur*"] }

[reply]
together_from = 6
claim = "20m"
stock_phrases = { it = ["apra un ticket"], en = ["open a ticket"] }
commits = { it = ["parola di Bottega"] }
harmless = { it = ["ti aspettiamo"] }
vague = { it = ["a breve"] }
blame = { it = ["colpa del corriere"] }
apology = { en = "I am sorry, {{ person.name }}. {{ instead }}. {{ agent.name }}" }

[checks]
off = ["sarcasm"]
waive = { shouting = "agent" }

[retention]
default = "730 days"
kinds = { spam = "30 days" }
platforms = { file = "365 days" }
evidence = "400 days"

[voice]
register = { it = "lei" }
signature = "append"

[voice.accounts.page]
register = "tu"
signature = "none"

[[voice.threads]]
thread = "https://social.example/@bottegablu/1"
register = { it = "voi" }

[[links]]
name = "nilo"
url = "https://bottegablu.example/lampade/nilo?colore=blu"
kind = "product"
languages = ["it"]
title = { it = "Lampada Nilo" }
topics = ["delivery-late"]
cues = { it = ["lampada nilo", "nil*"] }

[[watch]]
name = "parcels"
words = ["Bottega Blu", "#bottegablu"]
without = ["Bottega Blu Milano"]
accounts = ["page", "feed"]
languages = ["en", "it"]

[[watch]]
name = "lamps"
words = ["lampada nilo"]

[[links]]
name = "help"
url = "https://bottegablu.example/aiuto"
kind = "help"
title = { it = "Aiuto", en = "Help" }

[reply.patterns]
order = '\\bBB-\\d{4,8}\\b'

[[examples]]
text = \"\"\"
Ordine 4711:
[not.a.table]
vergogna!\"\"\"
expect = { kind = "complaint", tone = "angry", topic = "delivery-late", language = "it", action = "leave" }

[[examples]]
text = "mi sono ferita aprendo il pacco"
[examples.expect]
escalation = "injury"
ground = ""
topic = ""
"""

DELIVERY_LATE = """\
topic = "delivery-late"
kinds = ["complaint", "question"]
needs = ["order"]
reserved = true
register = { it = "lei" }
procedure = "damaged-parcel"
gives = "mug"
[examples]
it = ["il pacco non è ancora arrivato", "quando arriva?"]
en = ["my parcel has not arrived yet"]

[reply.it]
public = "Buongiorno {{ person.name }}, {{ company.name }}: {{ procedure.says }} {{ promises.reply.when }}."
together = "{{ people }}, {{ procedure.says }} sono {{ agent.name }}: vi rispondo qui {{ promises.reply.when }}."
private = \"\"\"
Buongiorno {{ person.name }}, il suo ordine {{ order }} parte.
{{ company.help_page }}
{% if agent.signature is defined %}{{ agent.signature }}{% endif %}\"\"\"

[reply.en]
public = "Hello {{ person.name }}, {{ agent.name }} here: {{ procedure.says }} I reply {{ promises.reply.when }}."

[[promises]]
kind = "reply"
due = "24h"

[reply.it.tu]
public = ["{{ greeting }}, {{ procedure.says }} ti rispondo {{ promises.reply.when }}. {{ links.help.url }}", \
"{{ greeting }}: {{ procedure.says }} Ti scrivo {{ promises.reply.when }}. {{ link.title }}: {{ link.url }}"]

[reply.it.voi]
together = "{{ greeting }}, {{ procedure.says }} vi rispondo {{ promises.reply.when }}. {{ links.nilo.title }}"

[reply.it.lei]
private = "{{ greeting }}, le rispondo in privato. {{ order }}"
"""

THANKS = """\
[examples]
it = ["grazie"]

[reply.it]
public = "Grazie a lei, {{ person.name }}! {{ agent.name }}"
"""

TEMPLATES = {"delivery-late": DELIVERY_LATE, "thanks": THANKS}


def workspace(
    folder: Path, *, accounts: str = ACCOUNTS, policies: str = POLICIES, templates: dict[str, str] | None = None
) -> Path:
    """The shop's files in `folder`, any of them replaced."""
    replies = folder / "templates" / "replies"
    replies.mkdir(parents=True, exist_ok=True)
    (folder / "accounts.toml").write_text(accounts, encoding="utf-8")
    (folder / "policies.toml").write_text(policies, encoding="utf-8")
    for name, text in (TEMPLATES if templates is None else templates).items():
        (replies / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def loaded(folder: Path) -> Settings:
    return load(folder, PLATFORMS)


def problems(folder: Path) -> list[str]:
    """What is wrong with it, after a look that each is one line that says where."""
    with pytest.raises(SettingsProblem) as caught:
        load(folder, PLATFORMS)
    for line in caught.value.problems:
        assert re.fullmatch(r"[^\n:]+(:[1-9]\d*)?( [^\n]+?)?: [^\n]+", line), line
        assert "Traceback" not in line
    return caught.value.problems


def changed(text: str, old: str, new: str) -> str:
    """The text with one thing changed; the test is wrong if that thing is not there exactly once."""
    assert text.count(old) == 1, (old, text.count(old))
    return text.replace(old, new)


def line_of(part: str, text: str) -> int:
    """The first line (from 1) that holds the part."""
    return text[: text.index(part)].count("\n") + 1
