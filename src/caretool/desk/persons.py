"""Persons: who somebody is across our accounts, what is known of them, who turned out to be the same (R8, R18)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from caretool.desk import knowing, permitting, promising
from caretool.domain.harmless import one_line, short_name
from caretool.domain.ids import make_id
from caretool.domain.person import Dossier, Person
from caretool.errors import CaretoolError, NotFound, UsageProblem

if TYPE_CHECKING:
    from caretool.desk.desk import Desk

_ID_LENGTH = len(make_id("u", 1))
_LISTED = 8


@dataclass(frozen=True, slots=True)
class Exported:
    """A document that was written: where, and how many bytes."""

    person: str
    file: Path
    size: int


def find(desk: Desk, typed: str) -> Person:
    """The person meant by an id, a handle or a name. NotFound lists those it could be. Who was linked to somebody is
    that somebody."""
    persons = desk.store.persons
    known = persons.by_ids([typed.strip().lower()]) if len(typed.strip()) == _ID_LENGTH else []
    found = known or persons.find(typed) or _by_beginning(desk, typed)
    if len(found) > 1:
        listed = "; ".join(_listed(one) for one in found[:_LISTED])
        more = "; …" if len(found) > _LISTED else ""
        raise NotFound(f"{one_line(typed, 60)!r} could be {listed}{more}: name one by id.")
    if not found:
        raise NotFound(f"Nobody is known by {one_line(typed, 60)!r}: give an id (u…), a handle or a name.")
    (person,) = found
    return knowing.whole(desk, person)


def _by_beginning(desk: Desk, typed: str) -> list[Person]:
    if not typed.strip().lower().startswith("u"):
        return []
    try:
        return desk.store.persons.by_ids([desk.store.resolve(typed, ("u",))])
    except NotFound as unknown:
        if "could be" in str(unknown):
            raise
        return []


def _listed(person: Person) -> str:
    where = ", ".join(f"{short_name(one.handle)} on {one.account}" for one in person.aliases[:2])
    return f"{person.id} {short_name(person.name)}" + (f" ({where})" if where else "")


def unmasked(desk: Desk, person: Person) -> Dossier:
    """The same, for who wants to read all of it: that they looked is logged. UsageProblem where they may not."""
    agent = permitting.doer(desk, "export-person")
    with desk.store.writing():
        desk.store.journal.write("shown-unmasked", [person.id], agent=agent.id, at=desk.clock())
    return dossier(desk, person)


def dossier(desk: Desk, person: Person) -> Dossier:
    """Everything that is known of them."""
    store = desk.store
    selves = store.persons.selves(person.id)
    theirs = store.persons.belongings(selves)
    comments = store.comments.by_ids(theirs.comments)
    edited = {one.id: tuple(store.comments.revisions(one.id)) for one in comments}
    return Dossier(
        person=person,
        selves=selves[1:],
        comments=tuple(comments),
        revisions={comment: texts for comment, texts in edited.items() if texts},
        replies=tuple(store.replies.by_ids([*theirs.alone, *theirs.together])),
        promises=tuple(promising.as_they_stand(desk, theirs.promises)),
        cases=tuple(store.cases.by_ids(theirs.cases)),
        rewards=tuple(store.persons.rewarded(theirs)),
        moderation=tuple(store.persons.moderated(theirs)),
        notes=tuple(store.persons.notes(theirs)),
        history=tuple(store.journal.about(theirs.subjects)),
    )


def export(desk: Desk, person: Person, file: Path | None) -> Exported:
    """Write everything as one JSON document, for its owner alone (0600). UsageProblem: the file is there already."""
    from caretool import paths
    from caretool.reports import person as report

    agent = permitting.doer(desk, "export-person")
    now = desk.clock()
    target = file or desk.folder / f"person-{person.id}-{now.astimezone(desk.zone):%Y%m%d}.json"
    whole = report.document(dossier(desk, person), now, desk.policy.company.name)
    text = json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
    try:
        paths.write_new(target, text)
    except FileExistsError:
        raise UsageProblem(f"{target} is there already, and is not overwritten: name another file.") from None
    except OSError as error:
        raise CaretoolError(f"{target} cannot be written ({error.strerror}).") from error
    desk.store.journal.write("person-exported", [person.id], agent=agent.id, at=now)
    return Exported(person.id, target, len(text.encode("utf-8", "replace")))


def link(desk: Desk, typed: str, other_typed: str, because: str) -> Person:
    """Two persons are one human being: the second's authors, comments, promises, cases, rewards and what was done about
    them are the first's from now on. UsageProblem where that cannot be."""
    agent = permitting.doer(desk, "link-persons")
    now = desk.clock()
    with desk.store.writing():
        kept, other = find(desk, typed), find(desk, other_typed)
        _refuse_unlinkable(desk, kept, other)
        touched = desk.store.persons.belongings([other.id])
        desk.store.persons.link(kept.id, other.id)
        _follow(desk, touched.comments, [kept.id, other.id])
        desk.store.journal.note(kept.id, f"{other.id} is the same person: {because}", agent=agent.id, at=now)
        desk.store.journal.write("person-linked", [kept.id], agent=agent.id, at=now, codes={"other": other.id})
        return desk.store.persons.by_ids([kept.id])[0]


def unlink(desk: Desk, typed: str, because: str) -> Person:
    """Undo a link: who was linked is somebody of their own again, with all that was theirs and has come since from
    their authors. UsageProblem where they are linked to nobody."""
    agent = permitting.doer(desk, "link-persons")
    now = desk.clock()
    with desk.store.writing():
        found = desk.store.persons.by_ids([desk.store.resolve(typed, ("u",))])[0]
        kept = found.linked_to
        if kept is None:
            selves = desk.store.persons.selves(found.id)[1:]
            known = f"; those linked to {found.id} are {', '.join(selves)}" if selves else ""
            raise UsageProblem(f"{found.id} is linked to nobody: name the one that was linked{known}.")
        knowing.refuse_forgotten(found)
        desk.store.persons.unlink(found.id, find(desk, found.id).id)
        _follow(desk, desk.store.persons.belongings([found.id]).comments, [kept, found.id])
        desk.store.journal.note(kept, f"{found.id} is somebody else: {because}", agent=agent.id, at=now)
        desk.store.journal.write("person-unlinked", [found.id], agent=agent.id, at=now, codes={"other": kept})
        return desk.store.persons.by_ids([found.id])[0]


def _refuse_unlinkable(desk: Desk, kept: Person, other: Person) -> None:
    if kept.id == other.id:
        raise UsageProblem(
            f"{kept.id} and {other.id} are one person already." if kept == other else "That is one person."
        )
    knowing.refuse_forgotten(kept, other)
    both = desk.store.persons.running_alike(kept.id, other.id)
    if both:
        procedure, mine, theirs = both[0]
        raise UsageProblem(
            f"Both have {procedure} running ({mine}, {theirs}), and one person has it once: close one first, "
            f"with caretool case close {theirs} --because TEXT"
        )


def _follow(desk: Desk, comments: tuple[str, ...], persons: list[str]) -> None:
    """Count their groups anew, and who of them writes again while a promise runs."""
    from caretool.desk import triaging

    wrong = desk.store.comments.wrongly_marked(persons)
    if wrong:
        triaging.mark_again(desk, wrong)
    triaging.refresh(desk, desk.store.groups.of_comments(comments))
