"""The names in the settings as the store keeps them, for whoever completes a word: the standard library only, for what
reads them whole (`kept`) takes several times as long to import."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """What can be typed: each name with a word about it."""

    accounts: Mapping[str, str]
    agents: Mapping[str, str]
    owners: tuple[str, ...]
    templates: Mapping[str, str]
    topics: Mapping[str, str]
    promise_kinds: Mapping[str, str]
    procedures: Mapping[str, str]
    rewards: Mapping[str, str]
    watches: Mapping[str, str]


def from_text(text: str) -> Names:
    """The names in what `kept.to_text` made; KeyError or ValueError if another version of caretool made it."""
    settings = json.loads(text)
    templates = settings["templates"]
    return Names(
        accounts={name: account["platform"] for name, account in settings["accounts"].items()},
        agents={name: agent["role"] for name, agent in settings["agents"].items()},
        owners=tuple(settings["owners"]),
        templates={name: ", ".join(template["kinds"]) for name, template in templates.items()},
        topics={template["topic"]: ", ".join(template["kinds"]) for template in templates.values()},
        promise_kinds={name: f"kept by {kind['owner']}" for name, kind in settings["policy"]["promises"].items()},
        rewards={name: kind["form"] for name, kind in settings["policy"]["rewards"].items()},
        watches={watch["name"]: ", ".join(watch["words"]) for watch in settings["policy"]["watches"]},
        procedures={
            name: ", ".join(step["name"] for step in procedure["steps"])
            for name, procedure in settings["policy"]["procedures"].items()
        },
    )
