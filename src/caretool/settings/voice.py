"""How we speak: registers and signatures, as tables of policies.toml and of templates, and as the domain's values."""

from __future__ import annotations

from typing import Annotated, Any, cast

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from caretool.domain.voice import REGISTERS, AccountVoice, Register, Signing, ThreadVoice, Voice
from caretool.settings.problems import instead, shown
from caretool.settings.values import AccountName, Spoken, Table, Takes, Text, known_to

_TYPED = {"tú": "tu"}


def _by_language(value: object, info: ValidationInfo) -> object:
    """One register alone is meant for every language that has it."""
    if not isinstance(value, str):
        return value
    register = _TYPED.get(value, value)
    languages = known_to(info).languages
    found = {tag: register for tag, those in REGISTERS.items() if register in those}
    if not found:
        every = list(dict.fromkeys(name for names in REGISTERS.values() for name in names))
        raise ValueError(f"{shown(value)} is not a register: {instead(value, every)}")
    spoken = {tag: name for tag, name in found.items() if languages is None or tag in languages}
    if not spoken:
        raise ValueError(f"no language of the company has the register {shown(value)}")
    return spoken


def _each_has_it(registers: dict[str, str]) -> dict[str, str]:
    typed = {tag: _TYPED.get(name, name) for tag, name in registers.items()}
    for tag, name in typed.items():
        those = REGISTERS.get(tag, ())
        if not those:
            raise ValueError(f"{tag} has no registers here: leave it out")
        if name not in those:
            raise ValueError(f"{shown(name)} is not a register of {tag}: {instead(name, those)}")
    return typed


RegisterTable = Annotated[
    dict[Spoken, Annotated[str, Takes("a register")]],
    BeforeValidator(_by_language),
    AfterValidator(_each_has_it),
    Takes("a register (`lei`, `tu`, `voi`, `usted`, `vosotros`), or a table: language = register"),
]


class AccountVoiceTable(Table):
    """What one account says otherwise."""

    register_: RegisterTable = Field(
        default={}, alias="register", description="how people are spoken to there; left out: as everywhere"
    )
    signature: Signing | None = Field(default=None, description="as above; left out: as everywhere")


class ThreadVoiceTable(Table):
    """How people are spoken to under one thread, whatever the template and the account say."""

    thread: Text = Field(description="its address, or its id on the platform")
    register_: RegisterTable = Field(alias="register", description="how people are spoken to under it")


class VoiceTable(Table):
    """How we speak to people. Nearest wins: the thread's register, the template's, the account's, the company's."""

    register_: RegisterTable = Field(
        default={}, alias="register", description="how people are spoken to; left out: nobody checks it"
    )
    signature: Signing = Field(
        default="none", description="`append`: the agent's signature ends every reply, unless the text shows it already"
    )
    accounts: dict[AccountName, AccountVoiceTable] = Field(
        default={}, description="what an account says otherwise, by its name"
    )
    threads: list[ThreadVoiceTable] = Field(
        default=[], description="threads under which people are spoken to otherwise"
    )

    @field_validator("threads")
    @classmethod
    def _once(cls, threads: list[ThreadVoiceTable]) -> list[ThreadVoiceTable]:
        names = [one.thread.rstrip("/") for one in threads]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{shown(twice)} stands twice: keep one of them")
        return threads


def registers(table: dict[str, str]) -> dict[str, Register]:
    """A register table as the domain's value."""
    return {tag: cast(Register, name) for tag, name in table.items()}


def voice_in_force(table: VoiceTable) -> Voice:
    """The table as the domain's value."""
    return Voice(
        register=registers(table.register_),
        signature=table.signature,
        accounts={name: AccountVoice(registers(own.register_), own.signature) for name, own in table.accounts.items()},
        threads=tuple(ThreadVoice(one.thread, registers(one.register_)) for one in table.threads),
    )


def voice_table(voice: Voice) -> dict[str, Any]:
    """Back to a table."""
    return {
        "register": dict(voice.register),
        "signature": voice.signature,
        "accounts": {
            name: {"register": dict(own.register), "signature": own.signature} for name, own in voice.accounts.items()
        },
        "threads": [{"thread": one.thread, "register": dict(one.register)} for one in voice.threads],
    }
