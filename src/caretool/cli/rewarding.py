"""reward: something in the hand, given in private."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from caretool.cli import completing
from caretool.cli.context import AsAgent, AsJson, Yes, desk_of, out, say, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from caretool.desk.rewarding import Room
    from caretool.domain.reward import Reward

app = typer.Typer(
    help=(
        "Rewards: coupons and gifts of the policy, given in private, each code once.\n\n"
        "`caretool reply … --reward KIND` gives one with an answer, `caretool reward give` after it."
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def rewards() -> None:
    """Rewards: coupons and gifts of the policy, given in private, each code once."""


@app.command()
def give(
    ctx: typer.Context,
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="A reward of the policy.", autocompletion=completing.rewards)
    ],
    ids: Annotated[
        list[str],
        typer.Argument(
            metavar="ID…",
            help="Comments that were answered, or people (their last one).",
            autocompletion=completing.people,
        ),
    ],
    text: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Your own words instead of the reward's; they show {{ reward.code }}."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent; write nothing.")] = False,
    later: Annotated[bool, typer.Option("--later", help="Leave it in the outbox for `caretool send`.")] = False,
    yes: Yes = False,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Give a reward to people who had their answer: a private message with the reward's own words.

    The code is drawn on your yes, once, and returned if the message cannot be sent. Exits 5 if a limit of the policy or
    a check refuses it: nothing is written then.

    \b
    Examples:
      caretool reward give thanks c7k2m9
      caretool reward give thanks c7k2m9 c3p4q8 --dry-run
    """
    from caretool.cli import conversation
    from caretool.cli.replying import tell
    from caretool.desk import rewarding

    asked = conversation.Asked(
        None, {}, text, False, "each", (), (), True, False, dry_run, later, None, yes, kind
    )  # fmt: skip
    with desk_of(ctx, agent) as desk:
        request = rewarding.request_for(desk, kind, ids, text)
        tell(desk, conversation.hold(desk, ids, asked, request), as_json)


@app.command("list")
def list_rewards(
    ctx: typer.Context,
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="Only this one.", autocompletion=completing.rewards)
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only what was given since: 30 days, 2026-11-01.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What is left of each reward, and what was given to whom. Codes are not told.

    \b
    Examples:
      caretool reward list
      caretool reward list --kind thanks --since "30 days" --json
    """
    from caretool.desk import rewarding
    from caretool.desk.times import parse_past

    with desk_of(ctx) as desk:
        zone = desk.zone
        moment = parse_past(since, desk.clock(), zone) if since else None
        found = rewarding.listed(desk, kind, moment)
    show(found, as_json, _list_shape, lambda value: _list_text(*value, zone))


def _list_shape(found: tuple[Sequence[Room], Sequence[Reward]]) -> dict[str, Any]:
    from caretool.reports import rewards

    rooms, given = found
    return {"kinds": [_room_shape(room) for room in rooms], "rewards": [rewards.reward(one) for one in given]}


def _room_shape(room: Room) -> dict[str, Any]:
    kind = room.kind
    return {
        "kind": kind.name,
        "form": kind.form,
        "for": list(kind.kinds),
        "value": str(kind.value) if kind.value is not None else None,
        "currency": kind.currency,
        "left": room.left,
        "left_this_month": room.this_month,
        "money_left": str(room.money) if room.money is not None else None,
        "trouble": room.trouble,
    }


def _list_text(rooms: Sequence[Room], given: Sequence[Reward], zone: ZoneInfo) -> None:
    from caretool.cli.screen import table
    from caretool.pages import page
    from caretool.reports import rewards

    if not rooms:
        out(f"The policy has no rewards: {page('rewards.md')} shows how one is added to policies.toml.")
    table(("reward", "for", "left", "left this month", "money left"), [_room_row(room) for room in rooms])
    for room in rooms:
        if room.trouble:
            say(room.trouble)
    if given:
        out("")
        table(rewards.columns(), [rewards.row(one, zone) for one in given])
    elif rooms:
        out("\nNone was given yet.")


def _room_row(room: Room) -> tuple[str, ...]:
    from caretool.desk.rewarding import worth
    from caretool.domain.reward import money

    per = room.kind.budget.per if room.kind.budget else ""
    return (
        worth(room.kind),
        ", ".join(room.kind.kinds),
        "?" if room.trouble else "no end" if room.left is None else f"{room.left:,}",
        "" if room.this_month is None else f"{room.this_month:,}",
        "" if room.money is None else f"{money(room.money, room.kind.currency)} this {per}",
    )
