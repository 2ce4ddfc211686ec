"""Like: what somebody wrote is liked by our account there, or not any more. The platform keeps it; the log says who."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from caretool.desk import closing, knowing, permitting, tokens
from caretool.desk.desk import Desk
from caretool.domain.comment import Comment
from caretool.domain.policy import Agent
from caretool.errors import CaretoolError, PlatformFailed, TokenRefused, UsageProblem
from caretool.platforms.platform import Likes, Platform


@dataclass
class Liked:
    """The comments that are liked now (or no longer), and what did not go well, an account or a comment each."""

    comments: list[Comment] = field(default_factory=list)
    problems: list[CaretoolError] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 if all was done; 6 if some; 4 if none for want of tokens only; 1 if none."""
        if not self.problems:
            return 0
        if self.comments:
            return 6
        return 4 if all(isinstance(problem, TokenRefused) for problem in self.problems) else 1


def like(desk: Desk, ids: Sequence[str], *, undo: bool = False) -> Liked:
    """Like these comments (a group: those of it that wait), or take that back; what is so already stays so. One
    account's trouble stops no other."""
    comments = desk.store.comments.by_ids(closing.comments_meant(desk, ids))
    knowing.refuse_erased(desk, [comment.id for comment in comments])
    ours = next((comment for comment in comments if comment.own), None)
    if ours is not None:
        raise UsageProblem(f"{ours.id} is our own: nobody is pleased by that.")
    agent = desk.agent()
    permitting.demand_for(desk, agent, "like", comments)
    liked = Liked()
    for account in dict.fromkeys(comment.account for comment in comments):
        there = [comment for comment in comments if comment.account == account]
        try:
            _each(desk, agent, _able(desk.open_platform(desk.account(account)), account), there, liked, undo=undo)
        except CaretoolError as problem:
            before = sum(comment.account == account for comment in liked.comments)
            liked.problems.append(tokens.noted(desk, account, problem, _so_far(before, undo=undo)))
    return liked


def _so_far(done: int, *, undo: bool) -> str:
    """What was done on an account before it took no more."""
    what = "taken back" if undo else "liked"
    return (
        f"{done} {'comment was' if done == 1 else 'comments were'} {what} before that."
        if done
        else f"Nothing was {what}."
    )


def _able(platform: Platform, account: str) -> Likes:
    if not isinstance(platform, Likes):
        raise PlatformFailed(f"{account}: nothing can be liked there by program.")
    return platform


def _each(desk: Desk, agent: Agent, platform: Likes, comments: Sequence[Comment], liked: Liked, *, undo: bool) -> None:
    """Those of one account, each logged when it is done; a comment's own trouble stops no other."""
    action = "comment-unliked" if undo else "comment-liked"
    for comment in comments:
        try:
            (platform.unlike if undo else platform.like)(comment.native_id)
        except PlatformFailed as problem:
            liked.problems.append(problem)
            continue
        desk.store.journal.write(action, [comment.id], agent=agent.id, at=desk.clock())
        liked.comments.append(comment)
