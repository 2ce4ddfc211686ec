"""What several commands say in the same way: comments, promises, refusals, what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from caretool.cli.context import say, show
from caretool.cli.screen import advice, indented, said, table
from caretool.domain.harmless import NAME_COLUMN, one_line, short_name
from caretool.domain.moment import stamp

if TYPE_CHECKING:
    from caretool.desk.sending import Sent
    from caretool.domain.comment import Comment
    from caretool.domain.draft import Refusal
    from caretool.domain.promise import Promise
    from caretool.domain.waiver import Waived
    from caretool.errors import CaretoolError


def show_comments(comments: Sequence[Comment], as_json: bool) -> None:
    """Comments after a change, and where they stand now."""
    from caretool.reports import shapes

    show(comments, as_json, lambda found: {"comments": [shapes.comment(one) for one in found]}, _comments)


def _comments(comments: Sequence[Comment]) -> None:
    """Comments and where they stand, a line each."""
    rows = [
        (
            c.id,
            short_name(c.author, NAME_COLUMN),
            c.state,
            (c.group if c.state == "waiting" else None) or "",
            c.kind or "",
            c.tone or "",
            c.topic or "",
            one_line(c.masked, 50) if not c.erased else "(erased)",
        )
        for c in comments
    ]
    table(("comment", "from", "state", "group", "kind", "tone", "topic", "text"), rows)


def said_in(comment: Comment, hide: Callable[[str], str]) -> str:
    """What a comment says, as `said` sets it in; of one whose words were erased, that they were."""
    return indented("(erased)") if comment.erased else said(comment.text, hide)


def tell_promises(promises: Sequence[Promise], zone: ZoneInfo) -> None:
    """Promises as a table."""
    rows = [
        (
            stamp(p.due_at, zone),
            p.id,
            p.kind,
            short_name(p.person_name, NAME_COLUMN),
            p.owner,
            "OVERDUE" if p.overdue else "at risk" if p.at_risk else p.state,
            one_line(p.text, 56),
        )
        for p in promises
    ]
    table(("due", "promise", "kind", "for", "owner", "state", "said"), rows, [p.overdue for p in promises])


def tell_refusals(refusals: Sequence[Refusal], zone: ZoneInfo) -> None:
    """Why it may not go out and what would pass, on stderr."""
    for refusal in refusals:
        say(f'Refused ({refusal.check}): "{one_line(refusal.excerpt, 90)}"')
        say(indented(refusal.why, "  "))
        if helps := advice(refusal):
            say(indented(helps, "  "))
    if refusals:
        say("Nothing was written.")


def tell_waived(waived: Sequence[Waived], tell: Callable[[str], None] = say) -> None:
    """What does not count this once, and who answers for that."""
    for one in waived:
        who = f"{one.by} asks to waive" if one.wish else f"Waived by {one.by}:"
        tell(f'{who} {one.refusal.check} "{one_line(one.refusal.excerpt, 90)}"')


def told_of(account: str, problem: CaretoolError | str, watch: str | None = None) -> str:
    """A problem with an account, or with a search there, in one line; it may name the account itself."""
    where = f"{account}, watch {watch}" if watch is not None else account
    return f"{where}: {str(problem).removeprefix(f'{account}: ')}"


def ways_out(sent: Sent) -> list[tuple[int, str]]:
    """How many replies were posted, and how many were written to which file for a person to paste."""
    files = Counter(sent.handed_to.get(reply.account) for reply in sent.posted)
    return [(number, f"written to {one_line(file)}" if file else "posted") for file, number in files.items()]


def to_paste(sent: Sent) -> str:
    """What a person does about those that were written to a file, to end a sentence with."""
    written = sum(reply.account in sent.handed_to for reply in sent.posted)
    return f": paste {'it' if written == 1 else 'them'} there" if written else ""


def tell_problems(problems: Sequence[CaretoolError]) -> None:
    """What did not go well, a line each on stderr."""
    for problem in problems:
        say(str(problem))
