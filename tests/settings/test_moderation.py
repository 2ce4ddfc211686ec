from __future__ import annotations

from pathlib import Path

import pytest

from caretool.domain.duration import Duration
from caretool.domain.policy import When
from caretool.errors import SettingsProblem
from caretool.settings import kept
from caretool.settings.in_force import policy_as_toml
from tests.settings.shop import POLICIES, loaded, workspace

WHOLE = """
[[moderation]]
name = "everything"
action = "ban"
[moderation.when]
kind = "spam"
vulgar = false
same_message_profiles = 2
within = "24h"
by = "several"
removed_before = 1
first_comment = false
thread = ["post", "https://page.example/1"]
"""


def rule(text: str) -> str:
    """The policy with one more rule."""
    return f"{POLICIES}\n[[moderation]]\n{text}\n"


def test_every_condition_is_read_and_kept_and_shown(tmp_path: Path) -> None:
    settings = loaded(workspace(tmp_path, policies=POLICIES + WHOLE))
    assert settings.policy.moderation[-1].when == When(
        kind=("spam",),
        vulgar=False,
        same_message_profiles=2,
        within=Duration(24, "hours"),
        by="several",
        removed_before=1,
        first_comment=False,
        thread=("post", "https://page.example/1"),
    )
    again = loaded(workspace(tmp_path, policies=policy_as_toml(settings)))
    assert again.policy == settings.policy
    assert kept.from_text(kept.to_text(kept.worked_in(settings, 2026))).policy.moderation == settings.policy.moderation


def test_one_thread_needs_no_list_and_what_is_left_out_does_not_matter(tmp_path: Path) -> None:
    settings = loaded(workspace(tmp_path, policies=rule('name = "x"\naction = "leave"\nwhen = { thread = "post" }')))
    assert settings.policy.moderation[-1].when == When(thread=("post",))


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ('{ kind = "spam", within = "24h" }', "within says how the same message is counted"),
        ('{ kind = "spam", by = "one" }', "by says how the same message is counted"),
        ('{ same_message_profiles = 2, within = "2 working days" }', "runs on a calendar"),
        ('{ same_message_profiles = 2, by = "many" }', "'many' is not one of one, several"),
        ("{ same_message_profiles = 1 }", "same_message_profiles"),
        ("{ vulgar = true }", "this could silence a complaint"),
        ("{ removed_before = 3 }", "this could silence a complaint"),
        ('{ first_comment = true, thread = "post" }', "this could silence a complaint"),
        ('{ kind = "spam", removed_before = 0 }', "removed_before"),
        ('{ kind = "spam", thread = [] }', "thread"),
        ('{ kind = "spam", vulger = true }', "did you mean 'vulgar'"),
    ],
)
@pytest.mark.parametrize("action", ["ban", "report"])
def test_a_rule_that_cannot_be_meant_does_not_load(tmp_path: Path, when: str, told: str, action: str) -> None:
    with pytest.raises(SettingsProblem) as problem:
        loaded(workspace(tmp_path, policies=rule(f'name = "x"\naction = "{action}"\nwhen = {when}')))
    assert told in str(problem.value)


def test_an_example_may_expect_a_ground_or_none(tmp_path: Path) -> None:
    example = (
        '\n[[examples]]\ntext = "x"\nexpect = { ground = "spam" }\n[[examples]]\ntext = "y"\nexpect = { ground = "" }\n'
    )
    settings = loaded(workspace(tmp_path, policies=POLICIES + example))
    assert [one.expect for one in settings.policy.examples[-2:]] == [{"ground": "spam"}, {"ground": None}]
    assert loaded(workspace(tmp_path, policies=policy_as_toml(settings))).policy == settings.policy
