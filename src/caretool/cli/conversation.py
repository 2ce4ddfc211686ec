"""The talk between an agent and the desk about one reply: suggestion, editor, checks, the yes."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import typer

from caretool.cli import unsent
from caretool.cli.approving import awaited_line, tell_draft
from caretool.cli.context import say, somebody_is_there
from caretool.cli.screen import advice, count, indented
from caretool.cli.telling import tell_waived
from caretool.desk import (
    approving,
    claiming,
    composing,
    linking,
    promising,
    recounting,
    replying,
    seconding,
    sending,
    suggesting,
    waiving,
)
from caretool.desk.claiming import Answering
from caretool.desk.desk import Desk
from caretool.desk.replying import Outcome
from caretool.desk.request import Composed, Request
from caretool.desk.sending import Sent
from caretool.desk.times import parse_time
from caretool.domain.comment import Comment
from caretool.domain.draft import AskedMode, Refusal
from caretool.domain.harmless import block, one_line, short_name
from caretool.domain.links import Fit
from caretool.domain.moment import stamp
from caretool.errors import CaretoolError, UsageProblem

_CUT = "# ---------------- >8 ---------------- everything below this line is ignored"
# An editor may fold that line.
_CUT_AT = re.compile(r"^# -{8,} >8 -{8,}", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `caretool reply`, as typed."""

    template: str | None
    values: Mapping[str, str]
    text: str | None
    edit: bool
    mode: AskedMode
    promises: tuple[str, ...]
    not_a_promise: tuple[str, ...]
    private: bool
    include_new: bool
    dry_run: bool
    later: bool
    by_hand: str | None
    yes: bool
    reward: str | None = None
    waive: tuple[str, ...] = ()
    draft: bool = False


def hold(desk: Desk, ids: Sequence[str], asked: Asked, made: Request | None = None) -> tuple[Outcome, Sent | None]:
    """From what was typed to what became of it; `made` is the request where another command has made it."""
    if asked.text is not None and asked.edit:
        raise UsageProblem("Give --text or --edit, not both.")
    if asked.by_hand is not None and not re.match(r"https?://[^\s/]", asked.by_hand):
        raise UsageProblem(f"--by-hand {asked.by_hand!r}: write the address of what you posted: https://…")
    if asked.by_hand is not None and asked.yes and asked.text is None and not (asked.edit or asked.dry_run):
        raise UsageProblem(
            "--by-hand with --yes: give the words that stand there with --text; the suggestion's may not be those. "
            "Nothing was written."
        )
    if not (asked.yes or asked.dry_run or somebody_is_there()):
        raise UsageProblem("Nobody is here to say yes: add --yes, or look first with --dry-run. Nothing was written.")
    request = made or replying.make_request(
        desk,
        ids,
        Request(
            comments=(),
            template=asked.template,
            text=asked.text,
            given=asked.values,
            mode=asked.mode,
            promises=_promises(desk, asked.promises),
            not_a_promise=asked.not_a_promise,
            private=asked.private,
            include_new=asked.include_new,
            draft=asked.draft,
            by_hand=asked.by_hand is not None,
            reward=asked.reward,
            waive=waiving.named(asked.waive),
        ),
    )
    with claiming.answering(desk, request.comments) as claim:
        return _talk(desk, request, asked, claim)


def _talk(desk: Desk, request: Request, asked: Asked, claim: Answering) -> tuple[Outcome, Sent | None]:
    """The group is claimed from here on, where anything is shown or written before the yes. Who may not answer is told
    before that: nobody shall write in vain."""
    replying.answerable(desk, request, desk.agent())
    held = claim.take() if asked.edit or not (asked.yes or asked.dry_run) else []
    if held:
        return Outcome(Composed((), (), tuple(held)), refusals=tuple(held)), None
    request, edited = replying.look_again(desk, request)
    if edited:
        nothing = Composed((), (), tuple(edited))
        _remember(desk, request, edited, asked.dry_run)
        return Outcome(nothing, refusals=nothing.refusals), None
    for remark in seconding.waits_already(desk, request.comments):
        say(remark)
    request = _with_words(desk, request, asked)
    replying.answerable(desk, request, desk.agent())
    request = _with_needs(desk, request)
    if asked.edit:
        return _edited(desk, request, asked, claim)
    return _answered(desk, request, asked, claim)


def decide(desk: Desk, typed: str, *, yes: bool, later: bool, waive: Sequence[str] = ()) -> tuple[Outcome, Sent | None]:
    """The same for somebody else's draft; `waive` are checks as typed."""
    waived = waiving.named(waive)
    draft = approving.find(desk, typed)
    while True:
        composed = approving.consider(desk, draft, waived)
        if composed.refusals:
            recounting.remember_refused(desk, draft.id, composed.refusals)
            return Outcome(composed, refusals=composed.refusals), None
        if not (yes or somebody_is_there()):
            raise UsageProblem("Nobody is here to say yes: add --yes. Nothing was written.")
        for remark in approving.since(desk, draft, composed):
            say(remark)
        if not yes:
            tell_draft(approving.about(desk, draft), desk.zone)
            tell_composed(composed, desk.zone)
            ask("Approve it?")
        outcome = approving.approve(desk, draft, shown=None if yes else composed, waive=waived)
        recounting.remember_refused(desk, draft.id, outcome.refusals)
        if outcome.refusals or outcome.state is not None:
            return _sent(desk, outcome, later)
        say("Meanwhile the times have changed; this is how it reads now:")


def tell_composed(composed: Composed, zone: ZoneInfo, tell: Callable[[str], None] = say) -> None:
    """The texts that would be posted and the promises they make: talk before a question, data in a dry run."""
    for number, part in enumerate(composed.parts, 1):
        names = [person.called for person in part.addressees]
        to = names[0] if len(names) == 1 else f"{len(names)} people"
        where = "in private" if part.target.private else "in public"
        if number <= 3 or number == len(composed.parts):
            tell(f"[{number}/{len(composed.parts)}] to {short_name(to)}, {where}, on {part.target.account}:")
            if part.target.warning:
                tell(indented(f"(content warning: {one_line(part.target.warning, 80)})"))
            tell(indented(block(part.text)))
        elif number == 4:
            tell(f"… {len(composed.parts) - 4} more like these …")
    tell_waived(composed.waived, tell)
    made: dict[tuple[str, datetime, str], int] = {}
    for one in composed.promises:
        made[one.kind, one.due_at, one.owner] = made.get((one.kind, one.due_at, one.owner), 0) + 1
    for (kind, due_at, owner), number in made.items():
        people = count(number, "person", "people")
        tell(f"Promises: {kind} to {people} by {stamp(due_at, zone)}, kept by {owner}")
    for name, number in Counter(part.reward for part in composed.parts if part.reward).items():
        tell(f"Gives: {name} to {count(number, 'person', 'people')}")


def _promises(desk: Desk, typed: Sequence[str]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for text in typed:
        name, at, time = text.partition("@")
        if not at:
            raise UsageProblem(f"--promise {text!r}: write KIND@TIME, such as callback@18:00.")
        kind = desk.promise_kind(name.strip())
        if any(kind.name == other for other, _ in found):
            raise UsageProblem(f"--promise {kind.name} stands twice: one time for each kind.")
        found.append((kind.name, parse_time(time, desk.clock(), desk.zone, kind.calendar).isoformat()))
    return tuple(found)


def _with_words(desk: Desk, request: Request, asked: Asked) -> Request:
    """A request that names neither text nor template takes the suggestion: with `--yes` only where it is sure."""
    if request.text is not None or request.template is not None or request.reward is not None:
        if asked.template is not None and request.text is None and (remark := suggesting.other_topic(desk, request)):
            say(remark)
        return request
    reserved = next((one for one in desk.store.comments.by_ids(request.comments) if one.escalation), None)
    if reserved is not None and not asked.edit:
        what = f"{reserved.id} is a matter of {reserved.escalation}: no template answers it"
        raise UsageProblem(f"{what}; a manager writes it with --text or --edit. Nothing was written.")
    template, sure, alternatives = replying.suggestion_for(desk, request)
    offered = [name for name in (template, *alternatives) if name]
    if template is not None and asked.dry_run and not (sure or asked.yes):
        say(f"{template} is not sure here: --yes alone would not take it; say --template {template}.")
    if template is not None and (sure or not asked.yes):
        if asked.yes:
            _must_be_chosen(desk, request, template)
        return replace(request, template=template)
    if asked.edit:
        return replace(request, text="")
    raise UsageProblem(f"{suggesting.instead(desk, request, offered)} Nothing was written.")


def _must_be_chosen(desk: Desk, request: Request, template: str) -> None:
    """UsageProblem where a platform's rules want a person to choose the words."""
    for account in dict.fromkeys(comment.account for comment in desk.store.comments.by_ids(request.comments)):
        if not desk.open_platform(desk.account(account)).limits.unread_replies:
            raise UsageProblem(
                f"{account}: its platform wants a person to choose the words of every reply, and --yes alone does not: "
                f"say --template {template}, or --text. Nothing was written."
            )


def _with_needs(desk: Desk, request: Request) -> Request:
    """Ask for the values a template's private text needs, where somebody is there to give them."""
    if request.template is None or request.text is not None or not somebody_is_there():
        return request
    comments = desk.store.comments.by_ids(request.comments)
    if not (request.private or all(comment.private for comment in comments)):
        return request
    needs = [name for name in composing.template_of(desk, request.template).needs if name not in request.given]
    if needs:
        first = comments[0]
        who = short_name(first.name or first.handle)
        many = f" (and {len(comments) - 1} more)" if len(comments) > 1 else ""
        say(f"{who}{many}: {one_line(first.masked, 200)}")
        say(f"The template {request.template} needs: {', '.join(needs)}")
    return replace(request, given={**request.given, **{name: _value_of(name) for name in needs}})


def _value_of(name: str) -> str:
    """What somebody types for it; UsageProblem where they leave."""
    try:
        while not (value := str(typer.prompt(f"{name}?", default="", show_default=False, err=True)).strip()):
            say(f"{name} is needed; Ctrl-C leaves.")
    except typer.Abort:
        say("")
        raise UsageProblem("Nothing was written.") from None
    return value


def _answered(desk: Desk, request: Request, asked: Asked, claim: Answering) -> tuple[Outcome, Sent | None]:
    while True:
        composed = replying.consider(desk, request)
        if composed.refusals or asked.dry_run:
            _remember(desk, request, composed.refusals, asked.dry_run)
            awaited = None if composed.refusals else seconding.expected(desk, request, composed, asked.by_hand)
            return Outcome(composed, refusals=composed.refusals, awaited=awaited), None
        if not asked.yes and (held := claim.take()):
            return Outcome(composed, refusals=tuple(held)), None
        if not asked.yes:
            tell_composed(composed, desk.zone)
            if awaited := seconding.expected(desk, request, composed, asked.by_hand):
                say(awaited_line(awaited))
            question = "Put it into the outbox?" if asked.later else "Post it?"
            question = "Are these the words that stand there?" if asked.by_hand else question
            ask("Leave it for approval?" if awaited else question)
        outcome = replying.approve(desk, request, shown=None if asked.yes else composed, by_hand=asked.by_hand)
        _remember(desk, request, outcome.refusals, dry_run=False)
        if outcome.refusals or outcome.state is not None:
            return _sent(desk, outcome, asked.later)
        say("Meanwhile the times have changed; this is how it reads now:")


def _remember(desk: Desk, request: Request, refusals: Sequence[Refusal], dry_run: bool) -> None:
    """What checks refuse is counted, save where somebody only wanted to see."""
    if not dry_run:
        recounting.remember_refused(desk, (*request.groups, *request.comments)[0], refusals)


def _sent(desk: Desk, outcome: Outcome, later: bool) -> tuple[Outcome, Sent | None]:
    """Post what was approved, unless it is for later; the outcome as it stands then."""
    if outcome.state != "approved" or later:
        if outcome.state in ("approved", "awaiting"):
            for remark in sending.not_yet(desk, outcome.replies):
                say(remark)
        return outcome, None
    sent = sending.send(desk, [reply.id for reply in outcome.replies])
    desk.store.replies.told([reply.id for reply in sent.failed if reply.agent == desk.agent().id])
    replies = desk.store.replies.by_ids([reply.id for reply in outcome.replies])
    promises = desk.store.promises.by_ids([promise.id for promise in outcome.promises])
    standing = promising.standing(desk, promises, desk.clock())
    return replace(outcome, replies=tuple(replies), promises=tuple(standing)), sent


def ask(question: str) -> None:
    """Go on only with a yes; UsageProblem otherwise."""
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        say("")
        agreed = False
    if not agreed:
        raise UsageProblem("Nothing was written.")


def _edited(desk: Desk, request: Request, asked: Asked, claim: Answering) -> tuple[Outcome, Sent | None]:
    """Write in the editor until it passes or the text is left as it was; then it is kept in a file."""
    text = first = composing.source_of(desk, request) if request.template or request.reward else request.text or ""
    comments = desk.store.comments.by_ids(request.comments)
    refusals: Sequence[Refusal] = ()
    while True:
        try:
            written = _in_editor(text, comments, refusals, linking.offered(desk, comments))
            if refusals and written == text:
                say(f"Your text is kept in {_keep(desk, written, request)}")
                return Outcome(replying.consider(desk, replace(request, text=written)), refusals=tuple(refusals)), None
            refusals, text = (), written
            outcome, sent = _answered(desk, replace(request, text=text), asked, claim)
        except (CaretoolError, KeyboardInterrupt):
            if text != first:
                say(f"Your text is kept in {_keep(desk, text, request)}")
            raise
        if not outcome.refusals:
            return outcome, sent
        refusals = outcome.refusals


def _in_editor(text: str, comments: Sequence[Comment], refusals: Sequence[Refusal], links: Sequence[Fit]) -> str:
    below = [_CUT, "#"]
    for refusal in refusals:
        below.append(f'# Refused ({refusal.check}): "{one_line(refusal.excerpt, 100)}": {one_line(refusal.why)}')
        if helps := advice(refusal):
            below.append(f"#   {one_line(helps)}")
    if refusals:
        below += ["#   Save it as it is to stop; your text is kept.", "#"]
    for comment in comments:
        below.append(f"# {short_name(comment.name or comment.handle)}: {one_line(comment.masked, 400)}")
    below += [f"# A link: {{{{ links.{fit.link.name}.url }}}}  {one_line(fit.title, 80)}" for fit in links]
    with tempfile.TemporaryDirectory(prefix="caretool-") as folder:
        path = Path(folder) / "reply.txt"
        path.write_text(f"{text}\n{chr(10).join(below)}\n", encoding="utf-8", errors="replace")
        _open_editor(path)
        written = _CUT_AT.split(path.read_text(encoding="utf-8", errors="replace"), maxsplit=1)[0]
    # Where the line to cut at was deleted, the ignored lines are still none of ours.
    ours = "\n".join(line for line in written.splitlines() if line != "#" and not line.startswith("# ")).strip()
    if not ours:
        raise UsageProblem("The text is empty. Nothing was written.")
    return ours


def _open_editor(path: Path) -> None:
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    # What an editor draws is not data: with stdout in a pipe it draws on stderr.
    screen = None if sys.stdout.isatty() else 2
    try:
        with _ctrl_c_is_the_editors():
            code = subprocess.run([*shlex.split(command), str(path)], check=False, stdout=screen).returncode  # noqa: S603
    except (OSError, ValueError) as problem:
        raise UsageProblem(f"The editor {command!r} {_why_not(problem)}: set EDITOR to one that is there.") from None
    if code != 0:
        raise UsageProblem(f"The editor {command!r} ended with {code}: nothing was taken over.")


def _why_not(problem: OSError | ValueError) -> str:
    if isinstance(problem, FileNotFoundError):
        return "is not there"
    return f"cannot be run ({problem.strerror if isinstance(problem, OSError) else 'a quote in it is not closed'})"


@contextmanager
def _ctrl_c_is_the_editors() -> Iterator[None]:
    """The terminal sends it to both of us, and an editor makes its own use of it. One that is not heard, rather than
    ignored: whether a signal is ignored is passed on to who is started."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _keep(desk: Desk, text: str, request: Request) -> Path:
    subject = (request.groups or request.comments)[0]
    return unsent.keep(desk.folder, subject, text, desk.clock().astimezone(desk.zone))
