"""What went wrong, in one sentence, with what to do next. Each error carries its exit code (docs/journey.md)."""

from __future__ import annotations


class CaretoolError(Exception):
    """A failure a user can read: one line for stderr; `exit_code` is the process's."""

    exit_code = 1


class UsageProblem(CaretoolError):
    """What was asked cannot be understood, or an answer was needed and nobody was there to give it."""

    exit_code = 2


class SettingsProblem(CaretoolError):
    """The workspace's files are wrong. `problems` holds one line each: file:line path: what, how to fix it."""

    exit_code = 2

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class NotFound(CaretoolError):
    """An id, a file, a template or an agent that is not there."""

    exit_code = 2


class TokenRefused(CaretoolError):
    """The platform wants a (new) token before anything else can be done on this account."""

    exit_code = 4


class PlatformBusy(CaretoolError):
    """The platform asks to come back later; `seconds` is its own wish where it said so."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class Delayed(PlatformBusy):
    """The platform cannot take this one item now; others it can. It was not done."""


class PlatformFailed(CaretoolError):
    """The platform said no for good: this item will not go through as it is."""


class AnswerLost(CaretoolError):
    """The request left and no answer came back: what was posted may or may not be public (the reply is `unsure`)."""


class Claimed(CaretoolError):
    """Somebody else is at work on it: nothing was written."""

    exit_code = 5


class Protected(CaretoolError):
    """What was asked for would silence a complaint, or somebody without a ground (R1): nothing was done."""

    exit_code = 5


class StoreProblem(CaretoolError):
    """The database is newer than this program, locked for too long, read-only, damaged or out of room."""
