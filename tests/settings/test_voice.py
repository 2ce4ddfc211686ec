"""Registers, signatures, variants and links as they stand in the files."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from caretool.domain.links import Link
from caretool.domain.voice import AccountVoice, ThreadVoice, Voice
from caretool.settings.in_force import policy_as_toml
from caretool.settings.kept import from_text, to_text, worked_in
from tests.settings.shop import DELIVERY_LATE, POLICIES, TEMPLATES, THANKS, changed, loaded, problems, workspace

SPANISH_COMPANY = '[company]\nname = "B"\nlanguages = ["es", "it"]\ntime_zone = "Europe/Madrid"\n'
SPANISH_TEMPLATE = """\
register = "tú"
[reply.es]
public = "{{ greeting }}, ¡gracias! {{ agent.name }}"
[reply.es.usted]
public = ["{{ greeting }}, muchas gracias. {{ agent.name }}", "Gracias a usted, {{ person.name }}. {{ agent.name }}"]
[reply.es.vosotros]
together = "{{ greeting }}, ¡gracias a todos! {{ agent.name }}"
[reply.it]
public = "{{ greeting }}, grazie! {{ agent.name }}"
"""


LEI = '\nregister = { it = "lei" }\nsig'


def test_how_we_speak_is_read(tmp_path: Path) -> None:
    policy = loaded(workspace(tmp_path)).policy
    assert policy.voice == Voice(
        register={"it": "lei"},
        signature="append",
        accounts={"page": AccountVoice({"it": "tu"}, "none")},
        threads=(ThreadVoice("https://social.example/@bottegablu/1", {"it": "voi"}),),
    )
    nilo, page = policy.links
    assert nilo == Link(
        "nilo", "https://bottegablu.example/lampade/nilo?colore=blu", "product", {"it": "Lampada Nilo"}, ("it",),
        ("delivery-late",), {"it": ("lampada nilo", "nil*")},
    )  # fmt: skip
    assert (page.languages, page.topics, page.cues) == (("it", "en"), (), {})


def test_it_is_kept_and_shown_as_it_was_written(tmp_path: Path) -> None:
    settings = loaded(workspace(tmp_path))
    kept = from_text(to_text(worked_in(settings, 2026)))
    assert (kept.policy.voice, kept.policy.links) == (settings.policy.voice, settings.policy.links)
    assert kept.templates == settings.templates
    shown = tomllib.loads(policy_as_toml(settings))
    assert shown["voice"]["accounts"]["page"] == {"register": {"it": "tu"}, "signature": "none"}
    assert shown["links"][0]["cues"] == {"it": ["lampada nilo", "nil*"]}


def test_a_template_has_variants_and_registers(tmp_path: Path) -> None:
    late = loaded(workspace(tmp_path)).templates["delivery-late"]
    italian = late.replies["it"]
    assert late.register == {"it": "lei"}
    assert len(italian.variants("public")) == len(italian.variants("private")) == 1
    assert len(italian.registers["tu"].variants("public")) == 2
    assert italian.registers["tu"].variants("private") == ()
    assert set(italian.registers) == {"tu", "voi", "lei"}
    assert late.replies["en"].registers == {}


def test_one_register_alone_is_meant_for_every_language_that_has_it(tmp_path: Path) -> None:
    files = {"thanks": SPANISH_TEMPLATE}
    policies = SPANISH_COMPANY + '[voice]\nregister = "tu"\n'
    settings = loaded(workspace(tmp_path, policies=policies, templates=files))
    assert settings.policy.voice.register == {"it": "tu", "es": "tu"}
    assert settings.templates["thanks"].register == {"it": "tu", "es": "tu"}
    assert len(settings.templates["thanks"].replies["es"].registers["usted"].variants("public")) == 2
    again = loaded(workspace(tmp_path, policies=policy_as_toml(settings), templates=files))
    assert again.policy == settings.policy


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (LEI, '\nregister = { it = "loro" }\nsig', "voice.register: 'loro' is not a"),
        (LEI, '\nregister = "Lei"\nsig', "'Lei' is not a register: did you mean 'lei'?"),
        (LEI, '\nregister = { it = "usted" }\nsig', "'usted' is not a register of it: "),
        (LEI, '\nregister = { en = "tu" }\nsig', "en has no registers here"),
        (LEI, '\nregister = "usted"\nsig', "no language of the company has the register"),
        (LEI, '\nregister = { fr = "tu" }\nsig', "'fr' is not a language of the company"),
        ('signature = "append"', 'signature = "yes"', "voice.signature: 'yes' is not one of append, none"),
        ("[voice.accounts.page]", "[voice.accounts.pge]", "'pge' is not an account: did you mean 'page'?"),
        ("[[voice.threads]]", '[[voice.threads]]\nthread = "https://social.example/@bottegablu/1/"\nregister = "tu"\n'
         "[[voice.threads]]", "voice.threads: 'https://social.example/@bottegablu/1' stands twice"),
        ('name = "nilo"', 'name = "Nilo"', "links[1].name: 'Nilo' is not a name that a template can use"),
        ('name = "help"', 'name = "nilo"', "links[2].name: 'nilo' is the name of an earlier one"),
        ('"https://bottegablu.example/lampade/nilo?colore=blu"', '"http://bottegablu.example/nilo"', "with https://"),
        ('"https://bottegablu.example/lampade/nilo?colore=blu"', '"https://you@bottegablu.example"', "with https://"),
        ('"https://bottegablu.example/lampade/nilo?colore=blu"', '"https://bottegablu.example/a b"', "with https://"),
        ('"https://bottegablu.example/lampade/nilo?colore=blu"', '"javascript:alert(1)"', "with https://"),
        ('topics = ["delivery-late"]', 'topics = ["delivery"]', "links[1].topics[1]: 'delivery' is not the topic"),
        ('title = { it = "Aiuto", en = "Help" }', 'title = { it = "Aiuto" }', "missing in en: add title = { en = "),
        ('kind = "product"\nlanguages', 'kind = "toy"\nlanguages', "links[1].kind: 'toy' is not one of product, video"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_voice_and_the_links_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    found = problems(workspace(tmp_path, policies=changed(POLICIES, old, new)))
    assert any(said in line for line in found), found


TEMPLATE = """\
[examples]
it = ["a"]
[reply.it]
public = "{{ person.name }}, {{ agent.name }}: le rispondo {{ promises.reply.when }}."
[[promises]]
kind = "reply"
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[[promises]]", '[reply.it.usted]\npublic = "a"\n[[promises]]', "reply.it.usted: is not a register of it"),
        ("[[promises]]", '[reply.en]\npublic = "{{ promises.reply.when }}"\n[reply.en.tu]\npublic = "a"\n[[promises]]',
         "reply.en.tu: is not a register of en: leave it out"),
        ("[[promises]]", "[reply.it.tu]\n[[promises]]", "reply.it.tu: has no text"),
        ("[[promises]]", '[reply.it.tu]\npublic = "a"\n[[promises]]',
         "reply.it.tu.public: does not say {{ promises.reply.when }}, and the first of these texts does"),
        ("[[promises]]", '[reply.it.tu]\npublic = "{{ order }}"\n[[promises]]', 'tu.public: "order" is no value'),
        ("[[promises]]", '[reply.it.tu]\npublic = 7\n[[promises]]', "reply.it.tu.public: "),
        ('public = "', 'public = ["b", "',
         "public[2]: says {{ promises.reply.when }}, and the first of these texts does not"),
        ('public = "', 'public = ["domani {{ promises.reply.when }}", "', "public[1]: 'domani' means another day"),
        ('public = "', 'public = ["", "', "public[1]: must not be empty"),
        ('public = "{{ person.name }}, {{ agent.name }}: le rispondo {{ promises.reply.when }}."', "public = []",
         "reply.it.public: must not be empty"),
        ('public = "{{ person.name }}', 'together = "{{ greeting }} {{ people }} {{ promises.reply.when }}"\n'
         'public = "{{ person.name }}', "{{ people }} would name them again"),
        ("{{ agent.name }}:", "{{ agent.name }}: {{ links.nillo.url }}", "did you mean 'nilo'?"),
        ("{{ agent.name }}:", "{{ agent.name }}: {{ links.nilo }}", "shows something that is no name"),
        ("{{ agent.name }}:", "{{ agent.name }}: {{ links }}", "write {{ links.NAME.url }}"),
        ("{{ agent.name }}:", "{{ agent.name }}: {{ link }}", "shows something that is no name"),
        ("{{ agent.name }}:", "{{ agent.name }}: {{ link.ulr }}", "did you mean 'link.url'?"),
        ("[examples]", 'register = "loro"\n[examples]', "'loro' is not a register"),
        ("[examples]", 'needs = ["greeting"]\n[examples]', "'greeting' is a word of the templates already"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_variants_registers_and_links_of_a_text_is_told(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = changed(TEMPLATE, old, new)
    if new.startswith('public = ["'):
        text = text.replace('when }}."', 'when }}."]')
    found = problems(workspace(tmp_path, templates={**TEMPLATES, "new": text}))
    assert any(said in line for line in found), found


def test_the_same_text_twice_is_no_variant(tmp_path: Path) -> None:
    text = THANKS.replace('public = "Grazie', 'public = ["Grazie  a lei, {{ person.name }}! {{ agent.name }}", "Grazie')
    text = text.rstrip() + "]\n"
    found = problems(workspace(tmp_path, templates={"delivery-late": DELIVERY_LATE, "thanks": text}))
    assert any("thanks.toml" in line and "has the same text twice" in line for line in found), found


def test_a_text_may_ask_whether_there_is_a_link(tmp_path: Path) -> None:
    policies = POLICIES[: POLICIES.index("[[links]]")] + POLICIES[POLICIES.index("[reply.patterns]") :]
    asks = TEMPLATE.replace("{{ agent.name }}:", "{% if link is defined %}{{ link.url }}{% endif %} {{ agent.name }}:")
    shows = TEMPLATE.replace("{{ agent.name }}:", "{{ link.url }} {{ agent.name }}:")
    usual = DELIVERY_LATE[: DELIVERY_LATE.index("[reply.it.tu]")]
    loaded(workspace(tmp_path, policies=policies, templates={"delivery-late": usual, "new": asks}))
    found = problems(workspace(tmp_path, policies=policies, templates={"delivery-late": usual, "new": shows}))
    assert found == [
        "templates/replies/new.toml:4 reply.it.public: shows link.url, and policies.toml has no [[links]]: "
        "add one, or ask first with {% if link is defined %}"
    ]


def test_a_policy_that_cannot_be_read_makes_no_link_unknown(tmp_path: Path) -> None:
    found = problems(workspace(tmp_path, policies=POLICIES + "\n[["))
    assert [line for line in found if "link" in line] == []
