"""`[[moderation]]` of policies.toml: what may be done with a comment, and on which grounds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from caretool.domain.comment import Kind, Tone
from caretool.domain.moderation import grounded
from caretool.domain.policy import Action, When
from caretool.settings.values import (
    AccountName,
    Elapsed,
    PlatformName,
    Several,
    Table,
    Tag,
    Takes,
    Text,
    TopicName,
)

_LISTS = "one or a list of them: any will do"


class WhenTable(Table):
    """What a rule looks at: all that is named must hold. Only kind spam or abuse, same_message_profiles and (to hide)
    personal_data are grounds; everything else narrows."""

    kind: Annotated[list[Kind] | None, Several, Field(min_length=1)] = Field(default=None, description=_LISTS)
    tone: Annotated[list[Tone] | None, Several, Field(min_length=1)] = Field(default=None, description=_LISTS)
    topic: Annotated[list[TopicName] | None, Several, Field(min_length=1)] = Field(default=None, description=_LISTS)
    language: Annotated[list[Tag] | None, Several, Field(min_length=1)] = Field(default=None, description=_LISTS)
    account: Annotated[list[AccountName] | None, Several, Field(min_length=1)] = Field(default=None, description=_LISTS)
    platform: Annotated[list[PlatformName] | None, Several, Field(min_length=1)] = Field(
        default=None, description=_LISTS
    )
    thread: Annotated[list[Text] | None, Several, Field(min_length=1)] = Field(
        default=None, description="the platform's id or the address of a thread; one or a list of them"
    )
    vulgar: bool | None = Field(default=None, description="the comment holds vulgar words, or none")
    personal_data: bool | None = Field(default=None, description="the comment exposes personal data, or does not")
    same_message_profiles: Annotated[int, Field(ge=2, le=10_000), Takes("a whole number")] | None = Field(
        default=None, description="the same or nearly the same message stands on so many of our profiles, or more"
    )
    within: Elapsed | None = Field(
        default=None, description="from the first to the last of these messages; left out: whenever they were written"
    )
    by: Literal["one", "several"] | None = Field(
        default=None,
        description="whose messages are counted. one (if left out): those of one author, who is known on several of "
        "our profiles by the same handle on the same platform. several: anybody's, if they have five words or more; "
        "where one of them was read as a complaint, none of them is silenced",
    )
    removed_before: Annotated[int, Field(ge=1, le=10_000), Takes("a whole number")] | None = Field(
        default=None,
        description="the author was hidden, deleted, muted or banned so often or more; what was undone or hid their "
        "own personal data is not counted",
    )
    first_comment: bool | None = Field(
        default=None, description="nothing else is known of the author on this account, or something is"
    )

    @model_validator(mode="after")
    def _belongs_to_copies(self) -> WhenTable:
        for name in ("within", "by"):
            if getattr(self, name) is not None and self.same_message_profiles is None:
                raise ValueError(f"{name} says how the same message is counted: add same_message_profiles = 2 or more")
        return self


class ModerationTable(Table):
    """What may be done with a comment, on a person's yes; the first rule that matches wins. A rule that hides,
    deletes, mutes, bans or reports needs a ground that is no complaint: kind spam or abuse, the same message on several
    profiles, or (only to hide) personal data. leave makes an exception, ask leaves it to a person."""

    name: Text = Field(description="how it is called")
    action: Action = Field(description="what would be done")
    when: WhenTable = Field(description="which comments it is for")

    @field_validator("when")
    @classmethod
    def _grounded(cls, when: WhenTable, info: ValidationInfo) -> WhenTable:
        action: Action | None = info.data.get("action")
        refusal = grounded(conditions(when), action) if action is not None else None
        if refusal is not None:
            raise ValueError(refusal)
        return when


def conditions(when: WhenTable) -> When:
    """The table as the domain's value."""
    named: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key in WhenTable.model_fields
        if (value := getattr(when, key)) is not None
    }
    return When(**named)
