"""The three groups, by name."""

from __future__ import annotations

from tests.fuzzing import connectors, settings, words
from tests.fuzzing.oracles import Group

GROUPS: dict[str, Group] = {group.name: group for group in (settings.GROUP, connectors.GROUP, words.GROUP)}
