"""The names that the files declare, gathered before anything is checked: a mistake inside a calendar is no reason to
call the calendar unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Names = tuple[str, ...]
_TAG_LENGTHS = (2, 3)


@dataclass(frozen=True, slots=True)
class Known:
    """What a reference may point at. None: the file that says so could not be read, so nothing is held against it.

    `keepers` are owners and agents; `dated` the promise kinds that name a calendar; `coupons` the rewards of that
    form, `priced` those that have a value.
    """

    platforms: Names = ()
    accounts: Names | None = None
    keepers: Names | None = None
    languages: Names | None = None
    calendars: Names | None = None
    promises: Names | None = None
    dated: Names | None = None
    escalations: Names | None = None
    topics: Names | None = None
    procedures: Names | None = None
    rewards: Names | None = None
    coupons: Names | None = None
    priced: Names | None = None
    templates: Names | None = None
    links: Names | None = None


def declared(
    accounts: Mapping[str, Any] | None,
    policies: Mapping[str, Any] | None,
    templates: Mapping[str, Mapping[str, Any] | None],
    platforms: Iterable[str],
) -> Known:
    """What the TOML of the files (None: unreadable) declares, whatever else is wrong with it. `templates` are by id."""
    return Known(
        platforms=tuple(platforms),
        accounts=_keys(accounts, "accounts"),
        keepers=None if accounts is None else _table(accounts, "owners") + _table(accounts, "agents"),
        languages=_languages(policies),
        calendars=_keys(policies, "calendars"),
        promises=_keys(policies, "promises"),
        dated=None if policies is None else _dated(policies),
        escalations=None if policies is None else _named(policies.get("escalation")),
        topics=_topics(templates),
        procedures=_keys(policies, "procedures"),
        rewards=_keys(policies, "rewards"),
        coupons=None if policies is None else _having(policies, "rewards", "form", "coupon"),
        priced=None if policies is None else _having(policies, "rewards", "value"),
        templates=tuple(templates),
        links=None if policies is None else _named(policies.get("links")),
    )


def _keys(data: Mapping[str, Any] | None, name: str) -> Names | None:
    return None if data is None else _table(data, name)


def _table(data: Mapping[str, Any], name: str) -> Names:
    found = data.get(name)
    return tuple(found) if isinstance(found, dict) else ()


def _languages(policies: Mapping[str, Any] | None) -> Names | None:
    company = (policies or {}).get("company")
    languages = company.get("languages") if isinstance(company, dict) else None
    tags: list[Any] = languages if isinstance(languages, list) else [None]
    sound = all(isinstance(tag, str) and tag.islower() and len(tag) in _TAG_LENGTHS for tag in tags)
    return tuple(tags) if sound else None


def _dated(policies: Mapping[str, Any]) -> Names:
    return _having(policies, "promises", "calendar")


def _having(policies: Mapping[str, Any], name: str, key: str, value: object = None) -> Names:
    """The names of the tables of a table that have a key (with this value, if one is given)."""
    tables = policies.get(name)
    having = [(k, v) for k, v in tables.items() if isinstance(v, dict) and key in v] if isinstance(tables, dict) else []
    return tuple(k for k, v in having if value in (None, v[key]))


def _named(entries: object) -> Names:
    found = entries if isinstance(entries, list) else []
    return tuple(e["name"] for e in found if isinstance(e, dict) and isinstance(e.get("name"), str))


def _topics(templates: Mapping[str, Mapping[str, Any] | None]) -> Names | None:
    topics: list[str] = []
    for name, data in templates.items():
        topic = None if data is None else data.get("topic", name)
        if not isinstance(topic, str):
            return None
        topics.append(topic)
    return tuple(topics)
