"""Schedule: what should run by itself, as lines for cron and units for systemd. Nothing is installed."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from caretool.desk import lasting
from caretool.desk.examining import variables
from caretool.desk.premises import Premises
from caretool.errors import SettingsProblem, UsageProblem

ENVIRONMENT = ".secrets/environment"


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be run: `words` after `caretool -C DIR`, `says` why and how often, when for cron and for systemd.
    `quiet`: what it prints is of no interest, what it complains of is."""

    name: str
    words: tuple[str, ...]
    says: str
    cron: str
    calendar: str
    quiet: bool


JOBS = (
    Job("fetch", ("fetch",), "what is new, every 5 minutes", "*/5 * * * *", "*:0/5", True),
    Job("send", ("send",), "what was approved, and what is unsure, every 5 minutes", "2-59/5 * * * *", "*:2/5", True),
    Job(
        "overdue",
        ("report", "overdue", "--notify"),
        "promises overdue or at risk, every hour; owners hear of their own",
        "10 * * * *",
        "*:10",
        False,
    ),
    Job(
        "today",
        ("report", "today", "--notify"),
        "owners hear in the morning what is due next",
        "30 7 * * 1-6",
        "Mon..Sat 07:30",
        True,
    ),
    Job("backup", ("backup", "--keep", "14"), "a backup every night, two weeks of them", "17 2 * * *", "02:17", True),
    Job("purge", ("purge", "--yes"), "what was kept long enough is erased every night", "47 2 * * *", "02:47", True),
    Job("doctor", ("doctor",), "whether all is well, every Monday", "30 6 * * 1", "Mon 06:30", False),
)


CRON_NOTES = (
    "Look these lines over and add them with `crontab -e`; caretool has installed nothing.",
    "What a command prints here, cron mails to you, or to MAILTO=you@example.org above the lines (the machine",
    "must be able to send mail). The report says nothing while nothing is overdue or at risk; failures always speak.",
    "A run that meets another at its work waits for it, and finds done what that one did: they may overlap.",
    "Secrets: cron knows nothing of your shell's variables. Write NAME=value above the lines, for each variable",
    'that accounts.toml names, or name the secret there by { keyring = "…" } or { command = [...] } instead.',
)
SYSTEMD_NOTES = (
    "Put each of these into the file named above it, then: systemctl --user daemon-reload; systemctl --user enable",
    "--now for each timer; loginctl enable-linger, so that they run while you are not logged in.",
    "What they say: journalctl --user -u 'caretool-*'; what failed (a report with something overdue exits 8, and",
    "counts as failed): systemctl --user --failed. A run that meets another at its work waits for it.",
    f"Secrets: one NAME=value a line in {ENVIRONMENT} in the workspace, for each variable that accounts.toml names",
    "(chmod 600; git ignores it).",
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A file for systemd: its name and what stands in it."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line for cron, and what it does."""

    says: str
    text: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """`variables` are those that hold secrets (see accounts.toml), which cron and systemd do not know by themselves."""

    folder: Path
    variables: tuple[str, ...]
    lines: tuple[Line, ...]
    units: tuple[Unit, ...]


def schedule(premises: Premises, program: Sequence[str]) -> Schedule:
    """What should run in this workspace. `program`: the words that start caretool, the first an absolute path."""
    folder = premises.folder
    if any(not word.isprintable() for word in (*program, str(folder))):
        raise UsageProblem(f"cron and systemd cannot be told of {str(folder)!r}: rename the folder.")
    purges = True
    try:
        settings = premises.load_settings()
        wanted = tuple(variables(settings))
        purges = settings.policy.retention.says_something or bool(lasting.known(premises, settings))
    except SettingsProblem:
        wanted = ()
        premises.say("The settings are wrong (`caretool doctor` tells how): which secrets they need is left out.")
    jobs = [job for job in JOBS if purges or job.name != "purge"]
    lines = tuple(Line(f"{job.name}: {job.says}", _cron(job, program, folder)) for job in jobs)
    units = tuple(unit for job in jobs for unit in _units(job, program, folder))
    return Schedule(folder, wanted, lines, units)


def _cron(job: Job, program: Sequence[str], folder: Path) -> str:
    words = [*program, "-C", str(folder), *job.words]
    command = " ".join(for_cron(word) for word in words)
    return f"{job.cron} {command}{' >/dev/null' if job.quiet else ''}"


def for_cron(word: str) -> str:
    """A word quoted for the shell, and for cron, which ends a command at a bare % and takes the backslash from \\%."""
    quoted = shlex.quote(word)
    # Within quotes a backslash before % would guard it twice: they are closed and opened again between the two.
    return quoted.replace("\\%", "\\''%").replace("%", "\\%")


def for_systemd(word: str) -> str:
    """A word quoted for a command line in a unit, where % and $ stand for something else."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _units(job: Job, program: Sequence[str], folder: Path) -> tuple[Unit, Unit]:
    # Two desks of one person: the folder's name for people, and a few digits that keep equal names apart.
    digits = hashlib.sha256(str(folder).encode()).hexdigest()[:6]
    name = f"caretool-{re.sub(r'[^A-Za-z0-9]+', '-', folder.name).strip('-').lower() or 'desk'}-{digits}-{job.name}"
    command = " ".join(for_systemd(word) for word in (*program, "-C", str(folder), *job.words))
    about = f"caretool: {job.says}"
    lines = ["[Unit]", f"Description={about}", "", "[Service]", "Type=oneshot"]
    lines += [f"EnvironmentFile=-{_path(folder / ENVIRONMENT)}", f"ExecStart={command}"]
    service = Unit(f"{name}.service", "\n".join(lines) + "\n")
    lines = ["[Unit]", f"Description={about}", "", "[Timer]", f"OnCalendar={job.calendar}", "Persistent=true", ""]
    timer = Unit(f"{name}.timer", "\n".join([*lines, "[Install]", "WantedBy=timers.target"]) + "\n")
    return service, timer


def _path(path: Path) -> str:
    """A path as a setting that is one: taken as it stands, but for %."""
    return str(path).replace("%", "%%")
