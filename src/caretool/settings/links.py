"""`[[links]]` of policies.toml: the pages that answer what people ask, as tables and as the domain's values."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from caretool.domain.links import Link, LinkKind
from caretool.settings.problems import shown
from caretool.settings.values import Cue, Identifier, Spoken, Table, Takes, Text, TopicName, known_to, unsayable

_SECURE = re.compile(r"https://[^\s/@\\<>\"'{}|^`]+\.[^\s/@\\<>\"'{}|^`]+(?:/[^\s\\<>\"{}|^`]*)?")


def _secure(url: str) -> str:
    if not _SECURE.fullmatch(url) or not url.isprintable():
        raise ValueError(f"{shown(url)} is not a link for customers: it begins with https://, and holds no spaces")
    return url


class LinkTable(Table):
    """A page that a reply may link. It fits a comment for which all holds that is named here: its topic, one of the
    words, the language."""

    name: Identifier = Field(description="a template calls it so: `{{ links.NAME.url }}`")
    url: Annotated[str, AfterValidator(_secure), Takes("a web address (https)")] = Field(description="where it is")
    kind: LinkKind = Field(description="what is behind it")
    languages: Annotated[list[Spoken] | None, Field(min_length=1)] = Field(
        default=None, description="in which it can be read; left out: all of the company's"
    )
    title: dict[Spoken, Text] = Field(description="what it is called, by language: `{{ link.title }}`")
    topics: list[TopicName] = Field(default=[], description="what people who need it write about; left out: anything")
    cues: dict[Spoken, Annotated[list[Cue], Field(min_length=1)]] = Field(
        default={}, description="words of the comment, or of the post it is under, by language: a product's name"
    )

    @field_validator("title")
    @classmethod
    def _in_every_language(cls, title: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        languages = info.data.get("languages") or known_to(info).languages or ()
        untold = [tag for tag in languages if tag not in title and unsayable(tag) is None]
        if untold:
            example = ", ".join(f'{tag} = "…"' for tag in untold)
            raise ValueError(f"what it is called is missing in {' and '.join(untold)}: add title = {{ {example} }}")
        return title


def links_in_force(tables: list[LinkTable], languages: list[str]) -> tuple[Link, ...]:
    """The tables as the domain's values; `languages` are the company's."""
    return tuple(
        Link(
            name=table.name,
            url=table.url,
            kind=table.kind,
            title=dict(table.title),
            languages=tuple(table.languages or languages),
            topics=tuple(table.topics),
            cues={tag: tuple(cues) for tag, cues in table.cues.items()},
        )
        for table in tables
    )


def link_tables(links: tuple[Link, ...]) -> list[dict[str, Any]]:
    """Back to tables."""
    return [
        {
            "name": link.name,
            "url": link.url,
            "kind": link.kind,
            "languages": link.languages,
            "title": link.title,
            "topics": link.topics,
            "cues": link.cues,
        }
        for link in links
    ]
