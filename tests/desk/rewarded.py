"""Rewards for the shop of the stage: what may be given, and files of codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from caretool.domain.policy import Settings
from caretool.domain.reward import RewardKind
from caretool.settings.rewards import RewardTable, reward_in_force
from tests.desk.stage import Stage, shop

SAYS = {
    "it": "Buongiorno {{ person.name }}, sono {{ agent.name }}: grazie, il codice {{ reward.code }} è per lei.",
    "en": "Hello {{ person.name }}, {{ agent.name }} here: thank you, the code {{ reward.code }} is for you.",
}
MUG = {
    "it": "Buongiorno {{ person.name }}, sono {{ agent.name }}: grazie, una tazza è per lei.",
    "en": "Hello {{ person.name }}, {{ agent.name }} here: thank you, a mug is for you.",
}
GRATEFUL = "bellissimo, lo adoro"

COUPONS = """
[rewards.thanks]
form = "coupon"
codes = "codes/thanks.txt"
kinds = ["praise", "suggestion", "complaint"]
[rewards.thanks.says]
it = "Buongiorno {{ person.name }}, sono {{ agent.name }}: grazie, il codice {{ reward.code }} è per lei."
en = "Hello {{ person.name }}, {{ agent.name }} here: thank you, the code {{ reward.code }} is for you."
"""


def coupon(name: str = "thanks", **keys: Any) -> RewardKind:
    """A coupon that is given for praise."""
    table = {"form": "coupon", "codes": f"codes/{name}.txt", "kinds": ["praise"], "says": SAYS} | keys
    return reward_in_force(name, RewardTable.model_validate(table))


def gift(name: str = "mug", **keys: Any) -> RewardKind:
    """A gift that is given for praise."""
    table = {"form": "gift", "kinds": ["praise"], "says": MUG} | keys
    return reward_in_force(name, RewardTable.model_validate(table))


def giving(*kinds: RewardKind, settings: Settings | None = None) -> Settings:
    """The shop's settings with these rewards."""
    known = settings or shop()
    return replace(known, policy=replace(known.policy, rewards={kind.name: kind for kind in kinds}))


def write_codes(folder: Path, codes: Iterable[str], name: str = "thanks") -> Path:
    """A file of codes in a workspace."""
    path = folder / "codes" / f"{name}.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{code}\n" for code in codes), encoding="utf-8")
    return path


def codes_of(stage: Stage) -> dict[str, str | None]:
    """Every code with the state of the reward that has it; None: it is free."""
    sql = "SELECT c.code, w.state FROM code c LEFT JOIN reward w ON w.id = c.reward ORDER BY c.place, c.code"
    return dict(stage.rows(sql))  # type: ignore[arg-type]


def worth(amount: str) -> dict[str, Any]:
    """Keys of a reward that is worth something."""
    return {"value": Decimal(amount), "currency": "EUR"} if amount else {}
