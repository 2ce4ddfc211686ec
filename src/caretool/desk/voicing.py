"""Voice: in which language and register a reply speaks, which of a template's texts it takes, its values (R5)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from caretool.desk import linking, rewarding
from caretool.domain import voice, wording
from caretool.domain.reading import Text
from caretool.domain.wording import Linked
from caretool.errors import UsageProblem
from caretool.language.languages import Languages

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.desk.request import Request, Target
    from caretool.domain.comment import Comment
    from caretool.domain.draft import Mode
    from caretool.domain.links import Link
    from caretool.domain.policy import Agent
    from caretool.domain.template import Form, Template
    from caretool.domain.voice import Register, Voice

_JINJA = re.compile(r"\{[{%].*?[%}]\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Chosen:
    """How one reply speaks: the text to render, its language and register (None: nobody has said), how many variants
    there were, and which of them it is (from 0)."""

    language: str
    register: Register | None
    source: str
    variants: int = 1
    turn: int = 0


class Voicing:
    """The choices for one request, one target after the other: the same request is always given the same ones, and
    neighbours under a thread different variants; a draft keeps those it was written with. `remarks` tells what an agent
    should know of them."""

    def __init__(self, desk: Desk, request: Request, template: Template | None) -> None:
        self._desk = desk
        self._request = request
        self._template = template
        self._places: Counter[tuple[str, str | None]] = Counter()
        self._last: dict[str, str | None] = {}
        self._remarks: Counter[str] = Counter()

    def choose(self, members: Sequence[Comment], mode: Mode, private: bool) -> Chosen:
        """For one person, or the people of one thread. UsageProblem where the template has no such text, or a typed
        one would name people twice."""
        languages = self._desk.policy.company.languages
        wanted = self._language(members)
        if self._request.text is not None:
            twice = wording.named_twice(wording.variables(self._request.text)) if mode == "together" else None
            if twice is not None:
                raise UsageProblem(f"{twice}.")
            language = self._written_in(self._request.text, wanted)
            return Chosen(language, self._register(members, language), self._request.text)
        order = tuple(dict.fromkeys((wanted, *languages)))
        if self._template is None:
            language, source = rewarding.words(self._desk, self._request, order)
            return Chosen(language, self._register(members, language), source)
        form: Form = "private" if private else "together" if mode == "together" else "public"
        for language in order:
            words = self._template.replies.get(language)
            if words is not None and words.variants(form):
                if language != wanted:
                    self._remarks[f"{self._template.id} has no {form} text in {wanted}: answered in {language}"] += 1
                return self._in(language, form, members)
        instead = (
            ": comments in private need one; use --text." if private else "; use --mode each, --text or another one."
        )
        raise UsageProblem(f"Template {self._template.id!r} has no {form} text{instead}")

    def remarks(self) -> tuple[str, ...]:
        """A sentence each, with how many answers it is about."""
        return tuple(f"{said}{f' ({number} answers)' * (number > 1)}." for said, number in self._remarks.items())

    def _language(self, members: Sequence[Comment]) -> str:
        """The company's language in which most of them wrote, else its first."""
        languages = self._desk.policy.company.languages
        votes = [comment.language for comment in members if comment.language in languages]
        wanted = max(languages, key=votes.count)
        for other in dict.fromkeys(c.language for c in members if c.language and c.language != wanted):
            if other not in languages:
                self._remarks[f"Written in {other}, which the company does not speak: answered in {wanted}"] += 1
            else:
                self._remarks[f"Some wrote in {other}, and get the answer of all in {wanted}"] += 1
        return wanted

    def _written_in(self, text: str, otherwise: str) -> str:
        """The company's language in which somebody typed a text. It matters only where names or times are filled in."""
        languages = self._desk.policy.company.languages
        roots = {name.partition(".")[0] for name in wording.variables(text)}
        if len(languages) == 1 or roots.isdisjoint({"people", "promises", "greeting", "link", "links"}):
            return otherwise
        found, _ = Languages(languages).name(Text(_JINJA.sub(" ", text), otherwise))
        return found if found in languages else otherwise

    def _register(self, members: Sequence[Comment], language: str) -> Register | None:
        first = members[0]
        own = self._template.register if self._template is not None else {}
        thread = (first.thread_native_id, first.thread_url)
        return voice.wanted_register(self._desk.policy.voice, own, language, first.account, thread)

    def _in(self, language: str, form: Form, members: Sequence[Comment]) -> Chosen:
        """The template's text in a language: of the register wanted where there is one, and the variant whose turn it
        is."""
        assert self._template is not None
        words = self._template.replies[language]
        register = self._register(members, language)
        texts = words.variants(form)
        if register is not None and register in words.registers and words.registers[register].variants(form):
            texts = words.registers[register].variants(form)
        elif register is not None and register != usual(self._desk.policy.voice, self._template, language):
            several = form == "together"
            # Where the words contradict it, the check says so.
            if not any(voice.wrong_registers(said_in(text), language, register, several=several) for text in texts):
                said = f"{self._template.id} has no {form} text in {language} for {register}: the usual one is taken"
                self._remarks[said] += 1
        turn = self._turn(members, texts)
        return Chosen(language, register, texts[turn], len(texts), turn)

    def _turn(self, members: Sequence[Comment], texts: Sequence[str]) -> int:
        """Which text: round and round by the place among the answers under a thread, beginning after what was last said
        there."""
        first = members[0]
        under = (first.account, first.thread)
        place = self._places[under]
        self._places[under] += 1
        if len(texts) == 1:
            return 0
        written = next((self._request.turns[one.id] for one in members if one.id in self._request.turns), None)
        if written is not None and written < len(texts):
            return written
        last = wording.which_said(self._last_under(first.thread) or "", texts)
        return ((last + 1 if last is not None else 0) + place) % len(texts)

    def _last_under(self, thread: str | None) -> str | None:
        if thread is None:
            return None
        if thread not in self._last:
            self._last[thread] = self._desk.store.replies.last_under(thread)
        return self._last[thread]


def usual(spoken: Voice, template: Template, language: str) -> Register | None:
    """The register in which a template's own texts are; None: nobody has said."""
    return template.register.get(language) or spoken.register.get(language)


def said_in(source: str) -> str:
    """What stands in a text beside its values."""
    return _JINJA.sub(" ", source)


def same_words(desk: Desk, request: Request, targets: Sequence[Target]) -> tuple[str, ...]:
    """A remark where many people get the same words, one by one, of a template that has no variants."""
    if request.template is None or request.text is not None:
        return ()
    alike = Counter(
        (target.account, target.comments[0].thread, target.source)
        for target in targets
        if target.mode == "each" and target.variants == 1
    )
    many = max(alike.values(), default=0)
    if many < desk.policy.reply.together_from:
        return ()
    return (f"{many} people get the same words: add variants to {request.template}.toml, or answer them together.",)


def greeting(desk: Desk, target: Target, called: str, now: datetime) -> str:
    """`{{ greeting }}` of a reply, by the clock at the desk when it is approved."""
    return voice.greeting(called, target.language, target.register, now.astimezone(desk.zone).time())


def signed(desk: Desk, text: str, agent: Agent, account: str | None, names: Sequence[str]) -> str:
    """The text to people of these names with the agent's signature, where replies on this account (None: on any) end
    with it."""
    return voice.signed(text, agent.signature, names) if voice.signs(desk.policy.voice, account) else text


def linked(link: Link | None, language: str) -> Linked | None:
    """A link as a text in this language shows it."""
    return Linked(link.url, link.title.get(language)) if link is not None else None


def all_links(desk: Desk, language: str) -> dict[str, Linked]:
    """`{{ links.NAME.url }}`: the whole catalogue."""
    return {link.name: Linked(link.url, link.title.get(language)) for link in desk.policy.links}


def offers(desk: Desk, targets: Sequence[Target]) -> tuple[str, ...]:
    """A remark for each page that would answer people whose text links none."""
    found: dict[str, None] = {}
    for target in targets:
        roots = {name.partition(".")[0] for name in wording.variables(target.source)}
        if roots & {"link", "links"} or "://" in target.source:
            continue
        fit = next(iter(linking.offered(desk, target.comments)), None)
        if fit is not None:
            where = f"{{{{ links.{fit.link.name}.url }}}}"
            found[f"A link may help: {fit.title} ({'; '.join(fit.why)}): {where}"] = None
    return tuple(found)
