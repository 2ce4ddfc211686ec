"""[rewards.NAME]: read into the domain, shown again as they are, and every mistake with its file, line and path."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caretool.domain.reward import Budget, read_codes
from caretool.settings import kept, names
from caretool.settings.in_force import policy_as_toml
from tests.settings.shop import DELIVERY_LATE, POLICIES, TEMPLATES, changed, line_of, loaded, problems, workspace

REWARDS = POLICIES[POLICIES.index("[rewards.thanks]") : POLICIES.index('[[moderation]]\nname = "strangers')]
COUPON = REWARDS[: REWARDS.index("[rewards.mug]")]


def wrong(folder: Path, old: str, new: str) -> list[str]:
    """What is told of the policy with one thing changed inside its rewards."""
    return problems(workspace(folder, policies=POLICIES.replace(REWARDS, changed(REWARDS, old, new))))


def test_a_reward_is_read(tmp_path: Path) -> None:
    thanks = loaded(workspace(tmp_path)).policy.rewards["thanks"]
    assert (thanks.form, thanks.codes, thanks.value, thanks.currency) == (
        "coupon", "codes/thanks.txt", Decimal("9.90"), "EUR",
    )  # fmt: skip
    assert thanks.budget == Budget(Decimal(500), "quarter")
    assert (thanks.per_month, thanks.per_person) == (50, {"month": 1, "quarter": 2, "year": 3})


def test_a_template_gives_it(tmp_path: Path) -> None:
    assert loaded(workspace(tmp_path)).templates["delivery-late"].gives == "mug"


def test_it_is_kept_and_shown_as_it_was(tmp_path: Path) -> None:
    settings = loaded(workspace(tmp_path))
    again = kept.from_text(kept.to_text(kept.worked_in(settings, 2026)))
    assert again.policy.rewards == settings.policy.rewards
    assert names.from_text(kept.to_text(kept.worked_in(settings, 2026))).rewards == {"thanks": "coupon", "mug": "gift"}
    shown = loaded(workspace(tmp_path, policies=policy_as_toml(settings)))
    assert shown.policy.rewards == settings.policy.rewards


@pytest.mark.parametrize(
    ("old", "new", "path", "said"),
    [
        ('form = "coupon"', 'form = "cupon"', "thanks.form", "did you mean 'coupon'?"),
        ('codes = "codes/thanks.txt"', "", "thanks", "is a coupon without codes: add codes"),
        ("codes/thanks.txt", "../thanks.txt", "thanks.codes", "leads out of the workspace"),
        ("codes/thanks.txt", "codes/../../x", "thanks.codes", "leads out of the workspace"),
        ('value = "9.90"', 'value = "much"', "thanks.value", "is not an amount of money: write 10"),
        ('value = "9.90"', "value = 0", "thanks.value", "is not an amount of money: more than 0"),
        ('value = "9.90"', "value = true", "thanks.value", "true is not an amount of money"),
        ('value = "9.90"', "value = inf", "thanks.value", "is not an amount of money"),
        ('value = "9.90"', 'value = "0.0001"', "thanks.value", "at most 3 decimals"),
        ('currency = "EUR"', 'currency = "EURO"', "thanks.currency", "is not a currency: did you mean 'EUR'?"),
        ('currency = "EUR"', "", "thanks", "value and currency go together"),
        ('per = "quarter"', 'per = "week"', "thanks.budget.per", "is not one of month, quarter, year"),
        ("quarter = 2", "quarter = 0", "thanks.per_person.quarter", "must be at least 1"),
        ("month = 1\nquarter = 2\nyear = 3", "", "thanks.per_person", "says no number: add month = 1"),
        ('["praise", "suggestion"]', '["prase"]', "thanks.kinds[1]", "did you mean 'praise'?"),
        ("il codice {{ reward.code }} ", "", "thanks.says", "does not show the code"),
        ("{{ greeting }}, sono", "{{ people }}, sono", "thanks.says", '"people" is no value it has'),
        ("sono {{ agent.name }}", "domani {{ agent.name }}", "thanks.says", "'domani' means"),
        ('form = "gift"', 'form = "gift"\ncodes = "x.txt"', "mug", "is a gift, which has no codes"),
        ("stock = 20", "stock = -1", "mug.stock", "must be at least 0"),
        ("una tazza", "{{ reward.value }}", "mug.says", '"reward.value" is shown, and there is none'),
        ("una tazza", "{{ reward.code }}", "mug.says", '"reward.code" is no value it has'),
        (', en = "A mug for you. {{ agent.name }}"', "", "mug.says", "what it says is missing in en"),
    ],
)
def test_each_mistake_is_told(tmp_path: Path, old: str, new: str, path: str, said: str) -> None:
    lines = wrong(tmp_path, old, new)
    assert any(f" rewards.{path}: " in line and said in line for line in lines), lines
    assert len(lines) <= 2, lines


def test_two_rewards_have_files_of_their_own(tmp_path: Path) -> None:
    second = COUPON.replace("rewards.thanks", "rewards.sorry").replace("codes/thanks.txt", "./codes/thanks.txt")
    policies = POLICIES.replace(REWARDS, REWARDS + second)
    (line,) = problems(workspace(tmp_path, policies=policies))
    at = line_of('codes = "./codes', policies)
    assert line.startswith(f"policies.toml:{at} rewards.sorry.codes: './codes/thanks.txt' holds the codes of")


def _template(folder: Path, **changes: str) -> list[str]:
    text = DELIVERY_LATE
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new, 1)
    return problems(workspace(folder, templates={**TEMPLATES, "delivery-late": text}))


def test_a_template_that_gives_a_coupon_shows_its_code_in_every_private_text(tmp_path: Path) -> None:
    found = _template(tmp_path, **{'gives = "mug"': 'gives = "thanks"'})
    assert [line.split(" ")[1] for line in found] == ["reply.it.private:", "reply.it.lei.private:"]
    assert all("does not show the code of 'thanks'" in line for line in found)


def test_in_public_no_text_shows_it(tmp_path: Path) -> None:
    changes = {
        'gives = "mug"': 'gives = "thanks"', "il suo ordine {{ order }}": "{{ reward.code }} {{ order }}",
        "in privato.": "in privato: {{ reward.code }}.", "{{ company.name }}:": "{{ reward.value }}:",
    }  # fmt: skip
    (line,) = _template(tmp_path, **changes)
    assert "reply.it.public: " in line
    assert '"reward.value" is for one person alone: it stands in private texts only' in line


def test_a_template_that_gives_nothing_shows_nothing(tmp_path: Path) -> None:
    changes = {'gives = "mug"\n': "", "in privato.": "in privato: {{ reward.code }}."}
    (line,) = _template(tmp_path, **changes)
    assert 'this template gives none: add gives = "…"' in line


def test_an_unknown_reward_is_told_with_the_nearest(tmp_path: Path) -> None:
    (line,) = _template(tmp_path, **{'gives = "mug"': 'gives = "mugg"'})
    assert "gives: 'mugg' is not a reward: did you mean 'mug'?" in line


def test_codes_are_read_a_line_each_and_what_is_odd_is_told_without_them() -> None:
    found = read_codes("# ours\n\n AAA \r\nBBB\nAAA\nCCC,10\nhttps://shop.example/c/9\n\x1b[31m\n" + "x" * 201)
    assert found.codes == ((3, "AAA"), (4, "BBB"), (7, "https://shop.example/c/9"))
    assert [sentence.split(" ")[1] for sentence in found.odd] == ["5", "6", "8", "9"]
    assert not any(code in " ".join(found.odd) for code in ("AAA", "CCC"))


@given(st.text())
def test_whatever_the_file_holds_each_code_counts_once_and_is_one_line(text: str) -> None:
    found = read_codes(text)
    codes = [code for _, code in found.codes]
    assert len(set(codes)) == len(codes)
    assert all(code.isprintable() and code == code.strip() and " " not in code for code in codes)
